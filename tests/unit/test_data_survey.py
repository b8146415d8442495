"""Respondents: area counts, covariates, what is far out, and the regression columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nsum_bayes.data.respondents import far_out, respondent_design
from nsum_bayes.data.study import Study
from tests.small_study import edit_cells, edit_text, write_small_study


def test_areas_and_respondents(tmp_path: Path) -> None:
    survey = Study.load(write_small_study(tmp_path)).survey
    assert survey.surveyed_areas.tolist() == ["0101", "0102", "0201", "0202"]
    assert survey.respondents_by_area(["0202", "9999", "0101"]).tolist() == [6, 0, 6]
    assert list(survey.design.columns) == ["stratum", "weight"]
    assert survey.design["weight"].tolist() == [1.5] * 24


def test_values_outside_a_declared_range_are_set_missing_and_reported(tmp_path: Path) -> None:
    file = write_small_study(tmp_path)
    edit_text("missing_codes = [-9]", "missing_codes = [-9]\ncovariate_ranges = { age = [15, 110] }")(tmp_path)
    edit_cells("survey.csv", "age", {3: 450, 5: -9})(tmp_path)
    study = Study.load(file)
    assert np.isnan(study.survey.covariates["age"].to_numpy()[[2, 4]]).all()
    assert "Covariate 'age': 2 values outside its declared range set missing (survey.csv, rows 3 and 5)." in study.notes
    assert not any("robust" in note for note in study.notes)


def test_absurd_values_are_kept_and_reported_without_their_value(tmp_path: Path) -> None:
    file = write_small_study(tmp_path)
    edit_cells("survey.csv", "age", {3: 4567, 4: ""})(tmp_path)
    study = Study.load(file)
    assert study.survey.covariates["age"][2] == 4567
    told = [note for note in study.notes if "age" in note]
    assert told == [
        "Covariate 'age': missing for 1 respondent (survey.csv, row 4).",
        "Covariate 'age': 1 value more than 8 robust standard deviations from the middle, kept (survey.csv, row 3). "
        "If wrong, correct the file or declare the range under [survey.covariate_ranges].",
    ]


@pytest.mark.parametrize("shape", ["normal", "mostly one value", "two values", "constant", "counts"])
def test_ordinary_columns_have_nothing_far_out(shape: str) -> None:
    rng = np.random.default_rng(5)
    columns = {
        "normal": rng.normal(50, 12, 400),
        "mostly one value": np.r_[np.full(300, -9.0), rng.integers(-8, 1, 100)],
        "two values": np.r_[np.zeros(395), np.ones(5)],
        "constant": np.full(50, 3.0),
        "counts": rng.poisson(4, 400).astype(float),
    }
    assert not far_out(columns[shape]).any()


def test_one_absurd_value_is_far_out() -> None:
    values = np.r_[np.full(300, -9.0), np.random.default_rng(5).integers(-8, 1, 100), 45.0, np.nan]
    assert np.flatnonzero(far_out(values)).tolist() == [400]


def test_regression_columns() -> None:
    covariates = pd.DataFrame(
        {"age": [20.0, 40.0, np.nan, 60.0], "sex": ["m", "f", "", "f"], "same": 1.0, "town": ["a", "b", "c", "a"]}
    )
    matrix = respondent_design(covariates)
    assert matrix.dims == ("respondent", "respondent_covariate")
    names = matrix.coords["respondent_covariate"].values.tolist()
    assert names == ["age", "age_missing", "sex=m", "sex_missing", "town=b", "town=c"]
    step = np.sqrt(1.5)
    expected = [[-step, 0, 1, 0, 0, 0], [0, 0, 0, 0, 1, 0], [0, 1, 0, 1, 0, 1], [step, 0, 0, 0, 0, 0]]
    np.testing.assert_allclose(matrix.values, expected, rtol=1e-12, atol=1e-12)


def test_no_covariates_make_no_columns() -> None:
    assert respondent_design(pd.DataFrame(index=pd.RangeIndex(7))).shape == (7, 0)
