"""Figures for any study: a map where there are polygons, a ranked interval plot where there are none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nsum_bayes.errors import ReleaseError, suggestion
from nsum_bayes.report.page import MARGIN, words_of
from nsum_bayes.report.polygons import has_polygons
from nsum_bayes.report.release import refuse_invented_places, replacing
from nsum_bayes.report.wording import (
    INTERVAL_WORDS,
    national_interval,
    rate_of,
    rows_of,
    typical_share,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nsum_bayes.estimates.estimates import Estimates, Suppression

NO_GEOMETRY = (
    "There is no geometry in this study, so a ranked interval plot was drawn instead of a map. "
    "For a map, name a file of polygons under [areas] geometry."
)
FORMATS = (".png", ".svg", ".pdf")
PER_COLUMN, MOST_COLUMNS = 60, 3
ROW, NAMES, TITLES, AXIS, LONGEST_NAME = 0.155, 1.7, 0.15, 0.75, 26  # inches, and characters
BAND_NOTE = "Grey band and line: interval and median of the nation."
NO_BAND_NOTE = "The figure of the nation is withheld."
DOT_NOTE = "Filled dots: units with respondents; open dots: predicted by the model alone."
RANK_NOTE = "Ranks are uncertain: units whose intervals overlap may well stand the other way round."
INK, BAND = "#1a1a1a", "#e4e4e4"


def figure_for(
    estimates: Estimates,
    group: str,
    threshold: float | None = None,
    *,
    suppress: Suppression | None = None,
    wave: str | None = None,
) -> tuple[Figure, str]:
    """The map where there is geometry, else the ranked intervals of all areas; of the latest wave unless one is named.

    Returns
    -------
    tuple of Figure and str
        The figure, and a message for the user: empty for a map, else why there is none.

    Raises
    ------
    ReleaseError
        As `prevalence_map` and `ranked_intervals` raise it.
    """
    from nsum_bayes.report.maps import prevalence_map

    if has_polygons(estimates.areas):
        return prevalence_map(estimates, group, threshold=threshold, suppress=suppress, wave=wave), ""
    return ranked_intervals(estimates.at(wave) if wave else estimates, group, suppress=suppress), NO_GEOMETRY


def ranked_intervals(
    estimates: Estimates, group: str, level: str = "area", *, suppress: Suppression | None = None
) -> Figure:
    """Units of a level ordered by prevalence, with their intervals.

    Up to 60 units stand in one column, up to 180 in three; of more, the 60 highest and the 60 lowest are shown and the
    note says how many are left out. Withheld figures are not shown, and counted.

    Raises
    ------
    ReleaseError
        No such level or group, nothing left to show, or simulated answers about real places.
    """
    if level not in estimates.levels:
        raise ReleaseError(
            f"There is no level '{level}'.{suggestion(level, estimates.levels)}",
            where="level of the figure",
            advice=f"Choose one of: {', '.join(estimates.levels)}.",
        )
    refuse_invented_places(estimates, level)
    rows = rows_of(estimates, group, level, suppress)
    shown = rows[rows["prevalence_median"].notna()].sort_values("prevalence_median", ascending=False, kind="stable")
    if shown.empty:
        raise ReleaseError(
            "Every figure of this level is withheld; there is nothing to rank.",
            where=f"level '{level}', group '{group}'",
            advice="Show a larger level, or loosen the suppression rule if the data allow it.",
        )
    kept, note = _ends(shown)
    nation = national_interval(estimates, group, suppress)
    notes = [BAND_NOTE if nation else NO_BAND_NOTE, DOT_NOTE, RANK_NOTE, note, _withheld(len(rows) - len(shown))]
    rate = rate_of(typical_share(estimates, group, rows, suppress)[0])
    return _rank_page(estimates, group, kept, rate, nation, " ".join(filter(None, notes)))


# --- which units ----------------------------------------------------------------------------------------------------


def _ends(ranked: pd.DataFrame) -> tuple[dict[str, pd.DataFrame], str]:
    """The units by column, highest first, each under its heading; both ends only where there are too many."""
    if len(ranked) > PER_COLUMN * MOST_COLUMNS:
        out = len(ranked) - 2 * PER_COLUMN
        ends = {
            f"The {PER_COLUMN} highest": ranked.head(PER_COLUMN),
            f"The {PER_COLUMN} lowest": ranked.tail(PER_COLUMN),
        }
        return ends, f"Both ends of {len(ranked):,} units; {out:,} between them are left out."
    columns = -(-len(ranked) // PER_COLUMN)
    size = -(-len(ranked) // columns)
    starts = range(0, len(ranked), size)
    return {
        f"{start + 1} to {min(start + size, len(ranked))}": ranked.iloc[start : start + size] for start in starts
    }, ""


def _withheld(count: int) -> str:
    return f"Figures withheld: {count:,}." if count else ""


# --- drawing --------------------------------------------------------------------------------------------------------


def _rank_page(
    estimates: Estimates,
    group: str,
    columns: dict[str, pd.DataFrame],
    rate: tuple[float, str],
    nation: tuple[float, float, float] | None,
    note: str,
) -> Figure:
    """The page, its figures at a rate (factor and words); the nation's limits and median as a band unless withheld."""
    from matplotlib.figure import Figure

    words = words_of(estimates, group, 2 * MARGIN + 4.4 * max(len(columns), 1.7), (note,))
    tallest = max(map(len, columns.values())) * ROW
    height = words.head + TITLES + max(tallest, 0.6) + AXIS + words.foot
    figure = Figure(figsize=(words.width, height), facecolor="white")
    slot = (words.width - 2 * MARGIN) / len(columns)
    factor, per = rate
    limits = _limits(list(columns.values()), factor)
    words_below = f"{per} {estimates.denominator[group]}\n(median, {INTERVAL_WORDS} interval)"
    for number, (heading, column) in enumerate(columns.items()):
        tall = max(len(column) * ROW, 0.6)
        left, low = MARGIN + number * slot + NAMES, height - words.head - TITLES - tall
        place = (left / words.width, low / height, (slot - NAMES - 0.25) / words.width, tall / height)
        axes = figure.add_axes(place)
        if nation is not None:
            _nation_band(axes, nation, factor)
        _rank_column(axes, column, factor)
        _rank_axis(axes, column, limits, words_below)
        if len(columns) > 1:
            axes.set_title(heading, fontsize=9, loc="left", fontweight="bold")
    words.write_on(figure)
    return figure


