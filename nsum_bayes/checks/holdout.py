"""Would the interval have held? Refits with something left out whose truth is known.

- *group*: each known group in turn is taken for a hidden one and scaled up from the others. Its size is on record, so
  the interval holds it or does not. This is the check that exposes the confident wrong answer: intervals without a
  group's own bias hold far fewer than 95 % of known groups.
- *area*: each surveyed area's answers on the hidden groups are blanked and predicted from the rest: from its networks,
  its covariates, its province and region. The truth is the number of members reported there.
- *wave*: the same with each wave's answers, predicted from the other waves.

Nothing is dropped in silence: a group that misses is named, a fit that fails is named and counts as not held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.stats import binom, linregress

from nsum_bayes.data.held_out import with_area_blanked, with_group_hidden, with_wave_blanked
from nsum_bayes.data.study import Study
from nsum_bayes.errors import FitError
from nsum_bayes.estimates.from_fit import estimate
from nsum_bayes.estimates.rates import flat_draws, log_reported_rates
from nsum_bayes.estimates.summaries import INTERVAL, Suppression
from nsum_bayes.estimates.waves import wave_shifts
from nsum_bayes.inference.fit import Fit
from nsum_bayes.inference.likelihood import DISPERSIONS
from nsum_bayes.inference.refits import Task, job_of, refit, run_tasks
from nsum_bayes.model.spec import ModelSpec, dumps, loads
from nsum_bayes.model.visits import visits_of

RARELY = 0.025
"""Fewer intervals hold than the least number wanted with no more than this chance, where intervals are right."""
FAR = float(np.log(2.0))
"""Half of the groups should be within a factor of two."""

What = Literal["group", "area", "wave"]


@dataclass(frozen=True)
class HoldOut:
    """Refits with one group, area or wave left out, one a row.

    Parameters
    ----------
    what
        ``group``, ``area`` or ``wave``.
    table
        ``unit``; ``group``; ``truth``, ``median``, ``lower``, ``upper`` (group: share of the people of the areas that
        its known size covers; area, wave: number of reports); ``log_ratio`` of median and truth; ``inside``; ``rhat``,
        ``divergent`` of the refit. A refit that failed has no figures and is not inside.
    failures
        Why refits failed, by unit.
    """

    what: str
    table: pd.DataFrame
    failures: dict[str, str]

    @property
    def held(self) -> int:
        """Number of intervals that hold the truth."""
        return int(self.table["inside"].sum())

    @property
    def wanted(self) -> int:
        """The least number that should hold; fewer happens in less than one case of forty where intervals are right."""
        return least_held(len(self.table))

    @property
    def error(self) -> float:
        """Median absolute log ratio of estimate and truth."""
        return float(self.table["log_ratio"].abs().median())

    @property
    def passed(self) -> bool:
        """Whether enough intervals hold and, of groups, half are within a factor of two."""
        return self.held >= self.wanted and (self.what != "group" or self.error <= FAR)

    @property
    def missed(self) -> tuple[str, ...]:
        """Units whose interval does not hold the truth, the furthest first."""
        out = self.table[~self.table["inside"]]
        return tuple(out.loc[out["log_ratio"].abs().sort_values(ascending=False).index, "unit"])

    def recall(self) -> dict[str, float]:
        """Slope of log ratio on log size over held-out groups, with its standard error; below zero, members of large
        groups are forgotten (Killworth et al. 2003, doi:10.1016/S0378-8733(03)00011-X).
        """
        told = self.table.dropna(subset=["log_ratio"])
        line = linregress(np.log(told["truth"]), told["log_ratio"])
        return {"slope": float(line.slope), "standard_error": float(line.stderr)}

    def to_dict(self) -> dict[str, Any]:
        """The findings as plain values, for JSON."""
        found = {"what": self.what, "held": self.held, "of": len(self.table), "wanted": self.wanted}
        more = {"median_abs_log_ratio": self.error, "passed": self.passed, "missed": list(self.missed)}
        recall = self.recall() if self.what == "group" and len(self.table) > 3 else None
        rows = self.table.astype(object).where(self.table.notna(), None).to_dict("records")
        return {**found, **more, "recall": recall, "failures": self.failures, "units": rows}

    def __repr__(self) -> str:
        lines = [
            f"{self.held} of {len(self.table)} intervals hold the truth; at least {self.wanted} should",
            f"median absolute log ratio {self.error:.2f} (a factor of {np.exp(self.error):.2f})",
        ]
        if self.missed:
            lines.append(f"missed: {', '.join(self.missed)}")
        lines += [f"failed: {unit}: {why}" for unit, why in self.failures.items()]
        return "\n".join(lines)


def least_held(number: int) -> int:
    """The least number of right intervals among so many that is not a sign of wrong ones: 8 of 10, 19 of 22."""
    counts = np.arange(number + 1)
    return int(counts[binom.cdf(counts - 1, number, INTERVAL) <= RARELY].max())


def hold_out(
    spec: ModelSpec,
    study: Study,
    what: What = "group",
    *,
    seed: int,
    units: Sequence[str] | None = None,
    draws: int = 500,
    tune: int = 700,
    workers: int = 0,
    cluster: str | None = None,
    out: str | Path | None = None,
    progress: bool | None = None,
) -> HoldOut:
    """Refit a model with each known group, each surveyed area or each wave left out.

    Parameters
    ----------
    what
        ``group``, ``area`` or ``wave``.
    seed
        Every refit has a seed of its own that follows from this one and its unit's place.
    units
        Groups, area codes or waves to leave out; all by default. Areas with fewer than ten respondents are left alone:
        what was reported there is not to be shown.
    draws, tune
        Of each of four chains.
    workers, cluster, out, progress
        As in `nsum_bayes.inference.refits.run_tasks`.

    Returns
    -------
    HoldOut

    Raises
    ------
    FitError
        A model without rates of hidden groups by area cannot predict an area's reports.
    StudyError
        A unit that the study does not have.

    Examples
    --------
    >>> from nsum_bayes import Study, hold_out, load_model
    >>> hold_out(load_model("municipal"), Study.load("data_samples/study.toml"), seed=1)  # doctest: +SKIP
    """
    everything = {"group": study.known_groups, "wave": study.waves}.get(what) or _areas_to_show(study)
    chosen = everything if units is None else tuple(units)
    if what != "group":
        _check_predictable(spec, study)
    if what == "wave" and not study.waves:
        raise FitError("The study has one wave only.", where="hold out", advice="Hold out groups or areas.")
    leave_out = {"group": with_group_hidden, "area": with_area_blanked, "wave": with_wave_blanked}[what]
    for unit in set(chosen) - set(everything):
        leave_out(study, unit)  # says what is wrong
        raise FitError(f"Area '{unit}' has too few respondents to be shown.", where="units", advice="Leave it out.")
    settings = {"draws": draws, "tune": tune}
    seeds = np.random.SeedSequence((seed, 4)).generate_state(len(everything))
    text = dumps(spec)
    work = {"group": _group_refit, "area": _area_refit, "wave": _wave_refit}[what]
    tasks = [
        Task(unit, (text, study, unit, int(number), settings))
        for unit, number in zip(everything, seeds, strict=True)
        if unit in chosen
    ]
    job = job_of(f"hold out {what}", seed, settings, study, text)
    outcome = run_tasks(work, tasks, workers=workers, cluster=cluster, out=out, job=job, progress=progress)
    rows = [row for result in outcome.results.values() for row in result]
    rows += [{"unit": unit, "group": unit if what == "group" else "", "inside": False} for unit in outcome.failures]
    columns = ["unit", "group", "truth", "median", "lower", "upper", "log_ratio", "inside", "rhat", "divergent"]
    table = pd.DataFrame(rows).reindex(columns=columns).astype({"inside": bool})
    return HoldOut(what, table, outcome.failures)


def _areas_to_show(study: Study) -> tuple[str, ...]:
    """Surveyed areas with enough respondents."""
    areas = study.survey.surveyed_areas
    enough = study.survey.respondents_by_area(areas) >= Suppression().min_respondents
    return tuple(areas[enough].tolist())


def _check_predictable(spec: ModelSpec, study: Study) -> None:
    unusual = spec.prevalence is None or spec.mixing is not None or bool(study.links) or study.local_share is not None
    if unusual:
        raise FitError(
            "An area's reports cannot be predicted from this model: its mean is not a degree times a rate of the area.",
            where=f"model {spec.name}",
            advice='Hold out groups (what="group"), or take a model with [prevalence] and without [mixing] or links.',
        )


def held_out_group(
    text: str, study: Study, group: str, seed: int, settings: Mapping[str, int]
) -> tuple[np.ndarray, float, Fit]:
    """Draws of a known group's share of the people its size covers, scaled up as if hidden; the truth; the refit."""
    held = with_group_hidden(study, group)
    run = refit(loads(text), held, seed, settings)
    share = study.known.share_of(group, study.areas)
    covered = ~np.isnan(share)
    people = study.areas.population[covered]
    draws = estimate(run).draws["prevalence"].sel(group=group).transpose("draw", "area").values[:, covered]
    truth = float((share[covered] * people).sum() / people.sum())
    return draws.astype(float) @ people / people.sum(), truth, run


