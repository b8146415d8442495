"""Ranks of the truth: that they are uniform where they should be, and called out where they are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import kstest

from nsum_bayes import Calibration, Fit, FitError, calibrate, load_model
from nsum_bayes.checks import calibration
from nsum_bayes.checks.calibration import Design, _rank, default_design
from nsum_bayes.checks.made_up_frame import frame
from nsum_bayes.data.secondary import covariate_knowledge
from nsum_bayes.model.simulate import simulate


def made(ranks: dict[str, np.ndarray], failures: dict[str, str] | None = None) -> Calibration:
    return Calibration("test", pd.DataFrame(ranks), failures or {})


def autoregressive(rng: np.random.Generator, correlation: float, size: tuple[int, int]) -> np.ndarray:
    """Draws of a standard normal (chain, draw), each correlated with the one before."""
    found = rng.normal(size=size)
    for j in range(1, size[1]):
        found[:, j] = correlation * found[:, j - 1] + np.sqrt(1 - correlation**2) * found[:, j]
    return found


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_ranks_of_a_draw_among_its_like_are_uniform(correlation: float) -> None:
    rng = np.random.default_rng(1)
    ranks = [_rank(autoregressive(rng, correlation, (4, 200)), rng.normal(), rng) for _ in range(600)]
    assert kstest(ranks, "uniform").pvalue > 0.001


def test_draws_equal_to_the_truth_say_nothing() -> None:
    rng = np.random.default_rng(2)
    draws = np.zeros((4, 100))
    draws[0, 0] = 1.0  # something varies
    ranks = [_rank(draws, 0.0, rng) for _ in range(400)]
    assert kstest(ranks, "uniform").pvalue > 0.001


def test_a_rank_is_the_share_of_draws_below() -> None:
    rng = np.random.default_rng(3)
    draws = rng.permutation(1000).reshape(4, 250).astype(float)
    assert _rank(draws, 249.5, rng) == pytest.approx(0.25, abs=0.06)  # a thinned sample of a thousand
    assert _rank(draws, -1.0, rng) < 0.02
    assert _rank(draws, 2000.0, rng) > 0.98


@pytest.mark.parametrize(
    ("number", "bands"),
    [
        (1000, {0.5: (0.459, 0.541), 0.9: (0.875, 0.924), 0.95: (0.931, 0.967)}),
        (200, {0.5: (0.41, 0.59), 0.9: (0.84, 0.95), 0.95: (0.905, 0.985)}),
    ],
)
def test_bands_are_those_of_the_binomial(number: int, bands: dict[float, tuple[float, float]]) -> None:
    found = made({"x": np.zeros(number)}).bands()
    for level, band in bands.items():
        assert found[level] == pytest.approx(band, abs=1.5 / number + 1e-9)


def test_uniform_ranks_pass_and_others_are_called_out() -> None:
    rng = np.random.default_rng(4)
    fine = {f"q{k}": rng.uniform(size=200) for k in range(20)}
    assert made(fine).passed
    wrong = {**fine, "narrow": rng.beta(0.4, 0.4, 200), "shifted": rng.beta(1.0, 1.8, 200)}
    assert set(made(wrong).called_out()) == {"narrow", "shifted"}
    assert "ranks not uniform: shifted" in repr(made(wrong))


def test_coverage_is_that_of_central_intervals() -> None:
    ranks = (np.arange(1000) + 0.5) / 1000
    row = made({"x": ranks}).table().loc["x"]
    assert row["covers_0.5"] == pytest.approx(0.5, abs=0.002)
    assert row["covers_0.95"] == pytest.approx(0.95, abs=0.002)


def test_failures_never_shrink_the_count() -> None:
    found = made({"x": np.full(18, 0.5)}, {"3": "No start.", "7": "No start."})
    assert found.simulations == 20
    assert "20 simulations, 2 failed" in repr(found)


def test_the_made_up_frame_has_two_areas_a_province() -> None:
    table = frame(6).table
    assert table["province"].tolist() == ["P0", "P0", "P1", "P1", "P2", "P2"]
    assert table["region"].tolist() == ["R0"] * 4 + ["R1"] * 2


def test_models_with_effects_of_areas_are_given_areas() -> None:
    assert default_design(load_model("municipal")).areas > 1
    assert default_design(load_model("partially_pooled")).areas > 1
    assert default_design(load_model("random_degree")).areas == 1


def test_a_model_of_secondary_data_is_given_some_with_gaps_and_an_error() -> None:
    design = default_design(load_model("municipal_secondary"))
    areas = frame(design.areas, covariates=design.covariates)
    missing = areas.table[["gappy", "income", "roads", "phones"]].isna().sum().to_dict()
    assert missing == {"gappy": 15, "income": 2, "roads": 2, "phones": 2}
    stated = areas.table["income"].notna()
    np.testing.assert_allclose((areas.table["income error"] / areas.table["income"])[stated], 0.3)
    assert (areas.covariate_errors()[stated, 1] > 0).all()
    pd.testing.assert_frame_equal(areas.table, frame(36, covariates=True).table)
    assert len(set(design.visited) & set(areas.codes)) == design.surveyed
    assert frame(36).covariates == ()


def test_only_a_design_with_covariates_names_them() -> None:
    plain, secondary = Design(), Design(covariates=True)
    assert str(plain) == repr(plain)
    assert str(secondary) == f"{plain} with covariates"
    assert plain.visited == 8


def test_inexact_figures_of_visited_areas_stand_beside_their_own_truth() -> None:
    spec, design = load_model("municipal_secondary"), default_design(load_model("municipal_secondary"))
    study, truth = simulate(
        spec, frame(design.areas, covariates=True), known={"a": 0.01, "b": 0.02}, hidden=[design.hidden],
        respondents_per_area=2, surveyed=design.visited, seed=1,
    )  # fmt: skip
    owner = truth.areas.codes[np.nonzero(covariate_knowledge(truth.areas).uncertain)[0]]
    figures = truth.parameters["covariate_missing"][np.isin(owner, design.visited)]
    shape, dims = (2, 3), ("chain", "draw")
    coefficient = np.random.default_rng(1).normal(size=(*shape, 4, 1))
    posterior = xr.Dataset(
        {
            "covariate_missing": ((*dims, "figure"), np.broadcast_to(figures, (*shape, len(figures)))),
            "rate_coefficient": ((*dims, "covariate", "hidden_group"), coefficient),
        }
    )
    run = Fit(spec, study, xr.DataTree.from_dict({"posterior": posterior}), {"seed": 1})
    draws, true = calibration._inexact_figures(run, truth)
    assert list(draws) == list(true) == [f"inexact figure[{number}]" for number in range(12)]
    assert len(set(true.values())) == 12
    for name, values in draws.items():
        np.testing.assert_array_equal(values, np.full(shape, true[name]))
    assert list(calibration._parameters(run, truth)[1]) == [f"rate_coefficient[{number}]" for number in range(4)]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("calibration") / "ranks.jsonl"


@pytest.fixture(scope="module")
def three(kept: Path) -> Calibration:
    return calibrate(load_model("random_degree"), seed=1, simulations=3, draws=50, tune=100, out=kept)


def test_every_parameter_the_rate_a_degree_and_the_likelihood_are_ranked(three: Calibration) -> None:
    wanted = {"degree_mean", "degree_sd", "degree of one", "national rate", "log likelihood"}
    assert wanted <= set(three.ranks.columns)
    assert ((three.ranks > 0) & (three.ranks < 1)).all(axis=None)


def test_more_simulations_are_added_to_those_done(three: Calibration, kept: Path, monkeypatch) -> None:
    def fails(*arguments: object) -> None:
        raise FitError("No start.", where="fit", advice="Look.")

    monkeypatch.setattr(calibration, "ranked_fit", fails)
    more = calibrate(load_model("random_degree"), seed=1, simulations=5, draws=50, tune=100, out=kept)
    pd.testing.assert_frame_equal(more.ranks, three.ranks)
    assert (more.simulations, list(more.failures)) == (5, ["3", "4"])


def test_a_model_that_never_fits_is_an_error(monkeypatch) -> None:
    def fails(*arguments: object) -> None:
        raise FitError("No start.", where="fit", advice="Look.")

    monkeypatch.setattr(calibration, "ranked_fit", fails)
    with pytest.raises(FitError, match=r"Every fit failed. The first: No start"):
        calibrate(load_model("random_degree"), seed=1, simulations=2, design=Design(areas=1, surveyed=1))


def test_chains_that_disagree_are_counted_and_told() -> None:
    found = Calibration(
        "test", pd.DataFrame({"x": np.linspace(0.05, 0.95, 10)}), r_hat=pd.Series([1.0] * 7 + [1.06, 1.2, 1.04])
    )
    assert found.unconverged == 2
    assert "2 with an R-hat above 1.05 (largest 1.20)" in repr(found)
