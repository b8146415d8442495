"""The fast likelihood equals PyMC's own distributions, in value and in gradient."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest

from nsum_bayes.model import fast_counts
from nsum_bayes.model.fast_counts import AnswerLists
from nsum_bayes.model.inputs import MISSING
from tests.uncompiled import function

RESPONDENTS, AREAS, GROUPS = 40, 6, 5


def example(seed: int, missing: float) -> tuple[AnswerLists, np.ndarray, np.ndarray]:
    """Answers from zero to some hundreds, some missing, with the log degrees and log θ they came from."""
    rng = np.random.default_rng(seed)
    area = rng.integers(0, AREAS, RESPONDENTS)
    log_degree = rng.normal(5.5, 0.8, RESPONDENTS)
    log_theta = rng.normal([-8.0, -6.0, -5.0, -4.0, -2.0], 0.5, (AREAS, GROUPS))
    mean = np.exp(log_degree[:, None] + log_theta[area])
    answers = rng.poisson(rng.gamma(2.0, mean / 2.0))
    answers[rng.random(answers.shape) < missing] = MISSING
    return AnswerLists(answers, area, AREAS), log_degree, log_theta


def above_answers(lists: AnswerLists, log_degree: np.ndarray) -> np.ndarray:
    """Degrees raised above each respondent's largest answer, as a binomial needs."""
    return np.maximum(log_degree, np.log(np.maximum(lists.answers.max(axis=1), 0) + 1.5))


def value(expression: pt.TensorVariable) -> np.ndarray:
    return function([], expression)()


def stock(kind: str, lists: AnswerLists, log_degree, log_theta, dispersion) -> pt.TensorVariable:
    """The same likelihood from PyMC's distributions, cell by cell."""
    respondent, group = np.nonzero(lists.present)
    answers = lists.answers[respondent, group]
    theta = pt.exp(log_theta)[lists.area[respondent], group]
    degree = pt.exp(log_degree)[respondent]
    mean = degree * theta
    match kind:
        case "poisson":
            distribution = pm.Poisson.dist(mu=mean)
        case "nb1":
            distribution = pm.NegativeBinomial.dist(mu=mean, alpha=mean / dispersion[group])
        case "nb2":
            distribution = pm.NegativeBinomial.dist(mu=mean, alpha=dispersion[group])
        case "binomial":
            # PyMC's binomial takes integers n; with a continuous degree its formula is written with log gamma.
            choose = pt.gammaln(degree + 1) - pt.gammaln(degree - answers + 1) - pt.gammaln(answers + 1.0)
            return (choose + answers * pt.log(theta) + (degree - answers) * pt.log1p(-theta)).sum()
        case "beta_binomial":
            choose = pt.gammaln(degree + 1) - pt.gammaln(degree - answers + 1) - pt.gammaln(answers + 1.0)
            size = (1.0 - dispersion[group]) / dispersion[group]
            a, b = theta * size, (1.0 - theta) * size
            shifted = pt.gammaln(a + answers) + pt.gammaln(b + degree - answers) - pt.gammaln(size + degree)
            return (choose + shifted - pt.gammaln(a) - pt.gammaln(b) + pt.gammaln(size)).sum()
    return pm.logp(distribution, answers).sum()


FAST = {
    "poisson": fast_counts.poisson_logp,
    "nb1": fast_counts.nb1_logp,
    "nb2": fast_counts.nb2_logp,
    "binomial": fast_counts.binomial_logp,
    "beta_binomial": fast_counts.beta_binomial_logp,
}
DISPERSED = ("nb1", "nb2", "beta_binomial")


SCALES = {
    "poisson": (1.0,),
    "nb1": (1e-3, 1.0, 30.0),
    "nb2": (1e-3, 1.0, 30.0),
    "binomial": (1.0,),
    "beta_binomial": (1e-4, 1e-2, 0.19),
}
"""Of the dispersion, which two of the kinds do not have; a correlation stays below one."""


