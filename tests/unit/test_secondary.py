"""Secondary data: what is missing or has an error is an unknown of known size; what repeats itself is reported."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nsum_bayes import Study, StudyError
from nsum_bayes.data.areas import Areas
from nsum_bayes.data.covariates import CovariateCategory
from nsum_bayes.data.secondary import collinear_notes, covariate_knowledge, leak_notes
from nsum_bayes.model.crude import areas_stand_out
from nsum_bayes.model.inputs import read_inputs
from nsum_bayes.model.secondary import complete_covariates
from nsum_bayes.model.spec import load_model
from nsum_bayes.model.study_design import design_of
from tests.made_up import frame_of, study_of
from tests.three_areas import three_areas

RNG = np.random.default_rng(4)


def areas_with(columns: dict[str, np.ndarray], errors: dict[str, np.ndarray] | None = None) -> Areas:
    """A frame whose covariates are these columns, one category each, untransformed."""
    errors = errors or {}
    count = len(next(iter(columns.values())))
    frame = frame_of(count)
    table = frame.table.assign(**columns, **{f"{name} error": values for name, values in errors.items()})
    named = {name: ((name, f"{name} error"),) if name in errors else () for name in columns}
    categories = tuple(CovariateCategory(name, (name,), "none", "test", None, named[name]) for name in columns)
    return replace(frame, table=table, covariates=categories)


def test_whole_figures_are_themselves() -> None:
    areas = areas_with({"a": RNG.normal(size=30), "b": RNG.normal(size=30)})
    told = covariate_knowledge(areas)
    np.testing.assert_array_equal(told.mean, areas.design_matrix().values)
    assert not told.covariance.any()
    assert not told.uncertain.any()


def test_a_missing_figure_is_told_by_the_others_as_regression_tells_it() -> None:
    a = RNG.normal(size=4000)
    b = 0.8 * a + 0.6 * RNG.normal(size=4000)
    gaps = RNG.uniform(size=4000) < 0.4
    told = covariate_knowledge(areas_with({"a": a, "b": np.where(gaps, np.nan, b)}))
    np.testing.assert_array_equal(told.uncertain, np.column_stack([np.zeros(4000, bool), gaps]))
    x, y = ((v - v[~gaps].mean()) / v[~gaps].std() for v in (a, b))
    slope, intercept = np.polyfit(x[~gaps], y[~gaps], 1)
    np.testing.assert_allclose(told.mean[gaps, 1], intercept + slope * x[gaps], atol=0.01)
    left = (y[~gaps] - intercept - slope * x[~gaps]).var()
    np.testing.assert_allclose(told.covariance[gaps, 1, 1], left, rtol=0.02)


def test_a_figure_with_an_error_is_drawn_towards_the_mean_by_its_reliability() -> None:
    truth = RNG.normal(size=3000)
    error = np.where(np.arange(3000) % 2, 0.3, 0.9)
    stated = truth + error * RNG.normal(size=3000)
    areas = areas_with({"a": stated}, {"a": error})
    told, scale = covariate_knowledge(areas), stated.std()
    noise = (error / scale) ** 2
    signal = (1.0 / scale) ** 2
    reliability = signal / (signal + noise)
    expected = reliability * areas.design_matrix().values[:, 0]
    np.testing.assert_allclose(told.mean[:, 0], expected, atol=0.06 * np.abs(expected).max())
    np.testing.assert_allclose(told.covariance[:, 0, 0], reliability * noise, rtol=0.1)
    # What is said of the truth is right: standardised errors have variance one.
    z = ((truth - stated.mean()) / scale - told.mean[:, 0]) / np.sqrt(told.covariance[:, 0, 0])
    assert abs(z.var() - 1.0) < 5 * np.sqrt(2 / 3000)


@pytest.mark.parametrize(
    ("transform", "value", "sd"), [("log", 5.0, 0.3), ("logit", 0.2, 0.3 / 0.8), ("log1p", 4.0, 0.3 * 0.8)]
)
def test_errors_follow_the_transform(transform: str, value: float, sd: float) -> None:
    column = value * np.array([0.7, 0.9, 1.0, 1.1, 1.3])
    areas = areas_with({"a": column}, {"a": 0.3 * column})
    areas = replace(areas, covariates=(replace(areas.covariates[0], transform=transform),))
    from nsum_bayes.data.covariates import transformed

    np.testing.assert_allclose(areas.covariate_errors()[2, 0], sd / transformed(column, transform).std(), rtol=1e-12)


def test_a_figure_whose_error_is_missing_has_the_largest() -> None:
    areas = areas_with({"a": np.arange(5.0)}, {"a": np.array([0.1, 0.2, np.nan, 0.4, 0.1])})
    errors = areas.covariate_errors()[:, 0]
    assert errors[2] == errors.max() == errors[3]


def test_a_small_frame_does_not_take_chance_for_correlation() -> None:
    a = np.array([-1.0, 0.0, 1.0, 3.0])
    told = covariate_knowledge(areas_with({"a": a, "b": np.array([-1.0, 0.0, 1.0, np.nan])}))
    assert told.covariance[3, 1, 1] > 0.2


def test_unknowns_of_an_area_are_drawn_together_in_both_tellings() -> None:
    a = RNG.normal(size=12)
    columns = {"a": a.copy(), "b": 0.9 * a + 0.3 * RNG.normal(size=12), "c": RNG.normal(size=12)}
    for name, rows in (("a", [1, 4]), ("b", [1, 4, 7]), ("c", [2])):
        columns[name][rows] = np.nan
    areas = areas_with(columns)
    study, _ = study_of(areas, surveyed=12)
    inputs, told = read_inputs(load_model("municipal"), study), covariate_knowledge(areas)
    import pymc as pm

    with pm.Model(coords={"covariate": list(columns)}):
        drawn = pm.draw(complete_covariates(inputs), draws=4000, random_seed=1, mode="FAST_COMPILE")
    for area in (1, 2, 4, 7):
        here = told.uncertain[area]
        np.testing.assert_array_equal(
            drawn[:, area, ~here], np.broadcast_to(told.mean[area, ~here], (4000, sum(~here)))
        )
        covariance = np.atleast_2d(np.cov(drawn[:, area, here].T))
        np.testing.assert_allclose(covariance, told.covariance[area][np.ix_(here, here)], atol=0.08)
        np.testing.assert_allclose(drawn[:, area].mean(axis=0), told.mean[area], atol=0.08)
    np.testing.assert_allclose(design_of(study).covariate_covariance, told.covariance)


@pytest.mark.parametrize(("inexact", "stand_out"), [(0, True), (3, True), (12, False)])
def test_areas_do_not_stand_out_where_inexact_figures_may_be_all_they_differ_by(inexact: int, stand_out: bool) -> None:
    figures = np.linspace(-1.0, 1.0, 12)
    error = np.where(np.arange(12) < inexact, 0.3, 0.0)
    loud = {"degree_mean": 7.0, "prevalence_intercept": -2.0, "area_sd": 2.0, "overdispersion": 0.1}
    areas = areas_with({"a": figures}, {"a": error})
    study, _ = study_of(areas, surveyed=12, respondents_per_area=8, parameters=loud)
    assert areas_stand_out(read_inputs(load_model("municipal_secondary"), study)) is stand_out


def test_covariates_that_go_together_are_reported() -> None:
    a, b = RNG.normal(size=(2, 60))
    notes = list(collinear_notes(areas_with({"a": a, "b": a + 0.05 * b, "c": RNG.normal(size=60)})))
    assert len(notes) == 1
    assert "'a' and 'b' go together (correlation 1.00)" in notes[0]
    three = list(collinear_notes(areas_with({"a": a, "b": b, "sum": a + b + 0.2 * RNG.normal(size=60)})))
    assert any("'sum' follows from the others" in note for note in three)
    assert not list(collinear_notes(areas_with({"a": a, "b": b, "same": np.ones(60)})))


def test_covariates_made_of_the_survey_are_reported() -> None:
    areas = areas_with({"a": RNG.normal(size=40), "b": RNG.normal(size=40)})
    study, truth = study_of(areas, surveyed=20, respondents_per_area=30, parameters={"area_sd": [1.5, 0.1]})
    assert not list(leak_notes(areas, study.survey, 4))
    answers = pd.Series(study.survey.answers[:, 4]).groupby(study.survey.area).mean()
    leaking = areas.table["a"].copy()
    leaking[answers.index] = answers
    notes = list(leak_notes(replace(areas, table=areas.table.assign(a=leaking)), study.survey, 4))
    assert len(notes) == 1
    assert "'a' follows the answers on 'held' (rank correlation" in notes[0]
    there = areas.table["b"].where(areas.table.index.isin(study.survey.surveyed_areas))
    notes = list(leak_notes(replace(areas, table=areas.table.assign(b=there)), study.survey, 4))
    assert ["almost only where the survey went" in note for note in notes] == [True]
    assert len(truth.areas) == 40


def loaded(category: dict[str, object], **columns: list[float]) -> Study:
    return three_areas(columns, covariates={"poverty": category})


def test_the_study_file_names_the_errors() -> None:
    by_cv = loaded({"columns": ["p"], "cv": {"p": "p_cv"}}, p=[1.0, 2.0, 4.0], p_cv=[0.1, 0.2, 0.3])
    by_se = loaded({"columns": ["p"], "se": {"p": "p_se"}}, p=[1.0, 2.0, 4.0], p_se=[0.1, 0.4, 1.2])
    np.testing.assert_allclose(by_cv.areas.covariate_errors(), by_se.areas.covariate_errors())
    assert "p_cv" not in by_cv.areas.table
    again = Study.from_payload(by_cv.to_payload())
    np.testing.assert_array_equal(again.areas.covariate_errors(), by_cv.areas.covariate_errors())


@pytest.mark.parametrize(
    ("category", "columns", "said"),
    [
        ({"columns": ["p"], "cv": {"q": "p_cv"}}, {"p": [1, 2, 3], "p_cv": [0.1] * 3}, "not among the columns"),
        ({"columns": ["p"], "cv": {"p": "e"}, "se": {"p": "e"}}, {"p": [1, 2, 3], "e": [0.1] * 3}, "not both"),
        ({"columns": ["p"], "cv": {"p": "p_cv"}}, {"p": [1, 2, 3]}, "p_cv"),
        ({"columns": ["p"], "se": {"p": "e"}}, {"p": [1, 2, 3], "e": [0.1, -0.1, 0.1]}, "negative in 1 area"),
    ],
)
def test_wrong_errors_are_refused(category: dict[str, object], columns: dict[str, list[float]], said: str) -> None:
    with pytest.raises(StudyError, match=said):
        loaded(category, **columns)
