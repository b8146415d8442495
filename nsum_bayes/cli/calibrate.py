"""`nsum calibrate`: is a model file's posterior right where the truth is known?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsum_bayes.cli.console import Console, Json, Quiet, stdout_kept_clean
from nsum_bayes.cli.holdout import Cluster, Draws, Tune, Workers


def calibrate(
    model: Annotated[str, typer.Argument(help="A named model, or a model file.")],
    simulations: Annotated[int, typer.Option(help="Number of simulated surveys.", min=20)] = 200,
    seed: Annotated[int, typer.Option(help="One seed for all.", min=0)] = 1,
    draws: Draws = 250,
    tune: Tune = 400,
    workers: Workers = 0,
    cluster: Cluster = None,
    out: Annotated[Path | None, typer.Option(help="File to keep ranks in; a stopped run goes on.")] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Simulate surveys from a model's priors, fit each, and see whether the truth ranks evenly among the draws."""
    from nsum_bayes.checks.calibration import calibrate as calibrated
    from nsum_bayes.model.spec import load_model

    console = Console("calibrate", as_json, quiet)
    with stdout_kept_clean():
        found = calibrated(
            load_model(model),
            seed=seed,
            simulations=simulations,
            draws=draws,
            tune=tune,
            workers=workers,
            cluster=cluster,
            out=out,
            progress=not quiet,
        )
    table = found.table()
    console.result(table.round(3).to_string())
    for level, (low, high) in found.bands().items():
        console.result(f"coverage of {level:.0%} intervals should lie between {low:.3f} and {high:.3f}")
    console.result(repr(found))
    if out is not None:
        console.result(f"wrote: {out}")
    body = {
        "simulations": found.simulations,
        "failures": found.failures,
        "unconverged": found.unconverged,
        "called_out": list(found.called_out()),
    }
    console.emit(model=found.model, passed=found.passed, **body, quantities=table.reset_index().to_dict("records"))
