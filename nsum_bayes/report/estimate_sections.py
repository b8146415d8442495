"""Sections on the figures: the national ones, a table a level, what changed between waves, and how far they hang on
what was assumed. Withheld figures are told nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from nsum_bayes.estimates.summaries import INTERVAL
from nsum_bayes.report.material import WITHHELD, Material
from nsum_bayes.report.pieces import Grid, empty_columns, without
from nsum_bayes.report.release import invents_places
from nsum_bayes.report.tables import changes_table, level_table
from nsum_bayes.report.wording import (
    INTERVAL_WORDS,
    PARTS,
    assumptions_of,
    nation_of,
    rate_of,
    rows_of,
    sources_of,
    title_of,
    typical_share,
)

if TYPE_CHECKING:
    import xarray as xr

BASED_ON = {
    "survey": "survey-based",
    "mixed": "mixed: survey and prediction",
    "synthetic": "predicted (model)",
    "suppressed": WITHHELD,
}
BASED_ON_NOTE = (
    "Based on: survey-based – every area of the unit has respondents of its own; mixed – some have; predicted (model) "
    "– nobody was asked there, and the figure follows from all other areas and secondary data; withheld – too few "
    "respondents to show a figure."
)
NATION_ONLY = (
    "The answers are simulated and the places may be real, so no place below the nation is shown. If they are invented "
    "too, say fictional_places = true under [study]."
)
NOT_A_RELEASE = (
    "Withheld figures may still follow from totals; this page is for the house. `nsum release` checks what follows "
    "before anything is published."
)
SENSITIVITY_COMMAND = "nsum sensitivity RUN --out sensitivity, then nsum report RUN --sensitivity sensitivity"
TIED = (
    "Transmission or degree ratio is part of the fit (or the model has none): fixing it afterwards would contradict "
    "the data, so there is no surface."
)


@dataclass(frozen=True)
class KeyFigure:
    """The national figure of a group with its interval and denominator."""

    title: str
    figure: str
    share_of: str
    interval: str
    count: str
    denominator: str
    assumed: str
    sources: str
    rate: str


def key_figure(material: Material, group: str) -> KeyFigure:
    """The national figure of a group, in parts that stand in one box."""
    estimates = material.estimates
    row = rows_of(estimates, group, "nation", material.suppress).iloc[0]
    people = f"{row['denominator']}: {row['population']:,} people"
    title, assumed, sources = (
        title_of(estimates, group),
        assumptions_of(estimates, group),
        sources_of(estimates, group),
    )
    if row["estimate_type"] == "suppressed":
        words = nation_of(estimates, group, material.suppress)
        return KeyFigure(title, words, "", "", "", people, assumed, sources, "")
    middle, lower, upper = (row[f"prevalence_{part}"] for part in PARTS)
    persons = [f"{row[f'count_{part}']:,.0f}" for part in PARTS]
    factor, per = rate_of(middle)
    return KeyFigure(
        title=title,
        figure=f"{middle:.3%}",
        share_of=f"of {row['denominator']}",
        interval=f"{INTERVAL_WORDS} interval: {lower:.3%} to {upper:.3%}",
        count=f"{persons[0]} people ({INTERVAL_WORDS} interval: {persons[1]} to {persons[2]})",
        denominator=people,
        assumed=assumed,
        sources=sources,
        rate=f"{factor * middle:.3g} {per}",
    )


# --- a table a level ------------------------------------------------------------------------------------------------


def level_grids(material: Material) -> list[Grid]:
    """A table a level, from the nation to the area; of each wave where there are several."""
    return [_level_grid(material, level) for level in reversed(material.levels)]


def _level_grid(material: Material, level: str) -> Grid:
    table = level_table(material.estimates, level, material.suppress)
    table = table[table["group"].isin(material.groups)]
    wider = [name for name in material.estimates.areas.levels if name != level and (table[name] != "").any()]
    table = table.sort_values([*reversed(wider), "name", "area", "group", "wave"], kind="stable")
    rates = {group: _rate(material, group, level) for group in material.groups}
    rows = tuple(_level_row(material, row, wider, rates) for row in table.to_dict("records"))
    per = next(iter(rates.values()))[1] if len({rate[1] for rate in rates.values()}) == 1 else "as stated"
    headings = (
        "Name", *(name.capitalize() for name in wider), "Based on", "Respondents", "Group", "Wave", "Share of",
        f"Prevalence, {per}", f"{INTERVAL_WORDS} interval", "People", "Interval of people", "CV", "Code",
    )  # fmt: skip
    numbers = (f"Prevalence, {per}", "People", "CV")
    grid = Grid(_caption(level, len(table)), headings, rows, numbers, _identifier(material, level))
    dull = [] if level == "area" else ["Code"]
    dull += ["Group"] if len(material.groups) == 1 else []
    return without(grid, *dull, *empty_columns(grid, ("Wave",)))


def _identifier(material: Material, level: str) -> str:
    """A level's own name may be anything; its place among the levels is safe."""
    return f"{level}-table" if level in ("area", "nation") else f"level-{material.levels.index(level)}-table"


