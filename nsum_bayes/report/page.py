"""The page of a figure, laid out in inches: heading, stamp, footnote; and for maps three columns with their legends."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nsum_bayes.report.wording import footnote_of, stamp_of, subtitle_of, title_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nsum_bayes.estimates.estimates import Estimates
    from nsum_bayes.report.polygons import Bounds

MARGIN, GAP = 0.35, 0.3
HEADINGS, PANEL_STAMP, LEGEND, MARKS = 0.66, 0.2, 0.86, 0.36
TITLE_LINE, SUBTITLE_LINE, FOOT_LINE = 0.29, 0.19, 0.165
TALLEST, EDGE = 9.0, 0.03
STAMP_LETTER, STAMP_RED, SOFT_INK = 0.17, "#a50f15", "#333333"
TITLE_PER_INCH, SUBTITLE_PER_INCH, FOOT_PER_INCH = 7.6, 12.5, 16.5  # characters of each size of type


def words_of(estimates: Estimates, group: str, width: float, notes: Iterable[str] = (), after: str = "") -> Words:
    """What is written round every figure of a group; ``notes`` join the footnote, ``after`` the title."""
    return Words(
        width=width,
        title=f"{title_of(estimates, group)}{after}",
        subtitle=subtitle_of(estimates, group),
        footnote=footnote_of(estimates, group, *notes),
        stamp=stamp_of(estimates),
    )


@dataclass(frozen=True)
class Words:
    """What is written round a figure, wrapped to its width (inches); ``stamp`` may be empty."""

    width: float
    title: str
    subtitle: str
    footnote: str
    stamp: str = ""

    def _wrapped(self, text: str, per_inch: float, taken: float = 0.0) -> list[str]:
        return textwrap.wrap(text, int((self.width - 2 * MARGIN - taken) * per_inch))

    @property
    def title_lines(self) -> list[str]:
        """The title, leaving room for the stamp."""
        return self._wrapped(self.title, TITLE_PER_INCH, STAMP_LETTER * (len(self.stamp) + 1) if self.stamp else 0.0)

    @property
    def subtitle_lines(self) -> list[str]:
        """The line or lines below the title."""
        return self._wrapped(self.subtitle, SUBTITLE_PER_INCH)

    @property
    def footnote_lines(self) -> list[str]:
        """The footnote."""
        return self._wrapped(self.footnote, FOOT_PER_INCH)

    @property
    def head(self) -> float:
        """Height of the heading, inches."""
        return 0.44 + TITLE_LINE * len(self.title_lines) + SUBTITLE_LINE * len(self.subtitle_lines)

    @property
    def foot(self) -> float:
        """Height of the footnote, inches."""
        return 0.2 + FOOT_LINE * len(self.footnote_lines)

    def write_on(self, figure: Figure) -> None:
        """Write everything at its place on a figure of this width."""
        height, left = figure.get_figheight(), MARGIN / self.width
        below = 0.28 + TITLE_LINE * len(self.title_lines)
        soft: dict[str, Any] = {"color": SOFT_INK, "parse_math": False}
        title, subtitle, footnote = map("\n".join, (self.title_lines, self.subtitle_lines, self.footnote_lines))
        figure.text(left, 1 - 0.2 / height, title, fontsize=16, fontweight="bold", va="top", parse_math=False)
        figure.text(left, 1 - below / height, subtitle, fontsize=10, va="top", **soft)
        figure.text(left, 0.1 / height, footnote, fontsize=8, va="bottom", linespacing=1.3, **soft)
        if self.stamp:
            _stamp(figure, self.stamp)


def _stamp(figure: Figure, text: str) -> None:
    """A framed stamp in the upper right corner."""
    width, height = figure.get_size_inches()
    frame = {"boxstyle": "square,pad=0.35", "facecolor": "white", "edgecolor": STAMP_RED, "linewidth": 2.2}
    figure.text(
        1 - (MARGIN + 0.05) / width, 1 - 0.24 / height, text,
        fontsize=14, fontweight="bold", color=STAMP_RED, ha="right", va="top", bbox=frame,
    )  # fmt: skip


# --- three maps -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """One map's place: its axes, the axes of its legend, and where its heading goes (fractions of the page).

    ``strip`` is the lower left corner of the room for enlargements between map and legend.
    """

    map: Axes
    legend: Axes
    left: float
    heading: float
    unit: float
    strip: tuple[float, float]


@dataclass(frozen=True)
class Page:
    """A figure with its columns in place, the axes of the common legend, and points on paper per map unit."""

    figure: Figure
    columns: list[Column]
    marks: Axes
    scale: float


def slot_of(width: float, columns: int) -> float:
    """Width of each of so many columns on a page of this width, inches."""
    return (width - 2 * MARGIN - (columns - 1) * GAP) / columns


def map_size(slot: float, bounds: Bounds) -> tuple[float, float, float]:
    """Width and height of a map in a column (inches), and points on paper per map unit."""
    span_x, span_y = _span(bounds)
    tall = min(slot * span_y / span_x, TALLEST)
    wide = tall * span_x / span_y
    return wide, tall, 72 * wide / span_x


def lay_out(words: Words, bounds: Bounds, columns: int = 3, legend: float = LEGEND, strip: float = 0.0) -> Page:
    """Make the figure for maps of ``bounds``; its height follows from the shape of the country.

    ``legend`` is the height of the legends below the maps, ``strip`` that of the room for enlargements between them
    and the maps, in inches.
    """
    from matplotlib.figure import Figure

    width = words.width
    slot = slot_of(width, columns)
    wide, tall, scale = map_size(slot, bounds)
    headings = HEADINGS + (PANEL_STAMP if words.stamp else 0.0)
    below = words.foot + MARKS + legend + 0.12
    bottom = below + strip
    height = bottom + tall + headings + words.head
    figure = Figure(figsize=(width, height), facecolor="white")

    def axes(left: float, low: float, across: float, up: float) -> Axes:
        made = figure.add_axes((left / width, low / height, across / width, up / height))
        made.set_axis_off()
        return made

    placed = []
    for left in (MARGIN + number * (slot + GAP) for number in range(columns)):
        country = axes(left + (slot - wide) / 2, bottom, wide, tall)
        _frame(country, bounds)
        key = axes(left, words.foot + MARKS, slot, legend)
        top = bottom + tall + headings
        corner = (left / width, below / height)
        placed.append(Column(country, key, left / width, top / height, (top - 0.24) / height, corner))
        if words.stamp:
            _panel_stamp(figure, left / width, (bottom + tall + 0.05) / height, words.stamp)
    words.write_on(figure)
    marks = axes(MARGIN, words.foot, width - 2 * MARGIN, MARKS - 0.1)
    return Page(figure, placed, marks, scale)


def _span(bounds: Bounds) -> tuple[float, float]:
    """Extent of the frame with a little sea around; never nothing, so that a single point can be drawn."""
    x, y = bounds[2] - bounds[0], bounds[3] - bounds[1]
    sea = 2 * EDGE * max(x, y, 1e-6)
    return x + sea, y + sea


def _frame(axes: Axes, bounds: Bounds) -> None:
    span_x, span_y = _span(bounds)
    middle_x, middle_y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    axes.set_xlim(middle_x - span_x / 2, middle_x + span_x / 2)
    axes.set_ylim(middle_y - span_y / 2, middle_y + span_y / 2)


def _panel_stamp(figure: Figure, left: float, low: float, text: str) -> None:
    """The stamp again over each map, so that it survives cutting a panel out."""
    figure.text(left, low, text, fontsize=8.5, fontweight="bold", color=STAMP_RED, va="bottom")
