"""Known group sizes: of an area, a wider unit or the nation; counted, estimated with an error, or from a roster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from nsum_bayes.data.areas import Areas
from nsum_bayes.data.columns import Table, as_codes, as_labels, as_numbers
from nsum_bayes.data.faults import Fault, counted, listing, rows_text
from nsum_bayes.errors import StudyError, suggestion

NUMBERS = ("size", "se", "rostered", "members")
FINISHED = ("group", "level", "unit", "size", "se", "source", "year", "rostered", "members", "population", "share")
COLUMNS = ("group", "area", "level", "size", "se", "source", "year", "rostered", "members")


@dataclass(frozen=True, eq=False, repr=False)
class KnownSizes:
    """Known sizes, one row a size.

    Attributes
    ----------
    table
        Columns ``group``; ``level`` ("area", one of the levels, or "nation") and ``unit`` (area code, level label, ''
        for the nation); ``size`` and ``se`` (persons; NaN for roster rows, ``se`` NaN where none is stated);
        ``source``; ``year``; ``rostered`` and ``members`` (persons; NaN unless a roster); ``population`` of the unit;
        ``share``, the size over the population or members over rostered.
    groups
        Known groups in the order of the questions.
    """

    table: pd.DataFrame
    groups: tuple[str, ...]

    def __repr__(self) -> str:
        return f"KnownSizes({len(self.groups)} groups, {counted(len(self.table), 'size')})"

    def row_of(self, codes: np.ndarray, areas: Areas) -> np.ndarray:
        """Row of the most specific size of each group for each area, shape (area, group).

        An area's own size goes before its smallest level's, and so on up to the nation's.

        Parameters
        ----------
        codes
            Area codes, shape (area,).
        areas
            The frame of areas.

        Raises
        ------
        StudyError
            An area without a size of some group at any level.
        """
        rows = self.rows(codes, areas)
        uncovered = [group for group, column in zip(self.groups, rows.T, strict=True) if (column < 0).any()]
        if uncovered:
            what = f"Areas without a known size of {listing(uncovered)} at any level."
            raise StudyError([(what, "known sizes", "Add a size for the areas, a wider level or the nation.")])
        return rows

    def share_of(self, group: str, areas: Areas) -> np.ndarray:
        """Share of a group in each area by its most specific size (area,), NaN where no size covers the area."""
        rows = self.rows(areas.codes, areas)[:, self.groups.index(group)]
        return np.where(rows >= 0, self.table["share"].to_numpy(dtype=float)[rows], np.nan)

    def rows(self, codes: np.ndarray, areas: Areas) -> np.ndarray:
        """The same as `row_of`, with −1 where an area has no size of a group."""
        positions = areas.table.index.get_indexer(pd.Index(codes))
        rows = np.full((len(codes), len(self.groups)), -1, dtype=int)
        for level in ("nation", *reversed(areas.levels), "area"):
            units = np.full(len(codes), "") if level == "nation" else areas.level_of(level)[positions]
            here = self.table[self.table["level"] == level]
            for column, group in enumerate(self.groups):
                of_group = here[here["group"] == group]
                if of_group.empty:
                    continue
                found = pd.Index(of_group["unit"]).get_indexer(pd.Index(units))
                rows[found >= 0, column] = of_group.index.to_numpy()[found[found >= 0]]
        return rows


# --- reading --------------------------------------------------------------------------------------------------------


def no_known_sizes() -> KnownSizes:
    """The known sizes of a study that asks about no group of known size."""
    columns = {
        name: np.array([], dtype=float if name in (*NUMBERS, "population", "share") else str) for name in FINISHED
    }
    return KnownSizes(pd.DataFrame(columns), ())


def build_known(
    table: Table,
    groups: tuple[str, ...],
    areas: Areas | None,
    surveyed: np.ndarray,
    faults: list[Fault],
    notes: list[str],
) -> KnownSizes | None:
    """Read and check the known sizes; None where faults leave nothing to build on.

    Parameters
    ----------
    table
        The known sizes as read.
    groups
        Groups of known size, as the questions name them.
    areas
        The frame of areas, None where it could not be read; then sizes are not held against populations.
    surveyed
        Codes of the areas with respondents; each needs a size of each group.
    faults, notes
        Take what is wrong, and what is only reported.
    """
    before = len(faults)
    if not table.has("group"):
        columns = ", ".join(map(str, table.frame.columns))
        advice = f"Name the column of groups 'group'; the columns are {columns}."
        faults.append((f"{table.name} has no column 'group'.", table.name, advice))
        return None
    if not (table.has("size") or (table.has("rostered") and table.has("members"))):
        what = f"{table.name} has no column 'size'.{suggestion('size', map(str, table.frame.columns))}"
        faults.append((what, table.name, "Give 'size', or 'rostered' and 'members' of a roster count."))
        return None
    sizes = _read_sizes(table, faults)
    readable = len(faults) == before
    notes += _notes(table, sizes, groups)
    faults += _group_faults(table, sizes, groups)
    sizes = sizes[sizes["group"].isin(groups)]
    faults += _size_faults(table, sizes, readable)
    if areas is None or not readable:
        return None
    sizes = _with_units(table, sizes, areas, faults)
    if len(faults) > before:
        return None
    known = KnownSizes(_finished(sizes), groups)
    faults += _coverage_faults(table, known, areas, surveyed)
    return known if len(faults) == before else None


def _read_sizes(table: Table, faults: list[Fault]) -> pd.DataFrame:
    empty = np.full(len(table.frame), "")
    columns: dict[str, np.ndarray] = {"group": as_labels(table, "group")}
    columns["unit"] = as_codes(table, "area", faults) if table.has("area") else empty
    for name in ("level", "source", "year"):
        columns[name] = as_labels(table, name) if table.has(name) else empty
    for name in NUMBERS:
        columns[name] = as_numbers(table, name, faults) if table.has(name) else np.full(len(table.frame), np.nan)
    columns["year"] = np.array([str(year).removesuffix(".0") for year in columns["year"]], dtype=str)
    return pd.DataFrame(columns)


def _notes(table: Table, sizes: pd.DataFrame, groups: tuple[str, ...]) -> Iterator[str]:
    unused = [str(column) for column in table.frame.columns if column not in COLUMNS]
    if unused:
        yield f"{table.name}: columns not used: {listing(unused)}."
    others = sorted(set(sizes["group"]) - set(groups) - {""})
    if others:
        yield f"{table.name}: sizes not used, since no question of known size asks about {listing(others)}."


def _group_faults(table: Table, sizes: pd.DataFrame, groups: tuple[str, ...]) -> Iterator[Fault]:
    sized = sorted(set(sizes["group"]))
    for group in (group for group in groups if group not in sized):
        what = f"The group '{group}' has neither a known size nor a [[hidden]] table.{suggestion(group, sized)}"
        advice = "Add its size, correct the name, or name it under [[hidden]]."
        yield what, f"{table.name}, column group", advice


def _size_faults(table: Table, sizes: pd.DataFrame, readable: bool) -> Iterator[Fault]:
    counted_size, roster = sizes["size"].notna(), sizes["rostered"].notna() | sizes["members"].notna()
    advice = "A size is a number of persons above zero; correct it or remove the row."
    yield from _rows_fault(table, sizes, sizes["size"] <= 0, "size", "zero or negative", advice)
    yield from _rows_fault(table, sizes, sizes["se"] < 0, "se", "negative", "A standard error is above zero.")
    neither = ~counted_size & ~(sizes["rostered"].notna() & sizes["members"].notna())
    advice = "Give 'size', or both 'rostered' and 'members'."
    if readable:
        yield from _rows_fault(table, sizes, neither, "size", "missing", advice)
    both = counted_size & roster
    yield from _rows_fault(table, sizes, both, "size", "given beside a roster count", "Keep one of the two.")
    whole = (sizes["members"] % 1 == 0) & (sizes["rostered"] % 1 == 0)
    sound = whole & (sizes["members"] >= 0) & (sizes["rostered"] > 0) & (sizes["members"] <= sizes["rostered"])
    bad = roster & ~neither & ~both & ~sound
    advice = "Both are whole numbers, 0 ≤ members ≤ rostered, rostered above zero."
    yield from _rows_fault(table, sizes, bad, "roster count", "impossible", advice)


def _rows_fault(
    table: Table, sizes: pd.DataFrame, wrong: pd.Series, noun: str, trouble: str, advice: str
) -> Iterator[Fault]:
    if not wrong.any():
        return
    groups = sorted(set(sizes.loc[wrong, "group"]))
    column = {"se": "se", "roster count": "members"}.get(noun, "size")
    where = f"{table.name}, column {column}, {rows_text(sizes.index[wrong])}"
    yield f"The {noun} of {listing(groups)} is {trouble}.", where, advice


def _with_units(table: Table, sizes: pd.DataFrame, areas: Areas, faults: list[Fault]) -> pd.DataFrame:
    """Level and population of each row's unit; units that are unknown or ambiguous are faults."""
    populations = _unit_populations(areas)
    levels, people = [], []
    unknown: list[tuple[int, str]] = []
    ambiguous: list[tuple[int, str]] = []
    for row, unit, stated in zip(sizes.index, sizes["unit"], sizes["level"], strict=True):
        found = _levels_with(unit, stated, populations)
        if len(found) != 1:
            (ambiguous if found else unknown).append((row, unit))
        levels.append(found[0] if found else "")
        people.append(populations[found[0]][unit] if found else np.nan)
    faults += _unit_faults(table, unknown, ambiguous, populations)
    sizes = sizes.assign(level=levels, population=people)
    too_large = sizes["size"] > sizes["population"]
    advice = "Correct the size or the population; both must concern the same unit."
    faults += _rows_fault(table, sizes, too_large, "size", "larger than the population of its area", advice)
    again = sizes.duplicated(["group", "level", "unit"], keep=False) & (sizes["level"] != "")
    faults += _rows_fault(table, sizes, again, "size", "given more than once for one unit", "Keep one row.")
    return sizes


