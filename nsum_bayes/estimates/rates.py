"""Reported rate of every area of the frame, visited or not, from the draws of a fit.

A surveyed area has its own effect. Any other gets its covariates, its province's and region's effects where those were
seen, and a fresh draw of what is left.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from nsum_bayes.data.secondary import CovariateKnowledge, covariate_knowledge
from nsum_bayes.data.strata import strata_of
from nsum_bayes.inference.fit import Fit
from nsum_bayes.model.intrinsic import intrinsic_field
from nsum_bayes.model.spatial_basis import conditional_effects
from nsum_bayes.model.surface import surface_basis
from nsum_bayes.model.visits import visits_of


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
    if "area_log_rate" in posterior:
        return pooled_rates(run, rng)
    intercept = flat_draws(posterior, "rate_intercept")
    log_rate = np.repeat(intercept[:, None, :], len(areas), axis=1)
    if "rate_coefficient" in posterior:
        _add_covariates(log_rate, run, posterior, rng)
    for level in areas.levels:
        if f"{level}_sd" in posterior:
            _add_level(log_rate, run, posterior, level, rng)
    if "area_sd" in posterior:
        _add_areas(log_rate, run, posterior, rng)
    _add_design(log_rate, run, posterior)
    return with_links(run, log_rate, rng) if run.study.links else log_rate


def modelled_areas(run: Fit, name: str) -> np.ndarray:
    """Positions in the frame of the areas that a parameter has draws for: the surveyed ones, or all."""
    codes = run.study.areas.codes
    if "area" in run.posterior[name].dims:
        return np.arange(len(codes))
    return pd.Index(codes).get_indexer(pd.Index(run.study.survey.surveyed_areas))


def _add_covariates(log_rate: np.ndarray, run: Fit, posterior: xr.Dataset, rng: np.random.Generator) -> None:
    """Add X β; figures that are not exact are unknowns, told by the survey too where the area was visited.

    The rest are drawn in the order of the codes: the order of the rows of the areas file changes nothing.
    """
    told = covariate_knowledge(run.study.areas)
    coefficient = flat_draws(posterior, "rate_coefficient")
    log_rate += np.einsum("ac,dch->dah", told.mean, coefficient, optimize=True)
    sampled, factors = _sampled_covariates(run, posterior, told), told.factors()
    for area in np.argsort(run.study.areas.codes):
        open_ = np.flatnonzero(told.uncertain[area])
        if not len(open_):
            continue
        deviation = sampled.get(int(area))
        if deviation is None:
            raw = rng.normal(size=(len(coefficient), len(open_)))
            deviation = raw @ factors[area][np.ix_(open_, open_)].T
        log_rate[:, area, :] += np.einsum("dc,dch->dh", deviation, coefficient[:, open_, :])


def _sampled_covariates(run: Fit, posterior: xr.Dataset, told: CovariateKnowledge) -> dict[int, np.ndarray]:
    """Draws of figures that were unknowns of the model, less their mean (draw, unknown), by area."""
    if "covariate_missing" not in posterior:
        return {}
    # The parameter itself has no area dim; an area effect, where there is one, has that of the areas with rates.
    by_area = "area_effect" if "area_effect" in posterior else "covariate_missing"
    position = modelled_areas(run, by_area)
    draws = flat_draws(posterior, "covariate_missing")
    rows, columns = np.nonzero(told.uncertain[position])
    deviation = draws - told.mean[position[rows], columns]
    return {int(position[row]): deviation[:, rows == row] for row in np.unique(rows)}


def _add_level(log_rate: np.ndarray, run: Fit, posterior: xr.Dataset, level: str, rng: np.random.Generator) -> None:
    spread = flat_draws(posterior, f"{level}_sd")
    effect = posterior[f"{level}_effect"].transpose("chain", "draw", level, ...)
    seen = [str(unit) for unit in effect.coords[level].values]
    draws = effect.values.reshape(-1, *effect.shape[2:])
    units, of_area = np.unique(run.study.areas.level_of(level), return_inverse=True)
    for number, unit in enumerate(units):
        drawn = draws[:, seen.index(unit), :] if unit in seen else rng.normal(size=spread.shape) * spread
        log_rate[:, of_area == number, :] += drawn[:, None, :]


def _add_design(log_rate: np.ndarray, run: Fit, posterior: xr.Dataset) -> None:
    """Mean over an area's strata, by their share of its people, and over sampling units."""
    if "stratum_effect" in posterior:
        effect = np.exp(flat_draws(posterior, "stratum_effect"))
        log_rate += np.log(np.einsum("as,dsh->dah", strata_of(run.study).share, effect, optimize=True))
    if "unit_effect" in posterior:
        log_rate += (flat_draws(posterior, "unit_sd") ** 2)[:, None, :] / 2.0


