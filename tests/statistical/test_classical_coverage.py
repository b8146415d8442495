"""Intervals of the classical estimators on stratified cluster surveys of known truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from nsum_bayes.classical.scale_up import scale_up
from tests.counted_study import counted_study

SURVEYS = 200
UNITS, RESPONDENTS = 25, 8
PEOPLE = np.array([60_000.0, 30_000.0, 10_000.0])
DEGREE = np.array([100.0, 200.0, 300.0])
PREVALENCE = np.array([0.002, 0.006, 0.02])
SHARES = {"a": 0.01, "b": 0.03, "c": 0.02}
# Σ over people of what is reported over Σ of degree: what a survey of everyone would give.
TRUTH = float((PEOPLE * DEGREE * PREVALENCE).sum() / (PEOPLE * DEGREE).sum() * PEOPLE.sum())


@dataclass(frozen=True)
class Surveys:
    """What the surveys gave, arrays (survey,), for one method."""

    estimate: np.ndarray
    linearised: np.ndarray
    binomial: np.ndarray
    covered: np.ndarray


@pytest.fixture(scope="module")
def surveys() -> Surveys:
    rows = [one_survey(seed) for seed in range(SURVEYS)]
    return Surveys(*np.array(rows).T)


def one_survey(seed: int) -> tuple[float, float, float, float]:
    """Villages differ in degree and in prevalence; strata are sampled alike though they differ in size."""
    rng = np.random.default_rng([20261125, seed])
    stratum = np.repeat(np.arange(3), UNITS * RESPONDENTS)
    village = np.repeat(np.arange(3 * UNITS), RESPONDENTS)
    degree = DEGREE[stratum] * rng.gamma(10, 1 / 10, 3 * UNITS)[village] * rng.gamma(4, 1 / 4, len(stratum))
    rate = PREVALENCE[stratum] * rng.gamma(3, 1 / 3, 3 * UNITS)[village]
    known = rng.poisson(degree[:, None] * np.array(list(SHARES.values()))).astype(float)
    hidden = rng.poisson(degree * rate)[:, None].astype(float)
    design = {"stratum": stratum.astype(str), "unit": village.astype(str), "weight": PEOPLE[stratum] / 1000}
    sizes = {group: share * PEOPLE.sum() for group, share in SHARES.items()}
    study = counted_study(known, hidden, sizes, PEOPLE.sum(), design=design)
    row = scale_up(study, ["killworth_mle"], replicates=400, seed=seed).figures.iloc[0]
    return row["estimate"], row["se"], row["se_binomial"], float(row["lower"] <= TRUTH <= row["upper"])


def test_the_estimate_is_not_biased(surveys: Surveys) -> None:
    error = surveys.estimate.std(ddof=1) / np.sqrt(SURVEYS)
    assert abs(surveys.estimate.mean() - TRUTH) < 4 * error


def test_the_linearised_error_is_the_spread_of_the_estimates(surveys: Surveys) -> None:
    spread = surveys.estimate.std(ddof=1)
    told = np.sqrt((surveys.linearised**2).mean())
    assert abs(np.log(told / spread)) < 4 / np.sqrt(2 * SURVEYS)


def test_intervals_of_the_bootstrap_cover(surveys: Surveys) -> None:
    expected = 0.95
    error = np.sqrt(expected * (1 - expected) / SURVEYS)
    assert abs(surveys.covered.mean() - expected) < 3 * error


def test_the_binomial_error_which_knows_no_design_does_not(surveys: Surveys) -> None:
    covered = np.abs(surveys.estimate - TRUTH) < 1.96 * surveys.binomial
    error = np.sqrt(0.95 * 0.05 / SURVEYS)
    assert covered.mean() < 0.95 - 10 * error
