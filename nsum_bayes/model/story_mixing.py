"""Mixing, free and pooled rates in the story: what differs between respondents, and rates no size is known for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import logsumexp

from nsum_bayes.errors import ModelError
from nsum_bayes.model import spec as sp
from nsum_bayes.model.story_draws import Floats, Values, draw_correlation, draw_prior, limited_exp, value
from nsum_bayes.model.study_design import StudyDesign


def covariates_of(names: Sequence[str] | None, design: StudyDesign) -> Floats:
    """Columns of the respondents' covariates with these names (respondent, column); all where no names are given."""
    if names is None:
        return design.respondent_covariates
    wanted = [
        any(column == name or column == f"{name}_missing" or column.startswith(f"{name}=") for name in names)
        for column in design.respondent_columns
    ]
    return design.respondent_covariates[:, np.array(wanted, dtype=bool)]


def by_group(part: sp.Mixing | None) -> bool:
    """Whether covariates act on groups one by one."""
    return part is not None and (part.coefficient is not None or part.coefficient_sd is not None)


def degree_covariates(spec: sp.ModelSpec, design: StudyDesign) -> Floats:
    """What acts on the degree: the covariates named, or those that no group has a coefficient of its own for."""
    if spec.degree.covariates is not None:
        return covariates_of(spec.degree.covariates, design)
    if not by_group(spec.mixing):
        return design.respondent_covariates
    taken = spec.mixing.covariates if spec.mixing is not None else ()
    if taken is None:
        return design.respondent_covariates[:, :0]
    chosen = [name for name in design.respondent_names if name not in taken]
    return covariates_of(chosen, design)


def draw_mixing(
    part: sp.Mixing | None, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any]
) -> Values:
    """Slopes, coefficients, residuals, and their sum ``log_multiplier`` (respondent, group)."""
    if part is None:
        return {}
    groups = len(design.known_groups) + len(design.hidden)
    total = np.zeros((len(design.area), groups))
    values: Values = {}
    slopes, coefficients, residuals = rng.spawn(3)
    if (part.respect is not None or part.respect_sd is not None) and design.respected.any():
        respected = (int(design.respected.sum()),)
        values |= _slopes("respect_slope", part.respect, part.respect_sd, respected, slopes, given)
        total[:, design.respected] += design.respect[:, design.respected] * values["respect_slope"]
    if by_group(part) and (columns := covariates_of(part.covariates, design)).shape[1]:
        shape = (columns.shape[1], groups)
        values |= _slopes("mixing_coefficient", part.coefficient, part.coefficient_sd, shape, coefficients, given)
        total += columns @ values["mixing_coefficient"]
    if part.residual is not None:
        values |= _residuals(part, total.shape, residuals, given)
        total += values["residual"]
    return {**values, "log_multiplier": total} if values else {}


def _slopes(
    name: str, prior: Any, spread: Any, shape: tuple[int, ...], rng: np.random.Generator, given: Mapping[str, Any]
) -> Values:
    if spread is None:
        return {name: value(given, name, draw_prior(prior, rng, shape))}
    common = value(given, f"{name}_sd", draw_prior(spread, rng))
    return {f"{name}_sd": common, name: value(given, name, common * rng.standard_normal(shape))}


def _residuals(part: sp.Mixing, shape: tuple[int, int], rng: np.random.Generator, given: Mapping[str, Any]) -> Values:
    """b_i, normal with exp(b) of mean one and coefficient of variation c."""
    variation = value(given, "residual_cv", draw_prior(part.residual, rng, (shape[1],)))
    correlation = np.eye(shape[1])
    if part.correlation is not None and shape[1] > 1:
        correlation = draw_correlation(part.correlation.shape, shape[1], rng)
    correlation = value(given, "residual_correlation", correlation)
    sd = np.sqrt(np.log(1 + variation**2))
    drawn = rng.standard_normal(shape) @ np.linalg.cholesky(correlation).T * sd - sd**2 / 2
    found = {"residual_cv": variation, "residual": value(given, "residual", drawn)}
    return {**found, "residual_correlation": correlation} if part.correlation is not None else found


