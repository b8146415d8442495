"""Estimates as a release shows them: what is hidden has no draws, counts are rounded, sizes of samples are classes.

The product is `Estimates` like any other, so every writer takes it as it is and none can tell more than it holds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from nsum_bayes.estimates.estimates import Estimates
from nsum_bayes.estimates.summaries import interval_figures, to_digits
from nsum_bayes.estimates.withholding import without_covariates
from nsum_bayes.report.rules import ReleaseRules
from nsum_bayes.report.suppression import Cells, Decision, Unit, decide

CLASSES = np.array([1, 10, 25, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000])
"""Lower limits of the classes in which the number of respondents is told."""
IMPRECISE = "too imprecise"
OWN = "too little information of its own"


@dataclass(frozen=True)
class Cleared:
    """Estimates that may go out under some rules, and what was decided about them.

    Attributes
    ----------
    estimates
        The product.
    decisions
        By wave, an empty name for a study of one.
    unreliable
        Cells hidden for quality: wave, level, unit, group and reason.
    """

    estimates: Estimates
    decisions: Mapping[str, Decision]
    unreliable: tuple[tuple[str, str, str, str, str], ...]


def clear(
    estimates: Estimates, rules: ReleaseRules, earlier: Mapping[str, Collection[tuple[int, ...]]] | None = None
) -> Cleared:
    """Apply release rules to estimates.

    Parameters
    ----------
    estimates
        As `estimate` gives them, with the draws of every area.
    rules
        Of the release.
    earlier
        By wave, sets of positions of areas whose totals earlier releases have shown.

    Raises
    ------
    ReleaseError
        What earlier releases showed does not nest with what this one would.
    """
    decisions, unreliable, waves = {}, [], {}
    for wave, one in estimates.by_wave.items():
        decisions[wave] = decide(cells_of(one, (earlier or {}).get(wave, ())), rules)
        waves[wave], poor = _product(one, decisions[wave], rules)
        unreliable += [(wave, *cell) for cell in poor]
    latest = waves.pop(estimates.wave)
    return Cleared(replace(latest, earlier=waves), decisions, tuple(unreliable))


def cells_of(estimates: Estimates, earlier: Collection[tuple[int, ...]] = ()) -> Cells:
    """What the decision about one wave rests on."""
    cap = estimates.denominators()
    mean = estimates.draws["prevalence"].transpose("draw", "area", "group").mean("draw").values.astype(float)
    return Cells(units_of(estimates), np.asarray(estimates.respondents), mean * cap, cap, earlier)


def units_of(estimates: Estimates) -> dict[Unit, tuple[int, ...]]:
    """Positions of the areas of each unit of each level."""
    units: dict[Unit, tuple[int, ...]] = {}
    for level in estimates.levels:
        labels = estimates.unit_of(level)
        positions = pd.Series(np.arange(len(labels))).groupby(labels, sort=True)
        units |= {(level, str(unit)): tuple(rows.tolist()) for unit, rows in positions}
    return units


# --- the product ----------------------------------------------------------------------------------------------------


def _product(
    estimates: Estimates, decision: Decision, rules: ReleaseRules
) -> tuple[Estimates, list[tuple[str, str, str, str]]]:
    """One wave as the release shows it, and what is hidden in it for quality."""
    levels, poor = {}, []
    for level in estimates.levels:
        levels[level], weak = _level(estimates, level, decision, rules)
        poor += weak
    codes = list(estimates.areas.codes)
    areas = levels.pop("area").sel(unit=codes).rename(unit="area")
    return (
        replace(
            estimates,
            areas=without_covariates(estimates.areas),
            draws=estimates.draws.assign(prevalence=areas["prevalence"].transpose("draw", "area", "group")),
            respondents=areas["respondents"].values,
            own_information=areas["own_information"].transpose("area", "group"),
            wider=levels,
            meta={**estimates.meta, **_told(rules)},
        ),
        poor,
    )


def _told(rules: ReleaseRules) -> dict[str, Any]:
    return {"release": rules.model_dump(), "restricted": rules.restricted}


def _level(
    estimates: Estimates, level: str, decision: Decision, rules: ReleaseRules
) -> tuple[xr.Dataset, list[tuple[str, str, str, str]]]:
    """``prevalence`` (draw, unit, group), ``own_information`` (unit, group) and ``respondents`` (unit,) as shown."""
    draws = estimates.level_draws(level)
    units = [str(unit) for unit in draws.coords["unit"].values]
    own = estimates.level_information(level).transpose("unit", "group")
    asked = estimates.level_respondents(level)
    hidden = np.array([(level, unit) in decision.hidden for unit in units])
    reasons = _weak(draws["prevalence"], own.values, asked, rules)
    weak = [
        (level, units[unit], estimates.groups[group], reasons[unit, group])
        for unit, group in zip(*np.nonzero(reasons), strict=True)
        if not hidden[unit]
    ]
    shown = xr.DataArray(~hidden[:, None] & (reasons == ""), dims=("unit", "group"))
    kept = xr.Dataset({"prevalence": _rounded(draws, rules.digits), "own_information": own}).where(shown)
    kept = kept.assign_coords(unit=units)
    told = np.where(hidden & (asked > 0), CLASSES[0], asked if level == "nation" else class_of(asked))
    return kept.assign(respondents=("unit", told)), weak


def _weak(prevalence: xr.DataArray, own: np.ndarray, asked: np.ndarray, rules: ReleaseRules) -> np.ndarray:
    """Why a figure is too poor to show (unit, group); empty where it is not."""
    reasons = np.full(own.shape, "", dtype=object)
    if rules.largest_cv:
        mean = prevalence.mean("draw").transpose("unit", "group").values
        spread = prevalence.std("draw").transpose("unit", "group").values
        reasons[spread > rules.largest_cv * mean] = IMPRECISE
    reasons[(own < rules.least_own) & (asked > 0)[:, None]] = OWN
    return reasons


def class_of(respondents: np.ndarray) -> np.ndarray:
    """Lower limit of the class of each number of respondents; none stays none."""
    asked = np.asarray(respondents)
    return np.where(asked > 0, CLASSES[np.searchsorted(CLASSES, np.maximum(asked, 1), side="right") - 1], 0)


def _rounded(draws: xr.Dataset, digits: int) -> xr.DataArray:
    """Prevalence (draw, unit, group) whose counts have so many significant digits; all of them for 0."""
    prevalence = draws["prevalence"].transpose("draw", "unit", "group")
    if not digits:
        return prevalence
    people = draws["population"].transpose("unit", "group").values
    return prevalence.copy(data=to_digits(prevalence.values * people, digits) / people)


# --- what is left in place of blanks --------------------------------------------------------------------------------


def remainder_table(estimates: Estimates, cleared: Cleared) -> pd.DataFrame:
    """One row a remainder and group: the rest of a shown unit, that is its hidden areas taken together.

    Nothing is told that could not be worked out: it is the unit less what is shown inside it, and keeps the rules.

    Returns
    -------
    pandas.DataFrame
        ``wave``, ``level``, ``unit``, ``group``, ``areas`` (how many), ``codes``, ``population``, ``respondents``
        (class) and prevalence and count with intervals.
    """
    rules = ReleaseRules(**cleared.estimates.meta["release"])
    rows = []
    for wave, decision in cleared.decisions.items():
        one = estimates.at(wave)
        for (level, unit), areas in decision.remainders.items():
            rows += _remainder(one, wave, level, unit, list(areas), rules)
    return pd.DataFrame(rows, columns=REMAINDER)


REMAINDER = (
    "wave", "level", "unit", "group", "areas", "codes", "denominator", "population", "respondents",
    "prevalence_median", "prevalence_lower", "prevalence_upper", "count_median", "count_lower", "count_upper", "cv",
)  # fmt: skip


def _remainder(
    estimates: Estimates, wave: str, level: str, unit: str, areas: list[int], rules: ReleaseRules
) -> list[dict[str, Any]]:
    prevalence = estimates.draws["prevalence"].transpose("draw", "area", "group").values[:, areas, :].astype(float)
    cap = estimates.denominators()[areas]
    counts = (prevalence * cap).sum(axis=1)
    counts = to_digits(counts, rules.digits) if rules.digits else counts
    rows = []
    for number, group in enumerate(estimates.groups):
        people = cap[:, number].sum()
        figures = interval_figures(counts[:, number, None] / people, np.array([people]), rules.digits)
        told = {name: float(value[0]) for name, value in figures.items() if name in REMAINDER}
        if rules.largest_cv and told["cv"] > rules.largest_cv:
            continue
        rows.append(
            {
                "wave": wave, "level": level, "unit": unit, "group": group, "areas": len(areas),
                "codes": " ".join(estimates.areas.codes[areas]), "denominator": estimates.denominator[group],
                "population": int(np.rint(people)),
                "respondents": int(class_of(np.array([estimates.respondents[areas].sum()]))[0]), **told,
            }
        )  # fmt: skip
    return rows
