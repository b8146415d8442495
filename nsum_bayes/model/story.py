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
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsum_bayes.errors import ModelError, suggestion
from nsum_bayes.model import spec as sp
from nsum_bayes.model.study_design import StudyDesign

Floats = NDArray[np.float64]
Values = dict[str, Any]
LARGEST_MEAN = 1e15


# --- draws ----------------------------------------------------------------------------------------------------------


def draw_prior(
    prior: Any, rng: np.random.Generator, shape: tuple[int, ...] = (), *, total: Floats | float = 1.0
) -> Floats:
    """Draw from a prior of the vocabulary; no prior gives zeros. `total` is N of the reciprocal prior."""
    match prior:
        case None:
            return np.zeros(shape)
        case sp.Normal():
            return rng.normal(prior.mean, prior.sd, shape)
        case sp.HalfNormal():
            return np.abs(rng.normal(0.0, prior.sd, shape))
        case sp.LogNormal():
            return prior.median * np.exp(prior.log_sd * rng.standard_normal(shape))
        case sp.Uniform():
            return rng.uniform(prior.lower, prior.upper, shape)
        case sp.Reciprocal():
            return -np.log(total) * rng.uniform(0.0, 1.0, shape)
    raise TypeError(f"no draws are defined for the prior {type(prior).__name__}")


def draw_statement(statement: Any, rng: np.random.Generator) -> float:
    """Draw a transmission (Beta by mean and sd) or a degree ratio (log-normal), or return the fixed value."""
    fixed = getattr(statement, "fixed", None)
    if fixed is not None:
        return float(fixed)
    if statement.prior == "beta":
        concentration = statement.mean * (1 - statement.mean) / statement.sd**2 - 1
        return float(rng.beta(statement.mean * concentration, (1 - statement.mean) * concentration))
    return float(statement.median * np.exp(statement.log_sd * rng.standard_normal()))


def draw_correlation(shape: float, size: int, rng: np.random.Generator) -> Floats:
    """Draw a correlation matrix from the LKJ distribution by the onion method (Lewandowski et al. 2009)."""
    lower = np.eye(size)
    beta = shape + (size - 2) / 2
    for row in range(1, size):
        reach = rng.beta(row / 2, beta)
        direction = rng.standard_normal(row)
        lower[row, :row] = np.sqrt(reach) * direction / np.linalg.norm(direction)
        lower[row, row] = np.sqrt(1 - reach)
        beta -= 0.5
    return lower @ lower.T


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
    values = _draw_missing_covariates(spec.prevalence, design, covariates, given)
    design = _with_complete_covariates(design, values)
    values |= _draw_degree(spec.degree, design, degree, given)
    values |= _draw_sizes(spec.known_sizes, design, sizes, given)
    values |= _draw_outside(spec, design, bias, given)
    values |= _draw_rate(spec.prevalence, design, rate, given, np.log(_reported_over_true(values)))
    values |= _draw_dispersion(spec.counts, design, counts, given)
    if unknown := [name for name in given if name not in values]:
        raise ModelError(
            f"'{unknown[0]}' is not a parameter of the story.{suggestion(unknown[0], values)}",
            where="parameters",
            advice=f"Parameters here: {', '.join(values)}.",
        )
    return values


def _value(given: Mapping[str, Any], name: str, drawn: Floats) -> Floats:
    if name not in given:
        return drawn
    return np.array(np.broadcast_to(np.asarray(given[name], dtype=float), np.shape(drawn)))


def _several(prior: Any, design: StudyDesign) -> Any:
    """Area effects exist only where there are several areas."""
    return prior if design.area_count > 1 else None


def _draw_degree(part: sp.Degree, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any]) -> Values:
    covariates = design.respondent_covariates
    mean = _value(given, "degree_mean", draw_prior(part.mean, rng))
    sd = _value(given, "degree_sd", draw_prior(part.sd, rng))
    area_sd = _value(given, "degree_area_sd", draw_prior(_several(part.area_sd, design), rng))
    drawn = draw_prior(part.coefficient, rng, (covariates.shape[1],))
    coefficient = _value(given, "degree_coefficient", drawn)
    area_effect = _value(given, "degree_area_effect", area_sd * rng.standard_normal(len(design.surveyed)))
    own = sd * rng.standard_normal(len(design.area))
    log_degree = mean + covariates @ coefficient + area_effect[design.surveyed_position] + own
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


def _draw_outside(
    spec: sp.ModelSpec, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any]
) -> Values:
    """Biases, transmission and degree ratio: what stands between a true share and a reported rate."""
    known, hidden = len(design.known_groups), len(design.hidden)
    sd = _value(given, "bias_sd", draw_prior(spec.bias.sd, rng))
    raw = sd * rng.standard_normal(known)
    known_bias = raw - raw.mean() if known else raw
    hidden_bias = sd * np.sqrt(1 + 1 / max(known, 1)) * rng.standard_normal(hidden)
    stated = spec.transmission.kind == "study"
    transmission = [draw_statement(h.transmission, rng) if stated else 1.0 for h in design.hidden]
    ratio = [draw_statement(h.degree_ratio, rng) if stated else 1.0 for h in design.hidden]
    return {
        "bias_sd": sd,
        "known_bias": _value(given, "known_bias", known_bias),
        "hidden_bias": _value(given, "hidden_bias", hidden_bias),
        "transmission": _value(given, "transmission", np.array(transmission)),
        "degree_ratio": _value(given, "degree_ratio", np.array(ratio)),
    }


def _reported_over_true(values: Mapping[str, Any]) -> Floats:
    return np.asarray(values["transmission"] * values["degree_ratio"] * np.exp(values["hidden_bias"]))


