"""Reported rate of every area of the frame, visited or not, from the draws of a fit.

A surveyed area has its own effect. Any other gets its covariates, its province's and region's effects where those were
seen, and a fresh draw of what is left.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from nsum_bayes.inference.fit import Fit


def flat_draws(posterior: xr.Dataset, name: str) -> np.ndarray:
    """A parameter with chains and draws in one leading axis (draw, …)."""
    values = posterior[name].transpose("chain", "draw", ...).values
    return values.reshape(-1, *values.shape[2:])


def log_reported_rates(run: Fit, rng: np.random.Generator) -> np.ndarray:
    """Log r (draw, area, hidden_group) for all areas of the frame.

    Parameters
    ----------
    rng
        Source of the fresh effects of areas and units without respondents.
    """
    posterior, areas = run.posterior, run.study.areas
    intercept = flat_draws(posterior, "rate_intercept")
    log_rate = np.repeat(intercept[:, None, :], len(areas), axis=1)
    if "rate_coefficient" in posterior:
        _add_covariates(log_rate, run, posterior, rng)
    for level in areas.levels:
        if f"{level}_sd" in posterior:
            _add_level(log_rate, run, posterior, level, rng)
    if "area_sd" in posterior:
        _add_areas(log_rate, run, posterior, rng)
    return log_rate


def _add_covariates(log_rate: np.ndarray, run: Fit, posterior: xr.Dataset, rng: np.random.Generator) -> None:
    """Add X β; a missing figure is one more unknown per draw, told by the survey where the area was visited.

    The rest are drawn in the order of the codes: the order of the rows of the areas file changes nothing.
    """
    values = run.study.areas.design_matrix().values
    coefficient = flat_draws(posterior, "rate_coefficient")
    log_rate += np.einsum("ac,dch->dah", np.nan_to_num(values), coefficient, optimize=True)
    unknown = _sampled_covariates(run, posterior, values)
    by_code = np.argsort(run.study.areas.codes)
    for place, column in zip(*np.nonzero(np.isnan(values[by_code])), strict=True):
        area = by_code[place]
        drawn = unknown.get((area, column))
        if drawn is None:
            drawn = rng.normal(size=len(coefficient))
        log_rate[:, area, :] += drawn[:, None] * coefficient[:, column, :]


def _sampled_covariates(run: Fit, posterior: xr.Dataset, values: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
    """Draws of missing figures that were unknowns of the model, by (area, covariate) position."""
    if "covariate_missing" not in posterior:
        return {}
    position = pd.Index(run.study.areas.codes).get_indexer(pd.Index(run.study.survey.surveyed_areas))
    draws = flat_draws(posterior, "covariate_missing")
    rows, columns = np.nonzero(np.isnan(values[position]))
    return {(position[r], c): draws[:, i] for i, (r, c) in enumerate(zip(rows, columns, strict=True))}


def _add_level(log_rate: np.ndarray, run: Fit, posterior: xr.Dataset, level: str, rng: np.random.Generator) -> None:
    spread = flat_draws(posterior, f"{level}_sd")
    effect = posterior[f"{level}_effect"].transpose("chain", "draw", level, "hidden_group")
    seen = [str(unit) for unit in effect.coords[level].values]
    draws = effect.values.reshape(-1, *effect.shape[2:])
    units, of_area = np.unique(run.study.areas.level_of(level), return_inverse=True)
    for number, unit in enumerate(units):
        drawn = draws[:, seen.index(unit), :] if unit in seen else rng.normal(size=spread.shape) * spread
        log_rate[:, of_area == number, :] += drawn[:, None, :]


def _add_areas(log_rate: np.ndarray, run: Fit, posterior: xr.Dataset, rng: np.random.Generator) -> None:
    position = pd.Index(run.study.areas.codes).get_indexer(pd.Index(run.study.survey.surveyed_areas))
    log_rate[:, position, :] += flat_draws(posterior, "area_effect")
    rest = np.setdiff1d(np.arange(log_rate.shape[1]), position)
    rest = rest[np.argsort(run.study.areas.codes[rest])]
    fresh = rng.normal(size=(log_rate.shape[0], len(rest), log_rate.shape[2]))
    log_rate[:, rest, :] += _scaled(fresh, posterior)


def _scaled(fresh: np.ndarray, posterior: xr.Dataset) -> np.ndarray:
    """Standard normal draws (draw, area, hidden_group) given the areas' spread, and correlation where there is one."""
    if "area_cholesky_corr" not in posterior:
        return fresh * flat_draws(posterior, "area_sd")[:, None, :]
    correlation = flat_draws(posterior, "area_cholesky_corr")
    cholesky = np.linalg.cholesky(correlation) * flat_draws(posterior, "area_sd")[:, :, None]
    return np.einsum("dag,dhg->dah", fresh, cholesky, optimize=True)


def own_information(run: Fit) -> np.ndarray:
    """Share of what is known about an area's own effect that comes from its own survey (area, hidden_group), 0 to 1.

    One minus the posterior variance of the area effect over its variance without the area's answers. Zero for an
    area nobody visited; for a model without area effects, the area's share of all respondents.
    """
    posterior, areas, survey = run.posterior, run.study.areas, run.study.survey
    n_hidden = len(run.study.hidden_groups)
    respondents = survey.respondents_by_area(areas.codes)
    if "area_effect" not in posterior:
        return np.repeat((respondents / respondents.sum())[:, None], n_hidden, axis=1)
    share = np.zeros((len(areas), n_hidden))
    position = pd.Index(areas.codes).get_indexer(pd.Index(survey.surveyed_areas))
    without = (flat_draws(posterior, "area_sd") ** 2).mean(axis=0)
    share[position] = np.clip(1.0 - flat_draws(posterior, "area_effect").var(axis=0) / without, 0.0, 1.0)
    return share
