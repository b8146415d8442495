"""Cells into codes, numbers and labels, without guessing: what cannot be read is said, by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from nsum_bayes.data.faults import Fault, joined, rows_text
from nsum_bayes.errors import suggestion

MISSING_MARKS = frozenset({"", ".", "na", "n/a", "nan", "null", "none"})


NO_LABELS: Mapping[str, Mapping[float, str]] = MappingProxyType({})


@dataclass(frozen=True)
class Table:
    """A table as read, with the name by which messages call it.

    ``labels`` are names of numbers by column, as files of SPSS and Stata have them.
    """

    name: str
    frame: pd.DataFrame
    labels: Mapping[str, Mapping[float, str]] = NO_LABELS

    def labelled(self, column: str) -> pd.Series | None:
        """A column by the names of its numbers, '' where empty; None unless each number has a name."""
        names = self.labels.get(column)
        if not names:
            return None
        cells = self.frame[column]
        named, empty = cells.map(names), cells.isna() | (cells == "")
        return None if named[~empty].isna().any() else named.where(~empty, "").astype(str).str.strip()

    def has(self, column: str | None) -> bool:
        """Whether the table has this column."""
        return column is not None and column in self.frame.columns


def column_faults(table: Table, wanted: Iterable[tuple[str | None, str]]) -> list[Fault]:
    """One fault for each wanted (column, place in the study file) that the table lacks."""
    columns = [str(column) for column in table.frame.columns]
    return [
        (
            f"{table.name} has no column '{column}'.{suggestion(column, columns)}",
            where,
            f"Correct the name; the columns are {joined(columns)}.",
        )
        for column, where in wanted
        if column is not None and not table.has(column)
    ]


def as_codes(table: Table, column: str, faults: list[Fault]) -> np.ndarray:
    """A code column as text with its leading zeros, '' where empty; numbers are a fault, since zeros may be lost."""
    cells = table.frame[column].tolist()
    numeric = [row for row, cell in enumerate(cells) if _is_number(cell)]
    if numeric:
        faults.append(
            (
                f"The codes in column '{column}' are stored as numbers, so leading zeros may be lost.",
                f"{table.name}, column {column}, {rows_text(numeric)}",
                "Store the column as text and write the codes with their leading zeros.",
            )
        )
    return np.array([_text(cell) for cell in cells], dtype=str)


def as_labels(table: Table, column: str) -> np.ndarray:
    """A column of labels that are not joined on (strata, units, waves) as text, '' where empty.

    Numbers that all have a name are taken by their names.
    """
    named = table.labelled(column)
    if named is not None:
        return np.array(named.tolist(), dtype=str)
    return np.array([_text(cell) for cell in table.frame[column].tolist()], dtype=str)


def as_numbers(table: Table, column: str, faults: list[Fault]) -> np.ndarray:
    """A column as floats, NaN where empty; cells that are not numbers are a fault."""
    numbers, unreadable = numbers_in(table.frame[column])
    if unreadable.any():
        faults.append(
            (
                f"Column '{column}' holds {unreadable.sum()} cell{'s' if unreadable.sum() > 1 else ''} "
                "that cannot be read as a number.",
                f"{table.name}, column {column}, {rows_text(np.flatnonzero(unreadable))}",
                "Write plain numbers with a decimal point and no thousands separator; leave missing cells empty.",
            )
        )
    return numbers


def numbers_in(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Floats (NaN where empty or unreadable) and which cells are neither empty nor a finite number."""
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.to_numpy(dtype=float, na_value=np.nan)
        empty = np.isnan(numbers)
    else:
        text = pd.Series([_text(cell) for cell in column.tolist()], dtype=object)
        empty = text.str.lower().isin(MISSING_MARKS).to_numpy()
        numbers = pd.to_numeric(text.where(~empty), errors="coerce").to_numpy(dtype=float)
    unreadable = ~empty & ~np.isfinite(numbers)
    return np.where(unreadable, np.nan, numbers), unreadable


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float | np.number) and not (isinstance(cell, float) and np.isnan(cell))


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return cell.strip()
    return "" if cell is None or cell is pd.NA or cell is pd.NaT or cell != cell else str(cell)