def _add_areas(log_rate: np.ndarray, run: Fit, posterior: xr.Dataset, rng: np.random.Generator) -> None:
    position = modelled_areas(run, "area_effect")
    if "spatial_share" in posterior:
        log_rate += _with_neighbours(run, posterior, position, rng)
        return
    log_rate[:, position, :] += flat_draws(posterior, "area_effect")
    rest = unseen(run, position)
    fresh = rng.normal(size=(log_rate.shape[0], len(rest), log_rate.shape[2]))
    log_rate[:, rest, :] += _scaled(fresh, posterior)


def _with_neighbours(run: Fit, posterior: xr.Dataset, position: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Effects of all areas (draw, area, hidden_group): the others' as their neighbours' say, and a draw of the rest."""
    areas, seen = run.study.areas, flat_draws(posterior, "area_effect")
    draws, _, groups = seen.shape
    shape = (draws, len(areas), groups)
    share = flat_draws(posterior, "spatial_share")
    # In the order of the codes, so that the order of the rows of the areas file changes nothing of the plain part.
    by_code = np.argsort(np.argsort(areas.codes))
    fresh = _scaled(rng.normal(size=shape)[:, by_code], posterior)
    if "spatial_weight" in posterior:
        part = run.spec.prevalence.spatial  # type: ignore[union-attr]
        waves = surface_basis(part, areas).waves  # type: ignore[arg-type]
        surface = np.einsum("am,dmg->dag", waves, flat_draws(posterior, "spatial_weight"), optimize=True)
        rho = share[:, None, None]
        effect = np.sqrt(1.0 - rho) * fresh + np.sqrt(rho) * _scaled(surface, posterior)
        effect[:, position] = seen
        return effect
    field = intrinsic_field(areas)
    smooth = _scaled(np.stack([field.draw(rng, draws) for _ in range(groups)], axis=2), posterior)
    return conditional_effects(areas, position, share, seen, fresh, smooth)


def unseen(run: Fit, position: np.ndarray) -> np.ndarray:
    """Positions of all other areas, in the order of their codes."""
    rest = np.setdiff1d(np.arange(len(run.study.areas)), position)
    return np.asarray(rest[np.argsort(run.study.areas.codes[rest])])


def _scaled(fresh: np.ndarray, posterior: xr.Dataset) -> np.ndarray:
    """Standard normal draws (draw, area, hidden_group) given the areas' spread, and correlation where there is one."""
    if "area_cholesky_corr" not in posterior:
        return fresh * flat_draws(posterior, "area_sd")[:, None, :]
    correlation = flat_draws(posterior, "area_cholesky_corr")
    cholesky = np.linalg.cholesky(correlation) * flat_draws(posterior, "area_sd")[:, :, None]
    return np.einsum("dag,dhg->dah", fresh, cholesky, optimize=True)


def with_links(run: Fit, free_rate: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Log r (draw, area, hidden_group) of all hidden groups from that of the groups no link determines (`model.link`).

    An area nobody visited gets a fresh deviation of the mean number of one group per member of the other.
    """
    study, posterior = run.study, run.posterior
    groups = list(study.hidden_groups)
    linked = [link.group for link in study.links]
    table = study.areas.table
    people = {g: np.log(table[study.hidden(g).denominator].to_numpy(dtype=float)) for g in groups}
    columns = {g: free_rate[:, :, n] for n, g in enumerate(g for g in groups if g not in linked)}
    factor = np.log(flat_draws(posterior, "transmission")) + np.log(flat_draws(posterior, "degree_ratio"))
    if "hidden_bias" in posterior:
        factor = factor + flat_draws(posterior, "hidden_bias")
    mean = np.log(flat_draws(posterior, "link_mean"))
    for number, link in enumerate(study.links):
        seen = factor[:, groups.index(link.group)] - factor[:, groups.index(link.of)]
        shift = (mean[:, number] + seen)[:, None] + people[link.of] - people[link.group]
        columns[link.group] = columns[link.of] + shift + _link_deviation(run, number, rng)
    return np.stack([columns[group] for group in groups], axis=2)


def _link_deviation(run: Fit, number: int, rng: np.random.Generator) -> np.ndarray | float:
    """Dev of one link in every area (draw, area)."""
    posterior = run.posterior
    if "link_deviation" not in posterior:
        return 0.0
    seen, spread = flat_draws(posterior, "link_deviation")[:, :, number], flat_draws(posterior, "link_deviation_sd")
    return in_all_areas(run, modelled_areas(run, "link_deviation"), seen, spread, rng)


def in_all_areas(
    run: Fit, position: np.ndarray, seen: np.ndarray, spread: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Effects (draw, area): those seen, at their positions, and in all others fresh draws of this spread (draw,)."""
    rest = unseen(run, position)
    effect = np.empty((len(seen), len(run.study.areas)))
    effect[:, position] = seen
    effect[:, rest] = rng.normal(size=(len(seen), len(rest))) * spread[:, None]
    return effect


def pooled_rates(run: Fit, rng: np.random.Generator) -> np.ndarray:
    """Log r (draw, area, hidden_group) of the partially pooled model.

    An area nobody visited gets a fresh draw of the pooled distribution, rescaled by the constant of a visited area
    drawn at random: the model says nothing else about it.
    """
    study, posterior = run.study, run.posterior
    visited = flat_draws(posterior, "area_log_rate")
    position = modelled_areas(run, "area_log_rate")
    rest = unseen(run, position)
    log_rate = np.empty((len(visited), len(study.areas), visited.shape[2]))
    log_rate[:, position] = visited
    if len(rest):
        hidden = slice(len(study.known_groups), None)
        mean, sd = (flat_draws(posterior, name)[:, None, hidden] for name in ("pooled_mean", "pooled_sd"))
        shape = (mean / sd) ** 2
        fresh = rng.gamma(np.broadcast_to(shape, (len(visited), len(rest), shape.shape[2]))) * sd**2 / mean
        constant = flat_draws(posterior, "rescale")
        taken = rng.integers(constant.shape[1], size=(len(visited), len(rest)))
        denominators = [study.hidden(g).denominator for g in study.hidden_groups]
        share = np.column_stack([study.areas.denominator_share(name)[rest] for name in denominators])
        log_rate[:, rest] = -fresh - np.take_along_axis(constant, taken, axis=1)[:, :, None] - np.log(share)
    return log_rate


def own_information(run: Fit, wave: str = "") -> np.ndarray:
    """Share of what is known about an area's own effect that comes from its own survey (area, hidden_group), 0 to 1.

    One minus the posterior variance of the area effect over its variance without the area's answers. Zero for an
    area nobody visited; for a model without area effects, the area's share of all respondents. In one of several waves
    the effect is the area's own and its deviation in that wave.
    """
    posterior, areas, survey = run.posterior, run.study.areas, run.study.survey
    n_hidden = len(run.study.hidden_groups)
    respondents = survey.respondents_by_area(areas.codes)
    if "area_effect" not in posterior:
        return np.repeat((respondents / respondents.sum())[:, None], n_hidden, axis=1)
    groups, linked = list(run.study.hidden_groups), {link.group: link.of for link in run.study.links}
    free = [group for group in groups if group not in linked]
    position = modelled_areas(run, "area_effect")
    visited = respondents[position] > 0
    without = (flat_draws(posterior, "area_sd") ** 2).mean(axis=0)
    effect = flat_draws(posterior, "area_effect")
    left = effect.var(axis=0)
    if wave and "visit_effect" in posterior:
        apart = (flat_draws(posterior, "wave_deviation_sd") ** 2).mean(axis=0)
        left, without = _in_wave(run, effect, wave, apart), without + apart
    told = np.clip(1.0 - left / without, 0.0, 1.0)
    share = np.zeros((len(areas), n_hidden))
    for number, group in enumerate(groups):
        while group in linked:
            group = linked[group]
        share[position, number] = np.where(visited, told[:, free.index(group)], 0.0)
    return share


def _in_wave(run: Fit, effect: np.ndarray, wave: str, apart: np.ndarray) -> np.ndarray:
    """Variance (surveyed_area, hidden_group) of area effects (draw, …) and the deviation in a wave together."""
    visits = visits_of(run.study)
    left = effect.var(axis=0) + apart
    here = np.flatnonzero(visits.wave == visits.waves.index(wave))
    area = visits.area[here]
    left[area] = (effect[:, area] + flat_draws(run.posterior, "visit_effect")[:, here]).var(axis=0)
    return left
