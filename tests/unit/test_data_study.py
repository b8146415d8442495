"""Study: loading, frames, the saved form, and what it shows of itself."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nsum_bayes.data.study import HiddenGroup, Question, Study
from nsum_bayes.errors import StudyError
from tests.small_study import (
    STUDY,
    areas_frame,
    edit_cells,
    edit_text,
    groups_frame,
    survey_frame,
    write_small_study,
)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.load(write_small_study(tmp_path))


def _from_frames(text: str = STUDY) -> Study:
    return Study.from_frames(
        tomllib.loads(text), survey=survey_frame(), known=groups_frame(), areas=areas_frame(), geometry=None
    )


def test_groups_statements_and_questions(study: Study) -> None:
    assert study.known_groups == ("teachers", "nurses", "farmers")
    assert study.hidden_groups == ("bonded",)
    assert study.survey.groups == ("teachers", "nurses", "farmers", "bonded")
    assert study.questions[0] == Question("teachers", "q_teachers", "occupation", "count")
    assert study.kind_of("teachers") == "occupation"
    assert study.kind_of("nurses") is None
    hidden = study.hidden("bonded")
    assert isinstance(hidden, HiddenGroup)
    assert hidden.denominator == "adults"
    assert hidden.transmission.text == "beta, mean 0.6, sd 0.15 (awareness study)"
    assert hidden.degree_ratio.fixed == 1.0
    assert hidden.degree_ratio.reason == "not stated; members' networks assumed as large as everyone's"


def test_beta_shapes_have_the_stated_mean_and_sd(study: Study) -> None:
    first, second = study.hidden("bonded").transmission.shapes
    total = first + second
    assert first / total == pytest.approx(0.6, rel=1e-12)
    assert np.sqrt(first * second / (total**2 * (total + 1))) == pytest.approx(0.15, rel=1e-12)


def test_a_known_group_has_no_hidden_statement(study: Study) -> None:
    with pytest.raises(KeyError, match="not a hidden group"):
        study.hidden("teachers")


def test_about_the_question(study: Study) -> None:
    assert (study.title, study.construct, study.period) == ("Two provinces", "people held in debt bondage", "2025")
    assert (study.tie, study.frame, study.synthetic) == (
        "you know each other by name and met in the past year",
        "area",
        True,
    )


def test_a_folder_is_as_good_as_the_file_in_it(tmp_path: Path) -> None:
    write_small_study(tmp_path)
    assert Study.load(tmp_path).to_payload() == Study.load(tmp_path / "study.toml").to_payload()


def test_hashes_are_those_of_the_files(study: Study) -> None:
    assert sorted(study.hashes) == ["areas.csv", "areas.geojson", "groups.csv", "study.toml", "survey.csv"]
    assert all(len(digest) == 64 for digest in study.hashes.values())


def test_frames_give_the_same_study_as_files(study: Study) -> None:
    framed = _from_frames()
    loaded, given = study.to_payload(), framed.to_payload()
    assert given["survey"] == loaded["survey"]
    assert given["known"] == loaded["known"]
    assert given["areas"] == loaded["areas"]


def test_frames_are_not_changed() -> None:
    survey = survey_frame()
    before = survey.copy(deep=True)
    Study.from_frames(tomllib.loads(STUDY), survey=survey, known=groups_frame(), areas=areas_frame())
    pd.testing.assert_frame_equal(survey, before)


def test_numeric_codes_in_a_frame_are_refused() -> None:
    areas = areas_frame().assign(code=[101, 102, 201, 202])
    with pytest.raises(StudyError, match="stored as numbers, so leading zeros may be lost"):
        Study.from_frames(tomllib.loads(STUDY), survey=survey_frame(), known=groups_frame(), areas=areas)


def test_the_saved_form_is_exact(study: Study) -> None:
    texts = study.to_payload()
    again = Study.from_payload(json.loads(json.dumps(texts)))
    assert again.to_payload() == texts
    np.testing.assert_array_equal(again.survey.answers, study.survey.answers)
    np.testing.assert_array_equal(again.survey.area, study.survey.area)
    for frame in ("design", "covariates"):
        pd.testing.assert_frame_equal(getattr(again.survey, frame), getattr(study.survey, frame))
    pd.testing.assert_frame_equal(again.known.table, study.known.table)
    pd.testing.assert_frame_equal(again.areas.table, study.areas.table)
    assert again.settings == study.settings
    assert again.areas.geometry is not None
    assert again.areas.geometry.geom_equals_exact(study.areas.geometry, 0).all()


def test_the_saved_form_keeps_floats_to_the_last_bit() -> None:
    areas = areas_frame().assign(population=[10000.1, 12000 / 7, 14000 * np.pi, 16000.0], pop_18plus=[0.1, 1 / 3, 2, 3])
    groups = groups_frame().assign(size=[60, 5 / 3, 6, 7, 8, "", ""])
    study = Study.from_frames(tomllib.loads(STUDY), survey=survey_frame(), known=groups, areas=areas)
    again = Study.from_payload(study.to_payload())
    assert (again.areas.population == study.areas.population).all()
    assert (again.known.table["share"] == study.known.table["share"]).all()


def test_nothing_of_a_respondent_is_kept_but_answers_and_covariates(study: Study) -> None:
    texts = " ".join(study.to_payload().values())
    assert "r00" not in texts
    assert repr(study) == (
        "Study('Two provinces': Survey(24 respondents, 4 groups, 4 surveyed areas), "
        "KnownSizes(3 groups, 7 sizes), Areas(4 areas, 2 of level province, with geometry))"
    )


def test_a_study_is_frozen(study: Study) -> None:
    with pytest.raises(AttributeError):
        study.notes = ()  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        study.survey.answers[0, 0] = 1.0


def test_the_description_is_plain_json(study: Study) -> None:
    told = study.describe()
    assert json.loads(json.dumps(told)) == told
    assert told["respondents"] == 24
    assert told["missing_answers"] == 2
    assert told["areas"]["surveyed"] == 4
    assert told["areas"]["levels"] == {"province": 2}
    assert [row["missing"] for row in told["known_groups"]] == [0, 1, 1]
    assert told["known_groups"][1]["with_standard_error"] == 4
    assert told["known_groups"][2]["from_rosters"] == 2
    assert told["hidden_groups"][0]["transmission"] == "beta, mean 0.6, sd 0.15 (awareness study)"


def test_a_respondent_without_answers_is_left_out_and_reported(tmp_path: Path) -> None:
    file = write_small_study(tmp_path)
    for group in ("teachers", "nurses", "farmers", "bonded"):
        edit_cells("survey.csv", f"q_{group}", {2: "", 9: "NA"})(tmp_path)
    study = Study.load(file)
    assert len(study.survey) == 22
    assert len(study.survey.design) == len(study.survey.covariates) == len(study.survey.area) == 22
    assert "2 respondents without any answer left out (survey.csv, rows 2 and 9)." in study.notes


def test_sizes_of_groups_nobody_asked_about_are_reported(tmp_path: Path) -> None:
    file = write_small_study(tmp_path)
    with (tmp_path / "groups.csv").open("a", encoding="utf-8") as groups:
        groups.write("pilots,,0,,,,,\n")
    assert "groups.csv: sizes not used, since no question of known size asks about 'pilots'." in Study.load(file).notes


def test_one_area_needs_no_area_column_and_takes_any_frame() -> None:
    text = STUDY.replace('area       = "code"\n', "").replace('frame     = "area"', 'frame     = "nation"')
    text = text.replace('levels = ["province"]\n', "")
    groups = groups_frame().assign(area="").drop(index=[2, 3, 4, 6])
    areas = areas_frame().head(1)
    study = Study.from_frames(tomllib.loads(text), survey=survey_frame(), known=groups, areas=areas)
    assert set(study.survey.area) == {"0101"}
    assert study.areas.design_matrix().shape == (1, 2)
    assert not study.areas.design_matrix().values.any()


def test_several_areas_need_an_area_column(tmp_path: Path) -> None:
    file = write_small_study(tmp_path)
    edit_text('area       = "code"\n', "")(tmp_path)
    with pytest.raises(StudyError, match="The survey's area column is not named"):
        Study.load(file)


def test_loading_does_not_import_the_heavy_libraries() -> None:
    code = (
        "import sys, nsum_bayes.data.study, nsum_bayes.data.template\n"
        "print([m for m in ('pymc', 'arviz', 'geopandas', 'matplotlib', 'scipy', 'xarray') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
