"""A study with every kind of answer, respect, links, a wider frame; and one without any known group."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nsum_bayes.data.groups import KnownSizes
from nsum_bayes.data.study import Question, Study
from nsum_bayes.data.survey import Survey
from tests.small_study import STUDY, areas_frame, groups_frame, survey_frame

KINDS = STUDY.replace('answer = { type = "count" }', 'answer = { type = "count", top_code = 4, heaped = true }')
KINDS = KINDS.replace(
    'group  = "nurses"\n',
    'group  = "nurses"\nanswer = { type = "bins", bins = ["0", "1-2", "3+"] }\nrespect = "near"\n',
)
KINDS = KINDS.replace('group  = "farmers"\n', 'group  = "farmers"\nanswer = { type = "count", zero_inflated = true }\n')
KINDS = KINDS.replace(
    'group  = "bonded"\n\n[known]',
    'group  = "bonded"\nkind = "status"\nanswer = { type = "any" }\nrespect = "accept"\n\n'
    '[[question]]\ncolumn = "q_degree"\nanswer = { type = "degree", heaped = true }\n\n[known]',
)
KINDS = KINDS.replace("missing_codes = [-9]", "missing_codes = [-9]\ncovariate_ranges = { accept = [-9, 0] }")
KINDS = KINDS.replace(
    'frame     = "area"',
    'frame     = "province"\nlocal_share = { prior = "beta", mean = 0.8, sd = 0.1, reason = "ties" }',
)

NO_KNOWN = """\
[study]
title     = "Network sizes as told"
construct = "people held in debt bondage"
period    = "2025"
tie       = "you know each other by name"
frame     = "area"

[survey]
respondent = "id"
area       = "code"

[[question]]
column = "q_bonded"
group  = "bonded"

[[question]]
column = "q_degree"
answer = { type = "degree" }

[[hidden]]
group        = "bonded"
denominator  = "adults"
transmission = { fixed = 0.6, reason = "awareness study" }

