"""`nsum holdout`: refits with each known group, or each area, left out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nsum_bayes.cli.console import Console, Json, Quiet, stdout_kept_clean

Workers = Annotated[int, typer.Option(help="Local processes; 0 fits one after the other.", min=0)]
Cluster = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Run on a Dask cluster, tcp://host:port.")]
Draws = Annotated[int, typer.Option(help="Draws of each of four chains.", min=10)]
Tune = Annotated[int, typer.Option(help="Tuning steps of each chain.", min=10)]


def holdout(
    study: Annotated[Path, typer.Argument(help="study.toml, or the folder it lies in.")],
    model: Annotated[str, typer.Option(help="A named model, or a model file.")] = "municipal",
    what: Annotated[str, typer.Option(help="group (known groups taken for hidden), area or wave.")] = "group",
    unit: Annotated[list[str] | None, typer.Option(help="Only this group, area code or wave; may be repeated.")] = None,
    seed: Annotated[int, typer.Option(help="One seed for all refits.", min=0)] = 1,
    draws: Draws = 500,
    tune: Tune = 700,
    workers: Workers = 0,
    cluster: Cluster = None,
    out: Annotated[Path | None, typer.Option(help="File to keep finished refits in; a stopped run goes on.")] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Leave out what is known, estimate it from the rest, and see whether the intervals hold it."""
    from nsum_bayes.checks.holdout import hold_out
    from nsum_bayes.data.study import Study
    from nsum_bayes.model.spec import load_model

    if what not in ("group", "area", "wave"):
        raise typer.BadParameter(f"'{what}' is none of group, area and wave.", param_hint="--what")
    console = Console("holdout", as_json, quiet)
    with stdout_kept_clean():
        found = hold_out(
            load_model(model),
            Study.load(study),
            what,  # type: ignore[arg-type]
            seed=seed,
            units=unit or None,
            draws=draws,
            tune=tune,
            workers=workers,
            cluster=cluster,
            out=out,
            progress=not quiet,
        )
    for row in found.table.to_dict("records"):
        console.result(_line(row, what))
    console.result(repr(found))
    if out is not None:
        console.result(f"wrote: {out}")
    console.emit(holdout=found.to_dict(), file=out)


def _line(row: dict[Any, Any], what: str) -> str:
    """One refit for readers."""
    name = row["unit"] if what == "group" else f"{row['unit']}, {row['group']}"
    if row["truth"] != row["truth"]:  # NaN
        return f"{name}: the refit failed"
    verdict = "holds" if row["inside"] else "MISSES"
    show = (lambda share: f"{share:.3%}") if what == "group" else (lambda number: f"{number:.0f} reports")
    figures = f"{show(row['truth'])}; estimate {show(row['median'])} ({show(row['lower'])} to {show(row['upper'])})"
    return f"{name}: {verdict} {figures}"
