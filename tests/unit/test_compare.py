"""Comparison of models: what is left out, how scores become a table, and what is refused."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import logsumexp

from nsum_bayes import Fit, FitError, Study, compare, fit, load_model
from nsum_bayes.checks import compare as module
from nsum_bayes.checks.folds import FoldScores, _log_mean, assign_folds, score_known_groups, score_respondents
from nsum_bayes.data.held_out import with_respondent_blanked, with_top_code, without_known_group
from tests.made_up import frame_of, study_of

SHORT = {"draws": 25, "tune": 60}
HERE = {"workers": 0, "cluster": None, "progress": False}


@pytest.fixture(scope="module")
def areas_fit() -> Fit:
    """A very short fit of eight areas."""
    spec = load_model("municipal")
    study, _ = study_of(frame_of(12), spec=spec, surveyed=8, respondents_per_area=6, seed=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fit(spec, study, seed=2, draws=25, tune=60, chains=2, progress=False, reuse=True)


def scores(values: list[float], k: float = 0.2) -> FoldScores:
    units = [f"u{number}" for number in range(len(values))]
    return FoldScores(pd.Series(values, index=units), pd.Series(k, index=units), pd.Series(0.1, index=units))


# --- what is left out -----------------------------------------------------------------------------------------------


def test_every_area_is_in_one_fold(sample_study: Study) -> None:
    folds = assign_folds(sample_study, "area", 7, seed=1)
    assert len(folds) == 7
    assert sorted(area for fold in folds.values() for area in fold) == sorted(sample_study.survey.surveyed_areas)
    assert {len(fold) for fold in folds.values()} <= {8, 9}
    assert folds == assign_folds(sample_study, "area", 7, seed=1)
    assert folds != assign_folds(sample_study, "area", 7, seed=2)


def test_folds_by_level_are_its_units(sample_study: Study) -> None:
    folds = assign_folds(sample_study, "region", 10, seed=1)
    region = sample_study.areas.table["region"]
    for name, areas in folds.items():
        assert {f"region {region[area]}" for area in areas} == {name}


def test_a_respondent_is_blanked_and_stays(one_area_study: Study) -> None:
    without = with_respondent_blanked(one_area_study, 3)
    assert np.isnan(without.survey.answers[3]).all()
    assert len(without.survey) == len(one_area_study.survey)
    others = np.arange(len(without.survey)) != 3
    np.testing.assert_array_equal(without.survey.answers[others], one_area_study.survey.answers[others])


def test_a_known_group_is_left_out(one_area_study: Study) -> None:
    without = without_known_group(one_area_study, "twins")
    assert without.survey.groups == tuple(g for g in one_area_study.survey.groups if g != "twins")
    assert "twins" not in set(without.known.table["group"])
    column = one_area_study.survey.groups.index("teachers")
    np.testing.assert_array_equal(
        without.survey.answers[:, without.survey.groups.index("teachers")], one_area_study.survey.answers[:, column]
    )
    Study.from_payload(without.to_payload())


def test_a_top_code_opens_large_answers(one_area_study: Study) -> None:
    coded = with_top_code(one_area_study, 2)
    before, after = one_area_study.survey.answers, coded.survey.answers
    large = before >= 2
    assert large.any()
    np.testing.assert_array_equal(after[large], 2)
    assert np.isinf(coded.survey.upper[large]).all()
    np.testing.assert_array_equal(after[~large], before[~large])
    assert {q.answer.top_code for q in coded.settings.question} == {2}


# --- scores ---------------------------------------------------------------------------------------------------------


def test_a_score_is_the_log_of_a_mean_density() -> None:
    values = np.random.default_rng(1).normal(-50, 0.5, (4, 200))
    found = _log_mean(xr.DataArray(values, dims=("chain", "draw")))
    assert found["elpd"] == pytest.approx(logsumexp(values) - np.log(800))
    assert found["pareto_k"] < 0.5
    # Independent draws: the error of a mean of log-normals, over the mean.
    assert found["error"] == pytest.approx(np.sqrt(np.expm1(0.25) / 800), rel=0.25)
    # A few draws that outweigh all others are called out.
    values += np.random.default_rng(2).normal(0, 8, (4, 200))
    assert _log_mean(xr.DataArray(values, dims=("chain", "draw")))["pareto_k"] > 0.7


def test_differences_have_the_error_of_paired_units() -> None:
    rng = np.random.default_rng(4)
    better = rng.normal(-30, 10, 40)
    worse = better - rng.normal(0.5, 0.3, 40)
    found = module._comparison("area", {"worse": scores(worse.tolist()), "better": scores(better.tolist())})
    assert list(found.table.index) == ["better", "worse"]
    row = found.table.loc["worse"]
    assert row["difference"] == pytest.approx((worse - better).sum())
    assert row["se_of_difference"] == pytest.approx(np.sqrt(40) * (worse - better).std(ddof=1))
    assert row["se_of_difference"] < row["se"] / 5
    assert row["mc_error"] == pytest.approx(0.1 * np.sqrt(40))
    assert found.clear()
    assert found.table["weight"].sum() == pytest.approx(1.0)
    assert found.table.loc["better", "weight"] > 0.9
    assert "clearly ahead" in repr(found)
    assert found.to_dict()["best"] == "better"


def test_what_is_close_or_few_is_flagged() -> None:
    found = module._comparison("area", {"a": scores([-10.0] * 9 + [-11.0]), "b": scores([-10.1] * 10, k=0.9)})
    assert not found.clear()
    assert "difference small" in found.table.loc["a" if found.best == "b" else "b", "flag"]
    assert "rest on few draws" in found.table.loc["b", "flag"]
    assert "10 units only" in found.table.loc["a", "flag"]


def test_very_small_densities_still_have_weights() -> None:
    found = module._comparison("province", {"a": scores([-3000.0, -2500.0]), "b": scores([-3400.0, -2600.0])})
    assert found.table.loc["a", "weight"] == pytest.approx(1.0, abs=1e-3)


# --- what is refused ------------------------------------------------------------------------------------------------


def test_fits_of_other_answers_are_refused(one_area_fit: Fit) -> None:
    survey = one_area_fit.study.survey
    answers = survey.answers.copy()
    answers[0, 0] += 1
    other = replace(one_area_fit, study=replace(one_area_fit.study, survey=replace(survey, answers=answers)))
    with pytest.raises(FitError, match="fitted to different answers"):
        compare({"one": one_area_fit, "other": other}, "respondent")
    with pytest.raises(FitError, match="no way to leave something out") as refused:
        compare({"one": one_area_fit}, "village")
    assert "province" in str(refused.value)
    with pytest.raises(FitError, match="no fit to compare"):
        compare({})


def test_leave_one_out_with_wild_weights_is_refused() -> None:
    with pytest.raises(FitError, match=r"Pareto k is above 0.7 for 3 of 3 \(largest 0.90\)"):
        module._refuse_unreliable("cell", {"a": scores([-1.0, -2.0, -1.5], k=0.9)})
    module._refuse_unreliable("area", {"a": scores([-1.0, -2.0, -1.5], k=0.9)})
    failed = replace(scores([-1.0]), failures={"fold 2": "the sampler could not start"})
    with pytest.raises(FitError, match="fold 2: the sampler could not start"):
        module._refuse_unreliable("area", {"a": failed})


# --- short real refits ----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.ci_slow
def test_folds_are_scored_area_by_area_and_kept(areas_fit: Fit, tmp_path: Path) -> None:
    found = compare({"municipal": areas_fit}, "area", folds=2, seed=3, out=tmp_path, progress=False, **SHORT)
    assert sorted(found.pointwise.index) == sorted(areas_fit.study.survey.surveyed_areas)
    assert np.isfinite(found.pointwise.to_numpy()).all()
    again = compare({"municipal": areas_fit}, "area", folds=2, seed=3, out=tmp_path, progress=False, **SHORT)
    pd.testing.assert_frame_equal(found.pointwise, again.pointwise)
    assert len((tmp_path / "municipal.jsonl").read_text().splitlines()) == 3


@pytest.mark.slow
def test_respondents_and_known_groups_are_left_out_by_refitting(areas_fit: Fit) -> None:
    exact = score_respondents(areas_fit, [0, 5], 1, SHORT, None, HERE)
    assert list(exact.elpd.index) == ["0", "5"]
    assert (exact.elpd < 0).all()
    found = score_known_groups(areas_fit, 1, SHORT, None, HERE)
    assert tuple(found.elpd.index) == areas_fit.study.known_groups
    assert np.isfinite(found.elpd).all()


def test_leave_one_out_scores_all_who_answered(one_area_fit: Fit) -> None:
    by_respondent = module.leave_one_out_by_respondent(one_area_fit)
    by_cell = module.leave_one_out_by_cell(one_area_fit)
    answers = one_area_fit.study.survey.answers
    assert len(by_respondent.elpd) == (~np.isnan(answers).all(axis=1)).sum()
    assert len(by_cell.elpd) == (~np.isnan(answers)).sum()
    # The degree is learned from the answers left out: naive weights are far wilder.
    assert by_respondent.pareto_k.max() < by_cell.pareto_k.max()
