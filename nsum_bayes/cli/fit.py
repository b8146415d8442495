"""`nsum fit`: sample a model's posterior for a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsum_bayes.cli.console import (
    Console,
    Json,
    Quiet,
    refuse_to_overwrite,
    stdout_kept_clean,
    stop_unless_publishable,
    tell_diagnosis,
)

INTERRUPTED = 130


def fit(
    study: Annotated[Path, typer.Argument(help="The study file (study.toml).")],
    model: Annotated[str, typer.Option(help="A named model (see `nsum models`) or a model file.")],
    out: Annotated[Path, typer.Option(help="File to write the fit to (.nc). It holds the survey: keep it restricted.")],
    seed: Annotated[int, typer.Option(help="Any whole number; the same seed gives the same draws.", min=0)],
    draws: Annotated[int, typer.Option(help="Draws kept per chain.", min=1)] = 1500,
    tune: Annotated[int, typer.Option(help="Draws for warming up, per chain.", min=1)] = 1000,
    chains: Annotated[int, typer.Option(help="Chains; fewer than four are hard to trust.", min=1)] = 4,
    target_accept: Annotated[
        float, typer.Option(help="Mean acceptance; raise it towards 1 if there are divergences.", min=0.5, max=0.999)
    ] = 0.8,
    log_likelihood: Annotated[bool, typer.Option("--log-likelihood", help="Also keep it cell by cell.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Fit a model to a study and save the result as one netCDF file."""
    from nsum_bayes.data.study import Study
    from nsum_bayes.model.spec import load_model

    console = Console("fit", as_json, quiet)
    refuse_to_overwrite(out, force)
    spec, data = load_model(model), Study.load(study)
    console.say(f"{data.title}: fitting '{spec.name}', {chains} chains of {tune} + {draws} draws.")

    from nsum_bayes.checks.convergence import diagnose
    from nsum_bayes.inference.fit import fit as sample

    with stdout_kept_clean():
        fitted = sample(
            spec,
            data,
            seed=seed,
            draws=draws,
            tune=tune,
            chains=chains,
            target_accept=target_accept,
            progress=console.shows_progress,
            log_likelihood=log_likelihood,
        )
        fitted.save(out)
        diagnosis = diagnose(fitted)
    console.result(f"saved: {out}")
    tell_diagnosis(console, diagnosis)
    console.emit(saved=out, model=spec.name, seed=seed, diagnosis=diagnosis.to_dict())
    if fitted.interrupted:
        raise typer.Exit(INTERRUPTED)
    stop_unless_publishable(diagnosis)
