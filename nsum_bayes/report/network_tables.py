"""Network sizes as a table for readers: how many people the people of each unit know."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nsum_bayes.errors import ModelError
from nsum_bayes.estimates.networks import ALIKE, FIGURES, network_sizes
from nsum_bayes.report.release import releasable_levels, replacing
from nsum_bayes.report.tables import stamped, write_csv

if TYPE_CHECKING:
    from nsum_bayes.estimates.estimates import Estimates, Suppression
    from nsum_bayes.inference.fit import Fit


def write_network_sizes(run: Fit, estimates: Estimates, out: str | Path, *, suppress: Suppression) -> list[Path]:
    """Write ``network_sizes.csv`` with every level that may be shown; no file for a model that cannot tell them."""
    try:
        table = network_sizes(run, releasable_levels(estimates), suppress=suppress)
    except ModelError:
        return []
    path = Path(out) / "network_sizes.csv"
    with replacing(path) as temporary:
        write_csv(stamped(table, estimates), temporary)
    return [path]


def network_size_said(run: Fit, suppress: Suppression) -> str:
    """The nation's mean network size in words, of the latest wave; nothing where it is withheld or cannot be told."""
    try:
        last = network_sizes(run, "nation", suppress=suppress).iloc[-1]
    except ModelError:
        return ""
    median, lower, upper = (float(last[name]) for name in FIGURES)
    if median != median:
        return ""
    over = "" if last["averaged_over"] == ALIKE else f", averaged over {last['averaged_over']}"
    return f"{median:,.0f} people (95 % interval {lower:,.0f} to {upper:,.0f}){over}"