def _draw_missing_covariates(
    part: sp.Prevalence, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any]
) -> Values:
    """What the frame does not say about its areas; covariates are standardised on it, so these are Normal(0, 1)."""
    count = int(np.isnan(design.area_covariates).sum())
    used = part.coefficient is not None or "rate_coefficient" in given
    if not (used and count):
        return {}
    return {"covariate_missing": _value(given, "covariate_missing", rng.standard_normal(count))}


def _with_complete_covariates(design: StudyDesign, values: Mapping[str, Any]) -> StudyDesign:
    # A model without covariates has coefficients of zero, and zero times NaN is NaN.
    covariates = np.nan_to_num(design.area_covariates)
    if "covariate_missing" in values:
        covariates[np.isnan(design.area_covariates)] = values["covariate_missing"]
    return replace(design, area_covariates=covariates)


def _draw_rate(
    part: sp.Prevalence,
    design: StudyDesign,
    rng: np.random.Generator,
    given: Mapping[str, Any],
    log_reported_over_true: Floats,
) -> Values:
    hidden, covariates = len(design.hidden), design.area_covariates
    drawn = draw_prior(part.intercept, rng, (hidden,), total=design.denominator_total)
    intercept = _value(given, "rate_intercept", drawn)
    true_intercept = _value(given, "prevalence_intercept", intercept - log_reported_over_true)
    intercept = true_intercept + log_reported_over_true
    coefficient = draw_prior(part.coefficient, rng, (covariates.shape[1], hidden))
    coefficient = _value(given, "rate_coefficient", coefficient)
    effects = _draw_level_effects(part, design, rng, given) | _draw_area_effects(part, design, rng, given)
    log_rate = intercept + covariates @ coefficient + effects["area_effect"]
    for level in design.levels:
        log_rate = log_rate + effects[f"{level.name}_effect"][level.unit]
    return {
        "rate_intercept": intercept,
        "prevalence_intercept": true_intercept,
        "rate_coefficient": coefficient,
        **effects,
        "log_rate": log_rate,
        "prevalence": np.exp(log_rate - log_reported_over_true),
    }


def _draw_level_effects(
    part: sp.Prevalence, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any]
) -> Values:
    values: Values = {}
    for level in design.levels:
        sd = draw_prior(_several(part.level_sd, design), rng, (len(design.hidden),))
        sd = _value(given, f"{level.name}_sd", sd)
        effect = sd * rng.standard_normal((level.count, len(design.hidden)))
        effect = effect - effect.mean(axis=0) if level.complete else effect
        values[f"{level.name}_sd"] = sd
        values[f"{level.name}_effect"] = _value(given, f"{level.name}_effect", effect)
    return values


def _draw_area_effects(
    part: sp.Prevalence, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any]
) -> Values:
    hidden = len(design.hidden)
    sd = _value(given, "area_sd", draw_prior(_several(part.area_sd, design), rng, (hidden,)))
    correlation = np.eye(hidden)
    if part.correlation is not None and hidden > 1:
        correlation = draw_correlation(part.correlation.shape, hidden, rng)
    correlation = _value(given, "area_correlation", correlation)
    raw = rng.standard_normal((design.area_count, hidden)) @ np.linalg.cholesky(correlation).T
    effect = _value(given, "area_effect", sd * raw)
    return {"area_sd": sd, "area_correlation": correlation, "area_effect": effect}


def _draw_dispersion(
    part: sp.Counts, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any]
) -> Values:
    shape = (len(design.known_groups) + len(design.hidden),)
    match part:
        case sp.NegativeBinomial1():
            return {"overdispersion": _value(given, "overdispersion", draw_prior(part.overdispersion, rng, shape))}
        case sp.NegativeBinomial2():
            return {"size": _value(given, "size", draw_prior(part.size, rng, shape))}
    return {}


# --- answers --------------------------------------------------------------------------------------------------------


def reported_shares(design: StudyDesign, parameters: Mapping[str, Any]) -> Floats:
    """θ: the share of a respondent's ties that is reported, by surveyed area and group (known, then hidden)."""
    known = parameters["known_share"][design.sizes.row]
    known = known * np.exp(parameters["known_bias"] + parameters["deviation"])
    hidden = design.denominator_share * np.exp(parameters["log_rate"])
    return np.concatenate([known, hidden[design.surveyed]], axis=1)


def expected_answers(design: StudyDesign, parameters: Mapping[str, Any]) -> Floats:
    """Expected answer of every respondent to every group, given the parameters."""
    shares = reported_shares(design, parameters)[design.surveyed_position]
    return np.exp(parameters["log_degree"])[:, None] * shares


def simulate_answers(
    spec: sp.ModelSpec, design: StudyDesign, parameters: Mapping[str, Any], rng: np.random.Generator
) -> Floats:
    """Draw every respondent's answers, (respondent, group), given the parameters."""
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
        case sp.Binomial():
            shares = reported_shares(design, parameters)[design.surveyed_position]
            degree = np.rint(np.minimum(np.exp(parameters["log_degree"]), LARGEST_MEAN)).astype(np.int64)
            return rng.binomial(degree[:, None], np.minimum(shares, 1.0)).astype(float)
    raise TypeError(f"no answers are defined for the counts {type(spec.counts).__name__}")


def _mixed_poisson(shape: Floats, scale: Floats, rng: np.random.Generator) -> Floats:
    """A negative binomial as a Poisson whose mean is gamma distributed."""
    return rng.poisson(np.minimum(rng.gamma(shape, scale), LARGEST_MEAN)).astype(float)
