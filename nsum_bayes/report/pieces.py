"""What a page of the report is made of: tables of text, and pictures that travel inside the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nsum_bayes.report.wording import INTERVAL_WORDS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHORT = 25
"""Rows of a table that is never cut over two printed pages …"""
FULL = 6000
"""… unless its text alone fills one."""
PROSE = 250
"""Letters from which a table of words is one of sentences."""
DOTS_PER_INCH = 130
LONGEST_WORD = 32
KEPT_TOGETHER = ("Item", "Code", "Based on", "Respondents", f"{INTERVAL_WORDS} interval", "Interval of people")
"""Headings of columns whose cells are never broken."""


@dataclass(frozen=True)
class Grid:
    """A table of text.

    Parameters
    ----------
    caption
        What it shows.
    headings
        Of the columns.
    rows
        Cells as a reader sees them, in the order of the headings.
    numbers
        Headings of columns that stand to the right.
    name
        Identifier on the page; empty for none.
    """

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[str, ...] = ()
    name: str = ""

    @property
    def short(self) -> bool:
        """Whether it stands whole on one printed page."""
        return len(self.rows) <= SHORT and self.letters <= FULL

    @property
    def letters(self) -> int:
        """How much there is to read."""
        return sum(len(cell) for row in self.rows for cell in row)

    @property
    def sides(self) -> tuple[str, ...]:
        """Class of each column's cells."""
        return tuple(self._side(heading) for heading in self.headings)

    @property
    def is_prose(self) -> bool:
        """Whether it is sentences rather than figures, so that on a phone its cells stand one below the other."""
        return not self.numbers and len(self.headings) in (3, 4, 5) and self.letters > PROSE

    def _side(self, heading: str) -> str:
        return "number" if heading in self.numbers else "item" if heading in KEPT_TOGETHER else "words"

    def is_long(self, cell: str) -> bool:
        """Whether a word of a cell is so long that it may be broken anywhere."""
        return max(map(len, cell.split()), default=0) > LONGEST_WORD


@dataclass(frozen=True)
class Picture:
    """A figure as it stands in the page: its address holds it; width and height in pixels; a broad one is printed on a
    page that lies on its side.
    """

    title: str
    address: str
    described: str
    width: int
    height: int
    broad: bool = False


def facts(caption: str, said: Mapping[str, object], name: str = "") -> Grid:
    """Names and values as a table; what is empty is left out."""
    rows = tuple((label, str(value)) for label, value in said.items() if value not in ("", None))
    return Grid(caption, ("Entry", "Value"), rows, name=name)


def without(grid: Grid, *headings: str) -> Grid:
    """A table without some of its columns."""
    kept = [place for place, heading in enumerate(grid.headings) if heading not in headings]
    rows = tuple(tuple(row[place] for place in kept) for row in grid.rows)
    return Grid(grid.caption, tuple(grid.headings[place] for place in kept), rows, grid.numbers, grid.name)


def empty_columns(grid: Grid, among: Sequence[str]) -> list[str]:
    """Headings, of those given, under which every cell is empty."""
    told = {heading: any(row[place] for row in grid.rows) for place, heading in enumerate(grid.headings)}
    return [heading for heading in among if not told.get(heading, True)]


def picture(figure: Figure, title: str, described: str, broad: bool = False) -> Picture:
    """A figure as PNG inside its address; the same figure gives the same address."""
    memory = io.BytesIO()
    figure.savefig(memory, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    width, height = (round(side * DOTS_PER_INCH) for side in figure.get_size_inches())
    address = f"data:image/png;base64,{base64.b64encode(memory.getvalue()).decode()}"
    return Picture(title, address, described, width, height, broad)
