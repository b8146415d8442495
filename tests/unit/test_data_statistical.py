"""SPSS and Stata files give the study that a CSV gives: user-missing values are missing, names stand for numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from nsum_bayes import Study
from nsum_bayes.data.columns import as_labels
from nsum_bayes.data.readers import read_table
from tests.small_study import edit_text, write_small_study

SEX = {1: "female", 2: "male"}
YES = {1: "Yes", 2: "No"}


def as_file(kind: str, folder: Path) -> None:
    """The small study's survey as a file of SPSS or Stata, with a labelled covariate and a labelled yes or no."""
    study = folder / "study.toml"
    frame = pd.read_csv(folder / "survey.csv", dtype={"code": str})
    count = len(frame)
    frame["sex"] = 1.0 + np.arange(count) % 2
    frame["q_nurses"] = 1.0 + (np.arange(count) % 3 > 0)
    frame["q_teachers"] = frame["q_teachers"].astype(float)
    frame.loc[4, "q_teachers"] = 98.0
    labels: dict[str, Any] = {"sex": SEX, "q_nurses": YES, "q_teachers": {98: "does not know"}}
    text = study.read_text().replace('column = "q_nurses"', 'column = "q_nurses"\nanswer = { type = "any" }', 1)
    study.write_text(text.replace('covariates    = ["age", "urban"]', 'covariates = ["sex"]', 1))
    edit_text('"survey.csv"', f'"survey.{kind}"')(folder)
    path = str(folder / f"survey.{kind}")
    if kind == "dta":
        frame.loc[4, "q_teachers"] = np.nan
        labels.pop("q_teachers")
        pyreadstat.write_dta(frame, path, variable_value_labels=labels)
    else:
        missing = {"q_teachers": [{"lo": 98, "hi": 99}]}
        pyreadstat.write_sav(frame, path, variable_value_labels=labels, missing_ranges=missing)


@pytest.mark.parametrize("kind", ["sav", "zsav", "dta"])
def test_the_study_is_that_of_the_numbers_and_their_names(kind: str, tmp_path: Path) -> None:
    plain = Study.load(write_small_study(tmp_path))
    as_file(kind, tmp_path)
    study = Study.load(tmp_path)
    assert study.survey.area.tolist() == plain.survey.area.tolist()
    teachers, nurses = (study.survey.groups.index(group) for group in ("teachers", "nurses"))
    missing = np.isnan(plain.survey.answers[:, teachers])
    missing[4] = True
    np.testing.assert_array_equal(np.isnan(study.survey.answers[:, teachers]), missing)
    yes = np.arange(len(study.survey)) % 3 == 0
    np.testing.assert_array_equal(study.survey.answers[:, nurses], yes)
    assert set(study.survey.covariates["sex"]) == {"female", "male"}


def test_names_in_another_language_give_way_to_the_numbers(tmp_path: Path) -> None:
    frame = pd.DataFrame({"q": [1.0, 0.0, 1.0], "half": [1.0, 2.0, 1.0], "plain": [3.0, 4.0, np.nan]})
    labels = {"q": {1: "Oo", 0: "Hindi"}, "half": {1: "one"}}
    pyreadstat.write_sav(frame, str(tmp_path / "x.sav"), variable_value_labels=labels)
    table = read_table(tmp_path / "x.sav", [])
    assert table is not None
    assert as_labels(table, "q").tolist() == ["Oo", "Hindi", "Oo"]
    assert table.labelled("half") is None
    assert as_labels(table, "plain").tolist() == ["3.0", "4.0", ""]
    from nsum_bayes.data.answers import bounded_answers
    from nsum_bayes.data.settings import AnswerSettings, QuestionSettings, SurveySettings

    question = QuestionSettings(column="q", group="g", answer=AnswerSettings(type="any"))
    faults: list[Any] = []
    lowest, _ = bounded_answers(table, question, SurveySettings(), faults)
    assert not faults
    assert lowest.tolist() == [1, 0, 1]
