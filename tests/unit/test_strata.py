"""Strata and sampling units: shares by weight, and what a design costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import gammaln
from scipy.stats import nbinom

from nsum_bayes import ModelError, build_model, load_model
from nsum_bayes.data.strata import design_effects, strata_of, weights_of
from nsum_bayes.model.inputs import read_inputs
from tests.made_up import frame_of, study_of
from tests.uncompiled import function, log_density

ROLES = {"covariates": [], "stratum": "layer", "unit": "village", "weight": "w"}


def clustered(columns: dict[str, np.ndarray], roles: dict[str, object], areas: int = 4, each: int = 12, **choices):
    settings = {"survey": roles, **choices.pop("settings", {})}
    return study_of(
        frame_of(6), surveyed=areas, respondents_per_area=each, respondent_covariates=pd.DataFrame(columns),
        settings=settings, seed=2, **choices,
    )[0]  # fmt: skip


@pytest.fixture(scope="module")
def study():
    number = np.arange(48)
    land = number % 3 == 0
    layer = np.where(land, "land", "town")
    return clustered({"layer": layer, "village": number % 12 // 4, "w": 1.0 + 3 * land}, ROLES)


def test_shares_of_strata_are_those_of_the_weights(study) -> None:
    found = strata_of(study)
    assert found.strata == ("land", "town")
    assert len(found.units) == 4 * 3 * 2  # a village is told by its label within area and stratum
    np.testing.assert_allclose(found.share, np.tile([4 / 6, 2 / 6], (6, 1)))
    assert weights_of(study).mean() == pytest.approx(1.0)


def test_areas_nobody_visited_take_the_shares_of_all() -> None:
    number = np.arange(48)
    layer = np.where(number // 12 == 0, "town", "land")
    study = clustered({"layer": layer}, {"covariates": [], "stratum": "layer"})
    share = strata_of(study).share
    position = pd.Index(study.areas.codes).get_indexer(study.survey.surveyed_areas)
    np.testing.assert_array_equal(share[position], [[0, 1], [1, 0], [1, 0], [1, 0]])
    rest = np.setdiff1d(np.arange(6), position)
    np.testing.assert_allclose(share[rest], np.tile([0.75, 0.25], (2, 1)))


def test_people_drawn_one_by_one_with_equal_chances_cost_nothing() -> None:
    study = clustered({"w": np.ones(48)}, {"covariates": [], "weight": "w"})
    np.testing.assert_allclose(design_effects(study, np.ones(48)), 1.0)


def test_unequal_weights_cost_what_kish_says() -> None:
    """Where answers do not go with weights, the effect is one plus the squared cv of the weights (Kish 1965)."""
    count = 4 * 1000
    weight = np.random.default_rng(5).choice([0.5, 1.0, 4.0], count)
    study = clustered({"w": weight}, {"covariates": [], "weight": "w"}, each=1000)
    kish = 1.0 + (weight.std() / weight.mean()) ** 2
    np.testing.assert_allclose(design_effects(study, np.ones(count)), kish, rtol=0.25)


def test_clusters_that_answer_alike_cost_their_size() -> None:
    """Ten people who all answer as one are worth one."""
    count = 4 * 200
    village = np.arange(count) // 10
    study = clustered({"village": village}, {"covariates": [], "unit": "village"}, each=200)
    answers = study.survey.answers.copy()
    answers[:, -2:] = np.random.default_rng(1).poisson(1.0, (count // 10, 2)).repeat(10, axis=0)
    alike = replace(study, survey=replace(study.survey, answers=answers))
    np.testing.assert_allclose(design_effects(alike, np.ones(count)), 10.0, rtol=0.05)


def test_weights_enter_as_so_many_answers(study) -> None:
    """The model's total grows by (w − 1) times the log probability of each answer on a hidden group."""
    plain, weighted = load_model("municipal"), load_model("municipal_weighted")
    inputs = read_inputs(weighted, study)
    assert (inputs.weights.mean(axis=0) <= 1.0 + 1e-9).all()
    models = [build_model(spec, study) for spec in (plain, weighted)]
    point = models[0].initial_point()
    totals = [float(log_density(model, gradient=False)(point)[0]) for model in models]
    names = ["log_theta", "log_degree", "overdispersion"]
    outputs = models[0].replace_rvs_by_values([models[0][name] for name in names])
    theta, degree, over = function(models[0].value_vars, outputs)(**point)
    hidden = slice(inputs.n_known, None)
    mean = np.exp(degree[:, None] + theta[inputs.area][:, hidden])
    spread = over[hidden]
    answers = inputs.answers[:, hidden]
    there = answers >= 0
    cells = nbinom.logpmf(np.where(there, answers, 0), mean / spread, 1.0 / (1.0 + spread))
    # Factorials are constants and left out, in which the two totals differ by them too.
    cells += gammaln(np.where(there, answers, 0) + 1.0)
    assert totals[1] - totals[0] == pytest.approx(((inputs.weights - 1.0) * cells)[there].sum(), rel=1e-8)


def test_a_design_takes_plain_counts_of_hidden_groups() -> None:
    asked = [{"column": f"q_{g}", "group": g} for g in ("teachers", "twins", "police", "bakers", "sold")]
    asked.insert(4, {"column": "q_held", "group": "held", "answer": {"top_code": 3}})
    with pytest.raises(ModelError, match="Weights take plain counts of hidden groups only"):
        build_model(
            load_model("municipal_weighted"),
            clustered({"w": 1.0 + np.arange(48) % 2}, {"covariates": [], "weight": "w"}, settings={"question": asked}),
        )
