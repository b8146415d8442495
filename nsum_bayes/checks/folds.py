"""K-fold scores: what a model says of answers that it did not see, unit by unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import logsumexp
from scipy.stats import gaussian_kde

from nsum_bayes.checks.holdout import held_out_group
from nsum_bayes.data.held_out import with_areas_blanked, with_respondent_blanked
from nsum_bayes.data.study import Study
from nsum_bayes.inference.fit import Fit
from nsum_bayes.inference.integrated import degree_moments, integrated_log_likelihood
from nsum_bayes.inference.likelihood import check_available
from nsum_bayes.inference.refits import Outcome, Task, job_of, refit, run_tasks
from nsum_bayes.model.spec import ModelSpec, dumps, loads

WILD = 99.0


@dataclass(frozen=True)
class FoldScores:
    """Log predictive density of each unit left out.

    Parameters
    ----------
    elpd, pareto_k, error
        By unit. k is that of the weights that the score averages over, and the error that of a finite number of draws
        (Monte Carlo standard error of elpd; NaN where there is none).
    failures
        Why refits failed, by key.
    """

    elpd: pd.Series
    pareto_k: pd.Series
    error: pd.Series
    failures: dict[str, str] = field(default_factory=dict)


def assign_folds(study: Study, scheme: str, folds: int, seed: int) -> dict[str, tuple[str, ...]]:
    """Surveyed areas by fold: at random into so many folds, or by unit of a level.

    Areas whose respondents were asked nothing about hidden groups are in no fold.
    """
    survey = study.survey
    told = ~np.isnan(survey.answers[:, len(study.known_groups) :]).all(axis=1)
    areas = np.array([code for code in survey.surveyed_areas if told[survey.area == code].any()], dtype=object)
    if scheme == "area":
        mixed = np.random.default_rng(np.random.SeedSequence((seed, 7))).permutation(areas)
        parts = np.array_split(mixed, min(folds, len(mixed)))
        return {f"fold {number + 1}": tuple(part) for number, part in enumerate(parts)}
    unit = study.areas.table[scheme].loc[areas].to_numpy(dtype=object)
    return {f"{scheme} {name}": tuple(areas[unit == name]) for name in dict.fromkeys(unit)}


def score_folds(
    spec: ModelSpec,
    study: Study,
    scheme: str,
    folds: int,
    seed: int,
    settings: Mapping[str, int],
    out: Path | None,
    runs: Mapping[str, Any],
) -> FoldScores:
    """Refit without each fold's answers on hidden groups and score them, area by area (or by unit of a level)."""
    job = job_of(f"folds by {scheme} {folds}", seed, settings, study, dumps(spec))
    tasks = fold_tasks(spec, study, scheme, folds, seed, settings)
    return _collected(run_tasks(score_fold, tasks, out=out, job=job, **runs))


def fold_tasks(
    spec: ModelSpec, study: Study, scheme: str, folds: int, seed: int, settings: Mapping[str, int]
) -> list[Task]:
    """One task a fold, for `score_fold`."""
    check_available(spec)
    assigned = assign_folds(study, scheme, folds, seed)
    seeds = np.random.SeedSequence((seed, 8)).generate_state(len(assigned))
    return [
        Task(key, (dumps(spec), study, areas, scheme == "area", int(number), dict(settings)))
        for (key, areas), number in zip(assigned.items(), seeds, strict=True)
    ]


def score_known_groups(
    run: Fit, seed: int, settings: Mapping[str, int], out: Path | None, runs: Mapping[str, Any]
) -> FoldScores:
    """Log density of each known group's true log share when it is taken for hidden, by a kernel over draws."""
    groups = run.study.known_groups
    seeds = np.random.SeedSequence((seed, 9)).generate_state(len(groups))
    text = dumps(run.spec)
    tasks = [
        Task(group, (text, run.study, group, int(number), dict(settings)))
        for group, number in zip(groups, seeds, strict=True)
    ]
    job = job_of("group scores", seed, settings, run.study, text)
    return _collected(run_tasks(_score_group, tasks, out=out, job=job, **runs))


