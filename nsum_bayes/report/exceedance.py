"""The probability that prevalence exceeds a threshold, as a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from nsum_bayes.report.release import releasable_levels, replacing
from nsum_bayes.report.tables import level_table, stamped, write_csv

if TYPE_CHECKING:
    from nsum_bayes.estimates.estimates import Estimates, Suppression


def exceedance_table(estimates: Estimates, threshold: float, level: str, suppress: Suppression) -> pd.DataFrame:
    """Probability per unit of a level and hidden group that prevalence exceeds ``threshold``.

    Parameters
    ----------
    threshold
        Share of the denominator, 0 to 1.
    suppress
        Rows withheld in the tables have no probability here either.
    """
    table = level_table(estimates, level, suppress)[["area", "name", "level", "group", "denominator", "estimate_type"]]
    chance = estimates.exceedance(threshold, level).transpose("unit", "group").to_pandas()
    rows, columns = (
        chance.index.get_indexer(pd.Index(table["area"])),
        chance.columns.get_indexer(pd.Index(table["group"])),
    )
    found = pd.Series(chance.to_numpy()[rows, columns], index=table.index)
    found = found.where(table["estimate_type"] != "suppressed")
    return stamped(table.assign(threshold=threshold, probability=found), estimates)


def write_exceedance(estimates: Estimates, threshold: float, out: str | Path, *, suppress: Suppression) -> Path:
    """Write ``exceedance.csv`` with every level that may be shown; give its path."""
    parts = [exceedance_table(estimates, threshold, level, suppress) for level in releasable_levels(estimates)]
    path = Path(out) / "exceedance.csv"
    with replacing(path) as temporary:
        write_csv(pd.concat(parts, ignore_index=True), temporary)
    return path
