"""The survey: who was asked where, and what was answered, without identifiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nsum_bayes.data.answers import bounded_answers, degree_answers
from nsum_bayes.data.columns import Table, as_codes, as_labels, as_numbers, column_faults
from nsum_bayes.data.faults import Fault, counted, listing, rows_text
from nsum_bayes.data.respondents import read_covariates, read_respect, respondent_design
from nsum_bayes.data.settings import StudySettings
from nsum_bayes.errors import suggestion

if TYPE_CHECKING:
    import xarray as xr

DESIGN_ROLES = ("stratum", "unit", "weight", "wave")


@dataclass(frozen=True, eq=False, repr=False)
class Survey:
    """Answers (respondent × group) with the design and the covariates of respondents.

    Attributes
    ----------
    answers
        Shape (respondent, group), whole numbers as floats, NaN where missing.
    groups
        Known groups, then hidden ones, in the order of the questions.
    area
        Area code of each respondent.
    design
        Those of the columns stratum, unit, weight, wave that the study has.
    covariates
        Respondent covariates as read: numbers (NaN where missing) or labels ('' where missing).
    upper
        Shape (respondent, group). ``answers`` is the lowest number that an answer allows and this the highest, infinity
        where the answer is open above ("30 or more", "yes"); the same where it is exact.
    reported_degree
        Shape (respondent,): how many people the respondent says to know, NaN where missing or not asked.
    respect
        Shape (respondent, group): the respondent's level of respect for a group, NaN where missing or not asked.
    scales
        Stated centre and unit of covariates of numbers; the others are standardised.
    """

    answers: np.ndarray
    groups: tuple[str, ...]
    area: np.ndarray
    design: pd.DataFrame
    covariates: pd.DataFrame
    # Left out, these take their values below: exact answers, no report, no respect.
    upper: np.ndarray = None  # type: ignore[assignment]
    reported_degree: np.ndarray = None  # type: ignore[assignment]
    respect: np.ndarray = None  # type: ignore[assignment]
    scales: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        absent = {
            "upper": self.answers,
            "reported_degree": np.full(len(self.answers), np.nan),
            "respect": np.full(self.answers.shape, np.nan),
        }
        for name, values in absent.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, values)

    def __len__(self) -> int:
        return int(self.answers.shape[0])

    def __repr__(self) -> str:
        areas = len(self.surveyed_areas)
        return f"Survey({len(self)} respondents, {len(self.groups)} groups, {counted(areas, 'surveyed area')})"

    def _repr_html_(self) -> str:
        from nsum_bayes.data.markup import survey_markup

        return survey_markup(self)

    @property
    def surveyed_areas(self) -> np.ndarray:
        """Codes of the areas with respondents, sorted."""
        return np.unique(self.area)

    def of_wave(self, wave: str) -> Survey:
        """The respondents of one wave."""
        here = (self.design["wave"].astype(str) == wave).to_numpy()
        arrays = {
            name: getattr(self, name)[here] for name in ("answers", "area", "upper", "reported_degree", "respect")
        }
        return replace(self, design=_keep(self.design, here), covariates=_keep(self.covariates, here), **arrays)

    def respondents_by_area(self, codes: Sequence[str] | np.ndarray) -> np.ndarray:
        """Number of respondents in each of the areas given.

        Parameters
        ----------
        codes
            Area codes, shape (area,).
        """
        counts = pd.Series(self.area).value_counts()
        return counts.reindex(list(codes), fill_value=0).to_numpy(dtype=int)

    def design_matrix(self) -> xr.DataArray:
        """Respondent covariates for a regression on degree, dims (respondent, respondent_covariate), no missing cell.

        Numbers are standardised, or taken in their stated scale; labels become indicators of every label but the first;
        where a covariate is missing its own columns are zero and an indicator ``<column>_missing`` is one. Constant
        columns are left out.
        """
        return respondent_design(self.covariates, self.scales)


def build_survey(
    table: Table, settings: StudySettings, area_codes: np.ndarray | None, faults: list[Fault], notes: list[str]
) -> Survey:
    """Read and check the survey.

    Parameters
    ----------
    table
        The survey as read, one row a respondent.
    settings
        The study file.
    area_codes
        Codes of the areas file, None where they could not be read.
    faults, notes
        Take what is wrong, and what is only reported.
    """
    before = len(faults)
    faults += column_faults(table, _wanted(settings))
    if not len(table.frame):
        faults.append((f"{table.name} has no rows.", table.name, "Give one row a respondent."))
    _check_identifiers(table, settings, faults)
    area = _read_area(table, settings, area_codes, faults)
    groups, answers, upper = _read_answers(table, settings, faults)
    degree = _read_degree(table, settings, faults)
    respect = read_respect(table, settings, groups, faults, notes)
    design = _read_design(table, settings, faults)
    covariates = read_covariates(table, settings.survey, faults, notes)
    answered = np.ones(len(table.frame), dtype=bool)
    if len(faults) == before:
        answered = ~np.isnan(np.column_stack([answers, degree])).all(axis=1)
    if not answered.all():
        notes.append(
            f"{counted(int((~answered).sum()), 'respondent')} without any answer left out "
            f"({table.name}, {rows_text(np.flatnonzero(~answered))})."
        )
    arrays = [values[answered] for values in (answers, upper, degree, respect)]
    for values in arrays:
        values.flags.writeable = False
    answers, upper, degree, respect = arrays
    design, covariates = _keep(design, answered), _keep(covariates, answered)
    scales = settings.survey.covariate_scales
    return Survey(answers, groups, area[answered], design, covariates, upper, degree, respect, scales)


def ordered_groups(settings: StudySettings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Known and hidden groups, each in the order of the questions."""
    hidden = {row.group for row in settings.hidden}
    asked = [question.group for question in settings.question if question.answer.type != "degree"]
    return tuple(g for g in asked if g not in hidden), tuple(g for g in asked if g in hidden)


