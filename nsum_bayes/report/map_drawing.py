"""What every map draws: fills by class, patterns, boundaries, rings round islands too small to be seen, and legends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nsum_bayes.report.classes import Classes, is_dark
from nsum_bayes.report.page import Column
from nsum_bayes.report.polygons import Shapes, Small, small_areas
from nsum_bayes.report.wording import unreliable_above

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nsum_bayes.estimates.estimates import Estimates

VISIBLE, RING = 2.2, 3.2  # points: an area smaller than the first is not seen; radius of the ring that shows it
NARROW = 7.0  # points: dots 2.4 apart may all miss an area smaller than this
DOTS, STRIPES, HATCHES = "." * 5, "/" * 5, "\\" * 4
FINE = {".": 0.25, "/": 0.5, "\\": 0.3}  # points: line width of the patterns
OUTLINE, HAIRLINE, DOT, STRIPE, PAPER = "#1a1a1a", "#6b6b6b", "#333333", "#8c8c8c", "#ffffff"


@dataclass(frozen=True)
class Marks:
    """What is said about areas besides their class, each (area,) of bool; ``limit`` is the CV of the unreliable."""

    unsurveyed: np.ndarray
    suppressed: np.ndarray
    missing: np.ndarray
    unreliable: np.ndarray
    limit: float


def marks_of(estimates: Estimates, rows: pd.DataFrame, shapes: Shapes) -> Marks:
    """The marks of a group's rows, in the order of the frame; a withheld figure has no other mark."""
    suppressed = (rows["estimate_type"] == "suppressed").to_numpy(dtype=bool)
    unsurveyed = np.asarray(estimates.respondents) == 0
    limit = unreliable_above(estimates)
    unreliable = rows["cv"].to_numpy(dtype=float) > limit  # a missing one is not above
    return Marks(unsurveyed & ~suppressed, suppressed, shapes.missing, unreliable & ~suppressed, limit)


def too_small(shapes: Shapes, scale: float) -> Small:
    """Areas that a page of this scale shows badly."""
    return small_areas(shapes, scale, visible=VISIBLE, ring=RING, narrow=NARROW)


def draw_areas(
    axes: Axes,
    shapes: Shapes,
    marks: Marks,
    fills: list[str],
    small: Small,
    *,
    hatched: np.ndarray | None = None,
    whole: int | None = None,
) -> None:
    """One map: fills, then patterns, then outlines, then rings.

    Parameters
    ----------
    fills
        Colour (area,).
    hatched
        Areas (area,) with hatches; by default those that are unreliable.
    whole
        Number of areas of the frame, by which lines are finer; by default these are all.
    """
    from matplotlib.collections import LineCollection, PathCollection

    root = np.sqrt(whole or len(fills))
    hairline = float(np.clip(6 / root, 0.12, 0.4))
    areas = PathCollection(shapes.paths, facecolors=fills, edgecolors=HAIRLINE, linewidths=hairline)
    areas.set_label("areas")
    axes.add_collection(areas, autolim=False)
    dark = np.array([is_dark(fill) for fill in fills])
    for shade, colour in ((~dark, DOT), (dark, PAPER)):
        _pattern(axes, shapes, marks.unsurveyed & shade & ~small.narrow, DOTS, colour, "unsurveyed")
        lone = small.inside[marks.unsurveyed & shade & small.narrow]
        axes.scatter(lone[:, 0], lone[:, 1], s=0.6, c=colour, linewidths=0, zorder=3, label="unsurveyed, narrow")
        _pattern(axes, shapes, (marks.unreliable if hatched is None else hatched) & shade, HATCHES, colour, "hatched")
    _pattern(axes, shapes, marks.suppressed, STRIPES, STRIPE, "suppressed")
    border = float(np.clip(16 / root, 0.5, 1.2))
    for label, outlines, width in (
        ("outlines", shapes.outlines, border),
        ("wider outlines", shapes.wider, 1.7 * border),
    ):
        lines = LineCollection(outlines, colors=OUTLINE, linewidths=width)
        lines.set_label(label)
        axes.add_collection(lines, autolim=False)
    _rings(axes, fills, marks, small)


def fills_of(classes: Classes) -> list[str]:
    """Colour of each area; paper where there is no figure."""
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


def write_heading(figure: Figure, column: Column, heading: str, unit: str) -> None:
    """What a map shows, and in which unit."""
    figure.text(column.left, column.heading, heading, fontsize=11.5, fontweight="bold", va="top")
    figure.text(column.left, column.unit, unit, fontsize=9, va="top", linespacing=1.25, parse_math=False)


def class_legend(axes: Axes, classes: Classes) -> None:
    """Class limits, each with its number of areas."""
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=colour, edgecolor=HAIRLINE, linewidth=0.5, label=f"{label}  ({count:,})")
        for colour, label, count in zip(classes.colours, classes.labels, classes.counts, strict=True)
    ]
    if handles:
        _legend(axes, handles, ncols=2, title="Class limits (number of areas)")


def mark_legend(axes: Axes, marks: Marks, rings: int, levels: Sequence[str], hatched: str = "") -> None:
    """What patterns, rings and lines mean; ``hatched`` says what hatches do, if not that a figure is unreliable."""
    from matplotlib.lines import Line2D

    unsurveyed, suppressed = int(marks.unsurveyed.sum()), int(marks.suppressed.sum())
    handles: list[Any] = []
    if unsurveyed:
        handles.append(_pattern_key(DOTS, DOT, f"No respondents ({unsurveyed:,})"))
    if marks.unreliable.any() or hatched:
        unreliable = f"Unreliable: CV above {marks.limit:g} ({int(marks.unreliable.sum()):,})"
        handles.append(_pattern_key(HATCHES, DOT, hatched or unreliable))
    if suppressed:
        handles.append(_pattern_key(STRIPES, STRIPE, f"Figure withheld ({suppressed:,})"))
    if rings:
        ring: dict[str, Any] = {"marker": "o", "markersize": 6.5, "markerfacecolor": PAPER, "markeredgecolor": OUTLINE}
        handles.append(
            Line2D([], [], linestyle="", markeredgewidth=0.6, **ring, label=f"Small island, enlarged ({rings:,})")
        )
    for level, width in zip(levels[:2], (1.1, 1.9), strict=False):
        handles.append(Line2D([], [], color=OUTLINE, linewidth=width, label=f"Boundary of a {level}"))
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
