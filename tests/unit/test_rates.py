"""Free and pooled rates in the PyMC model: how each draw is rescaled, the form they are sampled in."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest

from nsum_bayes.data.study import Study
from nsum_bayes.errors import ModelError
from nsum_bayes.model import crude
from nsum_bayes.model.build import build_from_inputs, build_model
from nsum_bayes.model.inputs import read_inputs
from nsum_bayes.model.pooled_rates import InUnitsOfSpread
from nsum_bayes.model.spec import ModelSpec, load_model
from tests.municipal_simulation import simulated_answers, simulated_study
from tests.scale_up_example import twin
from tests.uncompiled import function, log_density, uncompiled

SHARES = np.array([0.14, 0.06, 0.08])
"""Of the three known groups, which come before the two hidden ones."""


@cache
def study() -> Study:
    return twin(respondents=20).study


@cache
def municipal() -> Study:
    """The first ten areas of the municipal simulation, five respondents each."""
    answers, area, share = simulated_answers(5, seed=1)
    first = area < 10
    return simulated_study(answers[first], area[first], share)


def drawn(spec: ModelSpec, on: Study, names: list[str], draws: int = 50) -> list[np.ndarray]:
    """Draws of the model's own variables from their priors, made together."""
    with uncompiled():
        model = build_model(spec, on)
        return pm.draw([model[name] for name in names], draws=draws, random_seed=1, mode="FAST_COMPILE")


def free(rescale: str, **sets: Any) -> ModelSpec:
    spec = load_model("correlated")
    # The published priors are so wide that a draw from them is beyond floating point.
    priors = {"mean": {"prior": "normal", "mean": -5.0, "sd": 1.0}, "sd": {"prior": "half_normal", "sd": 0.5}}
    return spec.replace(rates={**spec.rates.model_dump(), **priors, "rescale": rescale, **sets})


def test_all_known_groups_rescale_by_their_mean_ratio():
    rate, constant, intercept, theta = drawn(
        free("all"), study(), ["group_rate", "rescale", "rate_intercept", "log_theta"]
    )
    expected = np.log((np.exp(rate[:, :3]) / SHARES).mean(axis=1))
    np.testing.assert_allclose(constant, expected)
    np.testing.assert_allclose(intercept, rate[:, 3:] - expected[:, None])
    np.testing.assert_array_equal(theta[:, 0, :], rate)


def test_published_sets_rescale_as_published():
    """Zheng et al. 2006: C = log(G1) + ½ [log(B2) − log(G2)], each a sum of rates over a sum of shares."""
    sets = {"primary": ("group1",), "secondary": ("group2",), "opposite": ("group4",)}
    rate, constant = drawn(free("groups", **sets), study(), ["group_rate", "rescale"])
    ratio = rate[:, :3] - np.log(SHARES)
    np.testing.assert_allclose(constant, ratio[:, 0] + (ratio[:, 2] - ratio[:, 1]) / 2)


def test_without_sets_all_known_groups_are_primary():
    rate, constant = drawn(free("groups"), study(), ["group_rate", "rescale"])
    np.testing.assert_allclose(constant, np.log(np.exp(rate[:, :3]).sum(axis=1) / SHARES.sum()))


@pytest.mark.parametrize(("rescale", "power"), [("weighted", 1), ("weighted_sq", 2)])
def test_correlations_weigh_the_known_groups_for_each_hidden_one(rescale, power):
    rate, constant, correlation = drawn(free(rescale), study(), ["group_rate", "rescale", "residual_correlation"])
    weight = np.maximum(correlation[:, 3:, :3], 0.0) ** power
    usable = weight.sum(axis=2) > 1e-6
    assert usable.mean() > 0.8
    ratio = (np.exp(rate[:, :3]) / SHARES)[:, None, :]
    expected = np.log((weight * ratio).sum(axis=2)[usable] / weight.sum(axis=2)[usable])
    np.testing.assert_allclose(constant[usable], expected, atol=1e-4)
    assert np.isfinite(constant).all()


def test_a_group_that_is_not_there_is_named():
    with pytest.raises(ModelError, match=r"no known group 'group9'\. Did you mean"):
        build_model(free("groups", primary=("group9",)), study())


