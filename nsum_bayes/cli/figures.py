"""`nsum figures`: every figure that a fit allows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from nsum_bayes.cli.console import Console, Json, Quiet, stdout_kept_clean
from nsum_bayes.errors import NsumError


def figures(
    run: Annotated[Path, typer.Argument(help="A fit saved by `nsum fit`.")],
    out: Annotated[Path, typer.Option(help="Folder for the figures; made if it is not there.")],
    format: Annotated[str, typer.Option(help="png, svg or pdf.")] = "png",
    holdout: Annotated[
        list[Path] | None, typer.Option(help="File that `nsum holdout --out` wrote; may be repeated.")
    ] = None,
    predictors: Annotated[Path | None, typer.Option(help="Folder that `nsum predictors --out` wrote.")] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Draw maps, intervals, ranks, shrinkage, direct against modelled, transmission, what changed and was checked."""
    from nsum_bayes.checks.convergence import diagnose
    from nsum_bayes.estimates.from_fit import estimate
    from nsum_bayes.inference.fit import Fit
    from nsum_bayes.report.figures import save_figure
    from nsum_bayes.report.wording import stamp_of

    console = Console("figures", as_json, quiet)
    files, left_out = [], []
    with stdout_kept_clean():
        fitted = Fit.load(run)
        estimates = estimate(fitted).noting(verdict=diagnose(fitted).verdict)
        draws = {
            f"{kind}_{group}": draw
            for group in estimates.groups
            for kind, draw in _kinds(fitted, estimates, group).items()
        }
        draws |= _checks(fitted, estimates, holdout or [], predictors)
        for name, draw in draws.items():
            try:
                files.append(save_figure(draw(), out / f"{name}.{format}", stamp_of(estimates)))
            except NsumError as error:
                left_out.append(f"{name}: {str(error).splitlines()[0]}")
    for line in left_out:
        console.say(f"not drawn: {line}")
    for path in files:
        console.result(f"wrote: {path}")
    console.emit(files=files, not_drawn=left_out)


def _kinds(fitted: Any, estimates: Any, group: str) -> dict[str, Callable[[], Any]]:
    from nsum_bayes.report import area_figures, maps
    from nsum_bayes.report.change_map import change_map
    from nsum_bayes.report.figures import ranked_intervals
    from nsum_bayes.report.prior_figures import prior_posterior_figure
    from nsum_bayes.report.value_by_uncertainty import value_by_uncertainty_map

    shape, ends = estimates.areas.geometry is not None, (*estimates.waves[:1], *estimates.waves[-1:])
    return {
        **({"map": partial(maps.prevalence_map, estimates, group)} if shape else {}),
        **({"value_by_uncertainty": partial(value_by_uncertainty_map, estimates, group)} if shape else {}),
        **({"change": partial(change_map, estimates, group, *ends)} if shape and len(estimates.waves) > 1 else {}),
        "intervals": partial(ranked_intervals, estimates, group),
        "ranks": partial(area_figures.rank_distributions, estimates, group),
        "shrinkage": partial(area_figures.shrinkage_figure, estimates, group),
        "direct": partial(area_figures.direct_figure, fitted, estimates, group),
        "transmission": partial(prior_posterior_figure, fitted, estimates, group),
        **({"waves": partial(area_figures.wave_figure, estimates, group)} if estimates.waves else {}),
    }


def _checks(fitted: Any, estimates: Any, holdout: list[Path], predictors: Path | None) -> dict[str, Callable[[], Any]]:
    """Figures of checks that were run; a file of something else stops the command before anything is drawn."""
    from nsum_bayes.report.check_figures import hold_out_figure
    from nsum_bayes.report.check_results import read_hold_out, read_predictors
    from nsum_bayes.report.predictor_figures import predictors_figure
    from nsum_bayes.report.release import refuse_invented_places

    draws: dict[str, Callable[[], Any]] = {}
    for file in holdout:
        found = read_hold_out(file, fitted)
        if found.what == "area":
            refuse_invented_places(estimates)
        draws[f"holdout_{found.what}"] = partial(hold_out_figure, found, fitted.study)
    if predictors is not None:
        draws["predictors"] = partial(predictors_figure, read_predictors(predictors, fitted), fitted.study)
    return draws
