"""Estimates as a file, whole and with what a reader may not see withheld."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from nsum_bayes import Estimates, Fit, FitError, estimate
from nsum_bayes.estimates.summaries import Suppression
from nsum_bayes.inference.netcdf import read_tree
from tests.constructed import constructed_fit


@pytest.fixture(scope="module")
def sample(sample_fit: Fit) -> Estimates:
    return estimate(sample_fit)


@pytest.fixture(scope="module")
def made_up() -> Estimates:
    return estimate(constructed_fit())


def test_estimates_come_back_from_a_file(sample: Estimates, tmp_path: Path) -> None:
    again = Estimates.load(sample.to_netcdf(tmp_path / "new" / "estimates.nc"))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["estimates.nc"]
    np.testing.assert_array_equal(again.draws["prevalence"], sample.draws["prevalence"])
    assert again.draws["prevalence"].dtype == sample.draws["prevalence"].dtype
    assert again.meta == sample.meta
    assert again.denominator == sample.denominator
    assert again.wider == {}
    for level in sample.levels:
        pd.testing.assert_frame_equal(again.table(level), sample.table(level))
    assert again.areas.geometry.geom_equals(sample.areas.geometry).all()


def test_a_file_without_the_hidden_draws_gives_the_same_tables(sample: Estimates, tmp_path: Path) -> None:
    rule = Suppression(20)
    again = Estimates.load(sample.withhold(rule).to_netcdf(tmp_path / "estimates.nc"))
    hidden = rule.hides(sample.respondents)
    assert 5 < hidden.sum() < 55
    assert again.draws["prevalence"].isnull().all(("draw", "group")).values.tolist() == hidden.tolist()
    assert again.own_information.isnull().all("group").values.tolist() == hidden.tolist()
    for level in sample.levels:
        pd.testing.assert_frame_equal(again.table(level), sample.table(level, rule))
        chance = again.exceedance(0.005, level)
        shown = ~rule.hides(sample.level_respondents(level))
        np.testing.assert_array_equal(chance[shown], sample.exceedance(0.005, level)[shown])
        assert chance[~shown].isnull().all()
    xr.testing.assert_allclose(again.national(), sample.national(), rtol=1e-12)


def test_a_hidden_unit_of_a_wider_level_is_missing_too(made_up: Estimates) -> None:
    kept = made_up.withhold()
    province = kept.level_draws("province")["prevalence"]
    missing = province.isnull().any(("draw", "group")).to_series()
    assert set(missing.index[missing]) == {"P2", "P3"}
    assert kept.level_draws("region")["prevalence"].notnull().all()
    np.testing.assert_array_equal(kept.level_draws("nation")["prevalence"], made_up.level_draws("nation")["prevalence"])
    assert made_up.draws["prevalence"].notnull().all()  # the estimates themselves are as they were


def test_a_nation_of_few_respondents_is_withheld_and_nothing_fails(made_up: Estimates) -> None:
    few = replace(made_up, respondents=np.where(made_up.respondents, 1, 0)).withhold()
    assert np.isnan(few.national()["count"]).all()
    assert set(few.table("nation")["estimate_type"]) == {"suppressed"}
    assert "nan" in repr(few)


def test_nothing_of_a_respondent_is_in_the_file(sample: Estimates, tmp_path: Path) -> None:
    tree = read_tree(sample.to_netcdf(tmp_path / "estimates.nc"))
    dims = {str(dim) for node in tree.subtree for dim in node.to_dataset().dims}
    assert dims == {"draw", "area", "group"}


def test_other_files_are_refused_with_advice(tmp_path: Path, sample_run: Path) -> None:
    (tmp_path / "text.nc").write_text("not netCDF", encoding="utf-8")
    for path in (tmp_path / "absent.nc", tmp_path / "text.nc", sample_run):
        with pytest.raises(FitError, match="holds no estimates of this package") as refused:
            Estimates.load(path)
        assert refused.value.advice == "Give the estimates.nc that `nsum estimate` wrote."
