"""Enlargements of dense cities and clusters of small islands, in a strip below each map; none where all can be seen.

Which parts are enlarged follows from polygons and the size of the page alone, never from a figure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nsum_bayes.report.map_drawing import OUTLINE, PAPER, Marks, draw_areas, too_small
from nsum_bayes.report.page import Column, Page, map_size, slot_of
from nsum_bayes.report.polygons import Bounds, Shapes, largest_pieces

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 4
FEW = 4
"""So many small areas or fewer are all enlarged; of more, those that lie together."""
LEGIBLE = 2.0 * (72 / 25.4) ** 2
"""Square points on paper (2 mm²): a smaller area is hard to make out."""
LEAST_TIMES, MOST_TIMES = 4.0, 12.0
"""How many times larger than on the map."""
TINIEST = 1e-3  # share of the legible size: what is smaller weighs no more
LARGEST, APART, ROOM = 1.35, 0.1, 0.14  # inches: side of an enlargement, space between two, space above and below
SEA = 0.06  # share of an enlargement's side left free on each side


@dataclass(frozen=True)
class Window:
    """One enlargement: its letter, what it shows, and points on paper per map unit."""

    letter: str
    bounds: Bounds
    scale: float


@dataclass(frozen=True)
class Insets:
    """Enlargements of a map, squares of ``side`` inches; ``scale`` is the map's own, in points per map unit."""

    windows: tuple[Window, ...]
    side: float
    scale: float

    @property
    def height(self) -> float:
        """Room that they need below the map, inches."""
        return self.side + 2 * ROOM if self.windows else 0.0

    @property
    def sentences(self) -> list[str]:
        """What a footnote says about them."""
        if not self.windows:
            return []
        letters = [window.letter for window in self.windows]
        named = f"Frame {letters[0]} is" if len(letters) == 1 else f"Frames {letters[0]} to {letters[-1]} are"
        times = sorted({round(window.scale / self.scale) for window in self.windows})
        return [f"{named} enlarged below the map, {' to '.join(map(str, {times[0]: 0, times[-1]: 0}))} times."]


def insets_of(shapes: Shapes, width: float, columns: int) -> Insets:
    """The enlargements that maps of these areas need, in so many columns on a page of this width (inches).

    Greedy: the frame that holds most of what is hard to make out, then the next of the rest, four at most. An island
    that has a ring already needs no enlargement.
    """
    slot = slot_of(width, columns)
    side = min((slot - (MOST - 1) * APART) / MOST, LARGEST)
    _, _, scale = map_size(slot, shapes.bounds)
    boxes, lacking = _hard_to_see(shapes, scale)
    reach, needed = 72 * side / (LEAST_TIMES * scale), 1 if 0 < len(boxes) <= FEW else 2
    frames: list[Bounds] = []
    while len(boxes) and len(frames) < MOST:
        inside = _within(boxes, reach)
        best = int((inside @ lacking).argmax())
        if inside[best].sum() < needed:
            break
        frame = _frame_round(boxes[inside[best]], 72 * side / (MOST_TIMES * scale))
        fresh = not any(_overlap(frame, other) for other in frames)
        frames += [frame] * fresh
        gone = inside[best] if fresh else np.arange(len(boxes)) == best
        boxes, lacking = boxes[~gone], lacking[~gone]
    windows = (
        Window(chr(ord("A") + number), frame, 72 * side / (frame[2] - frame[0]))
        for number, frame in enumerate(sorted(frames, key=lambda one: (-one[3], one[0])))
    )
    return Insets(tuple(windows), side, scale)


def draw_insets(
    page: Page,
    column: Column,
    insets: Insets,
    shapes: Shapes,
    marks: Marks,
    fills: list[str],
    hatched: np.ndarray | None = None,
) -> None:
    """Draw the enlargements of one map below it, each with its frame on the map; arguments as of `draw_areas`."""
    width, height = page.figure.get_size_inches()
    hatched = marks.unreliable if hatched is None else hatched
    for number, window in enumerate(insets.windows):
        _locate(column.map, window)
        left = column.strip[0] + number * (insets.side + APART) / width
        low = column.strip[1] + ROOM / height
        axes = page.figure.add_axes((left, low, insets.side / width, insets.side / height))
        axes.set_label(f"enlargement {window.letter}")
        axes.set(xlim=window.bounds[::2], ylim=window.bounds[1::2], xticks=[], yticks=[])
        here = _near(shapes, window.bounds)
        part, said = _part(shapes, here), _marks_at(marks, here)
        colours, small = [fills[position] for position in here], too_small(part, window.scale)
        draw_areas(axes, part, said, colours, small, hatched=hatched[here], whole=len(fills))
        axes.text(0, 1.02, window.letter, transform=axes.transAxes, **LETTER, ha="left", va="bottom")


LETTER: dict[str, Any] = {
    "fontsize": 8,
    "fontweight": "bold",
    "zorder": 7,
    "bbox": {"boxstyle": "square,pad=0.15", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.85},
}


# --- which parts ----------------------------------------------------------------------------------------------------


def _hard_to_see(shapes: Shapes, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Bounds (small, 4) of areas that are hard to make out and have no ring, and the log of what each lacks in size."""
    import shapely

    size = shapely.area(shapes.geometry) * scale**2 / LEGIBLE
    small = (size < 1) & ~shapes.missing
    small[too_small(shapes, scale).isolates] = False
    return np.asarray(shapely.bounds(largest_pieces(shapes.geometry)[small])), -np.log(size[small].clip(TINIEST))


def _within(boxes: np.ndarray, reach: float) -> np.ndarray:
    """Which areas (box, box) lie wholly in a square of this side round the middle of each; each holds its own."""
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    low = (boxes[None, :, :2] >= middle[:, None] - reach / 2).all(axis=2)
    high = (boxes[None, :, 2:] <= middle[:, None] + reach / 2).all(axis=2)
    found: np.ndarray = low & high
    np.fill_diagonal(found, True)
    return found


def _frame_round(boxes: np.ndarray, least: float) -> Bounds:
    """A square round these boxes with a little sea, its side no less than ``least``."""
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    half = max(float((high - low).max()) / (1 - 2 * SEA), least) / 2
    x, y = (low + high) / 2
    return (float(x - half), float(y - half), float(x + half), float(y + half))


def _overlap(one: Bounds, other: Bounds) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _near(shapes: Shapes, bounds: Bounds) -> np.ndarray:
    """Positions of the areas that a window shows."""
    import shapely

    return np.flatnonzero(shapely.intersects(shapes.geometry, shapely.box(*bounds)))


def _part(shapes: Shapes, here: np.ndarray) -> Shapes:
    return replace(shapes, geometry=shapes.geometry[here], paths=[shapes.paths[position] for position in here])


def _marks_at(marks: Marks, here: np.ndarray) -> Marks:
    names = ("unsurveyed", "suppressed", "missing", "unreliable")
    return replace(marks, **{name: getattr(marks, name)[here] for name in names})


# --- drawing --------------------------------------------------------------------------------------------------------


def _locate(axes: Axes, window: Window) -> None:
    """The window's frame on the map, with its letter."""
    from matplotlib.patches import Rectangle

    left, low, right, high = window.bounds
    frame = Rectangle((left, low), right - left, high - low, fill=False, edgecolor=OUTLINE, linewidth=0.8, zorder=6)
    frame.set_label("frame")
    axes.add_patch(frame)
    axes.annotate(
        window.letter, (left, high), xytext=(-1.5, 1.5), textcoords="offset points", ha="right", va="bottom", **LETTER
    )
