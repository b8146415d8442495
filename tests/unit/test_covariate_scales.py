"""Covariates of respondents in a stated centre and unit in place of the survey's own mean and standard deviation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nsum_bayes.data.study import Study
from nsum_bayes.errors import StudyError
from tests.small_study import edit_cells, edit_text, write_small_study

STATED = edit_text("missing_codes = [-9]", "missing_codes = [-9]\ncovariate_scales = { age = [40.5, 10] }")


def column(study: Study) -> np.ndarray:
    return study.survey.design_matrix().sel(respondent_covariate="age").values


def test_a_stated_scale_takes_the_place_of_mean_and_standard_deviation(tmp_path: Path) -> None:
    file = write_small_study(tmp_path)
    plain = Study.load(file)
    STATED(tmp_path)
    stated = Study.load(file)
    age = stated.survey.covariates["age"].to_numpy()
    np.testing.assert_allclose(column(stated), (age - 40.5) / 10)
    np.testing.assert_allclose(column(plain), (age - age.mean()) / age.std())
    other = [c for c in plain.survey.design_matrix().coords["respondent_covariate"].values if c != "age"]
    kept = [study.survey.design_matrix().sel(respondent_covariate=other) for study in (plain, stated)]
    np.testing.assert_array_equal(*kept)


def test_a_missing_value_stands_at_the_stated_centre(tmp_path: Path) -> None:
    file = write_small_study(tmp_path)
    STATED(tmp_path)
    edit_cells("survey.csv", "age", {4: ""})(tmp_path)
    study = Study.load(file)
    assert column(study)[3] == 0.0
    assert study.survey.design_matrix().sel(respondent_covariate="age_missing").values.nonzero()[0].tolist() == [3]


def test_the_saved_form_keeps_the_scales_and_reads_one_from_before_them(tmp_path: Path) -> None:
    file = write_small_study(tmp_path)
    STATED(tmp_path)
    study = Study.load(file)
    texts = json.loads(json.dumps(study.to_payload(), allow_nan=False))
    again = Study.from_payload(texts)
    assert again.survey.scales == {"age": (40.5, 10.0)}
    np.testing.assert_array_equal(column(again), column(study))
    survey = json.loads(texts["survey"])
    del survey["scales"]
    assert Study.from_payload({**texts, "survey": json.dumps(survey)}).survey.scales == {}


def test_a_scale_of_labels_is_a_fault(tmp_path: Path) -> None:
    file = write_small_study(tmp_path)
    STATED(tmp_path)
    edit_cells("survey.csv", "age", {4: "forty"})(tmp_path)
    with pytest.raises(StudyError) as caught:
        Study.load(file)
    assert str(caught.value) == (
        "1 fault in the study:\n"
        "1. Column 'age' has a scale but holds cells that cannot be read as a number.\n"
        "   where: survey.csv, column age, row 4\n"
        "   to do: Correct the cells, or remove the scale."
    )
