"""Reported rates of the hidden groups in every area: covariates, levels, areas, links, and the wider frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nsum_bayes.errors import ModelError
from nsum_bayes.model import spec as sp
from nsum_bayes.model.story_bias import mean_log_size
from nsum_bayes.model.story_draws import Floats, Values, draw_correlation, draw_prior, draw_statement
from nsum_bayes.model.story_draws import value as _value
from nsum_bayes.model.study_design import StudyDesign


def draw_missing_covariates(
    part: sp.Prevalence | None, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any]
) -> Values:
    """What the frame does not say about its areas; covariates are standardised on it, so these are Normal(0, 1)."""
    count = int(np.isnan(design.area_covariates).sum())
    used = (part is not None and part.coefficient is not None) or "rate_coefficient" in given
    if not (used and count):
        return {}
    return {"covariate_missing": _value(given, "covariate_missing", rng.standard_normal(count))}


def with_complete_covariates(design: StudyDesign, values: Mapping[str, Any]) -> StudyDesign:
    """The same design with the figures that the frame lacks, as drawn."""
    # A model without covariates has coefficients of zero, and zero times NaN is NaN.
    covariates = np.nan_to_num(design.area_covariates)
    if "covariate_missing" in values:
        covariates[np.isnan(design.area_covariates)] = values["covariate_missing"]
    return replace(design, area_covariates=covariates)


def draw_rate(
    spec: sp.ModelSpec,
    design: StudyDesign,
    rng: np.random.Generator,
    given: Mapping[str, Any],
    values: Mapping[str, Any],
) -> Values:
    """Reported rates (area, hidden group) and the true shares behind them.

    Parameters
    ----------
    values
        What `draw_outside` drew.
    """
    part = spec.prevalence
    if part is None:
        raise ValueError("a model with known rates has a prevalence")
    between = np.log(values["transmission"]) + np.log(values["degree_ratio"]) + values["hidden_bias"]
    free = _free(design)
    local, linked = rng.spawn(2)
    drawn = draw_prior(
        part.intercept, rng, (len(free),), total=design.denominator_total[free], population=design.population
    )
    if spec.transmission.prior is not None and isinstance(part.intercept, sp.Normal):
        drawn = drawn + between[free]
    intercept = _value(given, "rate_intercept", drawn)
    true_intercept = _value(given, "prevalence_intercept", intercept - between[free])
    intercept = true_intercept + between[free]
    covariates = design.area_covariates
    coefficient = draw_prior(part.coefficient, rng, (covariates.shape[1], len(free)))
    coefficient = _value(given, "rate_coefficient", coefficient)
    effects = _draw_level_effects(part, design, rng, given) | _draw_area_effects(part, design, rng, given)
    free_rate = intercept + covariates @ coefficient + effects["area_effect"]
    for level in design.levels:
        free_rate = free_rate + effects[f"{level.name}_effect"][level.unit]
    links, log_rate = _draw_links(spec, design, linked, given, free_rate, between)
    frame: Values = {}
    if design.frame is not None:
        frame["local_share"] = _value(given, "local_share", np.asarray(draw_statement(design.frame.share, local)))
    return {
        "rate_intercept": intercept,
        "prevalence_intercept": true_intercept,
        "rate_coefficient": coefficient,
        **effects,
        **links,
        **frame,
        "log_rate": log_rate,
        "prevalence": np.exp(_log_prevalence(design, log_rate, between, values)),
    }


def _free(design: StudyDesign) -> list[int]:
    """Hidden groups that follow from no other."""
    linked = {link.group for link in design.links}
    return [number for number in range(len(design.hidden)) if number not in linked]


def _log_prevalence(design: StudyDesign, log_rate: Floats, between: Floats, values: Mapping[str, Any]) -> Floats:
    """The true share whose report is the rate: with a recall slope the bias depends on the share itself."""
    if "recall" not in values:
        return np.asarray(log_rate - between)
    slope, per_person = values["recall"], np.log(design.denominator_share)
    # log_rate = share + between + slope (share + per_person − mean)
    return np.asarray((log_rate - between - slope * (per_person - mean_log_size(design))) / (1.0 + slope))


def _draw_links(
    spec: sp.ModelSpec,
    design: StudyDesign,
    rng: np.random.Generator,
    given: Mapping[str, Any],
    free_rate: Floats,
    between: Floats,
) -> tuple[Values, Floats]:
    """Rates of all hidden groups: those of linked ones follow from numbers of persons, ν for each of the other."""
    if not design.links:
        return {}, free_rate
    if spec.link is None:
        what = "The study links hidden groups, and the model has no [link]."
        raise ModelError(what, where="story", advice="Use the model `linked`, or remove the [[link]] tables.")
    mean = np.array([draw_statement(link.mean, rng) for link in design.links])
    mean = _value(given, "link_mean", mean)
    several = design.area_count > 1
    sd = _value(given, "link_deviation_sd", draw_prior(spec.link.deviation_sd if several else None, rng))
    deviation = sd * rng.standard_normal((design.area_count, len(design.links)))
    deviation = _value(given, "link_deviation", deviation)
    rates = dict(zip(_free(design), free_rate.T, strict=True))
    for number, link in enumerate(design.links):
        true_share = np.exp(rates[link.of] - between[link.of])
        people = true_share * design.denominator_share[:, link.of] * mean[number] * np.exp(deviation[:, number])
        rates[link.group] = np.log(people / design.denominator_share[:, link.group]) + between[link.group]
    values: Values = {"link_mean": mean}
    if several:
        values |= {"link_deviation_sd": sd, "link_deviation": deviation}
    return values, np.column_stack([rates[number] for number in range(len(design.hidden))])


def met_shares(
    design: StudyDesign, parameters: Mapping[str, Any], known: Floats, hidden: Floats
) -> tuple[Floats, Floats]:
    """Shares among the ties of respondents, known (surveyed_area, group) and hidden, from those among people.

    Parameters
    ----------
    known
        Share of the known groups in the surveyed areas.
    hidden
        Reported share of the hidden groups in all areas.
    """
    if design.frame is None or "local_share" not in parameters:
        return known, hidden[design.surveyed]
    local = parameters["local_share"]
    met = local * hidden[design.surveyed] + (1 - local) * design.frame.weight @ hidden
    return local * known + (1 - local) * design.frame.known, met


def _draw_level_effects(
    part: sp.Prevalence, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any]
) -> Values:
    values: Values = {}
    for level in design.levels:
        sd = draw_prior(_several_areas(part.level_sd, design), rng, (len(_free(design)),))
        sd = _value(given, f"{level.name}_sd", sd)
        effect = sd * rng.standard_normal((level.count, len(_free(design))))
        effect = effect - effect.mean(axis=0) if level.complete else effect
        values[f"{level.name}_sd"] = sd
        values[f"{level.name}_effect"] = _value(given, f"{level.name}_effect", effect)
    return values


def _draw_area_effects(
    part: sp.Prevalence, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any]
) -> Values:
    hidden = len(_free(design))
    sd = _value(given, "area_sd", draw_prior(_several_areas(part.area_sd, design), rng, (hidden,)))
    correlation = np.eye(hidden)
    if part.correlation is not None and hidden > 1:
        correlation = draw_correlation(part.correlation.shape, hidden, rng)
    correlation = _value(given, "area_correlation", correlation)
    raw = rng.standard_normal((design.area_count, hidden)) @ np.linalg.cholesky(correlation).T
    effect = _value(given, "area_effect", sd * raw)
    return {"area_sd": sd, "area_correlation": correlation, "area_effect": effect}


def _several_areas(prior: Any, design: StudyDesign) -> Any:
    """Effects of areas and levels exist only where there are several areas."""
    return prior if design.area_count > 1 else None