def draw_free_rates(
    part: sp.FreeRates, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any], correlation: Any
) -> Values:
    """Rates of all groups, the constant that rescales them, and the hidden groups' rates in the frame's units."""
    groups, known = len(design.known_groups) + len(design.hidden), len(design.known_groups)
    _need_known(design)
    mean = value(given, "rate_mean", draw_prior(part.mean, rng))
    sd = value(given, "rate_sd", draw_prior(part.sd, rng))
    rate = value(given, "group_rate", mean + sd * rng.standard_normal(groups))
    shares = _national_shares(design)
    log_ratios = rate[:known] - np.log(shares)
    match part.rescale:
        case "all":
            constant: Any = logsumexp(log_ratios) - np.log(known)
        case "groups":
            constant = _sets_constant(part, design, rate, shares)
        case _:
            weights = np.clip(correlation[known:, :known], 1e-12, None) ** (2 if part.rescale.endswith("sq") else 1)
            constant = logsumexp(log_ratios, b=weights, axis=1) - np.log(weights.sum(axis=1))
    per_person = np.log(design.denominator_total / design.population)
    intercept = rate[known:] - constant - per_person
    log_rate = np.broadcast_to(intercept, (design.area_count, len(design.hidden)))
    return {
        "rate_mean": mean,
        "rate_sd": sd,
        "group_rate": rate,
        "rescale": np.asarray(constant),
        "rate_intercept": intercept,
        "log_rate": log_rate,
        "prevalence": limited_exp(log_rate),
    }


def _need_known(design: StudyDesign) -> None:
    if not design.known_groups:
        what = "Rates are rescaled to known groups, and the study has none."
        raise ModelError(what, where="story", advice="Use a model with known rates, such as `municipal`.")


def _sets_constant(part: sp.FreeRates, design: StudyDesign, rate: Floats, shares: Floats) -> float:
    """Zheng et al.'s constant from the primary set and the balance of the two sets of popular names."""

    def log_ratio(names: Sequence[str]) -> float:
        where = [design.known_groups.index(name) for name in names]
        return float(logsumexp(rate[where]) - np.log(shares[where].sum()))

    constant = log_ratio(part.primary or design.known_groups)
    if part.secondary and part.opposite:
        constant += (log_ratio(part.opposite) - log_ratio(part.secondary)) / 2
    return constant


def _national_shares(design: StudyDesign) -> Floats:
    """Share of each known group, mean over the surveyed areas."""
    return np.asarray(design.sizes.point_share[design.sizes.row].mean(axis=0))


def draw_pooled_rates(
    part: sp.PooledRates, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any]
) -> Values:
    """ρ by area and group, the constant of each area, and the hidden groups' rates."""
    known, hidden = len(design.known_groups), len(design.hidden)
    _need_known(design)
    mean = value(given, "pooled_mean", draw_prior(part.mean, rng, (known + hidden,)))
    sd = value(given, "pooled_sd", draw_prior(part.sd, rng, (known + hidden,)))
    everywhere = rng.gamma((mean / sd) ** 2, sd**2 / mean, (design.area_count, known + hidden))
    pooled = value(given, "pooled", everywhere[design.surveyed])
    shares = design.sizes.point_share[design.sizes.row]
    constant = logsumexp(-pooled[:, :known] - np.log(shares), axis=1) - np.log(known)
    per_person = np.log(design.denominator_share)
    rate = -pooled[:, known:] - constant[:, None] - per_person[design.surveyed]
    # In an area nobody visited there is nothing to rescale by: a visited area's constant, drawn at random, stands in.
    taken = rng.integers(len(constant), size=(design.area_count, 1))
    log_rate = -everywhere[:, known:] - constant[taken] - per_person
    log_rate[design.surveyed] = rate
    return {
        "pooled_mean": mean,
        "pooled_sd": sd,
        "pooled": pooled,
        "rescale": constant,
        "area_log_rate": rate,
        "log_rate": log_rate,
        "prevalence": limited_exp(log_rate),
    }