def _limits(columns: list[pd.DataFrame], factor: float) -> tuple[float, float, bool]:
    """Common limits of the axis, and whether it is logarithmic: it is where figures differ more than thirtyfold."""
    low = factor * min(column["prevalence_lower"].min() for column in columns)
    high = factor * max(column["prevalence_upper"].max() for column in columns)
    if low > 0 and high / low > 30:
        return low / 1.15, high * 1.15, True
    return 0.0, high * 1.05, False


def _nation_band(axes: Axes, nation: tuple[float, float, float], factor: float) -> None:
    low, middle, high = nation
    band = axes.axvspan(factor * low, factor * high, color=BAND, linewidth=0, zorder=0)
    band.set_label("nation")
    axes.axvline(factor * middle, color="#8c8c8c", linewidth=0.8, zorder=1)


def _rank_column(axes: Axes, rows: pd.DataFrame, factor: float) -> None:
    places = np.arange(len(rows))
    axes.hlines(
        places, factor * rows["prevalence_lower"], factor * rows["prevalence_upper"], colors=INK, linewidth=0.9
    ).set_label("intervals")
    asked = (rows["respondents"] > 0).to_numpy()
    fill = ["#1a1a1a" if yes else "#ffffff" for yes in asked]
    median = factor * rows["prevalence_median"]
    axes.scatter(median, places, s=15, c=fill, edgecolors=INK, linewidths=0.8, zorder=3, label="medians")


def _rank_axis(axes: Axes, rows: pd.DataFrame, limits: tuple[float, float, bool], words: str) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    from nsum_bayes.report.classes import spoken

    if limits[2]:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
        axes.xaxis.set_minor_formatter(NullFormatter())
        words = words.replace("interval)", "interval; log scale)")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: spoken(value)))
    axes.set_xlim(limits[0], limits[1])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(
        np.arange(len(rows)), [short_name(name) for name in rows["name"].astype(str)], fontsize=7.5, parse_math=False
    )
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=8)
    axes.set_xlabel(words, fontsize=8.5)
    axes.spines[["top", "right", "left"]].set_visible(False)


def short_name(name: str) -> str:
    """A name that fits its column."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1].rstrip() + "…"


# --- files ----------------------------------------------------------------------------------------------------------


def save_figure(figure: Figure, path: str | Path, stamp: str = "") -> Path:
    """Write a figure as PNG, SVG or PDF, by its suffix; the file appears when it is whole.

    Parameters
    ----------
    stamp
        What `stamp_of` says, for the file's own description.

    Raises
    ------
    ReleaseError
        Another suffix.
    """
    from matplotlib import rc_context

    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in FORMATS:
        raise ReleaseError(
            f"A figure cannot be written as '{target.suffix or target.name}'.",
            where=target.name,
            advice=f"End the name in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}.",
        )
    # No dates and no random ids: the same figure gives the same file.
    undated: dict[str, Any] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(suffix, {})
    # Programs that sort files read what is stamped on the picture.
    told = {"Description" if suffix != ".pdf" else "Subject": stamp} if stamp else {}
    with replacing(target) as temporary, rc_context({"svg.hashsalt": "nsum_bayes"}):
        figure.savefig(temporary, format=suffix[1:], dpi=200, metadata={**undated, **told})
    return target
