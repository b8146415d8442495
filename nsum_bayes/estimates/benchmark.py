"""Agreement with totals from outside, draw by draw: scaled to them, or weighed by them.

- *Scaling* (``ratio``): each draw's areas are multiplied so that their sum is a draw of the outside total. The survey
  then tells how the total is spread, and the outside source how large it is, with its own error.
- *Weighing* (``weights``): the outside figure is one more observation, log figure ~ Normal(log Σ_a N_a, √log(1 + cv²)),
  and draws of the posterior are resampled by its likelihood. What survey and source say is combined, as far as the
  effective number of draws allows, which is reported (Smith, Gelfand 1992, doi:10.2307/2684170).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nsum_bayes.errors import ReleaseError, suggestion

if TYPE_CHECKING:
    from nsum_bayes.estimates.estimates import Estimates

FEWEST = 100.0
"""Effective draws below which a weighed posterior is refused."""
METHODS = ("ratio", "weights")
COLUMNS = ("group", "level", "unit", "estimate", "se", "source")


def benchmarked(
    estimates: Estimates, totals: pd.DataFrame | Sequence[Mapping[str, Any]], method: str, seed: int
) -> Estimates:
    """The same estimates in agreement with totals; see `Estimates.benchmark`."""
    where = "benchmark"
    if method not in METHODS:
        advice = "Take 'ratio' (the source says how many, the survey where) or 'weights' (both say how many)."
        raise ReleaseError(f"There is no method '{method}'.{suggestion(method, METHODS)}", where=where, advice=advice)
    if np.isnan(estimates.draws["prevalence"].values).any():
        advice = "Benchmark first, then withhold."
        raise ReleaseError("Draws of some areas are withheld, so nothing can be summed.", where=where, advice=advice)
    table = _checked(estimates, totals, method)
    rng = np.random.default_rng(np.random.SeedSequence((seed, 31)))
    return _scaled(estimates, table, rng) if method == "ratio" else _weighed(estimates, table, rng)


def _checked(estimates: Estimates, totals: pd.DataFrame | Sequence[Mapping[str, Any]], method: str) -> pd.DataFrame:
    """Totals with every column, units of the frame and figures that can be."""
    where, table = "benchmark, totals", pd.DataFrame(totals).copy()
    absent = [name for name in ("group", "estimate", "se") if name not in table]
    unknown = [str(name) for name in table.columns if name not in COLUMNS]
    if absent or unknown or not len(table):
        what = f"Totals have no column '{absent[0]}'." if absent else "There are no totals."
        what = f"Totals have a column '{unknown[0]}' that is not known." if unknown else what
        raise ReleaseError(what, where=where, advice=f"Columns are {', '.join(COLUMNS)}; one row a total.")
    for name, default in _DEFAULTS.items():
        given = table[name].replace("", None) if name in table else pd.Series([None] * len(table), index=table.index)
        table[name] = given.astype(object).where(given.notna(), default)
    for row in table.to_dict("records"):
        _check_total(estimates, row, method)
    twice = table.duplicated(["group", "level", "unit"])
    if method == "ratio":
        covered: dict[str, np.ndarray] = {
            group: np.zeros(len(estimates.areas), dtype=int) for group in estimates.groups
        }
        for row in table.to_dict("records"):
            covered[row["group"]] += estimates.unit_of(row["level"]) == row["unit"]
        twice |= table["group"].map(lambda group: bool((covered[group] > 1).any()))
    if twice.any():
        what = f"Two totals of '{table.loc[twice, 'group'].iloc[0]}' are of the same areas."
        raise ReleaseError(what, where=where, advice="Give each area at most one total to scale to, or use 'weights'.")
    return table


_DEFAULTS = {"level": "nation", "unit": "nation", "source": ""}


def _check_total(estimates: Estimates, row: Mapping[Any, Any], method: str) -> None:
    where = f"benchmark, total of '{row['group']}'"
    if row["group"] not in estimates.groups:
        what = f"'{row['group']}' is not a hidden group.{suggestion(str(row['group']), estimates.groups)}"
        raise ReleaseError(what, where=where, advice=f"Hidden groups are {', '.join(estimates.groups)}.")
    units = np.unique(estimates.unit_of(row["level"])).tolist()
    if row["unit"] not in units:
        what = f"Level '{row['level']}' has no unit '{row['unit']}'.{suggestion(str(row['unit']), units)}"
        raise ReleaseError(what, where=where, advice="Name a unit of the frame; nation = 'nation'.")
    if not (row["estimate"] > 0 and row["se"] >= 0) or (method == "weights" and row["se"] <= 0):
        what = "A total must be above zero, and its standard error not negative (above zero to weigh by it)."
        raise ReleaseError(what, where=where, advice="Give persons, with the standard error of that number.")


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values, for JSON too."""
    numbers = {"estimate": float, "se": float}
    return [{str(n): numbers.get(str(n), str)(v) for n, v in row.items()} for row in table.to_dict("records")]