def _caption(level: str, rows: int) -> str:
    what = {"area": "Areas", "nation": "The nation"}.get(level, f"Units of level {level}")
    return what if level == "nation" else f"{what} ({rows:,} row{'s' if rows != 1 else ''})"


def _rate(material: Material, group: str, level: str) -> tuple[float, str]:
    """A rate that suits the figures shown."""
    latest = material.estimates.at(material.estimates.wave) if material.estimates.waves else material.estimates
    rows = rows_of(latest, group, level, material.suppress)
    return rate_of(typical_share(latest, group, rows, material.suppress)[0])


def _asked(material: Material, number: Any) -> str:
    """A number of respondents in words; a release leaves it out where the figure is withheld."""
    return WITHHELD if pd.isna(number) else material.people_asked(int(number))


def _level_row(
    material: Material, row: Mapping[Any, Any], wider: list[str], rates: Mapping[str, tuple[float, str]]
) -> tuple[str, ...]:
    factor, per = rates[row["group"]]
    several = len({rate[1] for rate in rates.values()}) > 1
    names = (str(row["name"]), *(str(row[name]) for name in wider))
    kind = (BASED_ON[row["estimate_type"]], _asked(material, row["respondents"]))
    about = (str(row["group"]), str(row["wave"]), str(row["denominator"]))
    if row["estimate_type"] == "suppressed":
        return (*names, *kind, *about, *[WITHHELD] * 5, str(row["area"]))
    share, low, high = (_figure(factor * row[f"prevalence_{part}"]) for part in PARTS)
    count, fewest, most = (f"{row[f'count_{part}']:,.0f}" for part in PARTS)
    spans = (f"{share} {per}" if several else share, f"{low} to {high}", count, f"{fewest} to {most}")
    return (*names, *kind, *about, *spans, f"{row['cv']:.2f}", str(row["area"]))


def _figure(value: float) -> str:
    """Three significant digits, without an exponent."""
    from nsum_bayes.report.classes import spoken

    return spoken(float(f"{value:.3g}"))


def estimate_notes(material: Material) -> list[str]:
    """What a reader of the tables has to know."""
    said = [f"Posterior medians with {100 * INTERVAL:g} % equal-tailed posterior intervals. Medians do not add up."]
    if invents_places(material.estimates):
        return [*said, NATION_ONLY]
    said.append(BASED_ON_NOTE)
    if material.coarse:
        said.append("Numbers of respondents are told in classes, since some are withheld.")
        said += [] if material.released else [NOT_A_RELEASE]
    return said


# --- waves ----------------------------------------------------------------------------------------------------------


def change_grid(material: Material) -> Grid | None:
    """What changed from wave to wave; none for a study of one wave."""
    estimates = material.estimates
    if not estimates.earlier:
        return None
    levels = [level for level in reversed(material.levels) if level != "area"]
    table = changes_table(estimates, levels, material.suppress)
    rows = tuple(_change_row(row) for row in table[table["group"].isin(material.groups)].to_dict("records"))
    headings = (
        "Unit", "Level", "Group", "From", "To", "Ratio", f"{INTERVAL_WORDS} interval", "Chance of a decrease",
        "If transmission stayed", "Reading",
    )  # fmt: skip
    numbers = ("Ratio", "Chance of a decrease")
    return Grid("What changed between waves", headings, rows, numbers, "change-table")


