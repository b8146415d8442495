"""Reported rate of a hidden group, by area.

    log r_ha = α_h + X_a β_h + region + province + … + municipality
    log θ_ha = log r_ha + log(denominator_a / population_a)

The rate is *reported*: prevalence times transmission, degree ratio and the group's own bias. Those are divided out
after sampling, because no answer tells them apart from α_h: sampled together they form a flat ridge.
Degree counts ties to everyone in the frame, so a rate among children enters times the children's share.
"""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.model import crude
from nsum_bayes.model.covariance import add_covariance
from nsum_bayes.model.inputs import Inputs, LevelInputs
from nsum_bayes.model.priors import add_prior
from nsum_bayes.model.secondary import add_coefficients, complete_covariates
from nsum_bayes.model.spatial import add_smooth_effects
from nsum_bayes.model.spec import Normal, Prevalence, Reciprocal, ScalePrior
from nsum_bayes.model.transmission import Outside


def add_prevalence(
    part: Prevalence,
    inputs: Inputs,
    outside: Outside | None = None,
    *,
    true_share: bool = False,
    beside: TensorVariable | None = None,
) -> TensorVariable:
    """Add the log reported rate (rate_area, free hidden group) to the open model.

    Parameters
    ----------
    outside
        What stands between a true share and a reported rate, where it is part of the model.
    true_share
        Whether the intercept's prior is of the true share (published models) and not of the reported rate.
    beside
        What every answer adds to the intercept (hidden_group,): only the sum of the two is told, and sampled.
    """
    shift = outside.log_factor if outside is not None and true_share else None
    intercept = _intercept(part, inputs, shift, beside)
    log_rate = pt.zeros((len(inputs.log_denominator_share), len(inputs.free_groups))) + intercept
    if part.uses_covariates and inputs.coords["covariate"]:
        log_rate = log_rate + pt.dot(complete_covariates(inputs), add_coefficients(part, inputs))
    if part.level_sd is not None:
        for level in inputs.levels:
            log_rate = log_rate + _level_effect(part.level_sd, level, inputs.free_group)[level.index]
    if part.area_sd is not None and inputs.n_areas > 1:
        log_rate = _with_areas(part, inputs, log_rate)
    return log_rate


def _intercept(
    part: Prevalence, inputs: Inputs, shift: TensorVariable | None, beside: TensorVariable | None
) -> TensorVariable:
    """α_h, the log of the reported rate.

    A prior of the true share is moved by what stands between. A prior that is flat in the logarithm is the same moved
    or not, but for its bounds; those are left where they are, since bounds that move with τ would make a ridge.
    """
    free, dims = inputs.free_groups, inputs.free_group
    start = crude.log_rate(inputs)[free]
    match part.intercept:
        case Reciprocal():
            lower = -inputs.log_denominator_total[free]
            return pm.Uniform("rate_intercept", lower, 0.0, dims=dims, initval=np.maximum(start, lower * 0.95))
        case Normal(mean=mean, sd=sd) if beside is not None:
            centre = mean + beside[free] + (0.0 if shift is None else shift[free])
            told = pm.Normal("rate_told_raw", centre, sd, dims=dims, initval=start)
            return pm.Deterministic("rate_intercept", told - beside[free], dims=dims)
        case Normal(mean=mean, sd=sd) if shift is not None:
            return pm.Normal("rate_intercept", mean + shift[free], sd, dims=dims, initval=start)
        case prior:
            return add_prior("rate_intercept", prior, dims=dims, initval=start, population=inputs.population)


def _level_effect(prior: ScalePrior, level: LevelInputs, group: str) -> TensorVariable:
    """Effects of a level's units (unit, hidden_group); they sum to zero where every unit has respondents."""
    spread = add_prior(f"{level.name}_sd", prior, dims=group)
    dims = (group, level.name)
    if level.complete:
        raw = pm.ZeroSumNormal(f"{level.name}_raw", sigma=1.0, dims=dims)
    else:
        raw = pm.Normal(f"{level.name}_raw", 0.0, 1.0, dims=dims)
    return pm.Deterministic(f"{level.name}_effect", raw.T * spread, dims=(level.name, group))


def _with_areas(part: Prevalence, inputs: Inputs, centre: TensorVariable) -> TensorVariable:
    """Add municipality effects, correlated over hidden groups where asked for; (surveyed_area, hidden_group).

    Where areas stand out, each area's rate is sampled itself, around its centre; where they do not, its deviation is
    sampled in units of its spread. The same distribution either way; only the mixing differs.
    """
    dims = (inputs.rate_area, inputs.free_group)
    scale = _area_scale(part, inputs)
    if part.spatial is not None and inputs.spatial is not None:
        smooth = add_smooth_effects(part.spatial, inputs)
        return centre + pm.Deterministic("area_effect", _scaled(smooth, scale), dims=dims)
    # Areas nobody visited have nothing to stand out by, and units take their share of what areas seem to.
    if inputs.frame is None and not inputs.visits.split and crude.areas_stand_out(inputs):
        start = crude.log_rate(inputs)[inputs.free_groups]
        offset = np.broadcast_to(start, (inputs.n_surveyed, len(start)))
        rate = _normal_around("area_rate", centre, scale, dims, start=offset)
        pm.Deterministic("area_effect", rate - centre, dims=dims)
        return rate
    raw = pm.Normal("area_raw", 0.0, 1.0, dims=dims)
    return centre + pm.Deterministic("area_effect", _scaled(raw, scale), dims=dims)


def _scaled(raw: TensorVariable, scale: TensorVariable) -> TensorVariable:
    return raw * scale if scale.ndim == 1 else pt.dot(raw, scale.T)


def _normal_around(
    name: str, centre: TensorVariable, scale: TensorVariable, dims: tuple[str, str], start: np.ndarray
) -> TensorVariable:
    if scale.ndim == 1:
        return pm.Normal(name, centre, scale, dims=dims, initval=start)
    return pm.MvNormal(name, centre, chol=scale, dims=dims, initval=start)


def _area_scale(part: Prevalence, inputs: Inputs) -> TensorVariable:
    """Spread of the municipality effects (hidden_group,), or their Cholesky factor where they are correlated."""
    if part.correlation is None or part.area_sd is None or len(inputs.free_groups) < 2:
        return add_prior("area_sd", part.area_sd, dims=inputs.free_group)
    cholesky, spread = add_covariance("area_cholesky", part.area_sd, part.correlation, len(inputs.free_groups))
    pm.Deterministic("area_sd", spread, dims=inputs.free_group)
    return cholesky
