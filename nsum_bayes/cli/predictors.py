"""`nsum predictors`: what is each category of secondary data worth?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsum_bayes.cli.console import Console, Json, Quiet, stdout_kept_clean
from nsum_bayes.cli.holdout import Cluster, Draws, Tune, Workers


def predictors(
    run: Annotated[Path, typer.Argument(help="A fit with area covariates, saved by `nsum fit`.")],
    out: Annotated[Path, typer.Option(help="Folder for the table and the figure.")],
    by: Annotated[list[str] | None, typer.Option(help="area or a level to leave out; may be repeated.")] = None,
    refits: Annotated[bool, typer.Option(help="Leave out areas and ask machine learning, by refitting.")] = True,
    folds: Annotated[int, typer.Option(help="Folds of areas.", min=2)] = 5,
    seed: Annotated[int, typer.Option(help="One seed for all refits.", min=0)] = 1,
    draws: Draws = 500,
    tune: Tune = 700,
    workers: Workers = 0,
    cluster: Cluster = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Say what each category of secondary data is worth: within the model, by prediction, and by machine learning."""
    from nsum_bayes.checks.predictors import predictors as weigh
    from nsum_bayes.inference.fit import Fit
    from nsum_bayes.report.check_tables import write_predictors
    from nsum_bayes.report.predictor_figures import predictors_figure

    console = Console("predictors", as_json, quiet)
    with stdout_kept_clean():
        fit = Fit.load(run)
        found = weigh(
            fit,
            seed=seed,
            schemes=tuple(by or ("area",)) if refits else (),
            folds=folds,
            learn=refits,
            draws=draws,
            tune=tune,
            workers=workers,
            cluster=cluster,
            out=out,
            progress=not quiet,
        )
        files = write_predictors(found, out)
        files.append(predictors_figure(found, fit.study, out / "predictors.png"))
    for group, statement in found.statements.items():
        console.result(f"{group}: {statement}")
    for setting, why in found.failures.items():
        console.result(f"failed: {setting}: {why}")
    for file in files:
        console.result(f"wrote: {file}")
    console.emit(predictors=found.to_dict(), files=files)