def _change_row(row: Mapping[Any, Any]) -> tuple[str, ...]:
    about = tuple(str(row[name]) for name in ("unit", "level", "group", "before", "after"))
    if row["ratio_median"] != row["ratio_median"]:  # not a number: withheld
        return (*about, WITHHELD, WITHHELD, WITHHELD, WITHHELD, str(row["reading"]))
    ratio = (f"{row['ratio_median']:.2f}", f"{row['ratio_lower']:.2f} to {row['ratio_upper']:.2f}")
    stayed = (row[f"same_transmission_ratio_{part}"] for part in PARTS)
    same = "{:.2f} ({:.2f} to {:.2f})".format(*stayed)
    return (*about, *ratio, f"{row['chance_of_decrease']:.0%}", same, str(row["reading"]))


# --- sensitivity ----------------------------------------------------------------------------------------------------


def surface_grids(material: Material) -> list[Grid]:
    """The national figure over transmission and degree ratio, each fixed; none where they are part of the fit."""
    whole = material.surface
    if whole is None:
        return []
    return [_surface_grid(material, group, whole.sel(group=group)) for group in material.groups]


def _surface_grid(material: Material, group: str, surface: xr.DataArray) -> Grid:
    surface = surface.transpose("transmission", "degree_ratio")
    told = material.nation[group] is not None
    ratios = tuple(f"Degree ratio {value:g}" for value in surface["degree_ratio"].values)
    rows = tuple(
        (f"{value:g}", *(f"{float(cell):.3%}" if told else WITHHELD for cell in line))
        for value, line in zip(surface["transmission"].values, surface.values, strict=True)
    )
    place = material.groups.index(group)
    title = f"{title_of(material.estimates, group)}: median share of {material.estimates.denominator[group]}"
    return Grid(title, ("Transmission", *ratios), rows, ("Transmission", *ratios), f"surface-{place}-table")


def sensitivity_grids(material: Material) -> list[Grid]:
    """What refits and power-scaling found, where they were run."""
    found = material.sensitivity
    if found is None:
        return []
    moved = found.table[found.table["group"].isin(material.groups) & (found.table["what"] != "transmission")]
    rows = tuple(_moved(material, row) for row in moved.to_dict("records"))
    headings = ("Group", "Changed", "Setting", "National prevalence", "Times as stated")
    grids = [Grid("With something changed", headings, rows, ("Times as stated",), "sensitivity-table")]
    power = found.power[found.power["group"].isin(material.groups)]
    if len(power):
        told = tuple(
            (str(row["group"]), str(row["part"]), f"{row['index']:.3f}", "sensitive" if row["sensitive"] else "no")
            for row in power.to_dict("records")
        )
        title = "Power-scaling of priors and likelihood: change per doubling of the power"
        grids.append(Grid(title, ("Group", "Part", "Index", "Sensitive"), told, ("Index",)))
    return grids


def _moved(material: Material, row: Mapping[Any, Any]) -> tuple[str, ...]:
    about = (str(row["group"]), str(row["what"]), str(row["setting"]) or "–")
    if row["median"] != row["median"]:  # not a number
        return (*about, "the refit failed", "–")
    share = f"{row['median']:.3%} ({row['lower']:.3%} to {row['upper']:.3%})"
    return (*about, share if material.nation[row["group"]] else WITHHELD, f"{row['ratio']:.2f}")


def sensitivity_sentences(material: Material) -> list[str]:
    """What is in the section, and what was not run."""
    said = [] if material.surface is not None else [TIED]
    if material.sensitivity is None:
        said.append(
            f"Known groups left out, top codes and power-scaling of priors: not run. To run: {SENSITIVITY_COMMAND}."
        )
    else:
        if set(material.sensitivity.table["what"]) <= {"as stated", "transmission"}:
            said.append("Known groups left out and top codes: not run (--no-refits).")
        said += [f"Failed: {setting}: {why}" for setting, why in material.sensitivity.failures.items()]
    return said
