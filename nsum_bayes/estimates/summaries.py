"""Draws to tables: the last step, where draws become a median and an interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nsum_bayes.errors import ReleaseError

if TYPE_CHECKING:
    from nsum_bayes.estimates.estimates import Estimates

INTERVAL = 0.95
FEWEST_RESPONDENTS = 10

FIGURES = (
    "prevalence_mean",
    "prevalence_median",
    "prevalence_lower",
    "prevalence_upper",
    "count_median",
    "count_lower",
    "count_upper",
    "cv",
)
_PARTS = ("median", "lower", "upper")
PER_100K = ("per_100k_median", "per_100k_lower", "per_100k_upper")


@dataclass(frozen=True)
class Suppression:
    """Units surveyed by fewer than this many respondents show no figure, at any level.

    A unit without respondents is a model's prediction and exposes nobody. Hidden cells may still follow from totals:
    see the release rules before publishing.

    Parameters
    ----------
    min_respondents
        At least ten; no option goes below.
    """

    min_respondents: int = FEWEST_RESPONDENTS

    def __post_init__(self) -> None:
        if self.min_respondents < FEWEST_RESPONDENTS:
            raise ReleaseError(
                f"A unit needs {FEWEST_RESPONDENTS} respondents or more to be shown; {self.min_respondents} was asked.",
                where="fewest respondents",
                advice=f"Give {FEWEST_RESPONDENTS} or more.",
            )

    def hides(self, respondents: np.ndarray) -> np.ndarray:
        """Whether each unit's figures are hidden (unit,)."""
        return (respondents > 0) & (respondents < self.min_respondents)


def level_table(estimates: Estimates, level: str, suppress: Suppression) -> pd.DataFrame:
    """Table of one level; see `Estimates.table`."""
    draws = estimates.level_draws(level)
    units = [str(unit) for unit in draws.coords["unit"].values]
    respondents = estimates.level_respondents(level)
    own_information = estimates.level_information(level).transpose("unit", "group").values
    withheld = np.isnan(draws["prevalence"].values).any(axis=(0, 2))
    hidden = suppress.hides(respondents) | withheld
    frames = []
    for number, group in enumerate(estimates.groups):
        frame = _names(estimates, level, units)
        frame["group"] = group
        frame["wave"] = estimates.wave
        frame["denominator"] = estimates.denominator[group]
        frame["population"] = np.rint(draws["population"].values[:, number]).astype(np.int64)
        frame["respondents"] = respondents
        digits = int((estimates.meta.get("release") or {}).get("digits", 0))
        figures = interval_figures(
            draws["prevalence"].values[:, :, number], draws["population"].values[:, number], digits
        )
        frame[list(figures)] = pd.DataFrame(figures, index=frame.index)
        frame["estimate_type"] = _estimate_type(estimates, level, units)
        for name in ("median", "lower", "upper"):
            frame[f"per_100k_{name}"] = 1e5 * frame[f"prevalence_{name}"]
        frame["own_information"] = own_information[:, number]
        frame.loc[hidden, [*FIGURES, *PER_100K, "own_information"]] = np.nan
        frame.loc[hidden, "estimate_type"] = "suppressed"
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def estimates_markup(estimates: Estimates) -> str:
    """What a notebook shows of estimates: the nation and the widest level below it, each figure with its interval."""
    from nsum_bayes.data.markup import facts, grid, panel

    meta, shown = estimates.meta, []
    levels = ("nation", *estimates.areas.levels[-1:])
    for row in pd.concat([level_table(estimates, level, Suppression()) for level in levels]).to_dict("records"):
        spans = [_span(row, "prevalence", "{:.3%}"), _span(row, "count", "{:,.0f}")]
        shown.append((row["name"], row["group"], row["denominator"], *spans))
    said = {
        "counted": meta.get("construct", ""), "period": meta.get("period", ""), "wave": estimates.wave,
        "model": meta.get("model", ""), "verdict": meta.get("verdict", ""),
        "answers": "simulated" if meta.get("synthetic") else "",
    }  # fmt: skip
    caption = f"Posterior medians with {INTERVAL:.0%} intervals"
    table = grid(("unit", "group", "per", "prevalence", "persons"), shown, caption)
    return panel(f"Estimates: {meta.get('title', '')}", facts(said), table)


