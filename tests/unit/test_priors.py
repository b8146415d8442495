"""Priors as PyMC variables: each has the density and the draws that its definition says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytest
import scipy.stats

from nsum_bayes.model import spec as sp
from nsum_bayes.model.priors import add_prior
from tests.uncompiled import function, uncompiled

DRAWS = 4000
PEOPLE = 1_000_000.0


class UniformPrecisionLaw:
    """s = p^(−1/2), p ~ Uniform(0, upper): P(s ≤ x) = P(p ≥ 1/x²)."""

    def __init__(self, upper: float) -> None:
        self.upper = upper

    def cdf(self, value: np.ndarray) -> np.ndarray:
        return np.clip(1.0 - 1.0 / (self.upper * value**2), 0.0, 1.0)


class UniformShareLaw:
    """exp(v) ~ Uniform(0, top)."""

    def __init__(self, top: float) -> None:
        self.top = top

    def cdf(self, value: np.ndarray) -> np.ndarray:
        return np.clip(np.exp(value) / self.top, 0.0, 1.0)


class InverseUniformLaw:
    """1 / (v + 1) ~ Uniform(0, 1)."""

    def cdf(self, value: np.ndarray) -> np.ndarray:
        return 1.0 - 1.0 / (1.0 + value)


LAWS: dict[str, tuple[Any, Any]] = {
    "normal": (sp.Normal(mean=-1.0, sd=2.0), scipy.stats.norm(-1.0, 2.0)),
    "half_normal": (sp.HalfNormal(sd=2.0), scipy.stats.halfnorm(0.0, 2.0)),
    "half_cauchy": (sp.HalfCauchy(scale=2.5), scipy.stats.halfcauchy(0.0, 2.5)),
    "lognormal": (sp.LogNormal(median=3.0, log_sd=0.5), scipy.stats.lognorm(0.5, scale=3.0)),
    "gamma": (sp.Gamma(shape=2.0, rate=0.01), scipy.stats.gamma(2.0, scale=100.0)),
    "uniform": (sp.Uniform(lower=3.0, upper=8.0), scipy.stats.uniform(3.0, 5.0)),
    "beta": (sp.Beta(mean=0.5, sd=12**-0.5), scipy.stats.uniform(0.0, 1.0)),
    "uniform_precision": (sp.UniformPrecision(upper=10.0), UniformPrecisionLaw(10.0)),
    "uniform_share": (sp.UniformShare(upper=0.5), UniformShareLaw(0.5)),
    "uniform_share_of_people": (sp.UniformShare(upper=10.0, of="population"), UniformShareLaw(10.0 * PEOPLE)),
    "inverse_uniform": (sp.InverseUniform(), InverseUniformLaw()),
}


def model_of(prior: Any, **keywords: Any) -> pm.Model:
    with pm.Model(coords={"group": range(DRAWS)}) as model:
        add_prior("value", prior, population=PEOPLE, dims="group", **keywords)
    return model


@pytest.mark.parametrize("name", LAWS)
def test_draws_follow_the_law(name):
    prior, law = LAWS[name]
    with uncompiled():
        drawn = pm.draw(model_of(prior)["value"], random_seed=3, mode="FAST_COMPILE")
    assert scipy.stats.kstest(drawn, law.cdf).pvalue > 1e-4


@pytest.mark.parametrize("name", LAWS)
def test_density_is_the_slope_of_the_distribution_function(name):
    """Density of the sampled variable over the derivative of the parameter by it, so that both are held at once."""
    prior, law = LAWS[name]
    with uncompiled(), pm.Model() as model:
        add_prior("value", prior, population=PEOPLE)
        (sampled,) = model.free_RVs
        value = model.rvs_to_values[sampled]
        (parameter,) = model.replace_rvs_by_values([model["value"]])
        evaluate = function([value], [parameter, model.logp()])
        points = [model.initial_point()[value.name] + move for move in (-0.4, 0.0, 0.7)]
        for point in points:
            # Along the unbounded value: log density = log |d cdf / d value|.
            step = 1e-5
            low, high = (law.cdf(np.asarray(evaluate(point + move)[0], dtype=float)) for move in (-step, step))
            found = float(np.exp(evaluate(point)[1]))
            assert found == pytest.approx(abs(float(high - low)) / (2 * step), rel=1e-5)


def test_dirichlet_shares_have_their_means_and_sum_to_one():
    weights = (4.0, 1.0, 1.0)
    with uncompiled(), pm.Model():
        drawn = pm.draw(add_prior("value", sp.Dirichlet(weights=weights)), DRAWS, random_seed=1, mode="FAST_COMPILE")
    np.testing.assert_allclose(drawn.sum(axis=1), 1.0)
    expected = np.array(weights) / 6
    error = np.sqrt(expected * (1 - expected) / 7 / DRAWS)
    assert np.all(np.abs(drawn.mean(axis=0) - expected) < 4 * error)


def test_a_fixed_value_is_not_sampled():
    with uncompiled(), pm.Model() as model:
        value = add_prior("value", sp.Fixed(value=5.3), population=PEOPLE, initval=2.0)
        assert model.free_RVs == []
        assert float(value.eval(mode="FAST_COMPILE")) == 5.3


@pytest.mark.parametrize("name", [name for name in LAWS if name not in ("uniform", "beta", "inverse_uniform")])
def test_a_start_is_taken_where_the_prior_can_take_one(name):
    """A precision's own start is fine; all others that reach without end start where they are told."""
    prior, _ = LAWS[name]
    start = {"uniform_share": -3.0, "uniform_share_of_people": 5.0}.get(name, 0.1)
    with uncompiled(), pm.Model() as model:
        add_prior("value", prior, population=PEOPLE, initval=start)
        (parameter,) = model.replace_rvs_by_values([model["value"]])
        found = function(model.value_vars, parameter)(*model.initial_point().values())
    expected = start if name != "uniform_precision" else 5.0**-0.5
    assert float(found) == pytest.approx(expected)


def test_what_is_no_prior_is_named():
    with pytest.raises(TypeError, match="no PyMC form for the prior LKJ"), pm.Model():
        add_prior("value", sp.LKJ(shape=2.0))
