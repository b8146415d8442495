"""Three maps side by side: the estimate, how sure it is, and the chance of exceeding a threshold.

Made to be printed: six classes from light to dark in equal steps of lightness, dots where nobody was asked, stripes
where a figure is withheld, rings round islands too small to be seen. Nothing is fetched from anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nsum_bayes.errors import ReleaseError
from nsum_bayes.report.classes import CHANCE_LIMITS, Classes, classify, is_dark, quantile_limits
from nsum_bayes.report.page import Column, Words, lay_out
from nsum_bayes.report.polygons import Shapes, Small, shapes_of, small_areas
from nsum_bayes.report.release import refuse_invented_places
from nsum_bayes.report.wording import (
    INTERVAL_WORDS,
    footnote_of,
    rate_of,
    rows_of,
    stamp_of,
    subtitle_of,
    threshold_of,
    title_of,
    typical_share,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nsum_bayes.estimates.estimates import Estimates, Suppression

VISIBLE, RING = 2.2, 3.2  # points: an area smaller than the first is not seen; radius of the ring that shows it
NARROW = 7.0  # points: dots 2.4 apart may all miss an area smaller than this
DOTS, STRIPES = "." * 5, "/" * 5
FINE = {".": 0.25, "/": 0.5}  # points: line width of the patterns
OUTLINE, HAIRLINE, DOT, STRIPE, PAPER = "#1a1a1a", "#6b6b6b", "#333333", "#8c8c8c", "#ffffff"


@dataclass(frozen=True)
class Panel:
    """One map: its heading, its classes and what the class limits mean."""

    heading: str
    unit: str
    classes: Classes


@dataclass(frozen=True)
class Marks:
    """What is said about areas besides their class, each (area,) of bool."""

    unsurveyed: np.ndarray
    suppressed: np.ndarray
    missing: np.ndarray


def prevalence_map(
    estimates: Estimates,
    group: str,
    *,
    threshold: float | None = None,
    suppress: Suppression | None = None,
    width: float | None = None,
) -> Figure:
    """Map a group's prevalence, its uncertainty and its chance of exceeding a threshold, side by side.

    Parameters
    ----------
    estimates
        Estimates of a frame with polygons.
    group
        Hidden group.
    threshold
        Share of the denominator; by default the posterior median of the national prevalence or, where that is
        withheld, the median of the areas shown.
    suppress
        Which figures to withhold; by default those that `Estimates.table` withholds.
    width
        Of the page, in inches; by default 13, or 16.5 (A3) for more than 400 areas. The country decides the height.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ReleaseError
        Simulated answers about real places, no polygons, no such group, a threshold that is no share, or none given
        where every figure is withheld.
    """
    refuse_invented_places(estimates)
    rows = rows_of(estimates, group, "area", suppress).reindex(estimates.areas.codes)
    share, threshold_words = threshold_of(estimates, group, threshold, rows, suppress)
    shapes = shapes_of(estimates.areas)
    if shapes is None:
        raise ReleaseError(
            "There is no geometry to draw a map from.",
            where="[areas] geometry",
            advice="Name a file of polygons in the study file, or draw `ranked_intervals` instead.",
        )
    marks = _marks(estimates, rows, shapes)
    rate = rate_of(typical_share(estimates, group, rows, suppress)[0])
    panels = _panels(estimates, group, rows, (share, threshold_words), rate, marks)
    return _compose(estimates, group, shapes, marks, panels, width or (13.0 if len(rows) <= 400 else 16.5))


# --- what to draw ---------------------------------------------------------------------------------------------------


def _marks(estimates: Estimates, rows: pd.DataFrame, shapes: Shapes) -> Marks:
    suppressed = (rows["estimate_type"] == "suppressed").to_numpy(dtype=bool)
    unsurveyed = np.asarray(estimates.respondents) == 0
    return Marks(unsurveyed & ~suppressed, suppressed, shapes.missing)


def _panels(
    estimates: Estimates,
    group: str,
    rows: pd.DataFrame,
    threshold: tuple[float, str],
    rate: tuple[float, str],
    marks: Marks,
) -> list[Panel]:
    factor, per = rate
    unit = f"{per} {estimates.denominator[group]}"
    median = factor * rows["prevalence_median"].to_numpy(dtype=float)
    ratio = _ratio(rows["prevalence_lower"].to_numpy(dtype=float), rows["prevalence_upper"].to_numpy(dtype=float))
    chance = estimates.exceedance(threshold[0]).sel(group=group, unit=estimates.areas.codes).to_numpy().astype(float)
    chance = np.where(marks.suppressed, np.nan, chance)
    return [
        Panel("Estimate", f"Posterior median, {unit}", classify(median, quantile_limits(median), "YlGnBu")),
        Panel(
            "Uncertainty",
            f"Upper ÷ lower limit of the {INTERVAL_WORDS} interval",
            classify(ratio, quantile_limits(ratio), "Purples"),
        ),
        Panel(
            "Probability of exceeding a threshold",
            f"Chance, in %, that prevalence is above\n{threshold[1]}",
            classify(100 * chance, CHANCE_LIMITS, "YlOrBr"),
        ),
    ]


def _ratio(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Upper over lower limit (area,); infinite where the lower limit is zero, missing where the figure is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(lower > 0, upper / lower, np.where(np.isnan(lower), np.nan, np.inf))


# --- drawing --------------------------------------------------------------------------------------------------------


def _compose(
    estimates: Estimates, group: str, shapes: Shapes, marks: Marks, panels: list[Panel], width: float
) -> Figure:
    words = Words(
        width=width,
        title=title_of(estimates, group),
        subtitle=subtitle_of(estimates, group),
        footnote=footnote_of(estimates, group, *_sentences(marks)),
        stamp=stamp_of(estimates),
    )
    page = lay_out(words, shapes.bounds)
    small = small_areas(shapes, page.scale, visible=VISIBLE, ring=RING, narrow=NARROW)
    for panel, column in zip(panels, page.columns, strict=True):
        _draw(column.map, shapes, marks, panel.classes, small)
        _heading(page.figure, column, panel)
        _class_legend(column.legend, panel.classes)
    level = estimates.areas.levels[0] if estimates.areas.levels else ""
    _mark_legend(page.marks, marks, len(small.isolates), level)
    return page.figure


def _sentences(marks: Marks) -> list[str]:
    """What the footnote says about the marks on this map."""
    said = []
    if marks.unsurveyed.any():
        said.append("Dotted areas have no respondents: the model predicts them from all the others.")
    if marks.missing.any():
        said.append(f"Not drawn, for want of a polygon: {int(marks.missing.sum()):,} of {len(marks.missing):,} areas.")
    return said


def _draw(axes: Axes, shapes: Shapes, marks: Marks, classes: Classes, small: Small) -> None:
    """One map: fills, then patterns, then outlines, then rings."""
    from matplotlib.collections import LineCollection, PathCollection

    fills = _fills(classes)
    hairline = float(np.clip(6 / np.sqrt(len(fills)), 0.12, 0.4))
    areas = PathCollection(shapes.paths, facecolors=fills, edgecolors=HAIRLINE, linewidths=hairline)
    areas.set_label("areas")
    axes.add_collection(areas, autolim=False)
    dark = np.array([is_dark(fill) for fill in fills])
    for shade, colour in ((~dark, DOT), (dark, PAPER)):
        _pattern(axes, shapes, marks.unsurveyed & shade & ~small.narrow, DOTS, colour, "unsurveyed")
        lone = small.inside[marks.unsurveyed & shade & small.narrow]
        axes.scatter(lone[:, 0], lone[:, 1], s=0.6, c=colour, linewidths=0, zorder=3, label="unsurveyed, narrow")
    _pattern(axes, shapes, marks.suppressed, STRIPES, STRIPE, "suppressed")
    border = float(np.clip(16 / np.sqrt(len(fills)), 0.5, 1.2))
    lines = LineCollection(shapes.outlines, colors=OUTLINE, linewidths=border)
    lines.set_label("outlines")
    axes.add_collection(lines, autolim=False)
    _rings(axes, fills, marks, small)


def _fills(classes: Classes) -> list[str]:
    return [classes.colours[number] if number >= 0 else PAPER for number in classes.member]


def _pattern(axes: Axes, shapes: Shapes, where: np.ndarray, hatch: str, colour: str, label: str) -> None:
    """One pattern over many areas as a single patch: drawn path by path, 1,642 hatches take a quarter of a minute."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    chosen = [shapes.paths[position] for position in np.flatnonzero(where & ~shapes.missing)]
    if not chosen:
        return
    whole = Path.make_compound_path(*chosen)
    patch = PathPatch(whole, fill=False, edgecolor="none", linewidth=0, hatch=hatch, hatchcolor=colour, label=label)
    patch.set_hatch_linewidth(FINE[hatch[0]])
    axes.add_artist(patch)