def _span(row: Mapping[Any, Any], what: str, form: str) -> str:
    """A figure with its interval in words."""
    if row["estimate_type"] == "suppressed":
        return "withheld"
    median, lower, upper = (form.format(row[f"{what}_{part}"]) for part in _PARTS)
    return f"{median} ({lower} to {upper})"


def _names(estimates: Estimates, level: str, units: list[str]) -> pd.DataFrame:
    """Columns area, name, level and the wider levels, for the units of one level."""
    table, levels = estimates.areas.table, estimates.areas.levels
    frame = pd.DataFrame({"area": units})
    if level == "area":
        frame["name"] = table["name"].reindex(units).to_numpy()
    else:
        frame["name"] = units
    frame["level"] = level
    wider = levels if level == "area" else levels[levels.index(level) :] if level in levels else ()
    first = table.assign(_unit=estimates.unit_of(level)).drop_duplicates("_unit").set_index("_unit").reindex(units)
    for name in levels:
        frame[name] = first[name].to_numpy() if name in wider else ""
    return frame


def point_estimate(draws: np.ndarray, loss: str) -> np.ndarray:
    """The figure with the smallest expected loss under draws (draw, …).

    Parameters
    ----------
    loss
        ``absolute``: the median. ``squared``: the mean. ``relative``: smallest expected |x − π| / π, the median of
        the draws weighted by 1/π; lower than the median, because an estimate can miss a small prevalence by any
        factor upwards but never by more than all of it downwards.
    """
    match loss:
        case "absolute":
            return np.median(draws, axis=0)
        case "squared":
            return draws.mean(axis=0)
        case "relative":
            ordered = np.sort(draws, axis=0)
            weight = np.cumsum(1.0 / ordered, axis=0)
            position = (weight < weight[-1] / 2).sum(axis=0)
            return np.take_along_axis(ordered, position[None], axis=0)[0]
    raise ValueError(f"there is no loss '{loss}'; losses are absolute, squared, relative")


def interval_figures(prevalence: np.ndarray, population: np.ndarray, digits: int = 0) -> dict[str, np.ndarray]:
    """Mean, median, interval and CV (unit,) of draws (draw, unit), counts to some significant digits (0: all)."""
    low, median, high = np.quantile(prevalence, [(1 - INTERVAL) / 2, 0.5, (1 + INTERVAL) / 2], axis=0)
    mean = prevalence.mean(axis=0)
    if digits:
        low, median, high, mean = (
            to_digits(part * population, digits) / population for part in (low, median, high, mean)
        )
    return {
        "prevalence_mean": mean,
        "prevalence_median": median,
        "prevalence_lower": low,
        "prevalence_upper": high,
        "count_median": median * population,
        "count_lower": low * population,
        "count_upper": high * population,
        "cv": prevalence.std(axis=0) / mean,
    }


def to_digits(values: np.ndarray, digits: int) -> np.ndarray:
    """Values with so many significant digits; zero and missing stay."""
    with np.errstate(divide="ignore", invalid="ignore"):
        order = np.floor(np.log10(np.abs(values)))
    step = 10.0 ** (np.where(np.isfinite(order), order, 0) - digits + 1)
    return np.round(values / step) * step


def _estimate_type(estimates: Estimates, level: str, units: list[str]) -> list[str]:
    """``survey`` where every area of the unit has respondents, ``synthetic`` where none has, else ``mixed``."""
    visited = pd.Series(estimates.respondents > 0).groupby(estimates.unit_of(level)).mean().reindex(units)
    return ["survey" if share == 1 else "synthetic" if share == 0 else "mixed" for share in visited]
