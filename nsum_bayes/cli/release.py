"""`nsum release`: the only way to a public folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsum_bayes.cli.console import Console, Json, Quiet, stdout_kept_clean
from nsum_bayes.cli.export import FormatOption
from nsum_bayes.cli.saved import read_estimates
from nsum_bayes.cli.transmission import TransmissionOption

if TYPE_CHECKING:
    from nsum_bayes.inference.fit import Fit


def release(
    run: Annotated[Path, typer.Argument(help="A fit saved by `nsum fit`.")],
    out: Annotated[Path, typer.Option(help="Folder for the readers' files; not there yet, or empty.")],
    ledger: Annotated[
        Path, typer.Option(help="File of earlier releases of this series; kept in the house. Name the same each time.")
    ],
    rules: Annotated[
        str, typer.Option(help="statistics-office, restricted, or a TOML file of your own.")
    ] = "statistics-office",
    format: FormatOption = None,
    scan_for: Annotated[
        Path | None,
        typer.Option(
            help="Text file with a word a line that must be in no file: respondents' identifiers, names of villages."
        ),
    ] = None,
    report: Annotated[bool, typer.Option(help="Put the report on the fit among the files.")] = False,
    holdout: Annotated[
        list[Path] | None, typer.Option(help="For the report: results of `nsum holdout` of known groups.")
    ] = None,
    sensitivity: Annotated[
        Path | None, typer.Option(help="For the report: folder that `nsum sensitivity --out` wrote.")
    ] = None,
    transmission: TransmissionOption = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Publish: hide what rules and earlier releases demand, write, search, enter into the ledger, report."""
    from nsum_bayes.report.release import release as publish

    console = Console("release", as_json, quiet)
    words = [] if scan_for is None else scan_for.read_text(encoding="utf-8").split("\n")
    with stdout_kept_clean():
        estimates = read_estimates(run, transmission)
        fitted = _reported(run, transmission) if report else None
        done = publish(
            estimates,
            out,
            ledger=ledger,
            rules=rules,
            formats=format or (),
            scan_for=[word for word in words if word.strip()],
            report_on=fitted,
            checks={"hold_outs": holdout or (), "sensitivity": sensitivity},
        )
    for path in done.files:
        console.result(f"wrote: {path}")
    for wave, decision in done.cleared.decisions.items():
        console.say(f"{f'wave {wave}: ' if wave else ''}{len(decision.hidden)} units without a figure")
        if decision.known_before:
            console.warn(f"{len(decision.known_before)} of them follow from earlier releases; see the report.")
    console.result(f"release {done.number}, for the house: {done.report}, {ledger}")
    console.emit(
        release=done.number,
        files=done.files,
        report=done.report,
        ledger=ledger,
        hidden={wave: len(decision.hidden) for wave, decision in done.cleared.decisions.items()},
        differences=done.differences,
    )


def _reported(run: Path, transmission: list[str] | None) -> Fit:
    """The fit that the report is on."""
    from nsum_bayes.inference.fit import Fit

    if transmission:
        raise typer.BadParameter("The report has the study's own statements: state the transmission there.")
    return Fit.load(run)
