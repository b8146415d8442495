"""Estimates beside the truth, where the answers were simulated and the truth is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nsum_bayes.estimates.summaries import INTERVAL

if TYPE_CHECKING:
    from nsum_bayes.estimates.estimates import Estimates


def beside_truth(estimates: Estimates, truth: pd.DataFrame) -> pd.DataFrame:
    """Each unit's true prevalence beside its posterior median and interval.

    Parameters
    ----------
    estimates
        Of the simulated study.
    truth
        Columns level, unit, group, prevalence: what `Truth.table` gives and truth.csv holds.

    Returns
    -------
    pandas.DataFrame
        level, unit, group, surveyed, truth, median, lower, upper, inside: one row a unit and hidden group.
    """
    return pd.concat([_level(estimates, truth, level) for level in estimates.levels], ignore_index=True)


def _level(estimates: Estimates, truth: pd.DataFrame, level: str) -> pd.DataFrame:
    draws = estimates.level_draws(level)["prevalence"].transpose("draw", "unit", "group")
    units, groups = draws.indexes["unit"].astype(str), draws.indexes["group"].astype(str)
    lower, median, upper = np.quantile(draws.values, [(1 - INTERVAL) / 2, 0.5, (1 + INTERVAL) / 2], axis=0)
    wide = truth[truth["level"] == level].pivot(index="unit", columns="group", values="prevalence")
    true = wide.reindex(index=units, columns=groups).to_numpy(dtype=float)
    visited = pd.Series(estimates.respondents > 0).groupby(estimates.unit_of(level)).any().reindex(units).to_numpy()
    rows = pd.MultiIndex.from_product([units, groups], names=["unit", "group"]).to_frame(index=False)
    return rows.assign(
        level=level,
        surveyed=np.repeat(visited, len(groups)),
        truth=true.ravel(),
        median=median.ravel(),
        lower=lower.ravel(),
        upper=upper.ravel(),
        inside=((lower <= true) & (true <= upper)).ravel(),
    )


def intervals_holding_truth(comparison: pd.DataFrame) -> pd.DataFrame:
    """How many intervals hold the truth, by level, group and whether the unit was surveyed: units, inside.

    One data set says little about coverage: its areas share one national error.
    """
    counted = comparison.groupby(["level", "group", "surveyed"], sort=False)["inside"].agg(units="size", inside="sum")
    return counted.reset_index()