def _wanted(settings: StudySettings) -> list[tuple[str | None, str]]:
    survey = settings.survey
    roles = ("respondent", "area", *DESIGN_ROLES)
    wanted = [(getattr(survey, role), f"study.toml, [survey], key {role}") for role in roles]
    wanted += [(column, "study.toml, [survey], key covariates") for column in survey.covariates]
    for number, question in enumerate(settings.question, start=1):
        where = f"study.toml, [[question]] number {number}"
        wanted += [(question.column, f"{where}, key column"), (question.respect, f"{where}, key respect")]
    return wanted


def _keep(frame: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    return frame[rows].reset_index(drop=True)


def _check_identifiers(table: Table, settings: StudySettings, faults: list[Fault]) -> None:
    column = settings.survey.respondent
    if not table.has(column):
        return
    identifiers = pd.Series(as_labels(table, str(column)))
    where = f"{table.name}, column {column}"
    empty = identifiers == ""
    if empty.any():
        what = f"{counted(int(empty.sum()), 'respondent')} {'has' if empty.sum() == 1 else 'have'} no identifier."
        faults.append((what, f"{where}, {rows_text(np.flatnonzero(empty))}", "Give each respondent an identifier."))
    repeated = identifiers.duplicated(keep=False) & ~empty
    if repeated.any():
        faults.append(
            (
                f"{counted(identifiers[repeated].nunique(), 'respondent identifier')} "
                f"{'is' if identifiers[repeated].nunique() == 1 else 'are'} used more than once.",
                f"{where}, {rows_text(np.flatnonzero(repeated))}",
                "Remove the repeated rows, or give each respondent an identifier of their own.",
            )
        )


def _read_area(table: Table, settings: StudySettings, codes: np.ndarray | None, faults: list[Fault]) -> np.ndarray:
    column = settings.survey.area
    if column is None:
        if codes is not None and len(codes) > 1:
            advice = "Name the survey's column of area codes under 'area'."
            faults.append(("The survey's area column is not named.", "study.toml, [survey]", advice))
        only = codes[0] if codes is not None and len(codes) else ""
        return np.full(len(table.frame), only)
    if not table.has(column):
        return np.full(len(table.frame), "")
    before = len(faults)
    area = as_codes(table, column, faults)
    empty = np.flatnonzero(area == "")
    if empty.size:
        what = f"{counted(empty.size, 'respondent')} {'has' if empty.size == 1 else 'have'} no area code."
        where = f"{table.name}, column {column}, {rows_text(empty)}"
        faults.append((what, where, "Give the code of the area, or remove the rows."))
    if codes is not None and len(faults) == before:
        areas_name = settings.areas.file or "the areas frame"
        faults += _unknown_areas(area, codes, f"{table.name}, column {column}", areas_name)
    return area


def _unknown_areas(area: np.ndarray, codes: np.ndarray, where: str, areas_name: str) -> list[Fault]:
    unknown = ~np.isin(area, codes)
    if not unknown.any():
        return []
    strangers = np.unique(area[unknown]).tolist()
    hint = suggestion(strangers[0], codes) if len(strangers) == 1 else ""
    return [
        (
            f"{counted(len(strangers), 'area code')} of the survey {'is' if len(strangers) == 1 else 'are'} "
            f"not in {areas_name}: {listing(strangers)}.{hint}",
            f"{where}, {rows_text(np.flatnonzero(unknown))}",
            "Correct the codes, or add the areas; both files must use codes of one vintage.",
        )
    ]


def _read_answers(
    table: Table, settings: StudySettings, faults: list[Fault]
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Groups, and the lowest and highest number that each answer allows."""
    known, hidden = ordered_groups(settings)
    groups = known + hidden
    asked = {question.group: question for question in settings.question}
    lowest = np.full((len(table.frame), len(groups)), np.nan)
    highest = lowest.copy()
    for position, group in enumerate(groups):
        if table.has(asked[group].column) and len(table.frame):
            lowest[:, position], highest[:, position] = bounded_answers(table, asked[group], settings.survey, faults)
    return groups, lowest, highest


def _read_degree(table: Table, settings: StudySettings, faults: list[Fault]) -> np.ndarray:
    columns = [question.column for question in settings.question if question.answer.type == "degree"]
    if columns and table.has(columns[0]) and len(table.frame):
        return degree_answers(table, columns[0], settings.survey.missing_codes, faults)
    return np.full(len(table.frame), np.nan)


def _read_design(table: Table, settings: StudySettings, faults: list[Fault]) -> pd.DataFrame:
    columns: dict[str, np.ndarray] = {}
    for role in DESIGN_ROLES:
        column = getattr(settings.survey, role)
        if not table.has(column):
            continue
        if role == "weight":
            columns[role] = _read_weight(table, column, faults)
            continue
        columns[role] = as_labels(table, column)
        empty = np.flatnonzero(columns[role] == "")
        if empty.size:
            what = f"{counted(empty.size, 'respondent')} {'has' if empty.size == 1 else 'have'} no {role}."
            faults.append((what, f"{table.name}, column {column}, {rows_text(empty)}", f"Give each row its {role}."))
    return pd.DataFrame(columns, index=pd.RangeIndex(len(table.frame)))


def _read_weight(table: Table, column: str, faults: list[Fault]) -> np.ndarray:
    before = len(faults)
    weight = as_numbers(table, column, faults)
    wrong = np.flatnonzero(~(weight > 0))
    if wrong.size and len(faults) == before:
        what = f"{counted(wrong.size, 'weight')} {'is' if wrong.size == 1 else 'are'} missing, zero or negative."
        advice = "Give each respondent a weight above zero."
        faults.append((what, f"{table.name}, column {column}, {rows_text(wrong)}", advice))
    return weight
