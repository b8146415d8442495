"""Waves of a study joined: the same questions, asked of the same frame again.

What is not the same cannot be compared: another construct, definition of a tie, frame of the question or denominator
stops the join. The frame and the known sizes are the latest wave's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nsum_bayes.data.concordance import merged_areas, merged_sizes, unions
from nsum_bayes.data.faults import Fault, listing
from nsum_bayes.data.readers import find_file, read_table
from nsum_bayes.data.survey import Survey
from nsum_bayes.errors import StudyError

if TYPE_CHECKING:
    from nsum_bayes.data.study import Study

SAME = {"construct": "what is counted", "tie": "the definition of a tie", "frame": "the frame of the question"}
APART = 0.1
"""Known sizes that differ by more between waves are named."""


def join_waves(studies: Mapping[str, Study], concordances: Mapping[str, pd.DataFrame] | None = None) -> Study:
    """Several studies of the same frame as one in waves.

    Parameters
    ----------
    studies
        By name of the wave, in the order of time; names must sort in that order too.
    concordances
        By wave: what became of areas that changed, columns ``from`` (its code) and ``to`` (the latest wave's code); an
        area that was split has several rows. The parts of a split area are taken together.

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        Waves that differ in construct, tie, frame, hidden groups, denominators or questions; codes of one wave that the
        latest does not have; all faults at once.

    Examples
    --------
    >>> from nsum_bayes import Study
    >>> join_waves({"2023": Study.load("2023"), "2025": Study.load("2025")})  # doctest: +SKIP
    """
    faults: list[Fault] = list(_order_faults(studies))
    if faults:
        raise StudyError(faults)
    latest_name, latest = list(studies.items())[-1]
    for wave, study in list(studies.items())[:-1]:
        faults += _differences(wave, study, latest_name, latest)
    if faults:
        raise StudyError(faults)
    notes = [f"{wave}: {note}" for wave, study in studies.items() for note in study.notes]
    notes += [note for wave, study in studies.items() for note in _size_notes(wave, study, latest)]
    pairs = {wave: _pairs(wave, table, faults) for wave, table in (concordances or {}).items()}
    union, of_wave = _unions(studies, pairs)
    surveys = {wave: _moved(study, latest, of_wave[wave], wave, latest_name, faults) for wave, study in studies.items()}
    areas = merged_areas(latest.areas, union, faults, notes)
    if faults:
        raise StudyError(faults)
    known = merged_sizes(latest.known, union, areas, notes) if areas is not latest.areas else latest.known
    hashes = {f"{wave}: {name}": value for wave, study in studies.items() for name, value in study.hashes.items()}
    settings = latest.settings.model_copy(
        update={
            "survey": latest.settings.survey.model_copy(update={"wave": "wave"}),
            "study": latest.settings.study.model_copy(
                update={"period": "; ".join(dict.fromkeys(study.period for study in studies.values()))}
            ),
        }
    )
    survey = _stacked(surveys)
    cells = None if latest.cells is None else latest.cells.of_unions(union)
    parts = {"settings": settings, "survey": survey, "areas": areas, "known": known, "cells": cells}
    return replace(latest, **parts, hashes=hashes, notes=tuple(notes))  # type: ignore[arg-type]


def load_waves(raw: Mapping[str, Any], folder: Path) -> Study:
    """The study of a file that lists waves: [[wave]] tables with name, study and, optionally, concordance.

    Raises
    ------
    StudyError
        Whatever is wrong with the list, with one of the studies, or between them.
    """
    from nsum_bayes.data.study import Study

    faults: list[Fault] = []
    studies, concordances = {}, {}
    odd = [key for key in raw if key != "wave"]
    if odd:
        advice = "A file that lists waves has [[wave]] tables only; the rest stands in the waves' own study files."
        faults.append((f"'{odd[0]}' cannot stand beside [[wave]].", "study.toml", advice))
    for number, row in enumerate(raw["wave"], start=1):
        where = f"study.toml, [[wave]] number {number}"
        unknown = [key for key in row if key not in ("name", "study", "concordance")]
        if unknown or not {"name", "study"} <= set(row):
            what = f"Unknown key '{unknown[0]}'." if unknown else "A wave needs 'name' and 'study'."
            faults.append((what, where, 'Give name = "2023", study = "2023/study.toml", and concordance where needed.'))
            continue
        if not faults:
            studies[str(row["name"])] = Study.load(folder / str(row["study"]))
        if "concordance" in row:
            file = find_file(folder, row["concordance"], [row["concordance"]], "concordance", where, faults)
            table = read_table(file, faults) if file else None
            if table is not None:
                concordances[str(row["name"])] = table.frame
    if faults:
        raise StudyError(faults)
    return join_waves(studies, concordances)


def _order_faults(studies: Mapping[str, Study]) -> Iterator[Fault]:
    from nsum_bayes.data.study import in_order

    names = list(studies)
    if len(names) < 2:
        yield "A study in waves needs two or more.", "waves", "Use the study file of the one wave by itself."
    elif sorted(names, key=in_order) != names:
        what = f"The names of the waves do not sort in the order given: {', '.join(names)}."
        yield what, "waves", "Name them so that they do, such as by year."
    for name, study in studies.items():
        if study.waves:
            yield f"The study of wave '{name}' has waves itself.", f"wave {name}", "Give one study a wave."


def _differences(wave: str, study: Study, latest_name: str, latest: Study) -> Iterator[Fault]:
    where = f"waves {wave} and {latest_name}"
    for name, words in SAME.items():
        one, other = getattr(study, name), getattr(latest, name)
        if one.strip() != other.strip():
            what = f"The waves differ in {words}: '{one}' and '{other}'."
            yield what, where, "Only waves that ask the same can be joined; correct the text if they do."
    if (study.known_groups, study.hidden_groups) != (latest.known_groups, latest.hidden_groups):
        odd = sorted(
            {*study.known_groups, *study.hidden_groups}.symmetric_difference(
                {*latest.known_groups, *latest.hidden_groups}
            )
        )
        what = (
            f"The waves ask about different groups: {listing(odd) or 'another order, or hidden and known exchanged'}."
        )
        yield what, where, "Join on the groups that both ask about: leave the other questions out, in the same order."
        return
    for group in latest.hidden_groups:
        among = [one.hidden(group).denominator for one in (study, latest)]
        if among[0] != among[1]:
            what = f"The waves count '{group}' among {among[0]} and {among[1]}."
            yield what, where, "Give both the same denominator."
    for one, other in zip(study.settings.question, latest.settings.question, strict=False):
        if one.group == other.group and (one.answer != other.answer or one.kind != other.kind):
            what = f"The waves record answers on '{one.group or 'the own network'}' in different ways."
            yield (
                what,
                where,
                f"One is {one.answer.text}, the other {other.answer.text}; bring both to the coarser one.",
            )
    columns = (list(study.survey.covariates.columns), list(latest.survey.covariates.columns))
    if columns[0] != columns[1]:
        yield "The waves have different respondent covariates.", where, "Name the same columns, in the same order."


def _size_notes(wave: str, study: Study, latest: Study) -> Iterator[str]:
    if study is latest:
        return
    for group in latest.known_groups:
        totals = [
            float(np.nansum(s.known.share_of(group, s.areas) * s.areas.population) / s.areas.population.sum())
            for s in (study, latest)
        ]
        if abs(np.log(totals[0] / totals[1])) > APART:
            yield (
                f"The size of '{group}' differs between {wave} and the latest wave by a factor of "
                f"{totals[0] / totals[1]:.2f}; the latest is used, and what changed goes into the group's bias."
            )


def _pairs(wave: str, table: pd.DataFrame, faults: list[Fault]) -> list[tuple[str, str]]:
    absent = [name for name in ("from", "to") if name not in table]
    if absent:
        what = f"The concordance of wave {wave} has no column '{absent[0]}'."
        faults.append((what, "concordance", "Give columns 'from' (the wave's code) and 'to' (the latest code)."))
        return []
    return [(str(a), str(b)) for a, b in zip(table["from"], table["to"], strict=True)]


def _unions(
    studies: Mapping[str, Study], pairs: Mapping[str, list[tuple[str, str]]]
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """The common area of each of the latest codes, and by wave of each of its codes."""
    codes = list(studies.values())[-1].areas.codes.tolist()
    # A wave's codes are its own: the same text may mean another area in another wave.
    tagged = [(f"{wave}\0{a}", b) for wave, found in pairs.items() for a, b in found if b in codes]
    union, earlier = unions(codes, tagged)
    of_wave = {}
    for wave in studies:
        changed = {a for a, _ in pairs.get(wave, [])}
        own = {code: union[code] for code in codes if code not in changed}
        of_wave[wave] = own | {a: earlier[f"{wave}\0{a}"] for a in changed if f"{wave}\0{a}" in earlier}
    return union, of_wave


def _moved(
    study: Study, latest: Study, union: dict[str, str], wave: str, latest_name: str, faults: list[Fault]
) -> Survey:
    survey = study.survey
    strangers = sorted(set(survey.surveyed_areas.tolist()) - set(union))
    if strangers:
        what = f"Areas of wave {wave} are not in the frame of {latest_name}: {listing(strangers)}."
        faults.append((what, f"waves {wave} and {latest_name}", "Give a concordance with columns 'from' and 'to'."))
        return survey
    columns = [survey.groups.index(group) for group in latest.survey.groups]
    parts = {name: getattr(survey, name)[:, columns] for name in ("answers", "upper", "respect")}
    design = survey.design.drop(columns="wave", errors="ignore").assign(wave=wave)
    area = np.array([union[code] for code in survey.area], dtype=str)
    return replace(survey, groups=latest.survey.groups, area=area, design=design, **parts)


def _stacked(surveys: Mapping[str, Survey]) -> Survey:
    parts = list(surveys.values())
    names = ("answers", "area", "upper", "reported_degree", "respect")
    arrays: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    for values in arrays.values():
        values.flags.writeable = False
    shared = [column for column in parts[-1].design if all(column in part.design for part in parts)]
    return replace(
        parts[-1],
        design=pd.concat([part.design[shared] for part in parts], ignore_index=True),
        covariates=pd.concat([part.covariates for part in parts], ignore_index=True),
        **arrays,
    )
