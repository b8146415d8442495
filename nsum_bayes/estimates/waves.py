"""Waves: each one's reported rates and drift, and what changed from one to another.

A changed report is a changed prevalence or a changed transmission; no answer tells which. Every change is therefore
told twice: with transmission drifting as far as was stated, and as it would read if transmission had stayed the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nsum_bayes.errors import ReleaseError, suggestion
from nsum_bayes.estimates.rates import flat_draws
from nsum_bayes.estimates.summaries import INTERVAL, Suppression
from nsum_bayes.inference.fit import Fit
from nsum_bayes.model.visits import visits_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nsum_bayes.estimates.estimates import Estimates

SURE = 0.95
"""Probability from which a change is called one."""
READINGS = {
    "fewer": "fewer",
    "more": "more",
    "reports fell": "reports fell; it may be that less was told",
    "reports rose": "reports rose; it may be that more was told",
    "open": "no change can be told",
    "withheld": "withheld",
}


def wave_shifts(run: Fit, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """What each wave adds to the log reported rates (draw, area, hidden_group), the first one first.

    Areas that were not visited in a wave get a fresh draw of what areas deviate by.
    """
    posterior, study = run.posterior, run.study
    if "wave_effect" not in posterior:
        shape = (posterior.sizes["chain"] * posterior.sizes["draw"], len(study.areas), len(study.hidden_groups))
        yield np.zeros(shape)
        return
    visits = visits_of(study)
    surveyed = pd.Index(study.areas.codes).get_indexer(pd.Index(study.survey.surveyed_areas))
    effect = flat_draws(posterior, "wave_effect")
    for wave in range(len(visits.waves)):
        shift = np.repeat(effect[:, wave, None, :], len(study.areas), axis=1)
        if "visit_effect" in posterior:
            spread = flat_draws(posterior, "wave_deviation_sd")[:, None, :]
            own = rng.normal(size=shift.shape) * spread
            here = visits.wave == wave
            own[:, surveyed[visits.area[here]], :] = flat_draws(posterior, "visit_effect")[:, here, :]
            shift += own
        yield shift


def draw_drift(run: Fit, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Log of transmission over that of the first wave (wave, draw, hidden_group), a random walk as stated."""
    waves, hidden = max(1, len(run.study.waves)), len(run.study.hidden_groups)
    steps = np.zeros((waves, draws, hidden))
    if run.spec.waves is not None and waves > 1:
        sd = [drift_sd(run, group) for group in run.study.hidden_groups]
        steps[1:] = rng.normal(size=(waves - 1, draws, hidden)) * np.array(sd)
    return np.cumsum(steps, axis=0)


def drift_sd(run: Fit, group: str) -> float:
    """Standard deviation of the change of log transmission from wave to wave: the study's, or the model's."""
    stated = run.study.hidden(group).drift
    if stated is not None:
        return float(stated.sd)
    return 0.0 if run.spec.waves is None else float(run.spec.waves.transmission_step_sd)


def drift_text(run: Fit, group: str) -> str:
    """The same in words, with its reason."""
    stated = run.study.hidden(group).drift
    if stated is not None:
        return stated.text
    return f"log sd {drift_sd(run, group):g} from wave to wave (model {run.spec.name})"


def change_table(
    estimates: Estimates, before: str, after: str, level: str, suppress: Suppression | None = None
) -> pd.DataFrame:
    """What changed from one wave to another; see `Estimates.change`."""
    for wave in (before, after):
        if wave not in estimates.waves:
            known = ", ".join(estimates.waves) or "none"
            what = f"There is no wave '{wave}'.{suggestion(wave, estimates.waves)}"
            raise ReleaseError(what, where="change", advice=f"Waves are {known}.")
    rule = suppress or Suppression()
    first, second = estimates.at(before), estimates.at(after)
    one, other = (e.level_draws(level)["prevalence"].transpose("draw", "unit", "group") for e in (first, second))
    hidden = rule.hides(first.level_respondents(level)) | rule.hides(second.level_respondents(level))
    ratio = other.values / one.values
    drift = (second.draws["drift"] - first.draws["drift"]).transpose("draw", "group").values[:, None, :]
    frames = []
    for number, group in enumerate(estimates.groups):
        frames.append(_rows(ratio[:, :, number], ratio[:, :, number] * np.exp(drift[:, :, number]), hidden))
        frames[-1].insert(0, "group", group)
        frames[-1].insert(0, "unit", one.coords["unit"].values.astype(str))
    table = pd.concat(frames, ignore_index=True)
    for place, (name, value) in enumerate({"level": level, "before": before, "after": after}.items()):
        table.insert(place, name, value)
    return table


def _rows(ratio: np.ndarray, reported: np.ndarray, hidden: np.ndarray) -> pd.DataFrame:
    """Ratio of prevalence with its interval, and the chance of a decrease both ways, one row a unit."""
    limits = [(1 - INTERVAL) / 2, 0.5, (1 + INTERVAL) / 2]
    lower, median, upper = np.quantile(ratio, limits, axis=0)
    low, middle, high = np.quantile(reported, limits, axis=0)
    figures = {
        "ratio_median": median,
        "ratio_lower": lower,
        "ratio_upper": upper,
        "chance_of_decrease": _below_one(ratio),
        "same_transmission_ratio_median": middle,
        "same_transmission_ratio_lower": low,
        "same_transmission_ratio_upper": high,
        "same_transmission_chance_of_decrease": _below_one(reported),
    }
    table = pd.DataFrame(figures)
    withheld = hidden | np.isnan(ratio).any(axis=0)
    readings = [_reading(p, q) for p, q in zip(table.iloc[:, 3], table.iloc[:, 7], strict=True)]
    table.loc[withheld, :] = np.nan
    return table.assign(reading=np.where(withheld, READINGS["withheld"], readings))


def _below_one(ratio: np.ndarray) -> np.ndarray:
    """Share of draws (unit,) below one; one itself counts by half, since no change is no increase either."""
    return (ratio < 1).mean(axis=0) + 0.5 * (ratio == 1).mean(axis=0)


def _reading(chance: float, reported: float) -> str:
    """A change in words: called one only where it is one both ways."""
    if chance >= SURE and reported >= SURE:
        return READINGS["fewer"]
    if chance <= 1 - SURE and reported <= 1 - SURE:
        return READINGS["more"]
    if reported >= SURE:
        return READINGS["reports fell"]
    return READINGS["reports rose"] if reported <= 1 - SURE else READINGS["open"]
