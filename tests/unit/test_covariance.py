"""The form in which a covariance is sampled: the same factor back, the volume it takes, and the same density."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest

from nsum_bayes.model.covariance import SpreadsAndCorrelations, add_covariance
from nsum_bayes.model.prior_vocabulary import LKJ, HalfNormal
from tests.uncompiled import function, log_density


def numeric_jacobian(backward, at: np.ndarray, step: float = 1e-6) -> np.ndarray:
    moves = np.eye(len(at)) * step
    return np.column_stack([(backward(at + move) - backward(at - move)) / (2 * step) for move in moves])


@pytest.mark.parametrize("n", [2, 3, 4])
def test_the_factor_comes_back_and_its_volume_is_told(n: int) -> None:
    transform, value = SpreadsAndCorrelations(n), pt.vector("value")
    backward = function([value], transform.backward(value))
    forward = function([value], transform.forward(value))
    volume = function([value], transform.log_jac_det(value))
    free = np.random.default_rng(n).normal(size=n * (n + 1) // 2)
    packed = backward(free)
    np.testing.assert_allclose(forward(packed), free, rtol=1e-10)
    factor = np.zeros((n, n))
    factor[np.tril_indices(n)] = packed
    np.testing.assert_allclose(np.sqrt((factor**2).sum(axis=1)), np.exp(free[np.cumsum(np.arange(1, n + 1)) - 1]))
    sign, expected = np.linalg.slogdet(numeric_jacobian(backward, free))
    assert sign == 1.0
    assert float(volume(free)) == pytest.approx(expected, abs=1e-6)


def test_the_density_is_that_of_the_stock_form() -> None:
    """At one factor, the two models' densities differ by the volumes alone."""
    prior, n = HalfNormal(sd=0.7), 3
    with pm.Model() as ours:
        add_covariance("c", prior, LKJ(shape=2.0), n)
    with pm.Model() as stock:
        pm.LKJCholeskyCov("c", n=n, eta=2.0, sd_dist=pm.HalfNormal.dist(0.7, shape=n))
    transform, value = SpreadsAndCorrelations(n), pt.vector("value")
    backward, volume = (function([value], f(value)) for f in (transform.backward, transform.log_jac_det))
    diagonal = np.array([0, 2, 5])
    for seed in range(3):
        free = np.random.default_rng(seed).normal(size=6)
        packed = backward(free)
        packed[diagonal] = np.log(packed[diagonal])
        one = log_density(ours, gradient=False)({ours.value_vars[0].name: free})[0] - float(volume(free))
        other = log_density(stock, gradient=False)({stock.value_vars[0].name: packed})[0] - packed[diagonal].sum()
        assert one == pytest.approx(other, rel=1e-9)


def test_a_spread_of_nearly_zero_leaves_the_other_values_their_room() -> None:
    """What made a chain stay: the width of the entry below the diagonal shrank with its spread."""
    value = pt.vector("value")
    backward = function([value], SpreadsAndCorrelations(2).backward(value))
    wide, narrow = (backward(np.array([0.0, 0.5, log_spread])) for log_spread in (0.0, -8.0))
    np.testing.assert_allclose(narrow[1:] / np.exp(-8.0), wide[1:], rtol=1e-10)
