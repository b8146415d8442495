"""Simulated fieldwork, the truth that comes with it, and the prior predictive distribution."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nsum_bayes.errors import NsumError
from nsum_bayes.model import spec as sp
from nsum_bayes.model.fieldwork import choose_areas, with_gaps
from nsum_bayes.model.simulate import prior_predictive
from tests.made_up import assert_mean, frame_of, model, study_of

# --- fieldwork and truth --------------------------------------------------------------------------------------------


def test_areas_are_visited_as_told():
    areas = frame_of()
    rng = np.random.default_rng(1)
    assert choose_areas(areas, ["0003", "0001"], "equal", rng) == ["0001", "0003"]
    assert len(set(choose_areas(areas, 7, "population", rng))) == 7
    with pytest.raises(NsumError, match="The frame has no area '0099'"):
        choose_areas(areas, ["0001", "0099"], "equal", rng)
    with pytest.raises(NsumError, match="13 areas cannot be visited in a frame of 12"):
        choose_areas(areas, 13, "equal", rng)


def test_larger_areas_are_visited_more_often():
    areas, rng = frame_of(), np.random.default_rng(1)
    first = np.array([choose_areas(areas, 1, "population", rng)[0] == "0011" for _ in range(3000)])
    assert_mean(first.astype(float), areas.population[11] / areas.population.sum())


def test_gaps_come_at_their_rate_and_everyone_keeps_an_answer():
    answers = with_gaps(np.zeros((5000, 3)), 0.5, np.random.default_rng(1))
    missing = np.isnan(answers)
    assert missing.sum(axis=1).max() == 2
    assert_mean(missing.mean(axis=1), 0.5 - 0.5**3 / 3)


def test_respondents_take_and_covariates():
    take = {code: 2 + n for n, code in enumerate(frame_of().codes)}
    study, _ = study_of(respondents_per_area=take, surveyed=["0002", "0005"], respondent_covariates={"sex": {"f": 1.0}})
    assert study.survey.respondents_by_area(["0002", "0005"]).tolist() == [4, 7]
    ages = pd.DataFrame({"age": np.arange(48)})
    np.testing.assert_array_equal(study_of(respondent_covariates=ages)[0].survey.covariates["age"], np.arange(48))


def test_truth_sums_over_areas_at_every_level(tmp_path):
    areas = frame_of()
    _, truth = study_of(areas)
    for level, units in {"area": 12, "province": 6, "region": 3, "nation": 1}.items():
        sums = truth.level(level)
        assert sums.sizes["unit"] == units
        np.testing.assert_allclose(sums["count"].sum("unit"), truth.count.sum("area"))
    np.testing.assert_allclose(truth.level("area")["prevalence"], truth.prevalence)
    persons = areas.table[["adults", "children"]].sum().to_numpy()
    np.testing.assert_allclose(truth.national["prevalence"], truth.count.sum("area") / persons)
    table, _ = truth.to_files(tmp_path)
    assert len(pd.read_csv(table, dtype={"unit": str})) == 2 * (12 + 6 + 3 + 1)
    assert "log_degree" not in (tmp_path / "truth.json").read_text(encoding="utf-8")


def test_settings_replace_defaults_table_by_table():
    study, _ = study_of(settings={"study": {"title": "Another"}})
    assert study.title == "Another"
    assert study.synthetic
    assert not study.fictional_places  # nobody said so
    fictional, _ = study_of(settings={"study": {"fictional_places": True}})
    assert fictional.fictional_places


def test_hidden_groups_of_a_study_can_be_used_again():
    study, _ = study_of()
    again, _ = study_of(hidden=[study.hidden(group) for group in study.hidden_groups])
    assert [again.hidden(group) for group in again.hidden_groups] == [study.hidden(g) for g in study.hidden_groups]


# --- questions of other kinds ----------------------------------------------------------------------------------------

MEASURED = {
    "teachers": {"top_code": 3},
    "twins": {"type": "bins", "bins": ["0", "1–2", "3-5", "6+"]},
    "police": {"type": "bins", "bins": ["0", "1", "2+"], "codes": [1, 2, 3]},
    "bakers": {"type": "any"},
    "held": {"type": "zero_one_more"},
    "sold": {"heaped": True, "zero_inflated": True},
}


def measured_study(**choices: object):
    questions = [{"column": f"q_{group}", "group": group, "answer": answer} for group, answer in MEASURED.items()]
    questions.append({"column": "q_size", "answer": {"type": "degree"}})
    settings = {"question": questions, "survey": {"missing_codes": [98]}}
    return study_of(parameters={"degree_mean": 5.5}, respondents_per_area=20, settings=settings, **choices)[0]


def test_a_simulated_study_reads_as_it_was_drawn():
    """The cells of a file (labels, codes, top codes) are read back as the intervals that the drawn counts lie in."""
    plain = study_of(parameters={"degree_mean": 5.5}, respondents_per_area=20)[0].survey.answers
    survey = measured_study().survey
    edges = {0: [0, 1, 2, 3], 1: [0, 1, 3, 6], 2: [0, 1, 2], 3: [0, 1], 4: [0, 1, 2]}
    highest = {
        0: [0, 1, 2, np.inf],
        1: [0, 2, 5, np.inf],
        2: [0, 1, np.inf],
        3: [0, np.inf],
        4: [0, 1, np.inf],
    }
    for column, lowest in edges.items():
        position = np.searchsorted(lowest, plain[:, column], side="right") - 1
        np.testing.assert_array_equal(survey.answers[:, column], np.array(lowest)[position])
        np.testing.assert_array_equal(survey.upper[:, column], np.array(highest[column])[position])
        assert len(np.unique(position)) == len(lowest)  # every record occurs
    assert np.all((survey.answers[:, 5] == plain[:, 5]) | (survey.answers[:, 5] % 5 == 0))
    np.testing.assert_array_equal(survey.upper[:, 5], survey.answers[:, 5])
    assert np.all(survey.reported_degree >= 1)
    assert np.all(survey.reported_degree % 1 == 0)


def test_cells_of_other_kinds_can_be_missing_too():
    full, holes = measured_study().survey, measured_study(missing_rate=0.3).survey
    seen = ~np.isnan(holes.answers)
    assert np.all((~seen).any(axis=0))
    np.testing.assert_array_equal(holes.answers[seen], full.answers[seen])
    np.testing.assert_array_equal(np.isnan(holes.upper), ~seen)


def test_a_study_without_known_groups_can_be_simulated():
    questions = [{"column": f"q_{group}", "group": group} for group in ("held", "sold")]
    questions.append({"column": "q_size", "answer": {"type": "degree"}})
    study, truth = study_of(known={}, settings={"question": questions})
    assert study.known_groups == ()
    assert study.survey.answers.shape == (48, 2)
    assert study.reports_degree
    assert truth.parameters["known_bias"].shape == (0,)


def test_truth_in_a_file_has_no_figure_of_a_single_respondent_or_area(tmp_path):
    residual = {"residual": {"prior": "half_normal", "sd": 0.5}}
    pooled = {"kind": "pooled", "mean": {"prior": "half_normal", "sd": 9}, "sd": {"prior": "half_normal", "sd": 1}}
    for spec in (model(mixing=residual), model(rates=pooled, prevalence=None, bias={})):
        _, truth = study_of(spec=spec, respondents_per_area=3)
        _, path = truth.to_files(tmp_path)
        kept = json.loads(path.read_text(encoding="utf-8"))["parameters"]
        sizes = {name: np.shape(truth.parameters[name]) for name in kept}
        by_unit = {"province_effect", "region_effect"}
        assert not {name for name, size in sizes.items() if {8, 12, 24} & set(size)} - by_unit
        assert {"degree_sd", "overdispersion"} <= set(kept)


# --- prior predictive -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["municipal", "overdispersed_known", "random_degree"])
def test_prior_predictive_of_every_model(name):
    study, _ = study_of(respondent_covariates={"urban": 0.5})
    drawn = prior_predictive(sp.load_model(name), study, draws=5, seed=1)
    assert drawn["answers"].shape == (5, 48, 6)
    assert np.all(drawn["answers"] >= 0)
    assert np.all(drawn["answers"] % 1 == 0)
    assert drawn["log_degree"].shape == (5, 48)
    assert drawn["province_sd"].shape == (5, 2)
    again = prior_predictive(sp.load_model(name), study, draws=5, seed=1)
    assert all(np.array_equal(drawn[key], again[key], equal_nan=True) for key in drawn)


def test_prior_predictive_does_not_use_the_answers():
    study, _ = study_of()
    other = replace(study, survey=replace(study.survey, answers=study.survey.answers + 1))
    one, two = (prior_predictive(model(), s, draws=2, seed=1)["answers"] for s in (study, other))
    np.testing.assert_array_equal(one, two)