def _log_sd(row: Mapping[Any, Any]) -> float:
    return float(np.sqrt(np.log1p((row["se"] / row["estimate"]) ** 2)))


def _scaled(estimates: Estimates, table: pd.DataFrame, rng: np.random.Generator) -> Estimates:
    draws = _by_area(estimates)
    report = []
    for row in _rows(table):
        here, group, counted = _members(estimates, draws, row)
        sd = _log_sd(row)
        total = row["estimate"] * np.exp(sd * rng.standard_normal(len(draws)) - sd**2 / 2)
        draws[:, here, group] *= (total / counted)[:, None]
        above = float((draws[:, here, group] > 1.0).mean())
        draws[:, here, group] = np.minimum(draws[:, here, group], 1.0)
        report.append({**row, "ratio": float(np.median(total / counted)), "share_above_one": above})
    return _told(estimates, draws, report, "scaled draw by draw to totals from outside")


def _weighed(estimates: Estimates, table: pd.DataFrame, rng: np.random.Generator) -> Estimates:
    draws = _by_area(estimates)
    log_weight = np.zeros(len(draws))
    report: list[dict[str, Any]] = []
    for row in _rows(table):
        _, _, counted = _members(estimates, draws, row)
        log_weight -= 0.5 * ((np.log(row["estimate"]) - np.log(counted)) / _log_sd(row)) ** 2
        report.append({**row, "ratio": float(row["estimate"] / np.median(counted))})
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    effective = float(1.0 / (weight**2).sum())
    if effective < FEWEST:
        raise ReleaseError(
            f"The totals and the survey hardly meet: {effective:.0f} effective draws are left of {len(draws):,}.",
            where="benchmark",
            advice="Look at both; they contradict each other, or the fit needs more draws. "
            "'ratio' takes the totals for right.",
        )
    # Systematic resampling: each draw as often as its weight says, give or take one.
    places = (rng.uniform() + np.arange(len(draws))) / len(draws)
    taken = np.minimum(np.searchsorted(np.cumsum(weight), places), len(draws) - 1)
    report = [{**row, "effective_draws": effective} for row in report]
    again = {wave: replace(one, draws=one.draws.isel(draw=taken)) for wave, one in estimates.earlier.items()}
    resampled = replace(estimates, draws=estimates.draws.isel(draw=taken), earlier=again)
    return _told(resampled, draws[taken], report, "weighed by totals from outside")


def _members(estimates: Estimates, draws: np.ndarray, row: Mapping[Any, Any]) -> tuple[np.ndarray, int, np.ndarray]:
    """Which areas a total is of, the position of its group, and how many members they have by the draws (draw,)."""
    group = estimates.groups.index(row["group"])
    here = estimates.unit_of(row["level"]) == row["unit"]
    return here, group, draws[:, here, group] @ estimates.denominators()[here, group]


def _by_area(estimates: Estimates) -> np.ndarray:
    return estimates.draws["prevalence"].transpose("draw", "area", "group").values.astype(float)


def _told(estimates: Estimates, draws: np.ndarray, report: list[dict[str, Any]], how: str) -> Estimates:
    """Estimates with other draws and what was done to them; uncertainty by source is no longer what it was."""
    values = estimates.draws["prevalence"].transpose("draw", "area", "group").copy(data=draws.astype(np.float32))
    meta = {name: value for name, value in estimates.meta.items() if name != "uncertainty"}
    meta |= {"benchmark": {"how": how, "totals": report}}
    return replace(estimates, draws=estimates.draws.assign(prevalence=values), meta=meta)
