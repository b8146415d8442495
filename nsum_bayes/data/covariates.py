"""Covariates of areas: secondary data by category, with their transform, source and error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nsum_bayes.data.columns import Table
from nsum_bayes.data.faults import Fault, counted, rows_text
from nsum_bayes.data.settings import AreasSettings


@dataclass(frozen=True)
class CovariateCategory:
    """One category of secondary data: its columns, their transform, and where they come from.

    ``errors`` names, for columns that are estimates, the column of the table with each figure's standard error.
    """

    category: str
    columns: tuple[str, ...]
    transform: str
    source: str
    year: int | None
    errors: tuple[tuple[str, str], ...] = ()


def transformed(values: np.ndarray, transform: str) -> np.ndarray:
    """Values on the scale a covariate is used on: none, log, log1p or logit."""
    match transform:
        case "log":
            return np.log(values)
        case "log1p":
            return np.log1p(values)
        case "logit":
            return np.log(values) - np.log1p(-values)
        case _:
            return values


def slope(values: np.ndarray, transform: str) -> np.ndarray:
    """Derivative of `transformed`."""
    match transform:
        case "log":
            return 1.0 / values
        case "log1p":
            return 1.0 / (1.0 + values)
        case "logit":
            return 1.0 / (values * (1.0 - values))
        case _:
            return np.ones_like(values)


def standardised(values: np.ndarray) -> np.ndarray:
    """Centred and in units of their standard deviation; zero where they are all the same."""
    centred, sd = values - np.nanmean(values), spread_of(values)
    return centred / sd if sd else 0.0 * centred


def spread_of(values: np.ndarray) -> float:
    """Standard deviation; exactly zero of a constant column, whose own would be rounding error."""
    sd = float(np.nanstd(values))
    return sd if sd > 1e-12 * np.nanmax(np.abs(values), initial=1e-300) else 0.0


# --- reading ---------------------------------------------------------------------------------------------------------


def standard_errors(
    settings: AreasSettings, columns: dict[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], dict[str, dict[str, str]]]:
    """Standard errors by a name of their own, and that name by category and column."""
    errors: dict[str, np.ndarray] = {}
    named: dict[str, dict[str, str]] = {name: {} for name in settings.covariates}
    for name, category in settings.covariates.items():
        for column, source in category.errors.items():
            scale = np.abs(columns[column]) if column in category.cv else 1.0
            errors[f"{column} (standard error)"] = columns[source] * scale
            named[name][column] = f"{column} (standard error)"
    return errors, named


LIMITS = {
    "log": (0.0, np.inf, "above zero"),
    "log1p": (-1.0, np.inf, "above −1"),
    "logit": (0.0, 1.0, "between 0 and 1, both excluded; divide percentages by 100"),
}


def covariate_faults(table: Table, settings: AreasSettings, columns: dict[str, np.ndarray]) -> Iterator[Fault]:
    """Covariates without a value, values that cannot be transformed, negative errors."""
    for name, category in settings.covariates.items():
        low, high, wanted = LIMITS.get(category.transform, (-np.inf, np.inf, ""))
        for column in (column for column in category.columns if column in columns):
            values = columns[column]
            if len(values) and np.isnan(values).all():
                advice = "Give its values, or take it out of the study file."
                yield f"The covariate '{column}' has no value in any area.", f"{table.name}, column {column}", advice
            error = columns.get(category.errors.get(column, ""), np.zeros(0))
            negative = np.flatnonzero(error < 0)
            if negative.size:
                where = f"{table.name}, column {category.errors[column]}, {rows_text(negative)}"
                what = f"The error of the covariate '{column}' is negative in {counted(negative.size, 'area')}."
                yield what, where, "Give zero or a positive number."
            wrong = np.flatnonzero((values <= low) | (values >= high))
            if wrong.size:
                where_not = counted(wrong.size, "area")
                what = f"The covariate '{column}' cannot be transformed by {category.transform} in {where_not}."
                advice = f"Its values must be {wanted}; or choose another transform in [areas.covariates.{name}]."
                yield what, f"{table.name}, column {column}, {rows_text(wrong)}", advice


def covariate_notes(file: str, settings: AreasSettings, columns: dict[str, np.ndarray]) -> Iterator[str]:
    """Covariates with missing figures, and covariates that are the same everywhere."""
    for column in (column for category in settings.covariates.values() for column in category.columns):
        missing = np.flatnonzero(np.isnan(columns[column]))
        if missing.size:
            rows = rows_text(missing)
            yield f"Area covariate '{column}': missing in {counted(missing.size, 'area')} ({file}, {rows})."
        if np.ptp(columns[column][~np.isnan(columns[column])]) == 0 and len(columns[column]) > 1:
            yield f"Area covariate '{column}': the same in every area, so it says nothing ({file})."