def test_the_common_level_of_unscaled_degrees_moves_no_rate():
    """Degrees up and rates down by the same: the likelihood and the rescaled rates stay as they are."""
    spec = load_model("overdispersed")
    with uncompiled():
        model = build_model(spec, study())
        (parts,) = [model.replace_rvs_by_values([model["rate_intercept"]])]
        evaluate = function(model.value_vars, [model.logp(vars=[model["answers"]]), *parts])
        start = model.initial_point()
        moved = {**start, "log_degree": start["log_degree"] + 0.7, "group_rate": start["group_rate"] - 0.7}
        before, after = evaluate(**start), evaluate(**moved)
    np.testing.assert_allclose(before[0], after[0], rtol=1e-12)
    np.testing.assert_allclose(before[1], after[1], rtol=1e-12)


# --- pooled ---------------------------------------------------------------------------------------------------------


def test_each_area_is_rescaled_by_its_own_known_groups():
    names = ["pooled", "rescale", "area_log_rate", "log_theta"]
    pooled, constant, rate, theta = drawn(load_model("partially_pooled"), municipal(), names)
    share = crude.shares(read_inputs(load_model("partially_pooled"), municipal()))
    expected = np.log((np.exp(-pooled[:, :, :4]) / share).mean(axis=2))
    np.testing.assert_allclose(constant, expected)
    np.testing.assert_allclose(rate, -pooled[:, :, 4:] - expected[:, :, None])
    np.testing.assert_array_equal(theta, -pooled)


def test_degrees_of_pooled_rates_lie_above_one_person():
    (log_degree,) = drawn(load_model("partially_pooled"), municipal(), ["log_degree"], draws=200)
    assert log_degree.min() > 0.0


def _evaluate(scaled: list[bool], what: str, value: np.ndarray, shape: np.ndarray, scale: np.ndarray) -> np.ndarray:
    transform = InUnitsOfSpread(np.array(scaled))
    symbols = [pt.vector(name) for name in ("value", "shape", "scale")]
    with uncompiled():
        result = getattr(transform, what)(symbols[0], *symbols[1:])
        return np.asarray(function(symbols, result)(value, shape, scale))


def test_the_sampled_form_goes_there_and_back_with_its_jacobian():
    shape, scale = np.array([6.0, 25.0, 2.0]), np.array([0.5, 0.2, 3.0])
    value, scaled = np.array([-0.8, 1.3, 0.2]), [True, False, True]
    pooled = _evaluate(scaled, "backward", value, shape, scale)
    np.testing.assert_allclose(_evaluate(scaled, "forward", pooled, shape, scale), value)
    np.testing.assert_allclose(pooled[1], np.exp(1.3))
    np.testing.assert_allclose(pooled[0], 6.0 * 0.5 * np.exp(-0.8 / np.sqrt(6.0)))
    moved = [_evaluate(scaled, "backward", value + step, shape, scale) for step in (-1e-6, 1e-6)]
    slope = (moved[1] - moved[0]) / 2e-6
    np.testing.assert_allclose(_evaluate(scaled, "log_jac_det", value, shape, scale), np.log(slope), atol=1e-8)


def test_density_is_the_same_whichever_form_is_sampled(monkeypatch):
    """Both forms at one point of the parameters: densities differ by the Jacobian and nothing else."""
    inputs = read_inputs(load_model("partially_pooled"), municipal())
    found = []
    for stands_out in (True, False):
        monkeypatch.setattr(crude, "groups_stand_out", lambda _, out=stands_out: np.full(6, out))
        with uncompiled():
            model = build_from_inputs(load_model("partially_pooled"), inputs)
            parameters = model.replace_rvs_by_values([model["pooled"], model["area_log_rate"]])
            start = model.initial_point()
            evaluate = function(model.value_vars, [model.logp(jacobian=False), *parameters])
            found.append(evaluate(**start))
            assert np.isfinite(log_density(model)(start)).all()
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)


def test_groups_stand_out_where_areas_tell_them_apart():
    """By construction the first groups are common and even, the last is rare and very uneven."""
    spec = load_model("partially_pooled")
    answers, area, share = simulated_answers(5, seed=3)
    found = crude.groups_stand_out(read_inputs(spec, simulated_study(answers, area, share)))
    assert found[:3].all()
    assert not found[5]


def test_an_area_without_any_answer_on_known_groups_is_not_left_out():
    """Nothing but the other areas tells its scale."""
    spec = load_model("partially_pooled")
    inputs = read_inputs(spec, municipal())
    answers = inputs.answers.copy()
    answers[inputs.area == 0, :4] = -1
    inputs = replace(inputs, answers=answers, upper=answers)
    with uncompiled():
        model = build_from_inputs(spec, inputs)
        assert np.isfinite(log_density(model)(model.initial_point())).all()
