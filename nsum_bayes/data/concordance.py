"""Boundary changes between waves: the smallest areas that every wave can be told for.

A concordance says which earlier codes became which later ones. Renamed and merged areas take the later code. Of an area
that was split nobody knows which part an earlier respondent lives in, so its parts are one area again. Populations,
denominators and known sizes are added up: totals stay what they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from nsum_bayes.data.areas import Areas
from nsum_bayes.data.faults import Fault, listing
from nsum_bayes.data.groups import KnownSizes

Pairs = Sequence[tuple[str, str]]


def unions(codes: Sequence[str], pairs: Pairs) -> tuple[dict[str, str], dict[str, str]]:
    """The common area of each later code, and of each earlier one.

    Parameters
    ----------
    codes
        Later codes.
    pairs
        Earlier and later code of every area that changed; the others keep their code.
    """
    parent = {("later", code): ("later", code) for code in codes}

    def root(node: tuple[str, str]) -> tuple[str, str]:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    for earlier, later in pairs:
        one, other = root(("earlier", earlier)), root(("later", later))
        parent[one] = other
    members: dict[tuple[str, str], list[str]] = {}
    for code in codes:
        members.setdefault(root(("later", code)), []).append(code)
    label = {top: "+".join(sorted(found)) for top, found in members.items()}
    changed = {earlier for earlier, _ in pairs}
    later_label = {code: label[root(("later", code))] for code in codes}
    earlier_label = {code: label[root(("earlier", code))] for code in changed}
    return later_label, {**{code: text for code, text in later_label.items() if code not in changed}, **earlier_label}


def merged_areas(areas: Areas, union: dict[str, str], faults: list[Fault], notes: list[str]) -> Areas:
    """The frame with some areas taken together: persons summed, covariates as their mean per person."""
    label = pd.Series([union[code] for code in areas.codes], index=areas.table.index)
    if label.is_unique:
        return areas
    table, people = areas.table, areas.table["population"].astype(float)
    torn = [level for level in areas.levels if (table.groupby(label)[level].nunique() > 1).any()]
    if torn:
        what = f"Areas that the concordance takes together lie in different units of '{torn[0]}'."
        faults.append((what, "concordance", "Give a frame in which they lie in one, or leave the level out."))
        return areas
    grouped = table.groupby(label, sort=False)
    persons = list(dict.fromkeys(["population", *areas.denominators]))
    merged = pd.DataFrame(index=pd.Index(list(dict.fromkeys(label)), name="area", dtype=str))
    errors = {error for category in areas.covariates for _, error in category.errors}
    for column in table.columns:
        if column in persons:
            merged[column] = grouped[column].sum()
        elif pd.api.types.is_numeric_dtype(table[column]):
            merged[column] = _mean(table[column], people, label, squared=column in errors)
        elif column in areas.levels:
            merged[column] = grouped[column].first()
        else:
            merged[column] = grouped[column].agg(" and ".join)
    together = sorted({text for text in label if "+" in text})
    notes.append(f"Taken together, because boundaries changed between waves: {listing(together)}.")
    near = replace(areas.neighbourhood, links=_links(areas, union))
    return replace(areas, table=merged, geometry=_shapes(areas, label, merged.index), neighbourhood=near)


def _mean(values: pd.Series, people: pd.Series, label: pd.Series, *, squared: bool) -> pd.Series:
    """Mean by population of what is there; of standard errors, the error of that mean."""
    weight = people.where(values.notna(), 0.0)
    share = weight / weight.groupby(label).transform("sum").replace(0.0, np.nan)
    if squared:
        return ((share * values.astype(float)) ** 2).groupby(label).sum(min_count=1) ** 0.5
    return (share * values.astype(float)).groupby(label).sum(min_count=1)


def _links(areas: Areas, union: dict[str, str]) -> tuple[tuple[str, str], ...]:
    pairs = {tuple(sorted((union[one], union[other]))) for one, other in areas.neighbourhood.links}
    return tuple((str(one), str(other)) for one, other in sorted(pairs) if one != other)


def _shapes(areas: Areas, label: pd.Series, index: pd.Index) -> object:
    if areas.geometry is None:
        return None
    import geopandas as gpd

    shapes = [areas.geometry[label[label == text].index].union_all() for text in index]
    return gpd.GeoSeries(shapes, index=index, crs=areas.geometry.crs, name="geometry")


def merged_sizes(known: KnownSizes, union: dict[str, str], areas: Areas, notes: list[str]) -> KnownSizes:
    """Known sizes of areas taken together: summed where each part has one, else left to the wider level."""
    table = known.table
    of_area = table["level"] == "area"
    label = table["unit"].map(union).where(of_area)
    parts = pd.Series(list(union.values())).value_counts()
    rows = [table[~of_area]]
    people = areas.table["population"].astype(float)
    for named, here in table[of_area].groupby(["group", label[of_area]], sort=False):
        text = str(named[1])  # type: ignore[index]
        if len(here) < parts[text]:
            continue
        row = here.iloc[[0]].assign(unit=text, population=people[text])
        if len(here) > 1:
            sums = here[["size", "rostered", "members"]].sum(min_count=len(here))
            error = float(np.sqrt((here["se"] ** 2).sum(min_count=len(here))))
            rate = sums["members"] / sums["rostered"] if pd.isna(sums["size"]) else sums["size"] / people[text]
            row = row.assign(**{str(name): value for name, value in sums.items()}, se=error, share=rate)
        rows.append(row)
    found = pd.concat(rows, ignore_index=True)
    lost = int(of_area.sum()) - int((found["level"] == "area").sum())
    if lost:
        notes.append(f"{lost} known sizes of single areas went into those of areas taken together.")
    return KnownSizes(found.astype(table.dtypes.to_dict()), known.groups)