def _group_refit(text: str, study: Study, group: str, seed: int, settings: dict[str, int]) -> list[dict[str, Any]]:
    draws, truth, run = held_out_group(text, study, group, seed, settings)
    return [{"unit": group, "group": group, **_row(draws, truth), **_quality(run)}]


def _area_refit(text: str, study: Study, area: str, seed: int, settings: dict[str, int]) -> list[dict[str, Any]]:
    run = refit(loads(text), with_area_blanked(study, area), seed, settings)
    return _reports_beside(run, study, area, study.survey.area == area, seed)


def _wave_refit(text: str, study: Study, wave: str, seed: int, settings: dict[str, int]) -> list[dict[str, Any]]:
    run = refit(loads(text), with_wave_blanked(study, wave), seed, settings)
    here = (study.survey.design["wave"].astype(str) == wave).to_numpy()
    return _reports_beside(run, study, wave, here, seed)


def _reports_beside(run: Fit, study: Study, unit: str, here: np.ndarray, seed: int) -> list[dict[str, Any]]:
    """Predicted sums of what some respondents report, beside what they did report, one row a hidden group."""
    known = len(study.known_groups)
    reports = predicted_reports(run, here, np.random.default_rng(np.random.SeedSequence((seed, 5))))
    rows, quality = [], _quality(run)
    for number, group in enumerate(study.hidden_groups):
        answers = study.survey.answers[here, known + number]
        told = ~np.isnan(answers)
        draws = reports[:, told, number].sum(axis=1)
        rows.append({"unit": unit, "group": group, **_row(draws, float(answers[told].sum()), half=0.5), **quality})
    return rows


