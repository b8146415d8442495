"""Simulated studies with their truth beside them, and the prior predictive distribution of a study's answers.

The story is told in `story.py`, who is asked and how it is written down in `fieldwork.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from nsum_bayes.data.areas import Areas
from nsum_bayes.data.study import Study
from nsum_bayes.model.fieldwork import (
    Covariates,
    Fieldwork,
    Frames,
    Known,
    Selection,
    answered_frames,
    blank_frames,
    with_gaps,
)
from nsum_bayes.model.spec import ModelSpec
from nsum_bayes.model.story import draw_parameters, reported_shares, simulate_answers
from nsum_bayes.model.story_measurement import side_draws
from nsum_bayes.model.study_design import design_of
from nsum_bayes.model.truth import Truth

__all__ = ["Truth", "prior_predictive", "simulate", "simulate_frames"]


def simulate(
    spec: ModelSpec,
    areas: Areas,
    *,
    known: Known,
    hidden: Sequence[Any],
    respondents_per_area: int | Mapping[str, int],
    surveyed: int | Sequence[str],
    seed: int,
    selection: Selection = "equal",
    parameters: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    respondent_covariates: Covariates | None = None,
    missing_rate: float = 0.0,
    side_data: Mapping[str, pd.DataFrame] | None = None,
    waves: Sequence[str] = (),
) -> tuple[Study, Truth]:
    """Simulate a study under a model.

    Parameters
    ----------
    spec
        The model whose story is told.
    areas
        Every area of the frame.
    known
        Known sizes: columns group, area (empty: the nation), size, and optionally se, or rostered (members are then
        drawn); or a mapping from group to its share of the nation.
    hidden
        Hidden groups, each with group, denominator, transmission and optionally degree_ratio, as in study.toml.
    respondents_per_area
        One number, or one by area code.
    surveyed
        Codes of the areas visited, or how many to draw at random.
    seed
        The same seed gives the same study. Fieldwork, parameters, answers and missing cells draw from streams of their
        own, so that changing one leaves the others as they were.
    selection
        Whether areas are drawn with equal chances or in proportion to population.
    parameters
        Values that replace draws from the priors, by name; see `nsum_bayes.model.story.draw_parameters`. With
        `prevalence_intercept` the true share is given, and the reported rate is true share × transmission × degree
        ratio × exp(bias); otherwise the reported rate is drawn, and the true share follows from it.
    settings
        Entries of study.toml that replace the defaults, table by table.
    respondent_covariates
        One row a respondent, in the order of the visited areas; or a mapping from name to the share of ones, or to the
        shares of its labels.
    missing_rate
        Share of cells without an answer; a respondent always keeps one.
    side_data
        Tables of members by the name that a hidden group's statement gives; ``aware`` and the members' answers on known
        groups are drawn, the number of contacts is kept.
    waves
        Names of the waves, in order; in each the same areas are visited, and other people asked.

    Returns
    -------
    tuple
        The study, and the truth it was simulated from.

    Raises
    ------
    NsumError
        Areas that the frame does not have, or more areas than there are.
    ModelError
        A parameter that the story does not have.

    Examples
    --------
    >>> from nsum_bayes.data.archipelago import archipelago
    >>> from nsum_bayes.model.spec import load_model
    >>> hidden = {"group": "hidden", "denominator": "adults", "transmission": {"fixed": 0.8, "reason": "example"}}
    >>> study, truth = simulate(
    ...     load_model("municipal"), archipelago(1), known={"teachers": 0.01, "twins": 0.005}, hidden=[hidden],
    ...     respondents_per_area=10, surveyed=20, seed=1,
    ... )
    >>> len(study.survey)
    200
    """
    work = Fieldwork(
        known,
        hidden,
        respondents_per_area,
        surveyed,
        selection,
        settings,
        respondent_covariates,
        missing_rate,
        side_data,
        waves,
    )
    frames, truth = simulate_frames(spec, areas, work, seed, parameters)
    return frames.study(), truth


def simulate_frames(
    spec: ModelSpec, areas: Areas, work: Fieldwork, seed: int, parameters: Mapping[str, Any] | None = None
) -> tuple[Frames, Truth]:
    """Simulate a study as `simulate` does and return its frames, to be written to files."""
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(4)]
    blank = blank_frames(areas, work, streams[0])
    study = blank.study()
    design = design_of(study)
    values = draw_parameters(spec, design, streams[1], parameters)
    answers = with_gaps(simulate_answers(spec, design, values, streams[2]), work.missing_rate, streams[3])
    known = reported_shares(design, values)[:, : len(design.known_groups)]
    side = side_draws(spec, design, values, known, streams[2].spawn(1)[0])
    frames = answered_frames(blank, answers, study.survey.groups, values["members"], side)
    return frames, _truth(study, areas, values)


def _truth(study: Study, areas: Areas, values: dict[str, Any]) -> Truth:
    import xarray as xr

    denominators = {group: study.hidden(group).denominator for group in study.hidden_groups}
    coords: dict[str, Any] = {"area": areas.codes.astype(str), "group": list(denominators)}
    coords = {"wave": list(study.waves), **coords} if values["prevalence"].ndim == 3 else coords
    prevalence = xr.DataArray(values["prevalence"], coords, dims=tuple(coords), name="prevalence")
    count = (prevalence * areas.table[list(denominators.values())].to_numpy(dtype=float)).rename("count")
    return Truth(values, prevalence, count, areas, study.known_groups, denominators)


def prior_predictive(spec: ModelSpec, study: Study, draws: int, seed: int) -> dict[str, np.ndarray]:
    """Draw answers for a study's own design (respondents, areas, known sizes) from the priors.

    Parameters
    ----------
    spec
        The model.
    study
        The study; its answers are not used.
    draws
        Number of draws.
    seed
        The same seed gives the same draws.

    Returns
    -------
    dict
        ``answers`` (draw, respondent, group), groups known then hidden, and every parameter of the story with a leading
        draw axis; see `nsum_bayes.model.story.draw_parameters` for names and shapes.
    """
    design = design_of(study)
    rows = []
    for child in np.random.SeedSequence(seed).spawn(draws):
        parameters, answering = (np.random.default_rng(part) for part in child.spawn(2))
        values = draw_parameters(spec, design, parameters)
        answers = simulate_answers(spec, design, values, answering)
        known = reported_shares(design, values)[:, : len(design.known_groups)]
        rows.append({**values, "answers": answers, **side_draws(spec, design, values, known, answering.spawn(1)[0])})
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}
