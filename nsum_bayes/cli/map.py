"""`nsum map`: estimate, uncertainty and exceedance side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsum_bayes.cli.console import Console, Json, Quiet, stdout_kept_clean
from nsum_bayes.cli.transmission import TransmissionOption, read_transmission
from nsum_bayes.errors import suggestion


def map(
    run: Annotated[Path, typer.Argument(help="A fit saved by `nsum fit`.")],
    out: Annotated[Path, typer.Option(help="Picture to write (.png, .svg or .pdf).")],
    group: Annotated[str | None, typer.Option(help="Hidden group; not needed where there is one.")] = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="Share of the denominator to exceed; by default the national median.", min=0, max=1),
    ] = None,
    transmission: TransmissionOption = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Draw the map of one hidden group; without polygons, a ranked interval plot."""
    from nsum_bayes.checks.convergence import diagnose
    from nsum_bayes.estimates.from_fit import estimate
    from nsum_bayes.inference.fit import Fit
    from nsum_bayes.report.figures import figure_for, save_figure

    console = Console("map", as_json, quiet)
    with stdout_kept_clean():
        fitted = Fit.load(run)
        chosen = _choose(group, fitted.study.hidden_groups)
        statements = read_transmission(transmission, fitted.study.hidden_groups)
        verdict = diagnose(fitted).verdict
        estimates = estimate(fitted, transmission=statements).noting(verdict=verdict)
        figure, message = figure_for(estimates, chosen, threshold)
        save_figure(figure, out)
    if message:
        console.say(message)
    console.result(f"wrote: {out}")
    console.emit(file=out, group=chosen, message=message)


def _choose(group: str | None, known: tuple[str, ...]) -> str:
    if group is None and len(known) == 1:
        return known[0]
    if group is None:
        raise typer.BadParameter(f"This fit has several hidden groups; name one with --group: {', '.join(known)}.")
    if group not in known:
        raise typer.BadParameter(f"'{group}' is not a hidden group of this fit.{suggestion(group, known)}")
    return group
