"""Secondary data with gaps and errors: every area has an estimate, and intervals hold what they should."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from nsum_bayes import Fit, load_model
from nsum_bayes.data.covariates import spread_of, transformed
from nsum_bayes.data.secondary import covariate_knowledge
from nsum_bayes.estimates.rates import log_reported_rates
from tests.gappy_surveys import (
    COLUMNS,
    COUNT,
    CV,
    GAPPY,
    NOISY,
    filled_frame,
    fitted_three_ways,
    given_frame,
    true_coefficients,
    true_frame,
)
from tests.made_up import assert_mean, assert_variance
from tests.secondary_surveys import CATEGORIES, frame, surveyed_study
from tests.statistical.test_national import needs_frame

SEEDS = (7, 8, 9, 10, 11)
OVER_REPLICATES = {"coverage_unsurveyed": 0.025, "coverage_surveyed": 0.035, "income_ratio": 0.25}
"""Standard deviation over replicates of the modelled fit, from benchmarks/results/missing_covariates.csv."""
VISITED = np.arange(COUNT) % 5 == 0


def test_the_frame_given_lacks_what_it_is_said_to_lack() -> None:
    whole = true_frame(1)
    given = given_frame(whole, VISITED, 1)
    missing = given.table[list(COLUMNS)].isna().mean()
    np.testing.assert_allclose(missing, [0.4 if column == GAPPY else 0.03 for column in COLUMNS], atol=0.005)
    ratio = np.log(given.table[NOISY] / whole.table[NOISY]).dropna()
    log_sd = np.sqrt(np.log1p(CV**2))
    assert abs(ratio.mean() + log_sd**2 / 2) < 4 * log_sd / np.sqrt(len(ratio))
    assert abs(ratio.std() - log_sd) < 4 * log_sd / np.sqrt(2 * len(ratio))
    others = [column for column in COLUMNS if column != NOISY]
    pd.testing.assert_frame_equal(given.table[others].fillna(whole.table[others]), whole.table[others])
    filled = filled_frame(given)
    assert not filled.table[list(COLUMNS)].isna().any(axis=None)
    assert not filled.covariate_errors().any()


def test_coefficients_are_true_of_the_frame_in_use() -> None:
    whole = true_frame(1)
    given = given_frame(whole, VISITED, 1)
    told = [coefficient for _, coefficient in COLUMNS.values()]
    np.testing.assert_allclose(true_coefficients(whole, whole), told)
    # What a place is worth is the same, in whichever units: coefficient times the stated figure's distance.
    transform, at = COLUMNS[NOISY][0], list(COLUMNS).index(NOISY)
    spread = [spread_of(transformed(f.table[NOISY].to_numpy(float), transform)) for f in (whole, given)]
    assert true_coefficients(whole, given)[at] / spread[1] == pytest.approx(told[at] / spread[0])
    assert spread[1] > 1.1 * spread[0]


@needs_frame
def test_municipalities_without_a_poverty_figure_are_expected_one_with_its_uncertainty() -> None:
    areas = frame()
    told, gap = covariate_knowledge(areas), areas.table["poverty"].isna().to_numpy()
    at = list(CATEGORIES).index("poverty")
    assert gap.sum() == 45
    assert np.isfinite(told.mean).all()
    np.testing.assert_array_equal(told.uncertain[:, at], gap)
    # Other figures tell a little of it: less is open than of a place of which nothing is known, whose variance is one.
    assert ((told.covariance[gap, at, at] > 0.2) & (told.covariance[gap, at, at] < 0.97)).all()
    # What is expected of them is no single number, as the mean of all would be.
    assert told.mean[gap, at].std() > 0.1


@needs_frame
def test_municipalities_without_a_poverty_figure_have_a_rate_that_is_less_sure() -> None:
    study, _ = surveyed_study("three matter", 1)
    worth, draws = np.array([0.4, 0.3, -0.3, 0.0, 0.0, 0.0])[:, None], (2, 1000)
    posterior = xr.Dataset(
        {
            "rate_intercept": (("chain", "draw", "hidden_group"), np.full((*draws, 1), np.log(0.02))),
            "rate_coefficient": (
                ("chain", "draw", "covariate", "hidden_group"),
                np.broadcast_to(worth, (*draws, *worth.shape)),
            ),
        }
    )
    run = Fit(load_model("municipal_secondary"), study, xr.DataTree.from_dict({"posterior": posterior}), {"seed": 1})
    rates = log_reported_rates(run, np.random.default_rng(1))[:, :, 0]
    told, gap = covariate_knowledge(study.areas), study.areas.table["poverty"].isna().to_numpy()
    variance = np.einsum("j,ajk,k->a", worth[:, 0], told.covariance, worth[:, 0])
    assert np.isfinite(rates).all()
    assert_mean(rates[:, gap], np.log(0.02) + told.mean[gap] @ worth[:, 0])
    assert_variance(rates[:, gap], variance[gap])
    assert (variance[gap] > 0.1).all()
    # Some others lack an income class, which is worth nothing here.
    np.testing.assert_allclose(rates[:, ~gap].std(axis=0), 0.0, atol=1e-12)


@pytest.fixture(scope="module")
def replicates() -> pd.DataFrame:
    """Means over a few surveys, each fitted with gaps and error modelled and with both passed over."""
    return pd.DataFrame([fitted_three_ways(seed, ("modelled", "naive")) for seed in SEEDS])


@pytest.mark.slow
@pytest.mark.parametrize("which", ["unsurveyed", "surveyed"])
def test_intervals_hold_what_they_should_where_secondary_data_have_gaps(replicates: pd.DataFrame, which: str) -> None:
    error = OVER_REPLICATES[f"coverage_{which}"] / np.sqrt(len(SEEDS))
    assert abs(replicates[f"modelled_coverage_{which}"].mean() - 0.95) < 3 * error


@pytest.mark.slow
def test_an_error_that_is_passed_over_attenuates_and_one_that_is_modelled_does_not(replicates: pd.DataFrame) -> None:
    error = OVER_REPLICATES["income_ratio"] / np.sqrt(len(SEEDS))
    modelled, naive = (replicates[f"{name}_income_ratio"] for name in ("modelled", "naive"))
    assert abs(modelled.mean() - 1.0) < 3 * error
    # The naive fit varies less: its error is that of what it estimates, which is smaller.
    assert naive.mean() + 2 * naive.std(ddof=1) / np.sqrt(len(SEEDS)) < 1.0
    assert naive.mean() < modelled.mean()


@pytest.mark.slow
def test_no_chain_is_stuck_where_secondary_data_have_gaps(replicates: pd.DataFrame) -> None:
    # Chains are short, which the scales of categories feel. Areas sampled around their centre stuck, at 1.8 and 1.6.
    assert replicates["modelled_largest_rhat"].max() < 1.2
