"""Sensitivity of the national figure: what needs no refit exactly, refits shortly, and the pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from nsum_bayes import Fit, build_model, estimate, sensitivity
from nsum_bayes.checks.sensitivity import (
    Sensitivity,
    _log_density,
    _top_level,
    contraction,
    power_scaling,
    transmission_surface,
)
from nsum_bayes.report.check_figures import hold_out_figure, sensitivity_figure
from nsum_bayes.report.check_tables import write_sensitivity


@pytest.fixture(scope="module")
def moved(one_area_fit: Fit) -> Sensitivity:
    return sensitivity(one_area_fit, known_groups=(), top_codes=())


def test_the_surface_is_inverse_in_transmission_and_ratio(one_area_fit: Fit) -> None:
    surface = transmission_surface(one_area_fit, (0.4, 0.8), (0.5, 1.0))
    assert surface is not None
    values = surface.values
    np.testing.assert_allclose(values[:, 0, 1] / values[:, 1, 1], 2.0, rtol=1e-4)
    np.testing.assert_allclose(values[:, 1, 0] / values[:, 1, 1], 2.0, rtol=1e-4)
    statement = {"fixed": 0.4, "reason": "test"}
    groups = one_area_fit.study.hidden_groups
    direct = estimate(one_area_fit, dict.fromkeys(groups, statement)).level_draws("nation")["prevalence"].isel(unit=0)
    stated = one_area_fit.study.hidden(groups[0]).degree_ratio.fixed
    if stated == 1.0:
        assert values[0, 0, 1] == pytest.approx(float(direct.sel(group=groups[0]).median()), rel=1e-6)


def test_top_level_parameters_have_their_own_density(one_area_fit: Fit) -> None:
    built = build_model(one_area_fit.spec, one_area_fit.study)
    top = _top_level(built)
    assert {"degree_sd", "bias_sd", "overdispersion"} <= set(top)
    assert not {"log_degree", "bias"} & set(top)
    prior = one_area_fit.spec.degree.sd
    draws = one_area_fit.posterior["degree_sd"]
    expected = scipy.stats.halfnorm(scale=prior.sd).logpdf(draws.values)
    np.testing.assert_allclose(_log_density(built["degree_sd"], draws), expected, rtol=1e-6)


def test_power_scaling_names_priors_and_likelihood(one_area_fit: Fit) -> None:
    found = power_scaling(one_area_fit)
    assert {"all priors", "likelihood", "prior of bias_sd"} <= set(found["part"])
    assert np.isfinite(found["index"]).all()
    assert (found["index"] >= 0).all()


def test_the_survey_contracts_what_is_known(one_area_fit: Fit) -> None:
    found = contraction(one_area_fit)
    assert len(found) == len(one_area_fit.study.areas) * len(one_area_fit.study.hidden_groups)
    assert found["contraction"].between(0.2, 1.0).all()
    np.testing.assert_allclose(found["contraction"], 1 - (found["posterior_sd"] / found["prior_sd"]) ** 2)


def test_every_setting_has_a_row(moved: Sensitivity, one_area_fit: Fit) -> None:
    groups = one_area_fit.study.hidden_groups
    assert set(moved.table["what"]) == {"as stated", "transmission"}
    assert (moved.table.groupby("group").size() == 1 + 5).all()
    assert set(moved.table["group"]) == set(groups)
    stated = moved.table[moved.table["what"] == "as stated"]
    np.testing.assert_allclose(stated["ratio"], 1.0)
    assert moved.failures == {}
    assert moved.table["median"].between(0, 1).all()
    assert set(moved.to_dict()) == {"table", "power", "surface", "failures"}


@pytest.mark.slow
def test_known_groups_and_top_codes_are_moved_by_refitting(one_area_fit: Fit) -> None:
    known = one_area_fit.study.known_groups[:1]
    moved = sensitivity(one_area_fit, known_groups=known, top_codes=(3,), draws=25, tune=60, progress=False)
    assert set(moved.table["what"]) == {"as stated", "transmission", "known group", "top code"}
    assert (moved.table.groupby("group").size() == 1 + 5 + 1 + 1).all()
    assert moved.table["median"].between(0, 1).all()


def test_tables_and_picture_are_written(moved: Sensitivity, one_area_fit: Fit, tmp_path: Path) -> None:
    written = write_sensitivity(moved, tmp_path / "out")
    assert [path.name for path in written] == [
        "sensitivity.csv",
        "power_scaling.csv",
        "contraction.csv",
        "transmission_surface.csv",
    ]
    picture = sensitivity_figure(moved, one_area_fit.study, tmp_path / "out" / "figure.png")
    assert picture.stat().st_size > 10_000


def test_hold_outs_are_drawn(one_area_fit: Fit) -> None:
    import pandas as pd

    from nsum_bayes import HoldOut

    rows = [
        {"unit": "a", "group": "a", "truth": 0.01, "median": 0.02, "lower": 0.015, "upper": 0.03, "inside": False},
        {"unit": "b", "group": "b", "truth": 0.01, "median": 0.012, "lower": 0.008, "upper": 0.02, "inside": True},
    ]
    table = pd.DataFrame(rows).assign(log_ratio=lambda t: np.log(t["median"] / t["truth"]), rhat=1.0, divergent=0)
    figure = hold_out_figure(HoldOut("group", table, {}), one_area_fit.study)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["b", "a"]
    assert "1 of 2" in figure.get_suptitle()
