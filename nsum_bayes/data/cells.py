"""Respondent cells: how many people of each kind live in an area, such as women and men, in town and outside.

A survey seldom meets people in their true proportions. Where a census tells the proportions, what a model says of a
kind of respondent is averaged over the people and not over those who were met.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nsum_bayes.data.columns import Table, as_codes, as_labels, as_numbers
from nsum_bayes.data.faults import Fault, counted, joined, listing, rows_text
from nsum_bayes.data.respondents import profile_design
from nsum_bayes.errors import suggestion

if TYPE_CHECKING:
    from nsum_bayes.data.survey import Survey

KEYS = ("area", "people")
WHERE = "study.toml, [survey.cells]"


@dataclass(frozen=True, eq=False, repr=False)
class Cells:
    """Number of people by area and kind of respondent.

    Attributes
    ----------
    table
        Columns ``area`` (its code, '' for every area without rows of its own), some of the survey's covariates, and
        ``people``.
    """

    table: pd.DataFrame

    def __repr__(self) -> str:
        return f"Cells({counted(len(self.profiles), 'kind')} of respondent by {joined(self.covariates)})"

    @property
    def covariates(self) -> tuple[str, ...]:
        """The covariates that tell kinds of respondent apart."""
        return tuple(str(name) for name in self.table.columns if name not in KEYS)

    @property
    def profiles(self) -> pd.DataFrame:
        """The kinds of respondent, one row each."""
        return self.table[list(self.covariates)].drop_duplicates(ignore_index=True)

    def shares(self, codes: np.ndarray) -> np.ndarray:
        """Share of each kind among the people of each area (area, cell), in the order of `profiles`."""
        names = list(self.covariates)
        position = pd.MultiIndex.from_frame(self.profiles).get_indexer(pd.MultiIndex.from_frame(self.table[names]))
        counts = pd.crosstab(self.table["area"], position, values=self.table["people"], aggfunc="sum").fillna(0.0)
        taken = np.where(np.isin(codes, counts.index), codes, "")
        people = counts.reindex(index=taken, columns=range(len(self.profiles))).to_numpy(dtype=float)
        return np.asarray(people / people.sum(axis=1, keepdims=True))

    def design_matrix(self, survey: Survey) -> np.ndarray:
        """Regression columns of each kind (cell, respondent_covariate), in the order and units of the survey's own.

        A covariate that the cells do not tell apart has the respondents' mean.
        """
        return profile_design(survey.covariates, survey.scales, self.profiles)

    def of_unions(self, union: Mapping[str, str]) -> Cells:
        """The same with areas taken together, people added up; ``union`` is the new code by old code.

        One of which a part has no rows of its own is left to the rows for all other areas.
        """
        given = set(self.table["area"])
        partly = {new for old, new in union.items() if old not in given}
        moved = self.table.assign(area=[union.get(code, code) for code in self.table["area"]])
        here = moved[~moved["area"].isin(partly)]
        summed = here.groupby(["area", *self.covariates], sort=False)["people"].sum().reset_index()
        return Cells(summed[["area", *self.covariates, "people"]])


# --- reading ---------------------------------------------------------------------------------------------------------


def build_cells(
    table: Table | None, survey: Survey | None, codes: np.ndarray | None, faults: list[Fault], notes: list[str]
) -> Cells | None:
    """Read and check cells; None where there are none, or faults leave nothing to build on.

    Parameters
    ----------
    table
        The cells as read.
    survey
        The survey whose covariates they are of, if it could be read.
    codes
        Codes of the frame (area,), if it could be read.
    faults, notes
        Take what is wrong, and what is only reported.
    """
    if table is None or survey is None or codes is None:
        return None
    before = len(faults)
    known = [str(name) for name in survey.covariates.columns]
    columns = [str(name) for name in table.frame.columns]
    names = [name for name in columns if name in known]
    faults += _column_faults(table, columns, names, known)
    if len(faults) > before:
        return None
    unused = [name for name in columns if name not in (*known, *KEYS)]
    notes += [f"{table.name}: columns not used: {listing(unused)}."] if unused else []
    read: dict[str, np.ndarray] = {"area": np.full(len(table.frame), "")}
    if table.has("area"):
        read["area"] = as_codes(table, "area", faults)
    for name in names:
        numeric = pd.api.types.is_numeric_dtype(survey.covariates[name])
        read[name] = as_numbers(table, name, faults) if numeric else as_labels(table, name)
    read["people"] = as_numbers(table, "people", faults)
    cells = pd.DataFrame(read)
    if len(faults) == before:
        faults += [*_row_faults(table, cells, names), *_area_faults(table, cells, codes)]
        faults += _label_faults(table, cells, names, survey, notes)
    return Cells(cells) if len(faults) == before else None


def _column_faults(table: Table, columns: list[str], names: list[str], known: list[str]) -> Iterator[Fault]:
    if "people" not in columns:
        what = f"{table.name} has no column 'people'.{suggestion('people', columns)}"
        yield what, WHERE, "Give the number of people of each kind in a column 'people'."
    if not names:
        what = f"{table.name} has no column that is a covariate of the survey."
        told = f"those of the survey are {listing(known)}" if known else "the survey has none: name them under [survey]"
        yield what, WHERE, f"Name its columns as the survey's covariates; {told}."
    if not len(table.frame):
        yield f"{table.name} has no rows.", WHERE, "Give a row for each kind of respondent."


def _row_faults(table: Table, cells: pd.DataFrame, names: list[str]) -> Iterator[Fault]:
    wrong = {
        "people": (~(cells["people"] >= 0), "missing or negative", "A number of people is zero or more."),
        **{
            name: (cells[name].isna() | (cells[name] == ""), "missing", "Give the kind in every row.") for name in names
        },
    }
    for column, (bad, trouble, advice) in wrong.items():
        if bad.any():
            where = f"{table.name}, column {column}, {rows_text(np.flatnonzero(bad))}"
            yield f"Column '{column}' is {trouble} in {counted(int(bad.sum()), 'cell')}.", where, advice
    again = cells.duplicated(["area", *names], keep=False)
    if again.any():
        where = f"{table.name}, {rows_text(np.flatnonzero(again))}"
        yield "One kind of respondent has more than one row in an area.", where, "Keep one row, or add the people up."


def _area_faults(table: Table, cells: pd.DataFrame, codes: np.ndarray) -> Iterator[Fault]:
    given = set(cells["area"])
    unknown = sorted(given - set(codes.tolist()) - {""})
    if unknown:
        what = f"{counted(len(unknown), 'area')} of the cells that the areas file does not have: {listing(unknown)}."
        yield what, f"{table.name}, column area", "Use the codes of the areas file; leave it empty for all other areas."
    lacking = sorted(set(codes.tolist()) - given)
    if lacking and "" not in given:
        what = f"{counted(len(lacking), 'area')} without cells: {listing(lacking)}."
        yield what, f"{table.name}, column area", "Add their rows, or rows without an area that stand for all others."
    people = cells.groupby("area")["people"].sum()
    empty = sorted(map(str, people.index[people <= 0]))
    if empty:
        what = f"{counted(len(empty), 'area')} without a single person in its cells: {listing(empty)}."
        yield what, f"{table.name}, column people", "Correct the numbers, or leave the area out."


def _label_faults(
    table: Table, cells: pd.DataFrame, names: list[str], survey: Survey, notes: list[str]
) -> Iterator[Fault]:
    """Labels that no respondent has, of which the model can say nothing; those that the cells lack are noted."""
    for name in (name for name in names if not pd.api.types.is_numeric_dtype(survey.covariates[name])):
        met = set(survey.covariates[name].astype(str)) - {""}
        unknown = sorted(set(cells[name]) - met)
        if unknown:
            hint = suggestion(unknown[0], sorted(met))
            what = f"No respondent is '{unknown[0]}' by the covariate '{name}'.{hint}"
            advice = f"Write the kinds as the survey does: {listing(sorted(met))}."
            yield what, f"{table.name}, column {name}", advice
        lacking = sorted(met - set(cells[name]))
        if lacking and not unknown:
            notes.append(f"{table.name}: nobody is {listing(lacking)} by '{name}', though respondents are.")
