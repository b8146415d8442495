"""Mixing in the PyMC model: the published variants, the cell-by-cell likelihood, what it starts from and refuses."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pymc as pm
import pytest

from nsum_bayes.data.study import Study
from nsum_bayes.errors import ModelError
from nsum_bayes.model.build import build_from_inputs, build_model
from nsum_bayes.model.inputs import MISSING, OPEN, Inputs, read_inputs
from nsum_bayes.model.spec import ModelSpec, load_model
from tests.scale_up_example import GROUPS, HIDDEN, twin
from tests.uncompiled import log_density, uncompiled

WIDE = {"prior": "normal", "mean": 0.0, "sd": 10.0, "reason": "as published"}
GROUPS_IN_ORDER = [group for group in GROUPS if group not in HIDDEN] + list(HIDDEN)
COUNTS: dict[str, dict[str, Any]] = {
    "poisson": {"kind": "poisson"},
    "nb1": {"kind": "nb1", "overdispersion": {"prior": "lognormal", "median": 1.0, "log_sd": 1.0}},
    "nb2": {"kind": "nb2", "size": {"prior": "lognormal", "median": 2.0, "log_sd": 1.0}},
}


@cache
def study() -> Study:
    return twin(respondents=30, covariates=True).study


def with_gaps() -> Inputs:
    """The inputs with every seventh answer missing."""
    inputs = read_inputs(variant(respect=True, by_degree=True, by_group=True, correlated=True), study())
    cells = np.arange(inputs.answers.size).reshape(inputs.answers.shape)
    answers = np.where(cells % 7 == 0, MISSING, inputs.answers)
    return replace(inputs, answers=answers, upper=answers)


def variant(*, respect: bool, by_degree: bool, by_group: bool, correlated: bool) -> ModelSpec:
    """One of the sixteen models of Laga et al. 2023: a level of respect, two kinds of covariates, correlation."""
    spec = load_model("correlated" if correlated else "uncorrelated")
    assert spec.mixing is not None
    mixing = spec.mixing.model_dump()
    degree = spec.degree.model_dump()
    if respect:
        mixing["respect"] = WIDE
    if by_group:
        mixing |= {"coefficient": WIDE, "covariates": ("urban",)}
    if by_degree:
        degree |= {"coefficient": WIDE, "covariates": ("age",)}
    return spec.replace(mixing=mixing, degree=degree)


def scattered(model: pm.Model, seed: int) -> dict[str, np.ndarray]:
    """A point near the start with every unbounded value moved on its own."""
    rng = np.random.default_rng(seed)
    return {name: value + 0.2 * rng.standard_normal(value.shape) for name, value in model.initial_point().items()}


@pytest.mark.parametrize(("respect", "by_degree", "by_group", "correlated"), list(product((False, True), repeat=4)))
def test_the_sixteen_published_variants(respect, by_degree, by_group, correlated):
    spec = variant(respect=respect, by_degree=by_degree, by_group=by_group, correlated=correlated)
    with uncompiled():
        model = build_model(spec, study())
        density = log_density(model)
        found = [density(scattered(model, seed)) for seed in (1, 2)]
    assert np.isfinite(found).all()
    assert np.all(found[0] != found[1])  # the gradient reaches every value
    free = {variable.name for variable in model.free_RVs}
    expected = {"log_degree", "degree_sd", "rate_mean", "rate_sd", "group_rate", "residual_cv", "residual_raw"}
    expected |= {"respect_slope"} if respect else set()
    expected |= {"degree_coefficient"} if by_degree else set()
    expected |= {"mixing_coefficient"} if by_group else set()
    expected |= {"residual_cholesky"} if correlated else set()
    assert free == expected
    assert model.coords.get("respect_group") == (HIDDEN if respect else None)
    assert model.coords.get("respondent_covariate") == (("age",) if by_degree else None)
    assert model.coords.get("mixing_covariate") == (("urban",) if by_group else None)


@pytest.mark.parametrize("kind", COUNTS)
def test_density_and_gradient_equal_pymcs_own_distributions(kind):
    spec = variant(respect=True, by_degree=True, by_group=True, correlated=True).replace(counts=COUNTS[kind])
    inputs = with_gaps()
    with uncompiled():
        models = [build_from_inputs(spec, inputs, stock=stock) for stock in (False, True)]
        evaluate = [log_density(model) for model in models]
        for seed in (1, 2, 3):
            point = scattered(models[0], seed)
            fast, stock = (density(point) for density in evaluate)
            np.testing.assert_allclose(fast, stock, rtol=1e-9, atol=1e-9)


def test_the_multiplier_is_the_sum_of_its_terms():
    spec = variant(respect=True, by_degree=False, by_group=True, correlated=True)
    inputs = read_inputs(spec, study())
    names = ["log_multiplier", "respect_slope", "mixing_coefficient", "residual", "residual_raw"]
    names += ["residual_cv", "residual_correlation"]
    with uncompiled():
        model = build_model(spec, study())
        drawn = pm.draw([model[name] for name in names], draws=20, random_seed=1, mode="FAST_COMPILE")
    total, slope, coefficient, residual, raw, variation, correlation = drawn
    respect = np.zeros((20, *inputs.answers.shape))
    respect[:, :, [GROUPS_IN_ORDER.index(group) for group in HIDDEN]] = slope[:, None, :]
    by_group = np.einsum("ic,dck->dik", inputs.mixing_covariates, coefficient)
    np.testing.assert_allclose(total, inputs.respect * respect + by_group + residual, rtol=1e-9, atol=1e-9)
    variance = np.log1p(variation**2)[:, None, :]
    correlated = np.einsum("dik,djk->dij", raw, np.linalg.cholesky(correlation))
    np.testing.assert_allclose(residual, np.sqrt(variance) * correlated - variance / 2, rtol=1e-7, atol=1e-7)


def test_wide_priors_start_where_answers_are_possible():
    """The published prior of the slopes' spread has a mean of 100; from there nothing could be sampled."""
    with uncompiled():
        model = build_model(load_model("respect"), study())
        density = log_density(model)
        jitter = np.random.default_rng(1)
        start = model.initial_point()
        for _ in range(20):
            found = density({name: value + jitter.uniform(-1, 1, value.shape) for name, value in start.items()})
            assert np.isfinite(found).all()
            assert found[0] > -1e6


def test_answers_that_are_no_plain_counts_are_refused():
    inputs = with_gaps()
    upper = inputs.upper.copy()
    upper[0, 1] = OPEN
    spec = variant(respect=True, by_degree=True, by_group=True, correlated=True)
    with pytest.raises(ModelError, match="plain counts only"):
        build_from_inputs(spec, replace(inputs, upper=upper))