@cache
def both_forms(kind: str, missing: float) -> list[Callable]:
    """Value and gradient functions of the fast and of the stock form."""
    lists, _, _ = example(3, missing)
    d, t, w = pt.dvector("d"), pt.dmatrix("t"), pt.dvector("w")
    arguments = [d, t, w] if kind in DISPERSED else [d, t]
    values = (FAST[kind](lists, *arguments), stock(kind, lists, d, t, w))
    return [function([d, t, w], [value, *pytensor.grad(value, arguments)]) for value in values]


@pytest.mark.parametrize("missing", [0.0, 0.15])
@pytest.mark.parametrize(("kind", "scale"), [(kind, scale) for kind in FAST for scale in SCALES[kind]])
def test_equals_stock_distribution(kind, scale, missing):
    lists, log_degree, log_theta = example(3, missing)
    if kind in ("binomial", "beta_binomial"):
        log_degree = above_answers(lists, log_degree)
    dispersion = scale * np.array([0.3, 1.0, 2.0, 5.0, 0.8])
    fast, reference = (form(log_degree, log_theta, dispersion) for form in both_forms(kind, missing))
    # The reference subtracts large log gammas: near the Poisson limit (size 1e5 and more) it is the less exact.
    tolerance = 1e-9 if scale >= 1.0 else 1e-6
    for ours, theirs in zip(fast, reference, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * np.abs(theirs).max())


def test_integer_degree_equals_pymc_binomial():
    lists, log_degree, log_theta = example(5, 0.1)
    degree = np.maximum(np.rint(np.exp(log_degree)), lists.answers.max(axis=1) + 1.0)
    respondent, group = np.nonzero(lists.present)
    theta = np.exp(log_theta)[lists.area[respondent], group]
    expected = pm.logp(
        pm.Binomial.dist(n=degree[respondent].astype(int), p=theta), lists.answers[respondent, group]
    ).sum()
    ours = fast_counts.binomial_logp(lists, pt.as_tensor(np.log(degree)), pt.as_tensor(log_theta))
    np.testing.assert_allclose(value(ours), value(expected), rtol=1e-10)


def test_integer_degree_equals_pymc_beta_binomial():
    lists, log_degree, log_theta = example(5, 0.1)
    degree = np.maximum(np.rint(np.exp(log_degree)), lists.answers.max(axis=1) + 1.0)
    correlation = np.array([0.3, 0.001, 0.05, 0.9, 0.01])
    respondent, group = np.nonzero(lists.present)
    theta, size = np.exp(log_theta)[lists.area[respondent], group], (1.0 / correlation - 1.0)[group]
    shapes = {"alpha": theta * size, "beta": (1.0 - theta) * size}
    trials = degree[respondent].astype(int)
    expected = pm.logp(pm.BetaBinomial.dist(n=trials, **shapes), lists.answers[respondent, group]).sum()
    arguments = (pt.as_tensor(x) for x in (np.log(degree), log_theta, correlation))
    ours = fast_counts.beta_binomial_logp(lists, *arguments)
    np.testing.assert_allclose(value(ours), value(expected), rtol=1e-10)


@pytest.mark.parametrize("kind", FAST)
def test_order_of_respondents_does_not_matter(kind):
    lists, log_degree, log_theta = example(8, 0.1)
    log_degree = above_answers(lists, log_degree)
    order = np.random.default_rng(0).permutation(RESPONDENTS)
    shuffled = AnswerLists(lists.answers[order], lists.area[order], AREAS)
    extra = (pt.as_tensor(np.full(GROUPS, 0.7)),) if kind in DISPERSED else ()
    first = FAST[kind](lists, pt.as_tensor(log_degree), pt.as_tensor(log_theta), *extra)
    second = FAST[kind](shuffled, pt.as_tensor(log_degree[order]), pt.as_tensor(log_theta), *extra)
    np.testing.assert_allclose(value(first), value(second), rtol=1e-12)
