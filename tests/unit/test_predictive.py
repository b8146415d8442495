"""Replicated answers: of the same shape as those given, and odd where the model is made wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from nsum_bayes import Fit, posterior_predictive_check, prior_predictive_check, save_figure
from nsum_bayes.checks.predictive import STATISTICS, PredictiveCheck
from nsum_bayes.report.check_figures import pit_plots, rootograms


@pytest.fixture(scope="module")
def checked(one_area_fit: Fit) -> PredictiveCheck:
    return posterior_predictive_check(one_area_fit, draws=60)


def test_replicates_look_like_the_answers_of_a_right_model(checked: PredictiveCheck, one_area_fit: Fit) -> None:
    groups = one_area_fit.study.survey.groups
    assert len(checked.table) == len(groups) * len(STATISTICS)  # one area: no halves
    assert [finding.severity for finding in checked.findings] == ["pass"]
    answers = one_area_fit.study.survey.answers
    row = checked.table.set_index(["group", "statistic"]).loc[(groups[0], "share of zeros")]
    assert row["observed"] == pytest.approx((answers[:, 0] == 0).sum() / (~np.isnan(answers[:, 0])).sum())
    assert row["lower"] <= row["median"] <= row["upper"]
    for group, column in zip(groups, answers.T, strict=True):
        assert checked.tree["posterior_predictive"][group].sizes[f"answer_{group}"] == (~np.isnan(column)).sum()


def test_a_model_with_too_few_zeros_is_called_out(one_area_fit: Fit) -> None:
    posterior = one_area_fit.posterior
    wrong = posterior.assign(degree_mean=posterior["degree_mean"] + 3.0)
    found = posterior_predictive_check(
        replace(one_area_fit, tree=xr.DataTree.from_dict({"posterior": wrong})), draws=60
    )
    assert {finding.severity for finding in found.findings} == {"review"}
    assert "share of zeros" in repr(found.findings)


def test_areas_are_split_by_their_people(sample_fit: Fit) -> None:
    found = posterior_predictive_check(sample_fit, draws=10)
    assert set(found.table["where"]) == {"all areas", "small areas", "large areas"}


def test_the_prior_is_held_against_the_answers(one_area_fit: Fit) -> None:
    found = prior_predictive_check(one_area_fit.spec, one_area_fit.study, draws=50)
    assert found.kind == "prior"
    assert found.findings == ()
    assert found.table["p"].between(0, 1).all()


def test_multiples_are_shares_of_answers_of_five_or_more() -> None:
    answers = np.array([[0.0, 5.0, 10.0, 7.0, np.nan, 3.0], [0.0, 1.0, 2.0, 3.0, np.nan, 4.0]])
    np.testing.assert_allclose(STATISTICS["multiples of 5"](answers), [2 / 3, 0.0])
    np.testing.assert_allclose(STATISTICS["multiples of 10"](answers), [1 / 3, 0.0])
    np.testing.assert_allclose(STATISTICS["share of zeros"](answers), [0.2, 0.2])
    np.testing.assert_allclose(STATISTICS["maximum"](answers), [10.0, 4.0])


def test_pictures_are_arvizs_and_saved(checked: PredictiveCheck, one_area_fit: Fit, tmp_path) -> None:
    for draw in (rootograms, pit_plots):
        figure = draw(checked, one_area_fit.study)
        assert len([axes for axes in figure.axes if axes.get_title()]) == len(one_area_fit.study.survey.groups)
        assert "SIMULATED DATA" in figure.get_suptitle()
        assert save_figure(figure, tmp_path / f"{draw.__name__}.png").stat().st_size > 10_000


def test_nothing_of_a_respondent_is_printed(checked: PredictiveCheck) -> None:
    assert isinstance(checked.table, pd.DataFrame)
    assert "respondent" not in repr(checked)
