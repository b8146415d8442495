"""What may leave the house, and how a file gets to its place.

Two rules live here. A study of simulated answers about *real* places shows the nation and nothing below: a figure for
a named place would be invented, and a reader could take it for a finding. And a reader of a folder never meets half a
file: each is written beside its place under another name and renamed when whole.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nsum_bayes.errors import ReleaseError

if TYPE_CHECKING:
    from nsum_bayes.estimates.estimates import Estimates


def invents_places(estimates: Estimates) -> bool:
    """Whether the estimates come from simulated answers about places that are not said to be fictional."""
    return bool(estimates.meta.get("synthetic", False)) and not bool(estimates.meta.get("fictional_places", False))


def releasable_levels(estimates: Estimates) -> tuple[str, ...]:
    """Levels whose figures may be shown: all of them, or the nation alone for simulated answers about real places."""
    return ("nation",) if invents_places(estimates) else tuple(estimates.levels)


def refuse_invented_places(estimates: Estimates, level: str = "area") -> None:
    """Stop where figures of ``level`` would put an invented prevalence on a real, named place.

    Raises
    ------
    ReleaseError
        The answers are simulated, the places are not said to be fictional, and ``level`` is not the nation.
    """
    if level in releasable_levels(estimates):
        return
    raise ReleaseError(
        "This would show an invented prevalence for real places: the answers are simulated, the places are not.",
        where=f"study '{estimates.meta.get('title', '')}', level '{level}'",
        advice="Show the nation only; if the places are invented too, say fictional_places = true under [study].",
    )


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder; rename it to ``path`` when the block ends well, remove it otherwise.

    The suffix is kept, since writers such as GDAL look at it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.part{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
