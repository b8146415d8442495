"""Waves: a known halving is told, and none is claimed where it was reporting that fell. All answers are simulated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nsum_bayes import Estimates, estimate, fit, load_model
from nsum_bayes.model.truth import Truth
from tests.made_up import frame_of, study_of

WAVES = ["2021", "2023", "2025"]
SHARES = {f"known_{k}": float(share) for k, share in enumerate(np.geomspace(0.002, 0.02, 8))}
HALVED = np.log([[1.0], [0.7], [0.5]])
STAYED = np.zeros((3, 1))
GIVEN: dict[str, Any] = {
    **{"degree_mean": 5.3, "degree_sd": 0.6, "degree_area_sd": 0.2, "area_sd": 0.4, "bias_sd": 0.2},
    **{"province_sd": 0.2, "region_sd": 0.2, "wave_deviation_sd": 0.1, "overdispersion": 1.0},
    **{"degree_wave": [0.0, 0.25, -0.1], "prevalence_intercept": -3.5},
}
CAMPAIGN = {"sd": 0.5, "reason": "a campaign between the waves taught people to look away"}


def surveyed(reported: np.ndarray, drift: np.ndarray, seed: int = 3, **stated: Any) -> tuple[Estimates, Truth]:
    """Estimates of three waves of 24 areas, 18 of them visited, and the truth."""
    hidden = {"group": "held", "denominator": "adults", "transmission": {"fixed": 0.8, "reason": "simulated"}, **stated}
    spec = load_model("municipal_waves")
    study, truth = study_of(
        frame_of(24),
        spec=spec,
        known=SHARES,
        hidden=[hidden],
        surveyed=18,
        respondents_per_area=15,
        waves=WAVES,
        seed=seed,
        parameters={**GIVEN, "wave_effect": reported, "transmission_drift": drift},
    )
    return estimate(fit(spec, study, seed=seed, draws=400, tune=600, progress=False)), truth


@pytest.fixture(scope="module")
def halved() -> tuple[Estimates, Truth]:
    return surveyed(HALVED, STAYED)


@pytest.mark.slow
@pytest.mark.ci_slow
def test_a_halving_over_three_waves_is_told(halved):
    estimates, truth = halved
    change = estimates.change("2021", "2025").iloc[0]
    assert change["chance_of_decrease"] > 0.95
    assert change["reading"] == "fewer"
    ratio = float(truth.at("2025").national["prevalence"][0] / truth.at("2021").national["prevalence"][0])
    assert ratio == pytest.approx(0.5, abs=0.1)
    assert change["ratio_lower"] < ratio < change["ratio_upper"]
    assert change["same_transmission_ratio_lower"] < ratio < change["same_transmission_ratio_upper"]


@pytest.mark.slow
def test_every_wave_is_estimated_where_nobody_was_asked_too(halved):
    estimates, truth = halved
    for wave in WAVES:
        draws = estimates.at(wave).level_draws("area")["prevalence"].isel(group=0).values
        actual = truth.at(wave).level("area")["prevalence"].isel(group=0).values
        inside = (np.quantile(draws, 0.025, axis=0) < actual) & (actual < np.quantile(draws, 0.975, axis=0))
        assert inside.mean() > 0.8, wave  # 24 areas that share one national error


@pytest.mark.slow
def test_no_trend_is_claimed_where_only_transmission_fell():
    estimates, truth = surveyed(HALVED, HALVED, transmission_drift=CAMPAIGN)
    change = estimates.change("2021", "2025").iloc[0]
    national = [float(truth.at(wave).national["prevalence"][0]) for wave in ("2021", "2025")]
    assert national[1] == pytest.approx(national[0], rel=0.1)  # nothing happened but in the telling
    assert change["same_transmission_chance_of_decrease"] > 0.95
    assert change["chance_of_decrease"] < 0.95
    assert change["reading"] == "reports fell; it may be that less was told"
    assert change["ratio_lower"] < 1.0 < change["ratio_upper"]


@pytest.mark.slow
def test_larger_networks_are_no_change_of_any_group():
    estimates, _ = surveyed(STAYED, STAYED)
    change = estimates.change("2021", "2023").iloc[0]  # all groups are answered with a quarter more
    assert change["reading"] == "no change can be told"
    assert change["same_transmission_ratio_lower"] < 1.0 < change["same_transmission_ratio_upper"]