def _rings(axes: Axes, fills: list[str], marks: Marks, small: Small) -> None:
    """Isolates too small to be seen, as rings filled with their class; a dot inside where nobody was asked."""
    positions, points = small.isolates, small.centres
    if not len(positions):
        return
    inside = [fills[position] for position in positions]
    size = (2 * RING) ** 2
    axes.scatter(
        points[:, 0], points[:, 1], s=size, c=inside, edgecolors=OUTLINE, linewidths=0.6, zorder=4, label="rings"
    )
    asked = marks.unsurveyed[positions]
    dots = [PAPER if is_dark(fill) else DOT for fill, dotted in zip(inside, asked, strict=True) if dotted]
    lone = points[asked]
    axes.scatter(lone[:, 0], lone[:, 1], s=1.6, c=dots, linewidths=0, zorder=5)
    withheld = points[marks.suppressed[positions]]
    axes.scatter(withheld[:, 0], withheld[:, 1], s=size / 3, c=HAIRLINE, marker="x", linewidths=0.6, zorder=5)


# --- words round the maps -------------------------------------------------------------------------------------------


def _heading(figure: Figure, column: Column, panel: Panel) -> None:
    figure.text(column.left, column.heading, panel.heading, fontsize=11.5, fontweight="bold", va="top")
    figure.text(column.left, column.unit, panel.unit, fontsize=9, va="top", linespacing=1.25, parse_math=False)


