"""A study with something held out: a known group taken for hidden, or answers blanked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nsum_bayes.data.areas import Areas
from nsum_bayes.data.groups import KnownSizes
from nsum_bayes.data.settings import HiddenSettings, StudySettings
from nsum_bayes.data.statements import TransmissionStatement
from nsum_bayes.data.study import Study
from nsum_bayes.data.survey import Survey, ordered_groups
from nsum_bayes.errors import StudyError, suggestion

EVERYONE = "population"
TOLD = TransmissionStatement(fixed=1.0, reason="held out; what its members do not tell is part of its bias")


def with_group_hidden(study: Study, group: str) -> Study:
    """The study with a known group as one more hidden group, sought among everyone.

    Raises
    ------
    StudyError
        No such known group, or no other.
    """
    if group not in study.known_groups:
        advice = f"Known groups are {', '.join(study.known_groups) or 'none'}."
        what = f"'{group}' is not a known group.{suggestion(group, study.known_groups)}"
        raise StudyError([(what, "hold out", advice)])
    if len(study.known_groups) < 2:
        what = "The study has one known group; held out, nothing is left to tell network sizes."
        raise StudyError([(what, "hold out", "Hold out areas instead.")])
    denominators = {**study.settings.areas.denominators, EVERYONE: study.settings.areas.population}
    settings = study.settings.model_copy(
        update={
            "hidden": (*study.settings.hidden, HiddenSettings(group=group, denominator=EVERYONE, transmission=TOLD)),
            "areas": study.settings.areas.model_copy(update={"denominators": denominators}),
        }
    )
    return replace(_not_known(study, group, settings), areas=_counting_everyone(study.areas))


def with_area_blanked(study: Study, area: str) -> Study:
    """The study without an area's answers on hidden groups; see `with_areas_blanked`."""
    return with_areas_blanked(study, (area,))


def with_areas_blanked(study: Study, areas: Sequence[str]) -> Study:
    """The study without some areas' answers on hidden groups; those on known groups stay and tell network sizes.

    Raises
    ------
    StudyError
        No respondent in such an area.
    """
    survey = study.survey
    for area in areas:
        if area not in survey.surveyed_areas:
            what = f"No respondent lives in area '{area}'.{suggestion(area, survey.surveyed_areas.tolist())}"
            raise StudyError([(what, "hold out", "Name a surveyed area by its code.")])
    blank = np.zeros(survey.answers.shape, dtype=bool)
    blank[:, len(study.known_groups) :] = np.isin(survey.area, list(areas))[:, None]
    return _blanked(study, blank)


def with_wave_blanked(study: Study, wave: str) -> Study:
    """The study without a wave's answers on hidden groups; those on known groups stay.

    Raises
    ------
    StudyError
        No such wave.
    """
    if wave not in study.waves:
        what = f"There is no wave '{wave}'.{suggestion(wave, study.waves)}"
        raise StudyError([(what, "hold out", f"Waves are {', '.join(study.waves) or 'none'}.")])
    blank = np.zeros(study.survey.answers.shape, dtype=bool)
    here = (study.survey.design["wave"].astype(str) == wave).to_numpy()
    blank[:, len(study.known_groups) :] = here[:, None]
    return _blanked(study, blank)


def with_categories(study: Study, kept: Sequence[str]) -> Study:
    """The study with only some categories of secondary data: the columns of all others are the same in every area.

    The model keeps its shape, and coefficients of columns that never differ say nothing.

    Raises
    ------
    StudyError
        No such category.
    """
    areas, names = study.areas, [category.category for category in study.areas.covariates]
    for name in (name for name in kept if name not in names):
        what = f"There is no category '{name}' of secondary data.{suggestion(name, names)}"
        raise StudyError([(what, "categories", f"Categories are {', '.join(names) or 'none'}.")])
    left_out = [c for category in areas.covariates if category.category not in kept for c in category.columns]
    same = {column: areas.table[column].dropna().iloc[0] for column in left_out}
    hashes = {**study.hashes, "categories kept": ", ".join(sorted(kept))}
    return replace(study, areas=replace(areas, table=areas.table.assign(**same)), hashes=hashes)


def without_known_group(study: Study, group: str) -> Study:
    """The study without a known group: neither its size nor the answers on it.

    Raises
    ------
    StudyError
        No such known group, or no other.
    """
    if group not in study.known_groups or len(study.known_groups) < 2:
        what = f"'{group}' cannot be left out.{suggestion(group, study.known_groups)}"
        raise StudyError([(what, "known groups", "Name one of two or more known groups.")])
    questions = tuple(q for q in study.settings.question if q.group != group)
    settings = study.settings.model_copy(update={"question": questions})
    return _not_known(study, group, settings)


def _not_known(study: Study, group: str, settings: StudySettings) -> Study:
    """The study under settings in which a known group is known no more, its size left out."""
    known, hidden = ordered_groups(settings)
    table = study.known.table
    return replace(
        study,
        settings=settings,
        survey=_reordered(study.survey, (*known, *hidden)),
        known=KnownSizes(table[table["group"] != group].reset_index(drop=True), known),
    )


def with_top_code(study: Study, largest: int) -> Study:
    """The study with counts from ``largest`` on taken for "so many or more"; answers of other kinds stay.

    Raises
    ------
    StudyError
        A top code below one.
    """
    if largest < 1:
        raise StudyError([(f"{largest} cannot be a top code.", "top code", "Give a whole number of one or more.")])
    survey = study.survey
    answers, upper = survey.answers.copy(), survey.upper.copy()
    questions = []
    for question in study.settings.question:
        answer = question.answer
        if answer.type == "count" and question.group:
            code = largest if answer.top_code is None else min(largest, answer.top_code)
            question = question.model_copy(update={"answer": answer.model_copy(update={"top_code": code})})
            column = survey.groups.index(question.group)
            above = answers[:, column] >= code
            answers[above, column], upper[above, column] = code, np.inf
        questions.append(question)
    settings = study.settings.model_copy(update={"question": tuple(questions)})
    return replace(study, settings=settings, survey=replace(survey, answers=answers, upper=upper))


def with_respondent_blanked(study: Study, position: int) -> Study:
    """The study without any answer of one respondent, named by position; the row stays."""
    blank = np.zeros(study.survey.answers.shape, dtype=bool)
    blank[position] = True
    reported = np.where(np.arange(len(blank)) == position, np.nan, study.survey.reported_degree)
    return _blanked(replace(study, survey=replace(study.survey, reported_degree=reported)), blank)


def _blanked(study: Study, blank: np.ndarray) -> Study:
    """The study without some answers (respondent, group)."""
    answers, upper = (np.where(blank, np.nan, values) for values in (study.survey.answers, study.survey.upper))
    return replace(study, survey=replace(study.survey, answers=answers, upper=upper))


def _reordered(survey: Survey, groups: tuple[str, ...]) -> Survey:
    columns = [survey.groups.index(group) for group in groups]
    parts = {name: getattr(survey, name)[:, columns] for name in ("answers", "upper", "respect")}
    return replace(survey, groups=groups, **parts)


def _counting_everyone(areas: Areas) -> Areas:
    if EVERYONE in areas.denominators:
        return areas
    return replace(areas, denominators=(*areas.denominators, EVERYONE))
