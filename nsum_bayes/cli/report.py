"""`nsum report`: a fit as one page to read, print and file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsum_bayes.cli.console import Console, Json, Quiet, stdout_kept_clean
from nsum_bayes.cli.transmission import TransmissionOption, read_transmission


def report(
    run: Annotated[Path, typer.Argument(help="A fit saved by `nsum fit`.")],
    out: Annotated[Path, typer.Option(help="Page to write, .html.")],
    group: Annotated[str | None, typer.Option(help="The only hidden group to report; by default all.")] = None,
    transmission: TransmissionOption = None,
    holdout: Annotated[
        list[Path] | None, typer.Option(help="Results of `nsum holdout` (its --out); may be repeated.")
    ] = None,
    sensitivity: Annotated[Path | None, typer.Option(help="Folder that `nsum sensitivity --out` wrote.")] = None,
    min_respondents: Annotated[
        int | None, typer.Option(help="Withhold figures of surveyed areas with fewer respondents.", min=10)
    ] = None,
    pdf: Annotated[
        bool, typer.Option(help="Also print it as PDF beside the page, by a Chromium on this machine.")
    ] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write the report: key figure, weakest assumptions, data, model, checks, every estimate, GATHER and BARG."""
    from nsum_bayes.estimates.summaries import Suppression
    from nsum_bayes.inference.fit import Fit
    from nsum_bayes.report.html import write_page
    from nsum_bayes.report.material import prepare
    from nsum_bayes.report.printed import print_page

    if out.suffix.lower() not in (".html", ".htm"):
        raise typer.BadParameter(f"'{out.name}' is no page: end its name in .html.", param_hint="--out")
    console = Console("report", as_json, quiet)
    with stdout_kept_clean():
        fitted = Fit.load(run)
        material = prepare(
            fitted,
            transmission=read_transmission(transmission, fitted.study.hidden_groups),
            group=group,
            hold_outs=holdout or (),
            sensitivity=sensitivity,
            suppress=None if min_respondents is None else Suppression(min_respondents=min_respondents),
        )
        files = [write_page(material, out)]
        if pdf:
            files.append(print_page(out, out.with_suffix(".pdf")))
    verdict = material.diagnosis.verdict
    if verdict == "stop":
        console.warn("the fit's verdict is 'stop': these figures are not fit to publish; the page says why.")
    for path in files:
        console.result(f"wrote: {path}")
    console.emit(files=files, verdict=verdict)