def predicted_reports(run: Fit, here: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draws of what some respondents would say of the hidden groups (draw, respondent, hidden_group)."""
    from nsum_bayes.model.counts import draw_counts

    study, posterior = run.study, run.posterior
    asked = pd.Index(study.areas.codes).get_indexer(pd.Index(study.survey.area[here]))
    areas, area = np.unique(asked, return_inverse=True)
    names = [study.hidden(group).denominator for group in study.hidden_groups]
    log_share = np.log(np.column_stack([study.areas.denominator_share(name)[areas] for name in names]))
    rates = log_reported_rates(run, rng)
    by_wave = np.stack([(rates + shift)[:, areas] + log_share for shift in wave_shifts(run, rng)])
    visits = visits_of(study)
    rate = np.moveaxis(by_wave[visits.wave[visits.of[here]], :, area], 0, 1)
    degree = np.exp(flat_draws(posterior, "log_degree")[:, here].astype(float))
    name = DISPERSIONS.get(run.spec.counts.kind)
    hidden = None if name is None else flat_draws(posterior, name)[:, None, len(study.known_groups) :]
    return draw_counts(run.spec.counts, degree[:, :, None], np.exp(rate), hidden, rng)


def _row(draws: np.ndarray, truth: float, half: float = 0.0) -> dict[str, Any]:
    lower, median, upper = np.quantile(draws, [(1 - INTERVAL) / 2, 0.5, (1 + INTERVAL) / 2])
    return {
        "truth": truth,
        "median": float(median),
        "lower": float(lower),
        "upper": float(upper),
        "log_ratio": float(np.log((median + half) / (truth + half))),
        "inside": bool(lower <= truth <= upper),
    }


def _quality(run: Fit) -> dict[str, Any]:
    from nsum_bayes.checks.convergence import diagnose

    return {
        "rhat": diagnose(run).to_dict()["largest_rhat"],
        "divergent": int(run.tree["sample_stats"]["diverging"].sum()),
    }