[areas]
code   = "code"
population   = "population"
denominators = { adults = "pop_18plus" }
"""


def _counts() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(11)
    return {"teachers": rng.poisson(3.0, 24), "nurses": rng.poisson(1.5, 24), "bonded": rng.poisson(0.7, 24)}


def _survey() -> pd.DataFrame:
    """The counts as the questions of KINDS record them."""
    counts, frame = _counts(), survey_frame()
    frame["q_teachers"] = np.minimum(counts["teachers"], 4)
    frame["q_nurses"] = [("0", "1-2", "1-2", "3+")[min(count, 3)] for count in counts["nurses"]]
    frame["q_bonded"] = np.where(counts["bonded"] > 0, "yes", "no")
    frame["q_degree"] = np.random.default_rng(12).choice([100.0, 150.0, 200.0, np.nan], 24)
    frame["accept"] = -np.tile([0.0, 1.0, 2.0, 3.0], 6)
    frame["near"] = 1.0
    return frame


def _study(survey: pd.DataFrame | None = None, text: str = KINDS) -> Study:
    frames = {"survey": _survey() if survey is None else survey, "known": groups_frame(), "areas": areas_frame()}
    return Study.from_frames(tomllib.loads(text), **frames)


# --- answers --------------------------------------------------------------------------------------------------------


def test_every_true_count_lies_within_the_bounds_of_its_answer() -> None:
    survey = _study().survey
    for group, counts in _counts().items():
        column = survey.groups.index(group)
        assert (survey.answers[:, column] <= counts).all()
        assert (counts <= survey.upper[:, column]).all()
    farmers = survey.groups.index("farmers")
    np.testing.assert_array_equal(survey.upper[:, farmers], survey.answers[:, farmers])
    assert np.isnan(survey.answers[5, farmers])
    teachers = survey.groups.index("teachers")
    assert set(survey.answers[np.isinf(survey.upper[:, teachers]), teachers]) == {4.0}


def test_what_the_study_says_of_its_questions() -> None:
    study = _study()
    assert study.survey.groups == ("teachers", "nurses", "farmers", "bonded")
    assert study.heaped_groups == ("teachers",)
    assert study.zero_inflated_groups == ("farmers",)
    assert study.reports_degree
    assert study.degree_heaped
    assert study.kinds == {"teachers": "occupation", "nurses": None, "farmers": None, "bonded": "status"}
    assert study.questions[-1] == Question("", "q_degree", None, "degree")
    assert study.local_share is not None
    assert study.local_share.text == "beta, mean 0.8, sd 0.1 (ties)"


def test_a_plain_study_says_nothing_of_all_this() -> None:
    study = Study.from_frames(tomllib.loads(STUDY), survey=survey_frame(), known=groups_frame(), areas=areas_frame())
    assert (study.heaped_groups, study.zero_inflated_groups, study.links, study.local_share) == ((), (), (), None)
    assert not study.reports_degree
    assert not study.degree_heaped
    np.testing.assert_array_equal(study.survey.upper, study.survey.answers)
    assert np.isnan(study.survey.reported_degree).all()
    assert np.isnan(study.survey.respect).all()
    told = study.describe()
    assert (told["reported_degree"], told["links"], told["local_share"]) == (None, [], None)


def test_a_survey_of_exact_answers_can_be_made_without_the_rest() -> None:
    answers = np.array([[1.0, np.nan], [0.0, 3.0]])
    survey = Survey(answers, ("a", "b"), np.array(["01", "02"]), pd.DataFrame(), pd.DataFrame())
    assert survey.upper is answers
    assert survey.reported_degree.shape == (2,)
    assert survey.respect.shape == (2, 2)


# --- network sizes and respect --------------------------------------------------------------------------------------


def test_reported_network_sizes_are_kept_as_told() -> None:
    frame = _survey()
    np.testing.assert_array_equal(_study(frame).survey.reported_degree, frame["q_degree"])


def test_a_respondent_who_tells_a_network_size_only_is_kept() -> None:
    frame = _survey().astype(object)
    columns = ["q_teachers", "q_nurses", "q_farmers", "q_bonded"]
    frame.loc[[2, 9], columns] = ""
    frame.loc[2, "q_degree"], frame.loc[9, "q_degree"] = 120, ""
    study = _study(frame)
    assert len(study.survey) == 23
    assert study.survey.reported_degree[2] == 120
    assert np.isnan(study.survey.answers[2]).all()
    assert "1 respondent without any answer left out (the survey frame, row 10)." in study.notes
    assert len(study.survey.upper) == len(study.survey.respect) == 23


def test_respect_belongs_to_its_group_and_is_checked_like_a_covariate() -> None:
    frame = _survey()
    frame.loc[[3, 4], "accept"] = [45.0, np.nan]
    study = _study(frame)
    respect = pd.DataFrame(study.survey.respect, columns=study.survey.groups)
    assert respect[["teachers", "farmers"]].isna().all(axis=None)
    assert (respect["nurses"] == 1.0).all()
    np.testing.assert_array_equal(respect["bonded"], frame["accept"].where(frame["accept"] <= 0))
    assert "Respect 'accept': missing for 1 respondent (the survey frame, row 5)." in study.notes
    told = "Respect 'accept': 1 value outside its declared range set missing (the survey frame, row 4)."
    assert told in study.notes
    assert study.describe()["hidden_groups"][0]["respect_missing"] == 2


# --- links and frame ------------------------------------------------------------------------------------------------


def test_linked_groups() -> None:
    second = '[[hidden]]\ngroup = "farmers"\ndenominator = "adults"\ntransmission = { fixed = 0.9, reason = "a" }\n\n'
    mean = 'mean = { prior = "lognormal", median = 2, log_sd = 0.5, reason = "court files" }\n\n'
    link = f'[[link]]\ngroup = "bonded"\nof = "farmers"\n{mean}'
    study = _study(text=KINDS.replace("[areas]\n", f"{second}{link}[areas]\n"))
    (found,) = study.links
    assert (found.group, found.of, found.mean.median, found.mean.log_sd) == ("bonded", "farmers", 2.0, 0.5)
    words = "lognormal, median 2, log sd 0.5 (court files)"
    assert study.describe()["links"] == [{"group": "bonded", "of": "farmers", "mean": words}]
    assert Study.from_payload(study.to_payload()).links == study.links


def test_a_local_share_in_a_single_area_is_noted() -> None:
    groups = groups_frame().assign(area="").drop(index=[2, 3, 4, 6])
    text = KINDS.replace('levels = ["province"]\n', "").replace('frame     = "province"', 'frame     = "nation"')
    text = text.replace('area       = "code"\n', "")
    study = Study.from_frames(tomllib.loads(text), survey=_survey(), known=groups, areas=areas_frame().head(1))
    assert "local_share is not used, since there is one area only." in study.notes


# --- the saved form -------------------------------------------------------------------------------------------------


def test_the_saved_form_keeps_bounds_reports_and_respect() -> None:
    frame = _survey()
    frame.loc[4, "accept"] = np.nan
    frame["q_degree"] = frame["q_degree"] / 3
    study = _study(frame)
    texts = json.loads(json.dumps(study.to_payload(), allow_nan=False))
    again = Study.from_payload(texts)
    for name in ("answers", "upper", "reported_degree", "respect"):
        np.testing.assert_array_equal(getattr(again.survey, name), getattr(study.survey, name), strict=True)
        with pytest.raises(ValueError, match="read-only"):
            getattr(again.survey, name)[0] = 1.0
    assert again.settings == study.settings
    assert again.to_payload() == study.to_payload()


def test_the_description_is_plain_json_and_says_how_it_was_asked() -> None:
    told = _study().describe()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    asked = {row["group"]: row["answer"] for row in (*told["known_groups"], *told["hidden_groups"])}
    assert asked == {
        "teachers": "count, 4 or more as one, heaped",
        "nurses": "bins, 0, 1-2, 3+",
        "farmers": "count, zero-inflated",
        "bonded": "any",
    }
    reported = _survey()["q_degree"]
    assert told["reported_degree"] == {
        "heaped": True,
        "missing": reported.isna().sum(),
        "mean": pytest.approx(reported.mean(), rel=1e-12),
    }


# --- no known group -------------------------------------------------------------------------------------------------


def _without_known(known: pd.DataFrame | None = None) -> Study:
    return Study.from_frames(tomllib.loads(NO_KNOWN), survey=_counted(), known=known, areas=areas_frame())


def _counted() -> pd.DataFrame:
    return _survey().assign(q_bonded=_counts()["bonded"])


def test_a_study_may_rest_on_network_sizes_alone() -> None:
    study = _without_known()
    assert study.known_groups == ()
    assert study.survey.groups == ("bonded",)
    assert len(study.known.table) == 0
    assert study.known.row_of(study.survey.surveyed_areas, study.areas).shape == (4, 0)
    again = Study.from_payload(study.to_payload())
    pd.testing.assert_frame_equal(again.known.table, study.known.table)
    assert repr(again.known) == "KnownSizes(0 groups, 0 sizes)"
    assert study.describe()["known_groups"] == []


@pytest.mark.parametrize("frame", [pd.DataFrame(), groups_frame().head(0)])
def test_the_known_sizes_may_then_be_empty(frame: pd.DataFrame) -> None:
    assert isinstance(_without_known(frame).known, KnownSizes)


def test_sizes_given_all_the_same_are_reported() -> None:
    study = _without_known(groups_frame())
    assert len(study.known.table) == 0
    asked = "no question of known size asks about 'farmers', 'nurses' and 'teachers'."
    assert f"the known frame: sizes not used, since {asked}" in study.notes


@pytest.mark.parametrize("known", ["", '[known]\nfile = "groups.csv"\n\n'])
@pytest.mark.parametrize("content", ["", "group,area,size\n"])
def test_the_file_of_known_sizes_may_then_be_absent_or_empty(known: str, content: str, tmp_path: Path) -> None:
    text = NO_KNOWN.replace("[survey]\n", '[survey]\nfile = "survey.csv"\n').replace("[[hidden]]", f"{known}[[hidden]]")
    (tmp_path / "study.toml").write_text(text.replace("[areas]\n", '[areas]\nfile = "areas.csv"\n'))
    (tmp_path / "groups.csv").write_text(content)
    _counted().to_csv(tmp_path / "survey.csv", index=False)
    areas_frame().to_csv(tmp_path / "areas.csv", index=False)
    study = Study.load(tmp_path)
    assert study.known.groups == ()
    np.testing.assert_array_equal(study.survey.answers[:, 0], _counts()["bonded"])
