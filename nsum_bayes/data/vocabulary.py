"""From the text of study.toml to settings: keys not known, missing, or at odds with one another."""

from __future__ import annotations

import copy
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from nsum_bayes.data.faults import Fault, listing
from nsum_bayes.data.settings import QuestionSettings, StudySettings
from nsum_bayes.errors import suggestion

RESERVED_LEVELS = (
    *("area", "name", "nation", "population", "level", "group", "wave", "denominator", "respondents", "simulated"),
    *("chain", "draw", "respondent", "covariate", "surveyed_area", "known_group", "hidden_group", "unit"),
    *("bias", "degree", "degree_area", "deviation", "roster", "kind", "heap", "link", "link_deviation", "report"),
    *("rate", "pooled", "respect_slope", "mixing_coefficient", "mixing_covariate", "respondent_covariate"),
    *("free_group", "respect_group", "zero_inflated_group"),
)
"""Columns of the tables, dims of the draws, parameters of the models: a level of that name would be taken for one."""

Location = tuple[int | str, ...]


def read_settings(raw: dict[str, Any]) -> tuple[StudySettings | None, list[Fault]]:
    """Validate the content of a study file.

    Parameters
    ----------
    raw
        study.toml as a dictionary; not changed.

    Returns
    -------
    tuple
        The settings, None where the data cannot be looked at with them, and every fault found.
    """
    unfinished = list(_unfinished(raw))
    if unfinished:  # a draft: what else is wrong shows once everything is decided
        return None, unfinished
    settings, faults = _validated(raw)
    if settings is None:
        return None, faults
    return settings, faults + _contradictions(settings)


def place(location: Sequence[int | str]) -> str:
    """'study.toml, [[question]] number 2' for a table's location."""
    parts = [part for part in location if isinstance(part, str)]
    if not parts:
        return "study.toml, top level"
    if parts[0] in ("question", "hidden", "link") and len(location) > 1:
        inner = f", {'.'.join(parts[1:])}" if parts[1:] else ""
        return f"study.toml, [[{parts[0]}]] number {int(location[1]) + 1}{inner}"
    return f"study.toml, [{'.'.join(parts)}]"


def _unfinished(raw: Any, location: Location = ()) -> Iterator[Fault]:
    """Texts that a drafted study file left to be decided."""
    entries = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list | tuple) else ()
    for key, value in entries:
        if isinstance(value, str) and value.startswith("TODO"):
            what = f"'{key}' is still to be filled in."
            yield what, place(location), "Replace the text that begins with TODO."
        else:
            yield from _unfinished(value, (*location, key))


# --- the vocabulary -------------------------------------------------------------------------------------------------


def _validated(raw: dict[str, Any]) -> tuple[StudySettings | None, list[Fault]]:
    """Unknown keys are taken out and validation goes on, so that they do not hide what else is wrong."""
    pruned = copy.deepcopy(raw)
    try:
        return StudySettings.model_validate(pruned), []
    except ValidationError as error:
        first = error.errors()
    for detail in (d for d in first if d["type"] == "extra_forbidden"):
        _remove(pruned, detail["loc"])
    faults = [_fault(detail) for detail in first]
    try:
        return StudySettings.model_validate(pruned), faults
    except ValidationError:
        return None, faults


def _remove(raw: Any, location: Location) -> None:
    for part in location[:-1]:
        raw = raw[part]
    del raw[location[-1]]


def _fault(detail: ErrorDetails) -> Fault:
    location = detail["loc"]
    while len(location) > 2 and isinstance(location[-1], int):
        location = location[:-1]
    parent, key = location[:-1], str(location[-1]) if location else ""
    if detail["type"] == "extra_forbidden":
        known = sorted(_keys(_section_at(parent)))
        return (
            f"Unknown key '{key}'.{suggestion(key, known)}",
            place(parent),
            f"Keys known here: {', '.join(known)}. Correct or remove it.",
        )
    if detail["type"] == "missing":
        meaning = _keys(_section_at(parent))[key].description
        return f"The key '{key}' is missing.", place(parent), f"Add it: {meaning}."
    reason = detail["msg"].removeprefix("Value error, ")
    where = place(location) if detail["type"] == "value_error" else f"{place(parent)}, key {key}"
    return f"The value of '{key}' cannot be used: {reason}.", where, "Correct the value in the study file."


