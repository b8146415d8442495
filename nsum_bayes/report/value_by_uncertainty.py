"""One map of estimate and uncertainty together: the less sure a figure, the paler and closer to the others its colour.

Classes of the estimate merge as uncertainty grows (four where it is small, two, one), so that no reader tells apart
what the survey does not; after Correll, Moritz and Heer (2018), "Value-suppressing uncertainty palettes",
doi 10.1145/3173574.3174216.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nsum_bayes.report.classes import is_dark, quantile_limits, spoken
from nsum_bayes.report.insets import draw_insets, insets_of
from nsum_bayes.report.map_drawing import (
    HAIRLINE,
    OUTLINE,
    PAPER,
    draw_areas,
    mark_legend,
    marks_of,
    too_small,
    write_heading,
)
from nsum_bayes.report.maps import area_rows, checked_wave, drawable, interval_ratio
from nsum_bayes.report.page import lay_out, words_of
from nsum_bayes.report.release import refuse_invented_places
from nsum_bayes.report.wording import INTERVAL_WORDS, rate_of, typical_share

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nsum_bayes.estimates.estimates import Estimates, Suppression

SURE, LESS_SURE = 4.0, 8.0
"""Upper over lower limit of the interval up to which a figure is told in four classes, and in two."""
FOUR = ("#fde333", "#53cc67", "#00588b", "#4b0055")
TWO = ("#bcd98c", "#6f7c99")
ONE = "#c9c9c9"
"""Light to dark in each row (viridis); rows fade towards one grey."""


ROWS = (FOUR, TWO, (ONE,))
LEGEND = 1.15  # inches
LEFT, CLASS = 2.2, 1.9
"""Where the boxes of the legend begin, and the width of a class there; the whole is 10 wide."""


@dataclass(frozen=True)
class Shades:
    """Row (area,) of uncertainty, 0 the surest, and class (area,) of the estimate within the row; -1 for no figure."""

    row: np.ndarray
    member: np.ndarray
    limits: tuple[float, ...]

    def colours(self) -> list[str]:
        """Colour of each area."""
        palette = {(row, n): colour for row, colours in enumerate(ROWS) for n, colour in enumerate(colours)}
        pairs = zip(self.row.tolist(), self.member.tolist(), strict=True)
        return [palette.get(pair, PAPER) for pair in pairs]


def value_by_uncertainty_map(
    estimates: Estimates,
    group: str,
    *,
    suppress: Suppression | None = None,
    wave: str | None = None,
    width: float = 9.0,
) -> Figure:
    """Map a group's prevalence in colours that merge as its interval widens.

    Parameters
    ----------
    estimates
        Of a frame with polygons.
    group
        Hidden group.
    suppress
        Which figures to withhold; by default those that `Estimates.table` withholds.
    wave
        By default the latest. Class limits are those of all waves together.
    width
        Of the page, in inches.

    Raises
    ------
    ReleaseError
        Simulated answers about real places, no polygons, no such group or wave.
    """
    refuse_invented_places(estimates)
    shapes = drawable(estimates)
    waves = estimates.by_wave
    chosen = checked_wave(estimates, wave) if wave else estimates.wave
    rows = {name: area_rows(one, group, suppress) for name, one in waves.items()}
    factor, per = rate_of(typical_share(estimates, group, rows[estimates.wave], suppress)[0])
    medians = [factor * table["prevalence_median"].to_numpy(dtype=float) for table in rows.values()]
    one, table = waves[chosen], rows[chosen]
    limits = quantile_limits(np.concatenate(medians), classes=4)
    shades = shaded(factor * table["prevalence_median"].to_numpy(dtype=float), interval_ratio(table), limits)
    marks = marks_of(one, table.assign(cv=np.nan), shapes)
    insets = insets_of(shapes, width, 1)
    notes = ("The wider an interval, the fewer estimates its colour tells apart.", *insets.sentences)
    words = words_of(one, group, width, notes)
    page = lay_out(words, shapes.bounds, columns=1, legend=LEGEND, strip=insets.height)
    small = too_small(shapes, page.scale)
    (column,) = page.columns
    colours = shades.colours()
    draw_areas(column.map, shapes, marks, colours, small)
    draw_insets(page, column, insets, shapes, marks, colours)
    unit = f"Posterior median, {per} {estimates.denominator[group]}, by the width of its {INTERVAL_WORDS} interval"
    write_heading(page.figure, column, "Estimate and uncertainty", unit)
    _legend(column.legend, shades)
    mark_legend(page.marks, marks, len(small.isolates), estimates.areas.levels)
    return page.figure


def shaded(values: np.ndarray, ratio: np.ndarray, limits: tuple[float, ...]) -> Shades:
    """Rows by the ratio of the interval's limits (area,), and classes between limits; neighbours merge row by row."""
    row = np.searchsorted((SURE, LESS_SURE), ratio, side="left")
    finest = np.searchsorted(np.asarray(limits[1:-1]), values, side="right")
    member = np.select([row == 0, row == 1], [finest, finest // 2], 0)
    missing = np.isnan(values)
    return Shades(np.where(missing, -1, row), np.where(missing, -1, member), limits)


def _legend(axes: Axes, shades: Shades) -> None:
    """Three rows of boxes: four classes where the interval is narrow, two, and one; with the number of areas."""
    from matplotlib.patches import Rectangle

    axes.set_xlim(0, 10)
    axes.set_ylim(3.6, -0.9)
    said = (f"up to {SURE:g}", f"{SURE:g} to {LESS_SURE:g}", f"above {LESS_SURE:g}")
    axes.text(0, -0.35, "Upper ÷ lower limit", fontsize=8.5, va="center")
    for row, number, first, last in _boxes(max(len(shades.limits) - 1, 0)):
        left, across = LEFT + first * CLASS, (last - first) * CLASS
        colour, count = ROWS[row][number], int(((shades.row == row) & (shades.member == number)).sum())
        axes.add_patch(Rectangle((left, row + 0.08), across, 0.84, facecolor=colour, edgecolor=HAIRLINE, linewidth=0.5))
        ink = PAPER if is_dark(colour) else OUTLINE
        axes.text(left + across / 2, row + 0.5, f"{count:,}", fontsize=8, ha="center", va="center", color=ink)
    for row, text in enumerate(said):
        axes.text(0, row + 0.5, text, fontsize=8.5, va="center")
    for number, limit in enumerate(shades.limits):
        axes.text(LEFT + number * CLASS, -0.35, spoken(limit), fontsize=8.5, ha="center", va="center")


def _boxes(classes: int) -> list[tuple[int, int, int, int]]:
    """Row, class within the row, and first and last limit of each box where the finest row has so many classes."""
    widths = enumerate((1, 2, len(FOUR)))
    starts = ((row, width, range(0, classes, width)) for row, width in widths)
    return [(row, at // width, at, min(at + width, classes)) for row, width, places in starts for at in places]
