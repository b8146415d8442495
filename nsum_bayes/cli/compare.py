"""`nsum compare`: which of some fitted models predicts what is left out best?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsum_bayes.cli.console import Console, Json, Quiet, stdout_kept_clean
from nsum_bayes.cli.holdout import Cluster, Draws, Tune, Workers

if TYPE_CHECKING:
    from nsum_bayes.inference.fit import Fit


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Fits saved by `nsum fit`, all of the same answers.")],
    by: Annotated[str, typer.Option(help="area, a level of the study, group, respondent or cell.")] = "area",
    folds: Annotated[int, typer.Option(help="Folds of areas.", min=2)] = 10,
    seed: Annotated[int, typer.Option(help="One seed for all refits.", min=0)] = 1,
    draws: Draws = 500,
    tune: Tune = 700,
    workers: Workers = 0,
    cluster: Cluster = None,
    out: Annotated[Path | None, typer.Option(help="Folder to keep finished refits in; a stopped run goes on.")] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Compare fitted models by how well they predict what is left out; by area, because areas are what is published."""
    from nsum_bayes.checks.compare import compare as judge
    from nsum_bayes.inference.fit import Fit

    console = Console("compare", as_json, quiet)
    with stdout_kept_clean():
        fits = named([Fit.load(run) for run in runs], runs)
        found = judge(
            fits,
            by,
            seed=seed,
            folds=folds,
            draws=draws,
            tune=tune,
            workers=workers,
            cluster=cluster,
            out=out,
            progress=not quiet,
        )
    console.result(repr(found))
    console.emit(comparison=found.to_dict(), file=out)


def named(fits: Sequence[Fit], runs: Sequence[Path]) -> dict[str, Fit]:
    """Fits by the name of their model or, where two have one, of their file."""
    models = [run.spec.name for run in fits]
    names = models if len(set(models)) == len(models) else [str(run) for run in runs]
    return dict(zip(names, fits, strict=True))
