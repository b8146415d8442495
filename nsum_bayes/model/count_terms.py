"""Probabilities p(0), p(1), … of a count, by their ratios: what interval answers are summed from.

poisson        p(j+1)/p(j) = μ / (j+1)
nb1, nb2       p(j+1)/p(j) = q (s + j) / (j+1),   s the size, q = μ / (μ + s)
binomial       p(j+1)/p(j) = (d − j) / (j+1) · θ / (1 − θ)
beta_binomial  p(j+1)/p(j) = (d − j) (a + j) / ((j+1) (b + max(d − j − 1, 0)))

A degree is continuous; a count of a degree or more above it has no probability.
"""

from __future__ import annotations

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.model.components import (
    BetaBinomial,
    Binomial,
    Counts,
    NegativeBinomial1,
    NegativeBinomial2,
    Poisson,
)
from nsum_bayes.model.log_gamma import log_rising

TINY = 1e-280
LARGEST_SHARE = 1.0 - 1e-9
SMALLEST_CORRELATION, LARGEST_CORRELATION = 1e-10, 1.0 - 1e-9


def beta_shapes(
    theta: TensorVariable, correlation: TensorVariable
) -> tuple[TensorVariable, TensorVariable, TensorVariable]:
    """A = θ s, b = (1 − θ) s and s = 1/ρ − 1 of a beta with mean θ and within-group correlation ρ."""
    within = pt.clip(correlation, SMALLEST_CORRELATION, LARGEST_CORRELATION)
    size = (1.0 - within) / within  # 1 − ρ is exact near one, 1/ρ is not
    share = pt.minimum(theta, LARGEST_SHARE)
    return share * size, (1.0 - share) * size, size


def log_terms(
    counts: Counts, degree: TensorVariable, theta: TensorVariable, dispersion: TensorVariable | None, terms: int
) -> TensorVariable:
    """Log p(j) for j from zero to ``terms`` − 1 (cell, j), given each cell's degree, θ and dispersion (cell,)."""
    spread = pt.ones_like(degree) if dispersion is None else dispersion
    log_zero, ratio = _zero_and_ratios(counts, degree, theta, spread, np.arange(terms - 1.0)[None, :])
    # Beyond the degree a binomial has no probability: a ratio of zero, whose logarithm is kept finite.
    steps = pt.log(pt.switch(ratio > TINY, ratio, TINY))
    return log_zero[:, None] + pt.concatenate([pt.zeros((log_zero.shape[0], 1)), pt.cumsum(steps, axis=1)], axis=1)


def _zero_and_ratios(
    counts: Counts,
    degree: TensorVariable,
    theta: TensorVariable,
    dispersion: TensorVariable,
    j: np.ndarray,
) -> tuple[TensorVariable, TensorVariable]:
    """Log p(0) (cell,) and p(j+1)/p(j) (cell, j)."""
    mean = degree * theta
    match counts:
        case Poisson():
            return -mean, mean[:, None] / (j + 1)
        case NegativeBinomial1():
            size, share = mean / dispersion, dispersion / (1.0 + dispersion)
            return -size * pt.log1p(dispersion), (size[:, None] + j) / (j + 1) * share[:, None]
        case NegativeBinomial2():
            share = mean / (mean + dispersion)
            return -dispersion * pt.log1p(mean / dispersion), (dispersion[:, None] + j) / (j + 1) * share[:, None]
        case Binomial():
            odds = theta / (1.0 - theta)
            return degree * pt.log1p(-theta), pt.maximum(degree[:, None] - j, 0.0) / (j + 1) * odds[:, None]
        case BetaBinomial():
            a, b, size = beta_shapes(theta, dispersion)
            left = pt.maximum(degree[:, None] - j, 0.0)
            # Between the whole numbers around a degree the beta function has poles: a count within one above the degree
            # rises from nothing to its probability at the whole number.
            below = b[:, None] + pt.maximum(left - 1.0, 0.0)
            # Γ(b + d) Γ(b + a) / (Γ(b) Γ(b + a + d)), by the smaller of a and d: the other way loses 1 − p(0).
            fewer, more = pt.minimum(a, degree), pt.maximum(a, degree)
            return log_rising(b, fewer) - log_rising(b + more, fewer), left * (a[:, None] + j) / ((j + 1) * below)
    raise TypeError(f"no terms for counts of kind {counts.kind}")
