"""The frame of areas: codes, levels, populations, covariates by category and geometry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nsum_bayes.data.columns import Table, as_codes, as_labels, as_numbers, column_faults
from nsum_bayes.data.covariates import (
    CovariateCategory,
    covariate_faults,
    covariate_notes,
    slope,
    spread_of,
    standard_errors,
    standardised,
    transformed,
)
from nsum_bayes.data.faults import Fault, counted, joined, listing, rows_text
from nsum_bayes.data.neighbours import BY_BORDERS, Neighbourhood
from nsum_bayes.data.settings import AreasSettings

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr


@dataclass(frozen=True, eq=False, repr=False)
class Areas:
    """Every area of the frame, surveyed or not.

    Attributes
    ----------
    table
        Index ``area`` (unique code strings); columns ``name``, one a level (labels), ``population`` (persons), one a
        denominator (persons), one a covariate (raw values, NaN where missing) and one a covariate's standard error.
    levels
        From smaller to larger; may be empty.
    denominators, covariates
        Names of denominators; categories of covariates.
    geometry
        Polygons by area code in WGS84, or None.
    vintage
        Of the codes.
    neighbourhood
        How neighbours are found (`nsum_bayes.data.neighbours`).
    """

    table: pd.DataFrame
    levels: tuple[str, ...]
    denominators: tuple[str, ...]
    covariates: tuple[CovariateCategory, ...]
    geometry: gpd.GeoSeries | None = None
    vintage: str = ""
    neighbourhood: Neighbourhood = BY_BORDERS

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        levels = "".join(f", {self.table[level].nunique()} of level {level}" for level in self.levels)
        shape = "with" if self.geometry is not None else "without"
        return f"Areas({counted(len(self), 'area')}{levels}, {shape} geometry)"

    @property
    def codes(self) -> np.ndarray:
        """Area codes, shape (area,)."""
        return self.table.index.to_numpy().astype(str)

    @property
    def population(self) -> np.ndarray:
        """Everyone in the frame of the question, persons, shape (area,)."""
        return self.table["population"].to_numpy(dtype=float)

    def denominator_share(self, name: str) -> np.ndarray:
        """A denominator over the population, shape (area,)."""
        return self.table[name].to_numpy(dtype=float) / self.population

    def level_of(self, level: str) -> np.ndarray:
        """Label of the unit of a level that each area lies in, shape (area,); also for "area" and "nation"."""
        if level == "area":
            return self.codes
        if level == "nation":
            return np.full(len(self), "nation")
        return self.table[level].to_numpy().astype(str)

    def design_matrix(self) -> xr.DataArray:
        """Covariates transformed and standardised over the areas of the frame, dims (area, covariate).

        Each area counts once, whatever its population. NaN stays NaN; a covariate that is the same everywhere is zero.
        The coordinate ``category`` runs along the covariates.
        """
        import xarray as xr

        pairs = [(category, column) for category in self.covariates for column in category.columns]
        columns = [standardised(self._transformed(category, column)) for category, column in pairs]
        return xr.DataArray(
            np.column_stack(columns) if columns else np.zeros((len(self), 0)),
            dims=("area", "covariate"),
            coords={
                "area": self.codes,
                "covariate": np.array([column for _, column in pairs], dtype=str),
                "category": ("covariate", np.array([category.category for category, _ in pairs], dtype=str)),
            },
        )

    def covariate_errors(self) -> np.ndarray:
        """Standard error of each figure on the scale of `design_matrix` (area, covariate); zero where it has none.

        By the delta method; a figure whose error is missing counts as one with the largest error stated.
        """
        found = []
        for category in self.covariates:
            stated = dict(category.errors)
            for column in category.columns:
                spread = spread_of(self._transformed(category, column))
                if column not in stated or not spread:
                    found.append(np.zeros(len(self)))
                    continue
                error = self.table[stated[column]].to_numpy(float)
                values = self.table[column].to_numpy(float)
                scaled = np.abs(slope(values, category.transform)) * error / spread
                unknown = np.isnan(scaled) & ~np.isnan(values)
                found.append(np.nan_to_num(np.where(unknown, np.nanmax(scaled, initial=0.0), scaled)))
        return np.column_stack(found) if found else np.zeros((len(self), 0))

    def _transformed(self, category: CovariateCategory, column: str) -> np.ndarray:
        return transformed(self.table[column].to_numpy(float), category.transform)


# --- reading --------------------------------------------------------------------------------------------------------


def area_codes(table: Table, settings: AreasSettings, faults: list[Fault]) -> np.ndarray | None:
    """The codes of the areas file, None where it has no usable ones; empty and repeated codes are faults."""
    if not table.has(settings.code):
        return None
    before = len(faults)
    codes = as_codes(table, settings.code, faults)
    if len(faults) > before:
        return None
    where = f"{table.name}, column {settings.code}"
    empty = np.flatnonzero(codes == "")
    if empty.size:
        what = f"{counted(empty.size, 'area')} {'has' if empty.size == 1 else 'have'} no code."
        faults.append((what, f"{where}, {rows_text(empty)}", "Give each area its code, or remove the rows."))
    repeated = pd.Series(codes).duplicated(keep=False).to_numpy() & (codes != "")
    if repeated.any():
        twice = np.unique(codes[repeated]).tolist()
        what = f"{counted(len(twice), 'area code')} {'stands' if len(twice) == 1 else 'stand'} more than once"
        rows = rows_text(np.flatnonzero(repeated))
        faults.append((f"{what}: {listing(twice)}.", f"{where}, {rows}", "Keep one row an area."))
    return codes


def build_areas(
    table: Table, settings: AreasSettings, codes: np.ndarray | None, faults: list[Fault], notes: list[str]
) -> Areas | None:
    """Read and check the areas; None where faults leave nothing to build on.

    Parameters
    ----------
    table
        The areas as read.
    settings
        The [areas] table of the study file.
    codes
        From `area_codes`.
    faults, notes
        Take what is wrong, and what is only reported.
    """
    before = len(faults)
    faults += column_faults(table, _wanted(settings))
    if not len(table.frame):
        faults.append((f"{table.name} has no rows.", table.name, "Give one row an area."))
    columns = _read_columns(table, settings, faults)
    faults += _nesting_faults(table, settings, columns)
    faults += _population_faults(table, settings, columns)
    faults += covariate_faults(table, settings, columns)
    if len(faults) > before or codes is None or len(set(codes)) < len(codes) or "" in codes:
        return None
    notes += covariate_notes(table.name, settings, columns)
    errors, named = standard_errors(settings, columns)
    only_errors = {column for category in settings.covariates.values() for column in category.errors.values()}
    only_errors -= {column for category in settings.covariates.values() for column in category.columns}
    kept = {name: values for name, values in columns.items() if name not in only_errors}
    frame = pd.DataFrame({**kept, **errors}, index=pd.Index(codes, name="area"))
    categories = tuple(
        CovariateCategory(name, c.columns, c.transform, c.source, c.year, tuple(named[name].items()))
        for name, c in settings.covariates.items()
    )
    return Areas(frame, settings.levels, tuple(settings.denominators), categories, None, settings.vintage)


def _wanted(settings: AreasSettings) -> Iterator[tuple[str | None, str]]:
    for role in ("code", "name", "population"):
        yield getattr(settings, role), f"study.toml, [areas], key {role}"
    for level in settings.levels:
        yield level, "study.toml, [areas], key levels"
    for name, column in settings.denominators.items():
        yield column, f"study.toml, [areas.denominators], key {name}"
    for name, category in settings.covariates.items():
        for column in category.columns:
            yield column, f"study.toml, [areas.covariates.{name}], key columns"
        for key in ("cv", "se"):
            for column in getattr(category, key).values():
                yield column, f"study.toml, [areas.covariates.{name}], key {key}"


def _read_columns(table: Table, settings: AreasSettings, faults: list[Fault]) -> dict[str, np.ndarray]:
    """Columns of the table of areas by their new name; those the file lacks are left out."""
    columns: dict[str, np.ndarray] = {}
    if settings.name is None and table.has(settings.code):
        columns["name"] = as_labels(table, settings.code)
    elif settings.name is not None and table.has(settings.name):
        columns["name"] = as_labels(table, settings.name)
    for level in (level for level in settings.levels if table.has(level)):
        columns[level] = _read_level(table, level, faults)
    sources = {"name": "", **dict.fromkeys(settings.levels, "")}
    for name, column in _numeric_columns(settings):
        if sources.setdefault(name, column) != column:
            what = f"The name '{name}' is used for two different columns of the areas."
            faults.append((what, "study.toml, [areas]", "Rename the denominator, or the covariate's column."))
        elif name not in columns and table.has(column):
            before = len(faults)
            values = as_numbers(table, column, faults)
            # An unreadable column has its fault already; its gaps are not faults of their own.
            columns |= {name: values} if len(faults) == before else {}
    return columns


def _numeric_columns(settings: AreasSettings) -> list[tuple[str, str]]:
    categories = settings.covariates.values()
    covariates = [(name, name) for category in categories for name in (*category.columns, *category.errors.values())]
    return [("population", settings.population), *settings.denominators.items(), *covariates]


def _read_level(table: Table, level: str, faults: list[Fault]) -> np.ndarray:
    labels = as_codes(table, level, faults)
    empty = np.flatnonzero(labels == "")
    if empty.size:
        what = f"{counted(empty.size, 'area')} {'has' if empty.size == 1 else 'have'} no {level}."
        where = f"{table.name}, column {level}, {rows_text(empty)}"
        faults.append((what, where, f"Give each area its {level}, or take '{level}' out of levels under [areas]."))
    return labels


def _nesting_faults(table: Table, settings: AreasSettings, columns: dict[str, np.ndarray]) -> Iterator[Fault]:
    """Each unit of a level lies in one unit of the next wider level."""
    for level, wider in pairwise(level for level in settings.levels if level in columns):
        labels, outer = columns[level], columns[wider]
        named = (labels != "") & (outer != "")  # empty labels are faults of their own
        outers = pd.Series(outer[named]).groupby(labels[named]).nunique()
        split = outers.index[outers > 1].tolist()
        if not split:
            continue
        what = f"{counted(len(split), 'label')} of level {level} {'lies' if len(split) == 1 else 'lie'} "
        what += f"in more than one {wider}: {listing(split)}."
        rows = rows_text(np.flatnonzero(np.isin(labels, split)))
        advice = f"Correct the rows; give units that only share a name a label each, or take '{level}' out of levels."
        yield what, f"{table.name}, columns {level} and {wider}, {rows}", advice


def _population_faults(table: Table, settings: AreasSettings, columns: dict[str, np.ndarray]) -> Iterator[Fault]:
    sources = {"population": settings.population, **settings.denominators}
    for name, column in sources.items():
        values = columns.get(name)
        if values is None:
            continue
        wrong = np.flatnonzero(~(values > 0))
        if wrong.size:
            what = f"The {'population' if name == 'population' else f'denominator {name!r}'} of "
            what += f"{counted(wrong.size, 'area')} "
            what += f"{'is' if wrong.size == 1 else 'are'} missing, zero or negative."
            advice = "Give the number of persons, above zero, or leave the areas out of the frame."
            yield what, f"{table.name}, column {column}, {rows_text(wrong)}", advice
        if "population" not in columns:
            continue
        larger = np.flatnonzero((values > columns["population"]) & (columns["population"] > 0))
        if larger.size:
            what = f"The denominator '{name}' of {counted(larger.size, 'area')} is larger than the population."
            advice = "A denominator is a part of the population; correct either column."
            yield what, f"{table.name}, column {column}, {rows_text(larger)}", advice


# --- geometry -------------------------------------------------------------------------------------------------------


def match_geometry(geometry: Any, name: str, codes: np.ndarray, faults: list[Fault]) -> gpd.GeoSeries | None:
    """Polygons in the order of the areas, in WGS84; codes that do not match, either way, are faults.

    Parameters
    ----------
    geometry
        A GeoSeries indexed by area code.
    name
        What messages call it.
    codes
        Area codes.
    faults
        Takes what is wrong.
    """
    before = len(faults)
    known, drawn = set(codes), set(geometry.index)
    repeated = sorted(set(geometry.index[geometry.index.duplicated()]))
    empty = sorted(geometry.index[(geometry.isna() | geometry.is_empty).to_numpy()])
    for wrong, what in (
        (sorted(known - drawn), "of the areas without a polygon"),
        (sorted(drawn - known), "of the geometry that no area has"),
        (repeated, "with more than one polygon"),
        (empty, "with an empty polygon"),
    ):
        if wrong:
            advice = "Use codes of one vintage in both files, one polygon an area."
            faults.append((f"{counted(len(wrong), 'code')} {what}: {joined(wrong)}.", name, advice))
    if geometry.crs is None:
        advice = "Store the coordinate system in the file, or use GeoJSON in WGS84."
        faults.append(("The geometry does not say its coordinate system.", name, advice))
    if len(faults) > before:
        return None
    ordered = geometry.loc[list(codes)]
    return ordered if ordered.crs.to_epsg() == 4326 else ordered.to_crs(4326)