def _class_legend(axes: Axes, classes: Classes) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=colour, edgecolor=HAIRLINE, linewidth=0.5, label=f"{label}  ({count:,})")
        for colour, label, count in zip(classes.colours, classes.labels, classes.counts, strict=True)
    ]
    if handles:
        _legend(axes, handles, ncols=2, title="Class limits (number of areas)")


def _mark_legend(axes: Axes, marks: Marks, rings: int, level: str) -> None:
    from matplotlib.lines import Line2D

    unsurveyed, suppressed = int(marks.unsurveyed.sum()), int(marks.suppressed.sum())
    handles: list[Any] = []
    if unsurveyed:
        handles.append(_pattern_key(DOTS, DOT, f"No respondents ({unsurveyed:,})"))
    if suppressed:
        handles.append(_pattern_key(STRIPES, STRIPE, f"Figure withheld ({suppressed:,})"))
    if rings:
        ring: dict[str, Any] = {"marker": "o", "markersize": 6.5, "markerfacecolor": PAPER, "markeredgecolor": OUTLINE}
        handles.append(
            Line2D([], [], linestyle="", markeredgewidth=0.6, **ring, label=f"Small island, enlarged ({rings:,})")
        )
    if level:
        handles.append(Line2D([], [], color=OUTLINE, linewidth=1.1, label=f"Boundary of a {level}"))
    if handles:
        _legend(axes, handles, ncols=len(handles))


def _pattern_key(hatch: str, colour: str, label: str) -> Any:
    from matplotlib.patches import Patch

    return Patch(facecolor=PAPER, edgecolor=HAIRLINE, linewidth=0.5, hatch=hatch, hatchcolor=colour, label=label)


def _legend(axes: Axes, handles: list[Any], *, ncols: int, title: str = "") -> None:
    legend = axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0, 1), borderaxespad=0, frameon=False, ncols=ncols,
        fontsize=8.5, title=title or None, title_fontsize=8.5, alignment="left", borderpad=0,
        handlelength=2.0, handleheight=1.1, columnspacing=1.6,
    )  # fmt: skip
    for patch in legend.get_patches():  # the legend's own copies forget the width of their pattern's lines
        patch.set_hatch_linewidth(FINE[(patch.get_hatch() or ".")[0]])
