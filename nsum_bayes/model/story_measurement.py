"""From counts to records in the story: silence, heaping, coarse records; reported network sizes; members' contacts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nsum_bayes.model import spec as sp
from nsum_bayes.model.story_draws import LARGEST_MEAN, Floats, Values, draw_prior, value
from nsum_bayes.model.study_design import Contacts, StudyDesign

AWARENESS_SHAPES = (1.0, 4.0)


def draw_measurement(
    part: sp.Measurement, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any]
) -> Values:
    """Habits of reporting, those that the study has questions for."""
    heaping, silence, report = rng.spawn(3)
    values: Values = {}
    if design.heaped.any():
        values["heaping"] = value(given, "heaping", draw_prior(part.heaping, heaping))
    if design.zero_inflated.any():
        drawn = draw_prior(part.zero_inflation, silence, (int(design.zero_inflated.sum()),))
        values["zero_inflation"] = value(given, "zero_inflation", drawn)
    if design.reports.any():
        values["report_sd"] = value(given, "report_sd", draw_prior(part.report_sd, report))
        if design.known_groups:
            bias = part.report_bias_sd * report.standard_normal()
            values["report_bias"] = value(given, "report_bias", np.asarray(bias))
    return values


def reported(counts: Floats, design: StudyDesign, parameters: Mapping[str, Any], rng: np.random.Generator) -> Floats:
    """What is written down of true counts (respondent, group): the lowest number that the record allows."""
    answers = counts.copy()
    silence, habits = rng.spawn(2)
    if "zero_inflation" in parameters:
        silent = silence.random((len(counts), int(design.zero_inflated.sum()))) < parameters["zero_inflation"]
        answers[:, design.zero_inflated] *= ~silent
    if "heaping" in parameters:
        base = np.array([1, 5, 10])[habits.choice(3, answers.shape, p=parameters["heaping"])]
        nearest = np.floor(answers / base + 0.5) * base
        answers = np.where(design.heaped & (nearest > 0), nearest, answers)
    for column, edges in enumerate(design.edges):
        if edges is not None:
            answers[:, column] = edges[(answers[:, column, None] >= edges).sum(axis=1) - 1]
    return answers


def side_draws(
    spec: sp.ModelSpec,
    design: StudyDesign,
    parameters: Mapping[str, Any],
    known_shares: Floats,
    rng: np.random.Generator,
) -> Values:
    """Reported network sizes (respondent,) and, by hidden group, aware contacts (member,) and members' own answers.

    Parameters
    ----------
    known_shares
        Reported share of each known group in the surveyed areas (surveyed_area, known_group).
    """
    sizes, contacts, members = rng.spawn(3)
    values: Values = {}
    if design.reports.any():
        centre = parameters["log_degree"] + parameters.get("report_bias", 0.0)
        told = np.exp(centre + parameters["report_sd"] * sizes.standard_normal(len(centre)))
        values["reported_degree"] = told[design.reports]
    telling = [table for table in design.contacts if table.tells_transmission]
    if telling and spec.transmission.kind != "none":
        values["awareness_correlation"] = contacts.beta(*AWARENESS_SHAPES, len(telling))
    for number, table in enumerate(telling if spec.transmission.kind != "none" else ()):
        tau, size = parameters["transmission"][table.hidden], 1.0 / values["awareness_correlation"][number] - 1.0
        chance = contacts.beta(np.full(len(table.contacts), tau * size), (1 - tau) * size)
        values[f"aware_{table.group}"] = contacts.binomial(table.contacts, chance)
    asked = [table for table in design.contacts if table.tells_ratio and spec.transmission.kind != "none"]
    for table in asked:
        values |= _members(spec, table, parameters, known_shares, members)
    return values


def _members(
    spec: sp.ModelSpec,
    table: Contacts,
    parameters: Mapping[str, Any],
    known_shares: Floats,
    rng: np.random.Generator,
) -> Values:
    """Members' networks, δ times as large as everyone's, and what they answer about known groups."""
    spread = parameters["degree_sd"] * rng.standard_normal(len(table.contacts))
    log_degree = parameters["degree_mean"] + np.log(parameters["degree_ratio"][table.hidden]) + spread
    typical = np.exp(np.log(known_shares).mean(axis=0))[table.known]
    mean = np.minimum(np.exp(log_degree)[:, None] * typical, LARGEST_MEAN)
    match spec.counts:
        case sp.NegativeBinomial1():
            over = parameters["overdispersion"][table.known]
            mean = np.minimum(rng.gamma(mean / over) * over, LARGEST_MEAN)
        case sp.NegativeBinomial2():
            size = parameters["size"][table.known]
            mean = np.minimum(rng.gamma(np.broadcast_to(size, mean.shape)) * mean / size, LARGEST_MEAN)
    answers = rng.poisson(mean).astype(float)
    return {f"member_degree_{table.group}": log_degree, f"member_answers_{table.group}": answers[table.answered]}
