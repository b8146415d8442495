"""Covariates of respondents: what they are, what is hard to believe in them, and their columns for a regression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nsum_bayes.data.columns import MISSING_MARKS, Table, as_labels, as_numbers, numbers_in
from nsum_bayes.data.faults import Fault, counted, rows_text
from nsum_bayes.data.settings import StudySettings, SurveySettings

if TYPE_CHECKING:
    import xarray as xr

ABSURD_SDS = 8.0


def read_covariates(table: Table, settings: SurveySettings, faults: list[Fault], notes: list[str]) -> pd.DataFrame:
    """Respondent covariates: numbers where every filled cell is one, labels otherwise.

    Values outside a declared range are set missing; missing and hardly believable values are noted, by row.

    Parameters
    ----------
    table
        The survey as read.
    settings
        The [survey] table of the study file.
    faults, notes
        Take what is wrong, and what is only reported.
    """
    columns: dict[str, np.ndarray] = {}
    for column in (column for column in settings.covariates if table.has(column)):
        stated = column in settings.covariate_ranges or column in settings.covariate_scales
        if table.labelled(column) is not None and not stated:
            columns[column] = _labels(table, column, notes)
            continue
        numbers, unreadable = numbers_in(table.frame[column])
        if not unreadable.any():
            columns[column] = _numeric(numbers, table.name, column, settings, notes)
            continue
        for given, noun in ((settings.covariate_ranges, "range"), (settings.covariate_scales, "scale")):
            if column in given:
                what = f"Column '{column}' has a {noun} but holds cells that cannot be read as a number."
                where = f"{table.name}, column {column}, {rows_text(np.flatnonzero(unreadable))}"
                faults.append((what, where, f"Correct the cells, or remove the {noun}."))
        columns[column] = _labels(table, column, notes)
    return pd.DataFrame(columns, index=pd.RangeIndex(len(table.frame)))


def read_respect(
    table: Table, settings: StudySettings, groups: tuple[str, ...], faults: list[Fault], notes: list[str]
) -> np.ndarray:
    """Respondents' levels of respect (respondent, group), NaN where missing or not asked; checked as covariates are.

    Parameters
    ----------
    table
        The survey as read.
    settings
        The study file.
    groups
        Groups in the order of the survey's.
    faults, notes
        Take what is wrong, and what is only reported.
    """
    respect = np.full((len(table.frame), len(groups)), np.nan)
    columns: dict[str, np.ndarray] = {}
    for question in settings.question:
        column = question.respect
        if column is None or question.group not in groups or not table.has(column):
            continue
        if column not in columns:  # one column may serve several groups; its notes are made once
            numbers = as_numbers(table, column, faults)
            columns[column] = _numeric(numbers, table.name, column, settings.survey, notes, "Respect")
        respect[:, groups.index(question.group)] = columns[column]
    return respect


def _numeric(
    numbers: np.ndarray, file: str, column: str, settings: SurveySettings, notes: list[str], noun: str = "Covariate"
) -> np.ndarray:
    _note_missing(np.isnan(numbers), file, column, notes, noun)
    low, high = settings.covariate_ranges.get(column, (-np.inf, np.inf))
    outside = (numbers < low) | (numbers > high)
    if outside.any():
        count = counted(int(outside.sum()), "value")
        rows = rows_text(np.flatnonzero(outside))
        notes.append(f"{noun} '{column}': {count} outside its declared range set missing ({file}, {rows}).")
    numbers = np.where(outside, np.nan, numbers)
    absurd = np.flatnonzero(far_out(numbers))
    if absurd.size:
        notes.append(
            f"{noun} '{column}': {counted(absurd.size, 'value')} more than {ABSURD_SDS:g} robust standard "
            f"deviations from the middle, kept ({file}, {rows_text(absurd)}). If wrong, correct the file or declare "
            "the range under [survey.covariate_ranges]."
        )
    return numbers


def _labels(table: Table, column: str, notes: list[str]) -> np.ndarray:
    labels = as_labels(table, column)
    empty = np.array([label.lower() in MISSING_MARKS for label in labels], dtype=bool)
    _note_missing(empty, table.name, column, notes)
    return np.where(empty, "", labels)


def _note_missing(missing: np.ndarray, file: str, column: str, notes: list[str], noun: str = "Covariate") -> None:
    if missing.any():
        rows = rows_text(np.flatnonzero(missing))
        notes.append(f"{noun} '{column}': missing for {counted(int(missing.sum()), 'respondent')} ({file}, {rows}).")


def far_out(numbers: np.ndarray) -> np.ndarray:
    """Which values lie more than eight robust standard deviations from the median.

    The robust standard deviation is the largest of those read off the median absolute deviation, the middle half and
    the middle nine tenths, and at least the smallest step between two values: where most values are equal the first
    ones are zero. Columns of two values or fewer have nothing far out.

    Parameters
    ----------
    numbers
        Shape (respondent,), NaN where missing.
    """
    present = numbers[~np.isnan(numbers)]
    values = np.unique(present)
    if values.size <= 2:
        return np.zeros(numbers.shape, dtype=bool)
    p05, p25, middle, p75, p95 = np.quantile(present, [0.05, 0.25, 0.5, 0.75, 0.95])
    deviation = float(np.median(np.abs(present - middle)))
    step = float(np.diff(values).min())
    scale = max(1.4826 * deviation, (p75 - p25) / 1.349, (p95 - p05) / 3.29, step)
    return np.abs(np.nan_to_num(numbers, nan=middle) - middle) > ABSURD_SDS * scale


def respondent_design(
    covariates: pd.DataFrame, scales: Mapping[str, tuple[float, float]] | None = None
) -> xr.DataArray:
    """Regression columns of covariates, dims (respondent, respondent_covariate); see `Survey.design_matrix`.

    Parameters
    ----------
    covariates
        One column a covariate, numbers or labels.
    scales
        Stated (centre, unit) of covariates of numbers.
    """
    import xarray as xr

    columns = _columns_of(covariates, scales or {})
    values = np.column_stack(list(columns.values())) if columns else np.zeros((len(covariates), 0))
    return xr.DataArray(
        values, dims=("respondent", "respondent_covariate"), coords={"respondent_covariate": list(columns)}
    )


def _columns_of(covariates: pd.DataFrame, scales: Mapping[str, tuple[float, float]]) -> dict[str, np.ndarray]:
    columns: dict[str, np.ndarray] = {}
    for name in covariates.columns:
        columns |= _design_columns(str(name), covariates[name], scales.get(str(name)))
    return columns


def profile_design(
    covariates: pd.DataFrame, scales: Mapping[str, tuple[float, float]], profiles: pd.DataFrame
) -> np.ndarray:
    """Regression columns of kinds of respondent (cell, respondent_covariate), in the order and units of the survey's.

    Parameters
    ----------
    covariates, scales
        Of the survey's respondents, as in `respondent_design`.
    profiles
        One row a kind of respondent, columns some of the covariates; the other covariates have the respondents' mean.
    """
    own = _columns_of(covariates, scales)
    found = {name: np.full(len(profiles), values.mean()) for name, values in own.items()}
    for name in profiles.columns:
        stated = scales.get(str(name))
        if pd.api.types.is_numeric_dtype(covariates[name]):
            numbers = covariates[name].to_numpy(dtype=float)
            stated = stated or (float(np.nanmean(numbers)), float(np.nanstd(numbers)))
            given = {name: (profiles[name].to_numpy(dtype=float) - stated[0]) / (stated[1] or 1.0)}
        else:
            given = {f"{name}={label}": (profiles[name] == label).to_numpy(float) for label in set(covariates[name])}
        given[f"{name}_missing"] = np.zeros(len(profiles))
        found |= {column: values for column, values in given.items() if column in own}
    return np.column_stack([found[column] for column in own]) if own else np.zeros((len(profiles), 0))


def _design_columns(name: str, column: pd.Series, scale: tuple[float, float] | None) -> dict[str, np.ndarray]:
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.to_numpy(dtype=float)
        missing = np.isnan(numbers)
        columns = _standardised(name, numbers, missing, scale)
    else:
        labels = column.to_numpy(dtype=object)
        missing = labels == ""
        others = sorted(set(labels[~missing].tolist()))[1:]
        columns = {f"{name}={label}": (labels == label).astype(float) for label in others}
    if missing.any():
        columns[f"{name}_missing"] = missing.astype(float)
    return columns


def _standardised(
    name: str, numbers: np.ndarray, missing: np.ndarray, scale: tuple[float, float] | None
) -> dict[str, np.ndarray]:
    if missing.all() or np.ptp(numbers[~missing]) == 0:
        return {}
    centre, unit = scale or (numbers[~missing].mean(), numbers[~missing].std())
    return {name: np.where(missing, 0.0, (numbers - centre) / unit)}
