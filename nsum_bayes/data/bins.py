"""Bins of a count, as a questionnaire writes them: "0", "1-2", "3-5", "6+"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import inf

Interval = tuple[int, float]

DASHES = str.maketrans({"–": "-", "—": "-", "−": "-"})
LABEL = re.compile(r"(\d+)(?:-(\d+)|(\+))?")


def bin_text(label: str) -> str:
    """A label without its spaces and capitals, and with the plain hyphen."""
    return "".join(label.split()).lower().translate(DASHES)


def intervals_of(labels: Sequence[str]) -> tuple[Interval, ...]:
    """Lowest and highest number of each bin; infinity where the bin is open.

    Parameters
    ----------
    labels
        A number ("0"), two with a dash between ("1-2") or, for the last bin, one with a plus sign ("6+").

    Raises
    ------
    ValueError
        A label of another form, or bins that do not start at zero or leave a gap.
    """
    if len(labels) < 2:
        raise ValueError('bins need two labels or more, such as ["0", "1-2", "3+"]')
    intervals: list[Interval] = []
    expected: float = 0
    for label in labels:
        low, high = _interval(label)
        if low != expected:
            raise ValueError(f"the bins must start at 0 and follow one another without a gap; '{label}' does not")
        intervals.append((low, high))
        expected = high + 1
    return tuple(intervals)


def _interval(label: str) -> Interval:
    found = LABEL.fullmatch(bin_text(label))
    if found is None:
        raise ValueError(f"'{label}' is no bin; write a number, two with a dash between, or for the last one '6+'")
    low = int(found[1])
    high = inf if found[3] else int(found[2] or low)
    if high < low:
        raise ValueError(f"the bin '{label}' ends before it starts")
    return low, high
