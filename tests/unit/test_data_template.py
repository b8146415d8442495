"""The drafted study file: valid TOML, guesses three columns by name, leaves the rest as TODO."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from nsum_bayes.data.study import Study
from nsum_bayes.data.template import draft_study
from nsum_bayes.errors import StudyError
from tests.small_study import write_small_study


def test_the_draft(tmp_path: Path) -> None:
    write_small_study(tmp_path)
    raw = tomllib.loads(draft_study(tmp_path / "survey.csv"))
    assert raw["survey"]["file"] == "survey.csv"
    assert (raw["survey"]["respondent"], raw["survey"]["area"], raw["survey"]["weight"]) == ("id", "code", "w")
    columns = [question["column"] for question in raw["question"]]
    assert columns == ["stratum", "age", "urban", "q_teachers", "q_nurses", "q_farmers", "q_bonded"]
    assert all(question["group"].startswith("TODO") for question in raw["question"])


def test_columns_that_are_not_recognised_are_left_to_decide(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text('who,"odd ""name"""\n1,2\n')
    raw = tomllib.loads(draft_study(tmp_path / "s.csv"))
    assert raw["survey"]["respondent"].startswith("TODO")
    assert raw["survey"]["area"].startswith("TODO")
    assert "weight" not in raw["survey"]
    assert [question["column"] for question in raw["question"]] == ["who", 'odd "name"']


def test_no_cell_of_the_survey_is_quoted(tmp_path: Path) -> None:
    write_small_study(tmp_path)
    draft = draft_study(tmp_path / "survey.csv")
    assert "r00" not in draft
    assert "country" not in draft


def test_checking_a_draft_lists_what_is_left_to_decide(tmp_path: Path) -> None:
    write_small_study(tmp_path)
    (tmp_path / "study.toml").write_text(draft_study(tmp_path / "survey.csv"), encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        Study.load(tmp_path)
    told = [what for what, *_ in caught.value.faults]
    for key in ("title", "construct", "period", "tie", "frame", "group", "file", "denominator", "code", "population"):
        assert f"'{key}' is still to be filled in." in told


def test_no_survey_file(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"There is no survey file 'x.csv'"):
        draft_study(tmp_path / "x.csv")
