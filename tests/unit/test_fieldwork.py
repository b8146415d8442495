"""Simulated fieldwork, the truth that comes with it, and the prior predictive distribution."""

from __future__ import annotations

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
