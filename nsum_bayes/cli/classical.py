"""`nsum classical`: estimates without a model, with design-based errors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsum_bayes.cli.console import Console, Json, Quiet, stdout_kept_clean
from nsum_bayes.cli.estimate import NATION_ONLY

if TYPE_CHECKING:
    from nsum_bayes.classical.methods import Adjustment
    from nsum_bayes.classical.results import ClassicalEstimates
    from nsum_bayes.estimates.summaries import Suppression


def classical(
    study: Annotated[Path, typer.Argument(help="study.toml, or the folder it lies in.")],
    method: Annotated[
        list[str] | None,
        typer.Option(
            help="killworth_mle, killworth_pimle, mean_of_sums, summation or generalised; may be repeated. "
            "By default all but the last that the study allows."
        ),
    ] = None,
    level: Annotated[
        list[str] | None, typer.Option(help="area, a level of the study, or nation (the default); may be repeated.")
    ] = None,
    adjust: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GROUP=RATIO,RATE,PRECISION",
            help="For generalised: degree ratio, true positive rate and precision, instead of what the study states.",
        ),
    ] = None,
    replicates: Annotated[int, typer.Option(help="Of the bootstrap, 100 or more; 0 gives no interval.", min=0)] = 1000,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.", min=0)] = 1,
    lone_units: Annotated[str, typer.Option(help="Strata of one sampling unit: collapse or certainty.")] = "collapse",
    shorthand: Annotated[
        bool, typer.Option("--shorthand", help="Binomial error in its shorthand, the square root of N N_h / sum of d.")
    ] = False,
    treat_as_exact: Annotated[
        bool, typer.Option("--treat-as-exact", help="Take binned, top-coded and yes/no answers for counts.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for the tables; made if it is not there.")] = None,
    min_respondents: Annotated[
        int | None, typer.Option(help="Withhold figures of units with fewer respondents.", min=10)
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Estimate sizes by the classical scale-up estimators, without a model."""
    from nsum_bayes.classical.scale_up import scale_up
    from nsum_bayes.data.study import Study
    from nsum_bayes.estimates.summaries import Suppression

    console = Console("classical", as_json, quiet)
    suppress = Suppression() if min_respondents is None else Suppression(min_respondents=min_respondents)
    with stdout_kept_clean():
        estimates = scale_up(
            Study.load(study),
            method or None,
            level or ("nation",),
            adjust=read_adjustments(adjust or []),
            replicates=replicates,
            seed=seed,
            lone_units=lone_units,
            shorthand=shorthand,
            treat_as_exact=treat_as_exact,
        )
        files = _written(estimates, out, suppress) if out is not None else []
    if estimates.released_levels != estimates.levels:
        console.warn(NATION_ONLY)
    rows = estimates.table(suppress=suppress).to_dict("records")
    for row in rows:
        console.result(_line(row))
    for rule in estimates.rules:
        console.result(f"  {rule}")
    for path in files:
        console.result(f"wrote: {path}")
    console.emit(estimates=rows, rules=estimates.rules, files=files)


def _written(estimates: ClassicalEstimates, out: Path, suppress: Suppression) -> list[Path]:
    from nsum_bayes.report.classical_tables import write_classical

    return write_classical(estimates, out, suppress=suppress)


def read_adjustments(texts: list[str]) -> dict[str, Adjustment]:
    """`GROUP=RATIO,RATE,PRECISION` by hidden group."""
    from nsum_bayes.classical.methods import Adjustment

    read = {}
    for text in texts:
        group, equals, values = text.rpartition("=")
        try:
            ratio, rate, precision = map(float, values.split(","))
        except ValueError:
            equals = ""
        if not equals:
            raise typer.BadParameter(f"'{text}' is not GROUP=RATIO,RATE,PRECISION, for example bonded=0.9,0.6,1.")
        read[group] = Adjustment(ratio, rate, precision)
    return read


def _line(row: Mapping[Any, Any]) -> str:
    """One estimate for readers."""
    unit = "nation" if row["level"] == "nation" else f"{row['level']} {row['name']}"
    head = f"{row['group']}, {unit}, {row['method']}:"
    if row["estimate"] != row["estimate"]:  # NaN
        return f"{head} {row['note']}"
    parts = [f"{head} {row['estimate']:,.0f} people"]
    if row["lower"] == row["lower"]:
        parts.append(f"(95 % interval {row['lower']:,.0f} to {row['upper']:,.0f})")
    if row["se"] == row["se"]:
        parts.append(f"standard error {row['se']:,.0f}")
    return " ".join(parts) + (f"; {row['note']}" if row["note"] else "")
