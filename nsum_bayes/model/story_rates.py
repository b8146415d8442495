"""Reported rates of the hidden groups in every area: covariates, levels, areas, links, and the wider frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nsum_bayes.errors import ModelError
from nsum_bayes.model import spec as sp
from nsum_bayes.model.story_areas import draw_area_effects, several_areas
from nsum_bayes.model.story_bias import mean_log_size
from nsum_bayes.model.story_design import of_the_people
from nsum_bayes.model.story_draws import Floats, Values, draw_prior, draw_statement
from nsum_bayes.model.story_draws import value as _value
from nsum_bayes.model.story_waves import log_rates_by_wave
from nsum_bayes.model.study_design import StudyDesign


def draw_missing_covariates(
    part: sp.Prevalence | None, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any]
) -> Values:
    """The true figures of areas that the frame does not tell exactly, area by area."""
    drawn = [
        rng.multivariate_normal(design.area_covariates[area][open_], covariance[np.ix_(open_, open_)])
        for area, covariance in enumerate(design.covariate_covariance)
        if (open_ := np.diag(covariance) > 0).any()
    ]
    used = (part is not None and part.uses_covariates) or "rate_coefficient" in given
    if not (used and drawn):
        return {}
    return {"covariate_missing": _value(given, "covariate_missing", np.concatenate(drawn))}


def with_complete_covariates(design: StudyDesign, values: Mapping[str, Any]) -> StudyDesign:
    """The same design with the figures that the frame lacks, as drawn."""
    covariates = design.area_covariates.copy()
    if "covariate_missing" in values:
        open_ = np.diagonal(design.covariate_covariance, axis1=1, axis2=2) > 0
        covariates[open_] = values["covariate_missing"]
    return replace(design, area_covariates=covariates)


def _draw_coefficients(
    part: sp.Prevalence, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any], free: int
) -> Values:
    """Coefficients (covariate, free hidden group): independent, or with one scale a category of data."""
    count, category = design.area_covariates.shape[1], design.covariate_category
    if part.shrinkage is None:
        drawn = draw_prior(part.coefficient, rng, (count, free))
        return {"rate_coefficient": _value(given, "rate_coefficient", drawn)}
    overall = _value(given, "shrinkage", draw_prior(part.shrinkage.overall, rng, (free,)))
    scale = draw_prior(part.shrinkage.category, rng, (len(np.unique(category)), free)) * overall
    slab = part.shrinkage.slab
    sd = _value(given, "category_sd", slab * scale / np.hypot(slab, scale))
    drawn = rng.normal(0.0, 1.0, (count, free)) * sd[category]
    return {
        "shrinkage": overall,
        "category_sd": sd,
        "rate_coefficient": _value(given, "rate_coefficient", drawn),
    }


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
    coefficients = _draw_coefficients(part, design, rng, given, len(free))
    effects = _draw_level_effects(part, design, rng, given) | draw_area_effects(part, design, rng, given, len(free))
    free_rate = intercept + covariates @ coefficients["rate_coefficient"] + effects["area_effect"]
    for level in design.levels:
        free_rate = free_rate + effects[f"{level.name}_effect"][level.unit]
    links, log_rate = _draw_links(spec, design, linked, given, free_rate, between)
    frame: Values = {}
    if design.frame is not None:
        frame["local_share"] = _value(given, "local_share", np.asarray(draw_statement(design.frame.share, local)))
    return {
        "rate_intercept": intercept,
        "prevalence_intercept": true_intercept,
        **coefficients,
        **effects,
        **links,
        **frame,
        "log_rate": log_rate,
        "prevalence": _prevalence(design, log_rate, between, values),
    }


def _free(design: StudyDesign) -> list[int]:
    """Hidden groups that follow from no other."""
    linked = {link.group for link in design.links}
    return [number for number in range(len(design.hidden)) if number not in linked]


def _prevalence(design: StudyDesign, log_rate: Floats, between: Floats, values: Mapping[str, Any]) -> Floats:
    """True shares (area, hidden group), or (wave, area, hidden group) where there are waves."""
    log_rate = log_rate + of_the_people(design, values)
    if "wave_effect" not in values:
        return np.asarray(np.exp(_log_prevalence(design, log_rate, between, values)))
    by_wave = zip(log_rates_by_wave(log_rate, values), between + values["transmission_drift"], strict=True)
    return np.stack([np.exp(_log_prevalence(design, rate, factor, values)) for rate, factor in by_wave])


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
        sd = draw_prior(several_areas(part.level_sd, design), rng, (len(_free(design)),))
        sd = _value(given, f"{level.name}_sd", sd)
        effect = sd * rng.standard_normal((level.count, len(_free(design))))
        effect = effect - effect.mean(axis=0) if level.complete else effect
        values[f"{level.name}_sd"] = sd
        values[f"{level.name}_effect"] = _value(given, f"{level.name}_effect", effect)
    return values
