"""`nsum estimate`: tables for every area and level."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsum_bayes.cli.console import Console, Json, Quiet, stdout_kept_clean
from nsum_bayes.cli.transmission import TransmissionOption, read_transmission


def estimate(
    run: Annotated[Path, typer.Argument(help="A fit saved by `nsum fit`.")],
    out: Annotated[Path, typer.Option(help="Folder for the tables; made if it is not there.")],
    transmission: TransmissionOption = None,
    threshold: Annotated[
        float | None, typer.Option(help="Also write the probability that prevalence exceeds this share.", min=0, max=1)
    ] = None,
    min_respondents: Annotated[
        int | None, typer.Option(help="Withhold figures of surveyed areas with fewer respondents.", min=10)
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Estimate prevalence and counts for every area of the frame and every level, and write the tables."""
    from nsum_bayes.checks.convergence import diagnose
    from nsum_bayes.estimates.estimates import estimate as estimate_fit
    from nsum_bayes.estimates.summaries import Suppression
    from nsum_bayes.inference.fit import Fit
    from nsum_bayes.report.exceedance import write_exceedance
    from nsum_bayes.report.tables import write_estimates

    console = Console("estimate", as_json, quiet)
    suppress = Suppression() if min_respondents is None else Suppression(min_respondents=min_respondents)
    with stdout_kept_clean():
        fitted = Fit.load(run)
        estimates = estimate_fit(fitted, transmission=read_transmission(transmission, fitted.study.hidden_groups))
        files = write_estimates(estimates, out, suppress=suppress)
        if threshold is not None:
            files.append(write_exceedance(estimates, threshold, out, suppress=suppress))
        verdict = diagnose(fitted).verdict
    if verdict == "stop":
        console.warn("the fit's verdict is 'stop': these figures are not fit to publish; `nsum diagnose` says why.")
    for path in files:
        console.result(f"wrote: {path}")
    console.emit(files=files, groups=estimates.groups, verdict=verdict, meta=estimates.meta)
