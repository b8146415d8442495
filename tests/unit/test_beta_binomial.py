"""The beta-binomial with a continuous degree: exact sums for whole degrees, digamma-free gradients, its limits.

C(d, y) B(a + y, b + d − y) / B(a, b) = C(d, y) Π_{j<y} (a + j) / (s + d − y + j) · Π_{j<d−y} (b + j) / (s + j)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import stats
from scipy.special import digamma, expit

from nsum_bayes.model.fast_counts import AnswerLists, beta_binomial_logp
from nsum_bayes.model.inputs import MISSING
from nsum_bayes.model.log_gamma import log_rising
from tests.uncompiled import function

DEGREES = (1, 2, 9, 60, 1000, 50_000)
THETAS = (1e-7, 1e-4, 0.02, 0.3, 0.9)
LOGITS = (-18.4, -12.0, -6.0, -2.0, 0.0, 3.0, 9.0, 18.4)
"""Of ρ: from 1e-8 to 1 − 1e-8."""


def answers_below(degree: int) -> list[int]:
    """None, few, the last that is a product and the first that is not, half and all but one of a degree."""
    return sorted({answer for answer in (0, 1, 3, 8, 9, degree // 2, degree - 1) if answer < degree})


@cache
def form(answer: int) -> Callable[..., list[np.ndarray]]:
    """Log probability of one answer, and its gradient: log degree, log θ, ρ."""
    lists = AnswerLists(np.array([[answer]]), np.array([0]), 1)
    inputs = [pt.dvector(), pt.dmatrix(), pt.dvector()]
    value = beta_binomial_logp(lists, *inputs)
    return function(inputs, [value, *pytensor.grad(value, inputs)])


def ours(answer: int, degree: float, theta: float, logit: float) -> np.ndarray:
    """Value, and gradient by log degree, log θ and the logit of ρ."""
    correlation = expit(logit)
    found = form(answer)(np.log([degree]), np.log([[theta]]), np.array([correlation]))
    return np.array([x.item() for x in found]) * [1.0, 1.0, 1.0, correlation * (1.0 - correlation)]


def shapes(theta: float, logit: float) -> tuple[float, float, float]:
    """a, b and s of the correlation that the logit is rounded to."""
    correlation = expit(logit)
    size = (1.0 - correlation) / correlation
    return theta * size, (1.0 - theta) * size, size


def exact_value(answer: int, degree: int, theta: float, logit: float) -> float:
    """Sum of logarithms of ratios, all of them."""
    a, b, size = shapes(theta, logit)
    rest = degree - answer
    known, unknown = np.arange(answer), np.arange(rest)
    ratios = (a + known) * (degree - known) / ((size + rest + known) * (known + 1.0))
    return (
        np.log(ratios).sum()
        + (np.log1p(-a / (size + unknown)) if theta < 0.5 else np.log((b + unknown) / (size + unknown))).sum()
    )


def digamma_difference(x: float, step: float) -> float:
    """ψ(x + step) − ψ(x) = Σ step / ((x + n)(x + n + step)), its end by Euler and Maclaurin."""
    n = np.arange(3000.0)
    first = (step / ((x + n) * (x + n + step))).sum()
    x = x + 3000.0
    end = step / (x * (x + step))
    slope = -end * (1 / x + 1 / (x + step))
    return first + math.log1p(step / x) + end / 2 - slope / 12


def exact_gradient(answer: int, degree: int, theta: float, logit: float) -> np.ndarray:
    """Derivatives by log degree, log θ and logit ρ, as sums."""
    a, b, size = shapes(theta, logit)
    rest = degree - answer
    known, unknown, all_of = np.arange(answer), np.arange(rest), np.arange(degree)
    # d/dd log [Γ(d+1)/Γ(d−y+1)] and d/dd log [Γ(b+d−y)/Γ(s+d)]
    by_degree = (1.0 / (degree - known)).sum() - digamma_difference(b + rest, a + answer)
    by_a, by_b, by_size = ((1.0 / (x + j)).sum() for x, j in ((a, known), (b, unknown), (size, all_of)))
    return np.array([degree * by_degree, a * (by_a - by_b), -(a * by_a + b * by_b - size * by_size)])


@pytest.mark.parametrize("degree", DEGREES)
def test_value_and_gradient_are_the_exact_sums(degree: int) -> None:
    for answer in answers_below(degree):
        for theta in THETAS:
            for logit in LOGITS:
                value, *gradient = ours(answer, degree, theta, logit)
                where = f"answer {answer}, theta {theta}, logit {logit}"
                # Terms of the size of d log s are added up; their last digits are what can be lost.
                digits = 1e-14 * degree * (10.0 + abs(logit)) + 1e-12
                exact = exact_value(answer, degree, theta, logit)
                np.testing.assert_allclose(value, exact, rtol=1e-12, atol=digits, err_msg=where)
                expected = exact_gradient(answer, degree, theta, logit)
                np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=digits, err_msg=where)


def test_gradient_between_whole_degrees_is_that_of_central_differences() -> None:
    for degree, answer in ((4.3, 3), (17.6, 9), (250.5, 0), (9.5, 9)):
        for logit in (-9.0, -3.0, 0.0, 4.0):
            point, step = np.array([math.log(degree), math.log(0.07), logit]), 1e-3

            def value(shift: np.ndarray, answer: int = answer, point: np.ndarray = point) -> float:
                log_degree, log_theta, moved = point + shift
                return ours(answer, math.exp(log_degree), math.exp(log_theta), moved)[0]

            numeric = [
                (value(-2 * axis) - 8 * value(-axis) + 8 * value(axis) - value(2 * axis)) / (12 * step)
                for axis in step * np.eye(3)
            ]
            np.testing.assert_allclose(ours(answer, degree, 0.07, logit)[1:], numeric, rtol=1e-6, atol=1e-7)


# --- limits ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("degree", [5, 300, 20_000])
def test_without_correlation_it_is_binomial(degree: int) -> None:
    """To first order the difference is ½ Var(q) f″/f, f the binomial probability as a function of the chance q."""
    for theta in (1e-4, 0.02, 0.3):
        for answer in (0, min(3, degree), min(8, degree - 1)):
            slope = answer / theta - (degree - answer) / (1 - theta)
            curvature = slope**2 - answer / theta**2 - (degree - answer) / (1 - theta) ** 2
            for logit in (-14.0, -18.0):
                difference = ours(answer, degree, theta, logit)[0] - stats.binom.logpmf(answer, degree, theta)
                expected = 0.5 * expit(logit) * theta * (1 - theta) * curvature
                if abs(expected) < 0.01:
                    assert difference == pytest.approx(expected, rel=0.02, abs=1e-14 * degree + 1e-12)


def test_rare_groups_are_negative_binomial() -> None:
    """Small θ, large d: variance μ + μ²/size with size θ (1/ρ − 1), up to the order of (θ + 1/s) (μ + y)."""
    for mean in (0.05, 1.0, 8.0):
        for size in (0.3, 2.0, 30.0):
            errors = []
            for degree in (1e3, 1e5):
                theta = mean / degree
                logit = -math.log(size / theta)
                found = [ours(answer, degree, theta, logit)[0] for answer in (0, 1, 5, 30)]
                wanted = stats.nbinom.logpmf([0, 1, 5, 30], size, size / (size + mean))
                errors.append(np.abs(found - wanted).max())
            assert errors[0] < 1000 * (1 + 1 / size) / 1e3 * max(mean, 1.0)
            # The error falls with 1/d: a hundredfold for a hundredfold.
            assert errors[1] == pytest.approx(errors[0] / 100, rel=0.3), (mean, size)


def test_all_answers_of_a_degree_have_probability_one() -> None:
    for theta in (0.001, 0.3, 0.9):
        for logit in (-6.0, 0.0, 4.0):
            total = sum(math.exp(ours(answer, 9, theta, logit)[0]) for answer in range(10))
            assert total == pytest.approx(1.0, abs=1e-12)


def test_missing_answers_are_absent() -> None:
    answers = np.array([[2, MISSING], [MISSING, 0], [11, 1]])
    lists = AnswerLists(answers, np.array([0, 1, 1]), 2)
    log_degree, log_theta = np.log([30.0, 8.0, 500.0]), np.log([[0.03, 0.2], [0.01, 0.002]])
    correlation = np.array([0.1, 0.01])
    total = function([], beta_binomial_logp(lists, *map(pt.as_tensor, (log_degree, log_theta, correlation))))()
    cells = 0.0
    for respondent, group in zip(*np.nonzero(answers != MISSING), strict=True):
        size = 1 / correlation[group] - 1
        theta = np.exp(log_theta[lists.area[respondent], group])
        degree = round(np.exp(log_degree[respondent]))
        cells += stats.betabinom.logpmf(answers[respondent, group], degree, theta * size, (1 - theta) * size)
    assert total == pytest.approx(cells, rel=1e-11)


# --- the rising factorial -------------------------------------------------------------------------------------------

STARTS = (1e-8, 1e-3, 0.7, 1.0, 9.99, 10.0, 10.01, 400.0, 1e6, 1e9, 1e12)


@pytest.fixture(scope="module")
def rising() -> Callable[..., list[np.ndarray]]:
    """Value and derivatives by x and n."""
    x, n = pt.dscalar(), pt.dscalar()
    value = log_rising(x, n)
    return function([x, n], [value, *pytensor.grad(value, [x, n])])


@pytest.mark.parametrize("start", STARTS)
def test_a_rising_factorial_is_its_product(rising: Callable[..., list[np.ndarray]], start: float) -> None:
    for steps in (0, 1, 2, 9, 100, 50_000):
        value, slope, _ = rising(start, float(steps))
        j = np.arange(steps)
        exact = steps * math.log(start) + math.fsum(np.log1p(j / start))
        np.testing.assert_allclose(value, exact, rtol=1e-14, atol=1e-13)
        np.testing.assert_allclose(slope, math.fsum(1.0 / (start + j)), rtol=1e-11)


@pytest.mark.parametrize("start", STARTS)
def test_a_rising_factorial_of_next_to_nothing_keeps_its_digits(
    rising: Callable[..., list[np.ndarray]], start: float
) -> None:
    for step in (1e-12, 1e-9, 1e-6):
        value, slope, by_step = rising(start, step)
        if step < 1e-3 * start:
            # n ψ(x + n/2): the next term is of order n³.
            assert value == pytest.approx(step * digamma(start + step / 2), rel=1e-9)
        assert by_step == pytest.approx(digamma(start + step), rel=1e-9)
        assert slope == pytest.approx(digamma_difference(start, step), rel=1e-6)
