"""What an interactive map says of each unit: figures of shown units only, in classes whose limits hold for all waves.

Everything here becomes JSON. A withheld unit has its name and its place and nothing else: no figure, no class, no part
in any scale, no number of respondents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nsum_bayes.estimates.summaries import FEWEST_RESPONDENTS, Suppression
from nsum_bayes.report.classes import Classes, classify, quantile_limits
from nsum_bayes.report.public import class_of
from nsum_bayes.report.wording import rate_of, threshold_of, typical_share

if TYPE_CHECKING:
    from nsum_bayes.estimates.estimates import Estimates

TAIL = (0.0, 0.0025, 0.005, 0.01, 0.0175)
PROBABILITIES = np.array([*TAIL, *np.linspace(0.025, 0.975, 31), *(1 - part for part in reversed(TAIL))])
"""Of the 41 quantiles a unit's chance of exceeding a threshold is read from: closer where a tail bends."""
PER = 100_000.0
"""Shares travel as numbers per 100,000, short in text."""
KINDS = ("survey", "mixed", "synthetic", "suppressed")
RAMPS = {"median": "YlGnBu", "ratio": "Purples"}
STEPS = 81
"""Of the threshold, from the lowest to the highest limit of an interval."""


@dataclass(frozen=True)
class Told:
    """One group's figures: tables by level and wave, with the quantiles of the units that are shown.

    Attributes
    ----------
    tables
        By level and wave, the rows of `Estimates.table` in the order of `Estimates.level_draws`.
    quantiles
        By level and wave, shares (unit, probability), not a number where withheld.
    """

    group: str
    tables: Mapping[tuple[str, str], pd.DataFrame]
    quantiles: Mapping[tuple[str, str], np.ndarray]

    def pooled(self, column: str, level: str | None = None) -> np.ndarray:
        """A column over all waves, and over all levels unless one is named."""
        wanted = [table[column] for (one, _), table in self.tables.items() if level in (None, one)]
        return np.concatenate([np.asarray(part, dtype=float) for part in wanted])


def told(estimates: Estimates, group: str, levels: Iterable[str], suppress: Suppression) -> Told:
    """Collect what is shown of a group."""
    tables, quantiles = {}, {}
    for wave, one in estimates.by_wave.items():
        for level in levels:
            table = one.table(level, suppress)
            rows = table[table["group"] == group].reset_index(drop=True)
            draws = one.level_draws(level)["prevalence"].sel(group=group).transpose("draw", "unit").values
            shown = (rows["estimate_type"] != "suppressed").to_numpy(dtype=bool)
            found = np.full((len(rows), len(PROBABILITIES)), np.nan)
            found[shown] = np.quantile(draws[:, shown], PROBABILITIES, axis=0).T
            tables[level, wave], quantiles[level, wave] = rows, found
    return Told(group, tables, quantiles)


# --- scales ---------------------------------------------------------------------------------------------------------


def scale_of(estimates: Estimates, said: Told, level: str, suppress: Suppression) -> tuple[float, str]:
    """Factor and words of the rate, from the latest wave with a figure."""
    for wave, one in reversed(estimates.by_wave.items()):
        share, _ = typical_share(one, said.group, said.tables[level, wave], suppress)
        if not np.isnan(share):
            return rate_of(share)
    return rate_of(0.001)


def threshold_in(
    estimates: Estimates, said: Told, level: str, threshold: float | None, suppress: Suppression
) -> tuple[float, str]:
    """Where the threshold begins, and what it is; without one it is said to three digits, and meant as it is said."""
    if threshold is not None:
        return threshold_of(estimates, said.group, threshold, said.tables[level, estimates.wave], suppress)[0], ""
    for wave, one in reversed(estimates.by_wave.items()):
        share, origin = typical_share(one, said.group, said.tables[level, wave], suppress)
        if not np.isnan(share):
            return _three_digits(share), f"{origin}, wave {wave}" if len(estimates.waves) > 1 else origin
    return threshold_of(estimates, said.group, None, said.tables[level, estimates.wave], suppress)


def thresholds_around(said: Told, begin: float) -> list[float]:
    """Thresholds to choose from, rising, as shares; from the intervals that are shown."""
    limits = np.concatenate([said.pooled("prevalence_lower"), said.pooled("prevalence_upper")])
    limits = limits[np.isfinite(limits) & (limits > 0)]
    if not len(limits):
        return [begin]
    steps = [_three_digits(step) for step in np.geomspace(limits.min(), limits.max(), STEPS)]
    return sorted({begin, *(step for step in steps if 0 < step < 1)})


def classes_of(said: Told, level: str, factor: float) -> dict[str, Any]:
    """Classes of a level's medians and interval ratios, with limits pooled over waves so that waves compare."""
    lower, upper = said.pooled("prevalence_lower", level), said.pooled("prevalence_upper", level)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((lower == 0) & (upper == 0), np.nan, upper / lower)
    values = {"median": factor * said.pooled("prevalence_median", level), "ratio": ratio}
    return {name: legend_of(classify(one, quantile_limits(one), RAMPS[name])) for name, one in values.items()}


def legend_of(classes: Classes) -> dict[str, Any]:
    """Limits, colours and labels of classes; an infinite limit is null."""
    limits = numbers(classes.limits, 6)
    return {"limits": limits, "colours": list(classes.colours), "labels": list(classes.labels)}


# --- columns --------------------------------------------------------------------------------------------------------


def columns_of(rows: pd.DataFrame, quantiles: np.ndarray, classed: bool) -> dict[str, list[Any]]:
    """What is told of each unit of a level in one wave.

    Parameters
    ----------
    classed
        Numbers of respondents are told as the lower limit of their class. They are where any unit of the wave is
        withheld: from exact ones, its own would follow by subtraction.
    """
    shown = (rows["estimate_type"] != "suppressed").to_numpy(dtype=bool)
    asked = rows["respondents"].to_numpy(dtype=int)
    asked = class_of(asked) if classed else asked
    columns: dict[str, list[Any]] = {"kind": [KINDS.index(kind) for kind in rows["estimate_type"]]}
    for part in ("median", "lower", "upper"):
        columns[part] = numbers(PER * rows[f"prevalence_{part}"].to_numpy(dtype=float))
        columns[f"count_{part}"] = numbers(rows[f"count_{part}"].to_numpy(dtype=float))
    columns["cv"] = numbers(rows["cv"].to_numpy(dtype=float), 3)
    told_of = shown & (asked >= FEWEST_RESPONDENTS)
    columns["asked"] = [int(number) if yes else None for number, yes in zip(asked, told_of, strict=True)]
    columns["quantiles"] = [numbers(PER * row) if yes else None for row, yes in zip(quantiles, shown, strict=True)]
    return columns


def hides_any(said: Told, wave: str) -> bool:
    """Whether a unit of a wave is withheld at any level."""
    return any((table["estimate_type"] == "suppressed").any() for (_, one), table in said.tables.items() if one == wave)


def numbers(values: Iterable[float], digits: int = 5) -> list[float | None]:
    """Numbers to so many significant digits; null for what is missing or infinite."""
    return [float(f"{value:.{digits}g}") if np.isfinite(value) else None for value in values]


def _three_digits(share: float) -> float:
    return float(f"{share:.3g}")
