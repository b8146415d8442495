"""The generative story of every model, in plain NumPy.

Told from the model's equations alone, so that it can be held against the PyMC model: what `build_model` says in
PyTensor is said here a second time, by draws. A study's *design* (who was asked, where, about which groups, with which
known sizes) goes in; parameters are drawn from their priors; answers are drawn from the parameters.

    log d_i  = degree_mean + x_i · degree_coefficient + degree_area_effect[a(i)] + degree_sd · z_i
    log θ_ak = log share_ak + known_bias_k + deviation_ak                                       known groups
    log θ_ah = log(denominator share_ah) + log_rate_ah                                          hidden groups
    log_rate = rate_intercept + X_a · rate_coefficient + level effects + area_effect            *reported* rate
    y_ik     ~ counts(mean = d_i · θ_a(i)k)
    prevalence_ah = exp(log_rate_ah − hidden_bias_h) / (transmission_h · degree_ratio_h)        true share
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nsum_bayes.errors import ModelError, suggestion
from nsum_bayes.model import spec as sp
from nsum_bayes.model.story_bias import draw_outside
from nsum_bayes.model.story_design import draw_design
from nsum_bayes.model.story_draws import LARGEST_MEAN, Floats, Values, draw_prior, limited_exp
from nsum_bayes.model.story_draws import value as _value
from nsum_bayes.model.story_measurement import draw_measurement, reported
from nsum_bayes.model.story_mixing import degree_covariates, draw_free_rates, draw_mixing, draw_pooled_rates
from nsum_bayes.model.story_rates import draw_missing_covariates, draw_rate, met_shares, with_complete_covariates
from nsum_bayes.model.story_waves import draw_waves, log_rates_by_wave
from nsum_bayes.model.study_design import StudyDesign


def draw_parameters(
    spec: sp.ModelSpec, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any] | None = None
) -> Values:
    """Draw every parameter of the story from its prior.

    Parameters
    ----------
    spec
        The model.
    design
        The study's design.
    rng
        Source of randomness. Every component draws from its own child, and a given parameter is drawn all the same and
        then replaced, so that giving one leaves the draws of all others as they were.
    given
        Values by name that replace draws (spread over the parameter's shape). A parameter the model has no prior for
        is zero unless given. `prevalence_intercept` (of the true share) takes the place of `rate_intercept`.

    Returns
    -------
    dict
        Arrays: group-wise ones in the order of the study's known groups, then its hidden groups; `rate_coefficient`
        (covariate, hidden group); `<level>_sd` and `area_sd` (hidden group); `<level>_effect`, `area_effect`,
        `log_rate` and `prevalence` (unit or area, hidden group); `deviation` (surveyed area, known group); and, where
        the frame lacks figures that the model uses, `covariate_missing` (missing figure), area by area.

    Raises
    ------
    ModelError
        A given name that is not a parameter of the story.
    """
    given = dict(given or {})
    if {"rate_intercept", "prevalence_intercept"} <= set(given):
        raise ModelError(
            "Both 'rate_intercept' and 'prevalence_intercept' are given, and each determines the other.",
            where="parameters",
            advice="Give the reported rate's intercept or the true share's, not both.",
        )
    degree, sizes, bias, rate, counts, covariates = rng.spawn(6)
    mixing, measurement, free, pooled = rng.spawn(4)
    waves, strata = rng.spawn(2)
    values = draw_missing_covariates(spec.prevalence, design, covariates, given)
    design = with_complete_covariates(design, values)
    values |= draw_waves(spec.waves, design, waves, given)
    values |= draw_design(spec.design, design, strata, given)
    values |= _draw_degree(spec, design, degree, given, values)
    values |= _draw_sizes(spec.known_sizes, design, sizes, given)
    values |= draw_outside(spec, design, bias, given)
    if spec.prevalence is not None:
        values |= draw_rate(spec, design, rate, given, values)
    values |= _draw_dispersion(spec.counts, design, counts, given)
    values |= draw_mixing(spec.mixing, design, mixing, given)
    values |= draw_measurement(spec.measurement, design, measurement, given)
    match spec.rates:
        case sp.FreeRates():
            values |= draw_free_rates(spec.rates, design, free, given, values.get("residual_correlation"))
        case sp.PooledRates():
            values |= draw_pooled_rates(spec.rates, design, pooled, given)
    if unknown := [name for name in given if name not in values]:
        raise ModelError(
            f"'{unknown[0]}' is not a parameter of the story.{suggestion(unknown[0], values)}",
            where="parameters",
            advice=f"Parameters here: {', '.join(values)}.",
        )
    return values


def _several(prior: Any, design: StudyDesign) -> Any:
    """Area effects exist only where there are several areas."""
    return prior if design.area_count > 1 else None


def _draw_degree(
    spec: sp.ModelSpec,
    design: StudyDesign,
    rng: np.random.Generator,
    given: Mapping[str, Any],
    moved: Mapping[str, Any],
) -> Values:
    part, covariates = spec.degree, degree_covariates(spec, design)
    mean = _value(given, "degree_mean", draw_prior(part.mean, rng, population=design.population))
    sd = _value(given, "degree_sd", draw_prior(part.sd, rng))
    area_sd = _value(given, "degree_area_sd", draw_prior(_several(part.area_sd, design), rng))
    drawn = draw_prior(part.coefficient, rng, (covariates.shape[1],))
    coefficient = _value(given, "degree_coefficient", drawn)
    area_effect = _value(given, "degree_area_effect", area_sd * rng.standard_normal(len(design.surveyed)))
    own = sd * rng.standard_normal(len(design.area))
    centre = mean + covariates @ coefficient + area_effect[design.surveyed_position]
    centre = centre + moved["degree_wave"][design.wave] if "degree_wave" in moved else centre
    centre = centre + moved["degree_unit"][design.strata.unit] if "degree_unit" in moved else centre
    log_degree = centre + own
    while part.lower is not None and (below := log_degree <= part.lower).any():
        log_degree[below] = centre[below] + sd * rng.standard_normal(int(below.sum()))
    return {
        "degree_mean": mean,
        "degree_sd": sd,
        "degree_area_sd": area_sd,
        "degree_coefficient": coefficient,
        "degree_area_effect": area_effect,
        "log_degree": _value(given, "log_degree", log_degree),
    }


def _draw_sizes(
    part: sp.KnownSizesUse, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any]
) -> Values:
    sizes, groups = design.sizes, len(design.known_groups)
    error = rng.standard_normal(len(sizes.share))
    survey_share = sizes.share * np.exp(sizes.log_sd * error - sizes.log_sd**2 / 2)
    roster_mean = _value(given, "roster_mean", draw_prior(part.roster_mean, rng, (groups,)))
    roster_sd = _value(given, "roster_sd", draw_prior(part.roster_sd, rng, (groups,)))
    spread = rng.standard_normal(len(sizes.share))
    roster_share = np.exp(np.minimum(roster_mean[sizes.group] + roster_sd[sizes.group] * spread, 0.0))
    share = _value(given, "known_share", np.where(sizes.roster, roster_share, survey_share))
    rostered = np.where(sizes.roster, sizes.rostered, 0).astype(np.int64)
    members = rng.binomial(rostered, np.minimum(np.where(sizes.roster, share, 0.0), 1.0))
    deviation_sd = _value(given, "deviation_sd", draw_prior(_several(part.deviation_sd, design), rng))
    deviation = deviation_sd * rng.standard_normal((len(design.surveyed), groups)) * sizes.wide
    roster = {"roster_mean": roster_mean, "roster_sd": roster_sd} if sizes.roster.any() else {}
    return {
        **roster,
        "known_share": share,
        "members": np.where(sizes.roster, members, np.nan),
        "deviation_sd": deviation_sd,
        "deviation": _value(given, "deviation", deviation),
    }


def _draw_dispersion(
    part: sp.Counts, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any]
) -> Values:
    shape = (len(design.known_groups) + len(design.hidden),)
    match part:
        case sp.NegativeBinomial1():
            return {"overdispersion": _value(given, "overdispersion", draw_prior(part.overdispersion, rng, shape))}
        case sp.NegativeBinomial2():
            return {"size": _value(given, "size", draw_prior(part.size, rng, shape))}
        case sp.BetaBinomial():
            drawn = draw_prior(part.correlation, rng, shape)
            return {"correlation_within": _value(given, "correlation_within", drawn)}
    return {}


# --- answers --------------------------------------------------------------------------------------------------------


def reported_shares(design: StudyDesign, parameters: Mapping[str, Any]) -> Floats:
    """θ: the share of a respondent's ties that is reported, by visit and group (known, then hidden)."""
    if "pooled" in parameters:
        return np.exp(-parameters["pooled"])[design.visit_area]
    if "group_rate" in parameters:
        return np.tile(limited_exp(parameters["group_rate"]), (len(design.visit_area), 1))
    known = parameters["known_share"][design.sizes.row]
    deviating = known * np.exp(parameters["deviation"])
    known, hidden = met_shares(design, parameters, deviating, design.denominator_share * np.exp(parameters["log_rate"]))
    known, hidden = known[design.visit_area], hidden[design.visit_area]
    if "wave_effect" in parameters:
        area = design.surveyed[design.visit_area]
        by_wave = log_rates_by_wave(parameters["log_rate"], parameters)
        hidden = design.denominator_share[area] * np.exp(by_wave[design.visit_wave, area])
    return np.concatenate([known * np.exp(parameters["known_bias"]), hidden], axis=1)


def expected_answers(design: StudyDesign, parameters: Mapping[str, Any]) -> Floats:
    """Expected answer of every respondent to every group, given the parameters."""
    shares = reported_shares(design, parameters)[design.visit]
    multiplier = limited_exp(parameters.get("log_multiplier", parameters.get("design_multiplier", 0.0)))
    with np.errstate(over="ignore", invalid="ignore"):
        mean = limited_exp(parameters["log_degree"])[:, None] * shares * multiplier
    return np.nan_to_num(mean, nan=0.0, posinf=LARGEST_MEAN)


def simulate_answers(
    spec: sp.ModelSpec, design: StudyDesign, parameters: Mapping[str, Any], rng: np.random.Generator
) -> Floats:
    """Draw every respondent's answers as they are recorded, (respondent, group), given the parameters."""
    counts = _draw_counts(spec, design, parameters, rng)
    return reported(counts, design, parameters, rng)


def _draw_counts(
    spec: sp.ModelSpec, design: StudyDesign, parameters: Mapping[str, Any], rng: np.random.Generator
) -> Floats:
    mean = np.minimum(expected_answers(design, parameters), LARGEST_MEAN)
    match spec.counts:
        case sp.Poisson():
            return rng.poisson(mean).astype(float)
        case sp.NegativeBinomial1():
            scale = parameters["overdispersion"]
            return _mixed_poisson(mean / scale, scale, rng)
        case sp.NegativeBinomial2():
            size = np.broadcast_to(parameters["size"], mean.shape)
            return _mixed_poisson(size, mean / size, rng)
    shares = np.minimum(reported_shares(design, parameters)[design.visit], 1.0)
    degree = np.rint(np.minimum(limited_exp(parameters["log_degree"]), LARGEST_MEAN)).astype(np.int64)
    match spec.counts:
        case sp.Binomial():
            return rng.binomial(degree[:, None], shares).astype(float)
        case sp.BetaBinomial():
            size = 1.0 / parameters["correlation_within"] - 1.0
            tiny = 1e-300
            chance = rng.beta(np.maximum(shares * size, tiny), np.maximum((1.0 - shares) * size, tiny))
            return rng.binomial(degree[:, None], chance).astype(float)
    raise TypeError(f"no answers are defined for the counts {type(spec.counts).__name__}")


def _mixed_poisson(shape: Floats, scale: Floats, rng: np.random.Generator) -> Floats:
    """A negative binomial as a Poisson whose mean is gamma distributed."""
    return rng.poisson(np.minimum(rng.gamma(shape, scale), LARGEST_MEAN)).astype(float)
