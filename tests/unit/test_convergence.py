"""The verdict on a fit: what is published, reviewed and stopped, on draws made to be so."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from nsum_bayes import Fit, diagnose, load_model
from nsum_bayes.checks.common_shift import common_shifts
from nsum_bayes.checks.convergence import Diagnosis, Finding
from tests.constructed import CHAINS, DRAWS, constructed_fit, constructed_study, cut, with_draws
from tests.made_up import model


@pytest.fixture(scope="module")
def good() -> Fit:
    """Four chains of five hundred independent draws."""
    return constructed_fit()


def found(diagnosis: Diagnosis, code: str) -> Finding:
    (finding,) = [finding for finding in diagnosis.findings if finding.code == code]
    return finding


def with_intercept(fit: Fit, change: np.ndarray) -> Fit:
    """The first hidden group's intercept moved by ``change`` (chain, draw)."""
    values = fit.posterior["rate_intercept"].values.copy()
    values[:, :, 0] += change
    return with_draws(fit, "posterior", rate_intercept=values)


def with_divergences(fit: Fit, number: int) -> Fit:
    diverging = np.zeros((CHAINS, DRAWS), dtype=bool)
    diverging.flat[:number] = True
    return with_draws(fit, "sample_stats", diverging=diverging)


def sticky(stay: float, seed: int = 1) -> np.ndarray:
    """Autoregressive draws (chain, draw) of standard deviation one."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(CHAINS, DRAWS)) * np.sqrt(1 - stay**2)
    steps[:, 0] = rng.normal(size=CHAINS)
    for draw in range(1, DRAWS):
        steps[:, draw] += stay * steps[:, draw - 1]
    return steps


# --- verdicts -------------------------------------------------------------------------------------------------------


def test_good_draws_are_published(good: Fit) -> None:
    diagnosis = diagnose(good)
    assert diagnosis.verdict == "publish"
    assert {finding.severity for finding in diagnosis.findings} == {"pass"}
    assert [finding.code for finding in diagnosis.findings] == ["rhat", "ess_bulk", "ess_tail", "divergences", "bfmi"]


@pytest.mark.parametrize(("apart", "severity"), [(0.4, "review"), (3.0, "stop")])
def test_chains_that_disagree(good: Fit, apart: float, severity: str) -> None:
    spread = good.posterior["rate_intercept"].values[:, :, 0].std()
    change = np.zeros((CHAINS, DRAWS))
    change[0] = apart * spread
    diagnosis = diagnose(with_intercept(good, change))
    assert diagnosis.verdict == severity
    assert found(diagnosis, "rhat").severity == severity
    assert "rate_intercept" in found(diagnosis, "rhat").message
    assert "very few reports" in found(diagnosis, "rhat").advice


@pytest.mark.parametrize(("stay", "severity"), [(0.8, "review"), (0.99, "stop")])
def test_draws_that_hardly_move(good: Fit, stay: float, severity: str) -> None:
    diagnosis = diagnose(with_intercept(good, 5 * sticky(stay)))
    assert found(diagnosis, "ess_bulk").severity == severity
    assert diagnosis.verdict in (severity, "stop")


def test_bad_mixing_of_a_reported_rate_alone_is_found(good: Fit) -> None:
    """Each parameter of a sum may mix well on its own where the sum does not, and the other way round."""
    slow = sticky(0.99)
    effect = good.posterior["area_effect"].values.copy()
    effect[:, :, :, 0] += 0.3 * slow[:, :, None]
    diagnosis = diagnose(with_draws(good, "posterior", area_effect=effect))
    named = diagnosis.quantities.groupby(level=0)["ess_bulk"].min()
    assert named["rate[held] nation"] < 400
    assert named["rate[sold] nation"] > 400
    assert {f"rate[held] {level}" for level in ("area", "province", "region", "nation")} <= set(named.index)


@pytest.mark.parametrize(("number", "severity"), [(1, "review"), (20, "review"), (21, "stop")])
def test_divergent_transitions(good: Fit, number: int, severity: str) -> None:
    diagnosis = diagnose(with_divergences(good, number))
    assert found(diagnosis, "divergences").severity == diagnosis.verdict == severity
    assert found(diagnosis, "divergences").message == f"{number} divergent transitions of 2000."
    assert "target_accept" in found(diagnosis, "divergences").advice


def test_a_sampler_that_explores_the_energy_too_slowly(good: Fit) -> None:
    diagnosis = diagnose(with_draws(good, "sample_stats", energy=sticky(0.95)))
    assert found(diagnosis, "bfmi").severity == diagnosis.verdict == "review"


def test_two_chains_are_reviewed(good: Fit) -> None:
    diagnosis = diagnose(cut(good, chains=2))
    assert diagnosis.verdict == "review"
    assert found(diagnosis, "chains").message == "2 chains; 4 are needed to trust R-hat."


def test_an_interrupted_run_is_reviewed_however_well_it_mixed(good: Fit) -> None:
    diagnosis = diagnose(cut(good, draws=450, interrupted=True, draws_made=450))
    assert diagnosis.verdict == "review"
    assert found(diagnosis, "interrupted").message == (
        "Sampling was stopped; what is left is 450 of 500 draws of 4 of 4 chains."
    )


@pytest.mark.parametrize("chains", [1, 2])
@pytest.mark.parametrize("draws", [1, 2, 3, 5])
def test_a_run_interrupted_after_a_draw_or_two_is_stopped_and_nothing_fails(good: Fit, chains: int, draws: int) -> None:
    diagnosis = diagnose(cut(good, chains=chains, draws=draws, interrupted=True, draws_made=draws))
    assert diagnosis.verdict == "stop"
    assert json.loads(json.dumps(diagnosis.to_dict(), allow_nan=False))["verdict"] == "stop"


def test_chains_that_stand_still_are_stopped(good: Fit) -> None:
    values = good.posterior["rate_intercept"].values.copy()
    values[:] = values[:, :1]
    diagnosis = diagnose(with_draws(good, "posterior", rate_intercept=values))
    assert diagnosis.verdict == "stop"


# --- what is looked at ----------------------------------------------------------------------------------------------


def test_what_is_constant_up_to_rounding_is_not_judged(good: Fit) -> None:
    correlation = good.posterior["area_cholesky_corr"].values.copy()
    correlation[2:, :, 0, 0] = np.nextafter(1.0, 0.0)  # as far as two chains can be apart, were it not rounding
    diagnosis = diagnose(with_draws(good, "posterior", area_cholesky_corr=correlation))
    assert diagnosis.verdict == "publish"
    assert "area_cholesky_corr" not in diagnosis.quantities.index


def test_respondents_degrees_are_not_reported_and_not_judged(good: Fit) -> None:
    assert not {"log_degree", "area_raw"} & set(diagnose(good).quantities.index)


def test_a_model_without_areas_is_judged_too() -> None:
    fit = constructed_fit(constructed_study(), spec=model())
    datasets = fit.tree["posterior"].to_dataset()
    plain = datasets[["degree_mean", "degree_sd", "bias_sd", "rate_intercept", "overdispersion", "log_degree"]]
    fit.tree["posterior"] = plain
    assert diagnose(fit).verdict == "publish"


# --- what it says ---------------------------------------------------------------------------------------------------


def test_a_diagnosis_as_text_table_and_json(good: Fit) -> None:
    diagnosis = diagnose(cut(good, chains=2))
    assert repr(diagnosis).startswith("verdict: review\n  review chains: 2 chains;")
    assert diagnosis.table()["code"].tolist() == [finding.code for finding in diagnosis.findings]
    body = json.loads(json.dumps(diagnosis.to_dict(), allow_nan=False))
    assert body["verdict"] == "review"
    assert set(body["findings"][0]) == {"severity", "code", "message", "advice"}
    assert body["largest_rhat"] == diagnosis.quantities["rhat"].max()
    assert body["fewest_bulk"] == diagnosis.quantities["ess_bulk"].min()


def test_the_same_fit_has_the_same_diagnosis(good: Fit) -> None:
    assert diagnose(good).to_dict() == diagnose(good).to_dict()


def test_a_short_fit_is_stopped_and_says_why(sample_fit: Fit) -> None:
    diagnosis = diagnose(sample_fit)
    assert diagnosis.verdict != "publish"
    assert found(diagnosis, "chains").severity == "review"
    assert all(finding.advice for finding in diagnosis.findings if finding.severity != "pass")


# --- waves ----------------------------------------------------------------------------------------------------------


def in_waves(shift: float, last: float = 0.0) -> Fit:
    """A fit of two waves whose known groups' answers differ by ``shift``; chains differ by ``last`` in the last."""
    waves = ["2023", "2025"]
    spec = load_model("municipal_waves")
    fit = constructed_fit(constructed_study(spec=spec, waves=waves), spec=spec)
    rng = np.random.default_rng(2)
    hidden = fit.posterior.sizes["hidden_group"]
    effect = np.zeros((CHAINS, DRAWS, 2, hidden))
    effect[:, :, 1, :] = 0.05 * rng.normal(size=(CHAINS, DRAWS, hidden)) + last * np.arange(CHAINS)[:, None, None]
    degrees = np.zeros((CHAINS, DRAWS, 2))
    degrees[:, :, 1] = shift + 0.03 * rng.normal(size=(CHAINS, DRAWS))
    more = {
        "wave_effect": (("chain", "draw", "wave", "hidden_group"), effect),
        "degree_wave": (("chain", "draw", "wave"), degrees),
    }
    datasets = {name: node.to_dataset() for name, node in fit.tree.children.items()}
    datasets["posterior"] = datasets["posterior"].assign(more)
    return replace(fit, tree=xr.DataTree.from_dict(datasets))


def test_a_shift_that_all_known_groups_share_is_named() -> None:
    note = found(diagnose(in_waves(np.log(0.7))), "common_shift")
    assert note.severity == "note"
    assert note.message.startswith("From 2023 to 2025 fewer members of all known groups were told: 0.70 times as many")
    assert common_shifts(in_waves(np.log(0.7)))["ratio"].item() == pytest.approx(0.7, abs=0.01)


@pytest.mark.parametrize("shift", [0.0, 0.1])
def test_a_small_shift_is_not(shift: float) -> None:
    codes = {finding.code for finding in diagnose(in_waves(shift)).findings}
    assert "common_shift" not in codes


def test_the_rates_of_a_later_wave_are_checked_too() -> None:
    # Only what the later wave adds differs between chains.
    diagnosis = diagnose(in_waves(0.0, last=1.0))
    assert diagnosis.verdict == "stop"
    rates = diagnosis.quantities["rhat"].groupby(level=0).max()
    later, first = rates.filter(like=", 2025]"), rates.filter(like=", 2023]")
    assert len(later) == len(first) > 0
    assert later.max() > 1.05
    assert first.max() < 1.01


def test_without_waves_there_is_no_shift(good: Fit) -> None:
    assert common_shifts(good).empty