def _keys(section: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in section.model_fields.items()}


def _section_at(location: Location) -> type[BaseModel]:
    """The section class that a location in the study file belongs to; numbers and table names are stepped over."""
    section: type[BaseModel] = StudySettings
    for part in location:
        field = section.model_fields.get(str(part))
        if field is not None:
            section = _section_in(field.annotation) or section
    return section


def _section_in(annotation: Any) -> type[BaseModel] | None:
    if get_origin(annotation) is None:
        return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
    return next((found for part in get_args(annotation) if (found := _section_in(part))), None)


# --- keys at odds with one another ----------------------------------------------------------------------------------


def _contradictions(settings: StudySettings) -> list[Fault]:
    return [
        *_place_faults(settings),
        *_question_faults(settings),
        *_hidden_faults(settings),
        *_link_faults(settings),
        *_area_faults(settings),
        *_range_faults(settings),
        *_scale_faults(settings),
    ]


def _place_faults(settings: StudySettings) -> Iterator[Fault]:
    if settings.study.fictional_places and not settings.study.synthetic:
        what = "The places are said to be fictional, and the answers are not said to be simulated."
        advice = "Add synthetic = true if the answers are simulated; for a real survey remove fictional_places."
        yield what, f"{place(('study',))}, key fictional_places", advice
    if settings.study.local_share is not None and settings.study.frame == "area":
        what = "A local share is stated, and the frame is the area, so that all ties are local."
        yield what, f"{place(('study',))}, key local_share", "Remove it, or name the wider frame of the question."


def _question_faults(settings: StudySettings) -> Iterator[Fault]:
    for role in ("group", "column"):
        counts = Counter(value for question in settings.question if (value := getattr(question, role)))
        for value in (value for value, count in counts.items() if count > 1):
            yield f"The {role} '{value}' has more than one question.", "study.toml, [[question]]", "Keep one of them."
    for number, question in enumerate(settings.question):
        yield from _one_question(question, place(("question", number)), settings.survey.missing_codes)
    own = [question for question in settings.question if question.answer.type == "degree"]
    if len(own) > 1:
        what = "More than one question asks how many people the respondent knows."
        yield what, "study.toml, [[question]]", "Keep one of them."
    hidden = {row.group for row in settings.hidden}
    if not own and not any(question.group not in hidden for question in settings.question):
        advice = (
            "Add a [[question]] for each group of known size, with its size in the known sizes file, "
            'or the one on how many people the respondent knows (type = "degree").'
        )
        yield "No group of known size is asked about.", "study.toml, [[question]]", advice


def _one_question(question: QuestionSettings, where: str, missing: tuple[int, ...]) -> Iterator[Fault]:
    given = [key for key in ("group", "kind", "respect") if getattr(question, key)]
    if question.answer.type == "degree" and given:
        what = f"A question on the respondent's own degree has no {' or '.join(given)}."
        yield what, where, "Remove the key, or correct the type of answer."
    if question.answer.type != "degree" and not question.group:
        yield "The key 'group' is missing.", where, "Add it: the group the question asks about."
    both = [str(code) for code in question.answer.codes if code in missing]
    if both:
        what = f"The code {' and '.join(both)} of a bin is also a missing code."
        yield what, f"{where}, answer", "Correct 'codes' here or missing_codes under [survey]."