def score_respondents(
    run: Fit,
    positions: Sequence[int],
    seed: int,
    settings: Mapping[str, int],
    out: Path | None,
    runs: Mapping[str, Any],
) -> FoldScores:
    """Exact leave-one-out: refit without each of some respondents, named by position, and score all they said."""
    seeds = np.random.SeedSequence((seed, 10)).generate_state(len(run.study.survey))
    text = dumps(run.spec)
    mean, sd = degree_moments(run, np.arange(len(seeds)))
    tasks = [
        Task(str(p), (text, run.study, int(p), (float(mean[p]), float(sd[p])), int(seeds[p]), dict(settings)))
        for p in positions
    ]
    job = job_of("respondents", seed, settings, run.study, text)
    return _collected(run_tasks(_score_respondent, tasks, out=out, job=job, **runs))


def _collected(outcome: Outcome) -> FoldScores:
    rows = {unit: row for result in outcome.results.values() for unit, row in result.items()}
    elpd = pd.Series({unit: row["elpd"] for unit, row in rows.items()}, dtype=float)
    k, error = (pd.Series({u: row[name] for u, row in rows.items()}, dtype=float) for name in ("pareto_k", "error"))
    return FoldScores(elpd, k, error, outcome.failures)


def score_fold(
    text: str, study: Study, areas: tuple[str, ...], singly: bool, seed: int, settings: Mapping[str, int]
) -> dict[str, dict[str, float]]:
    """Scores of one fold's areas, or of all of them together."""
    run = refit(loads(text), with_areas_blanked(study, areas), seed, settings, keep=("log_theta",))
    left_out = np.flatnonzero(np.isin(study.survey.area, list(areas)))
    scores = integrated_log_likelihood(run, study=study, respondents=left_out).hidden
    if not singly:
        return {"+".join(areas): _log_mean(scores.sum("respondent"))}
    home = study.survey.area[left_out]
    return {area: _log_mean(scores.isel(respondent=home == area).sum("respondent")) for area in areas}


def _score_respondent(
    text: str, study: Study, place: int, degree: tuple[float, float], seed: int, settings: Mapping[str, int]
) -> dict[str, dict[str, float]]:
    """Score of one respondent's answers, the degree integrated out around where those answers put it."""
    around = (np.array([degree[0]]), np.array([degree[1]]))
    run = refit(loads(text), with_respondent_blanked(study, place), seed, settings, keep=("log_theta",))
    scores = integrated_log_likelihood(run, study=study, respondents=np.array([place]), around=around).everything
    return {str(place): _log_mean(scores.isel(respondent=0))}


def _log_mean(log_density: xr.DataArray) -> dict[str, float]:
    """Log of the mean over draws of a joint density, and Pareto k of its terms."""
    import arviz_stats  # noqa: F401  registers the accessor

    flat = log_density.transpose("chain", "draw")
    _, k = flat.azstats.psislw(dim=["chain", "draw"])
    values = flat.values.ravel()
    # Weights too unlike for a tail to be fitted have no k: nothing is less reliable.
    return {
        "elpd": float(logsumexp(values) - np.log(len(values))),
        "pareto_k": float(k) if np.isfinite(k) else WILD,
        "error": float(log_mean_error(flat)),
    }


def log_mean_error(log_values: xr.DataArray) -> xr.DataArray:
    """Monte Carlo standard error of the log of the mean of exp(values) over chain and draw, by the delta method."""
    import arviz_stats  # noqa: F401  registers the accessor

    over = ["chain", "draw"]
    values = xr.DataArray(np.exp(log_values - log_values.max(over)))
    return xr.DataArray(values.azstats.mcse(sample_dims=over) / values.mean(over))


def _score_group(
    text: str, study: Study, group: str, seed: int, settings: Mapping[str, int]
) -> dict[str, dict[str, float]]:
    draws, truth, _ = held_out_group(text, study, group, seed, settings)
    density = gaussian_kde(np.log(draws))
    return {group: {"elpd": float(density.logpdf(np.log(truth))[0]), "pareto_k": float("nan"), "error": float("nan")}}
