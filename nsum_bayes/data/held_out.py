"""A study with something held out: a known group taken for hidden, or an area's answers on hidden groups blanked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nsum_bayes.data.areas import Areas
from nsum_bayes.data.groups import KnownSizes
from nsum_bayes.data.settings import HiddenSettings
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
    known, hidden = ordered_groups(settings)
    table = study.known.table
    return replace(
        study,
        settings=settings,
        survey=_reordered(study.survey, (*known, *hidden)),
        known=KnownSizes(table[table["group"] != group].reset_index(drop=True), known),
        areas=_counting_everyone(study.areas),
    )


def with_area_blanked(study: Study, area: str) -> Study:
    """The study without an area's answers on hidden groups; those on known groups stay and tell network sizes.

    Raises
    ------
    StudyError
        No respondent in such an area.
    """
    survey = study.survey
    if area not in survey.surveyed_areas:
        what = f"No respondent lives in area '{area}'.{suggestion(area, survey.surveyed_areas.tolist())}"
        raise StudyError([(what, "hold out", "Name a surveyed area by its code.")])
    blank = np.zeros(survey.answers.shape, dtype=bool)
    blank[:, len(study.known_groups) :] = (survey.area == area)[:, None]
    answers, upper = (np.where(blank, np.nan, values) for values in (survey.answers, survey.upper))
    return replace(study, survey=replace(survey, answers=answers, upper=upper))


def _reordered(survey: Survey, groups: tuple[str, ...]) -> Survey:
    columns = [survey.groups.index(group) for group in groups]
    parts = {name: getattr(survey, name)[:, columns] for name in ("answers", "upper", "respect")}
    return replace(survey, groups=groups, **parts)


def _counting_everyone(areas: Areas) -> Areas:
    if EVERYONE in areas.denominators:
        return areas
    return replace(areas, denominators=(*areas.denominators, EVERYONE))