def _hidden_faults(settings: StudySettings) -> Iterator[Fault]:
    asked = [question.group for question in settings.question if question.group]
    if not settings.hidden:
        advice = "Add a [[hidden]] table for each group whose size is sought."
        yield "No hidden group is named.", "study.toml, [[hidden]]", advice
    for group in (g for g, n in Counter(row.group for row in settings.hidden).items() if n > 1):
        yield f"The hidden group '{group}' is named more than once.", "study.toml, [[hidden]]", "Keep one of them."
    for number, row in enumerate(settings.hidden):
        where = place(("hidden", number))
        if row.group not in asked:
            what = f"No question asks about the hidden group '{row.group}'.{suggestion(row.group, asked)}"
            yield what, where, "Correct the name, or add its [[question]]."
        if row.transmission is None:
            advice = (
                'State it: transmission = { prior = "beta", mean = …, sd = …, reason = "…" }, '
                '{ fixed = …, reason = "…" } or { side_data = "…", reason = "…" }; it is never taken as 1 in silence.'
            )
            yield f"The hidden group '{row.group}' has no transmission statement.", where, advice
        elif row.degree_ratio.side_data not in (None, row.transmission.side_data or row.degree_ratio.side_data):
            what = f"Transmission and degree ratio of '{row.group}' name different side data."
            yield what, where, "Name one table of the members for both; it has all their answers."
        names = list(settings.areas.denominators)
        if row.denominator not in names:
            what = f"The denominator '{row.denominator}' is not known.{suggestion(row.denominator, names)}"
            yield what, where, f"Use a name under [areas.denominators]: {listing(names) or 'there is none yet'}."


def _link_faults(settings: StudySettings) -> Iterator[Fault]:
    hidden = [row.group for row in settings.hidden]
    for number, link in enumerate(settings.link):
        where = place(("link", number))
        for group in (group for group in (link.group, link.of) if group not in hidden):
            what = f"The link names '{group}', which is no hidden group.{suggestion(group, hidden)}"
            yield what, where, "Correct the name, or add its [[hidden]] table."
        if link.group == link.of:
            yield f"The group '{link.group}' is linked to itself.", where, "Name two different groups."
    # One link a group: a chain or a fork would need the links' errors to be told apart.
    named = Counter(group for link in settings.link for group in dict.fromkeys((link.group, link.of)))
    for group in (group for group, count in named.items() if count > 1):
        yield f"The group '{group}' is in more than one link.", "study.toml, [[link]]", "Keep one of them."


def _area_faults(settings: StudySettings) -> Iterator[Fault]:
    areas = settings.areas
    frames = ("area", *areas.levels, "nation")
    if settings.study.frame not in frames:
        what = f"The frame '{settings.study.frame}' is not known.{suggestion(settings.study.frame, frames)}"
        yield what, place(("study",)), f"Use one of: {', '.join(frames)}."
    for level in (level for level in areas.levels if level in RESERVED_LEVELS):
        what = f"A level cannot be called '{level}'; the name has a meaning of its own."
        yield what, f"{place(('areas',))}, key levels", "Rename the column in the areas file and in the study file."
    for level in (level for level, count in Counter(areas.levels).items() if count > 1):
        yield f"The level '{level}' is named twice.", f"{place(('areas',))}, key levels", "Keep one of them."
    columns = Counter(column for category in areas.covariates.values() for column in category.columns)
    for column in (column for column, count in columns.items() if count > 1):
        what = f"The covariate column '{column}' is named more than once."
        yield what, "study.toml, [areas.covariates]", "Keep it in one category."


def _range_faults(settings: StudySettings) -> Iterator[Fault]:
    where = place(("survey", "covariate_ranges"))
    respect = dict.fromkeys(question.respect for question in settings.question if question.respect)
    names = (*settings.survey.covariates, *respect)
    for name, (low, high) in settings.survey.covariate_ranges.items():
        if name not in names:
            what = f"The range of '{name}' concerns no covariate of the survey.{suggestion(name, names)}"
            yield (
                what,
                where,
                "Correct the name, or add it to 'covariates' under [survey] or as 'respect' of a question.",
            )
        if not low < high:
            yield f"The range of '{name}' is empty.", where, "Give [lowest, highest], the lowest first."


def _scale_faults(settings: StudySettings) -> Iterator[Fault]:
    where, names = place(("survey", "covariate_scales")), settings.survey.covariates
    for name, (centre, unit) in settings.survey.covariate_scales.items():
        if name not in names:
            what = f"The scale of '{name}' concerns no covariate of the survey.{suggestion(name, names)}"
            yield what, where, "Correct the name, or add it to 'covariates' under [survey]."
        if not (math.isfinite(centre) and math.isfinite(unit) and unit > 0):
            what = f"The scale of '{name}' is no centre and unit."
            yield what, where, "Give [centre, unit], two numbers, the unit above zero."