def _unit_populations(areas: Areas) -> dict[str, dict[str, float]]:
    people = pd.Series(areas.population)
    populations: dict[str, dict[str, float]] = {"nation": {"": float(people.sum())}}
    for level in ("area", *areas.levels):
        sums = people.groupby(areas.level_of(level)).sum()
        populations[level] = {str(unit): float(total) for unit, total in sums.items()}
    return populations


def _levels_with(unit: str, stated: str, populations: dict[str, dict[str, float]]) -> list[str]:
    candidates = [stated] if stated else list(populations)
    return [level for level in candidates if unit in populations.get(level, {})]


def _unit_faults(
    table: Table,
    unknown: list[tuple[int, str]],
    ambiguous: list[tuple[int, str]],
    populations: dict[str, dict[str, float]],
) -> Iterator[Fault]:
    levels = [level for level in populations if level != "nation"]
    if unknown:
        units = sorted({unit for _, unit in unknown})
        hint = suggestion(units[0], [u for level in levels for u in populations[level]]) if len(units) == 1 else ""
        what = f"{counted(len(units), 'area')} of the known sizes {'is' if len(units) == 1 else 'are'} unknown: "
        where = f"{table.name}, column area, {rows_text([row for row, _ in unknown])}"
        advice = f"Use a code or label of {' or '.join(levels)} from the areas file; leave it empty for the nation."
        yield f"{what}{listing(units)}.{hint}", where, advice
    if ambiguous:
        units = sorted({unit for _, unit in ambiguous})
        what = f"The known sizes' {listing(units)} could be a unit of more than one level."
        where = f"{table.name}, column area, {rows_text([row for row, _ in ambiguous])}"
        yield what, where, f"Add a column 'level' that says which: {', '.join(levels)}."


def _finished(sizes: pd.DataFrame) -> pd.DataFrame:
    share = (sizes["size"] / sizes["population"]).fillna(sizes["members"] / sizes["rostered"])
    # A standard error of zero means an exact size, and an exact size has no error to draw.
    exact = sizes.assign(share=share, se=sizes["se"].where(sizes["se"] != 0))
    return exact[list(FINISHED)].reset_index(drop=True)


def _coverage_faults(table: Table, known: KnownSizes, areas: Areas, surveyed: np.ndarray) -> Iterator[Fault]:
    rows = known.rows(surveyed, areas)
    for group, column in zip(known.groups, rows.T, strict=True):
        if (column < 0).any():
            codes = surveyed[column < 0]
            what = f"The group '{group}' has no known size in {counted(len(codes), 'surveyed area')}: {listing(codes)}."
            advice = "Add the sizes, or one size for a wider level or the nation."
            yield what, f"{table.name}, column area", advice
