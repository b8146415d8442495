"""How a fault in a study is worded: what is wrong, where, what to do; rows by number, never by content."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

Fault = tuple[str, str, str]

SHOWN = 8


def rows_text(rows: Iterable[int] | np.ndarray) -> str:
    """'rows 3, 7 and 2 more' from row positions counted from zero; the first row under the header is row 1."""
    numbers = [int(row) + 1 for row in rows]
    noun = "row" if len(numbers) == 1 else "rows"
    return f"{noun} {joined([str(number) for number in numbers])}"


def listing(items: Iterable[object]) -> str:
    """Quoted items in their order, shortened after the first few."""
    return joined([f"'{item}'" for item in items])


def joined(items: Sequence[str]) -> str:
    """Items as running text, shortened after the first few."""
    if len(items) > SHOWN:
        return f"{', '.join(items[:SHOWN])} and {len(items) - SHOWN} more"
    if len(items) > 1:
        return f"{', '.join(items[:-1])} and {items[-1]}"
    return "".join(items)


def counted(number: int, noun: str) -> str:
    """'1 value' or '3 values'."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
