"""Covariance of municipality effects over hidden groups: spreads with their prior, correlations with an LKJ prior.

    L = diag(sd) C,   C Cᵀ ~ LKJ(shape),   sd_h ~ its own prior

The factor is sampled as log spreads and Fisher-transformed partial correlations (Lewandowski, Kurowicka, Joe 2009,
doi:10.1016/j.jmva.2009.04.008). PyMC's own form samples the entries below the diagonal as they are: where a spread is
near zero they have no room left, and a chain that comes there stays.
"""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.model.prior_vocabulary import LKJ, ScalePrior
from nsum_bayes.model.priors import unregistered


def add_covariance(name: str, spread: ScalePrior, correlation: LKJ, n: int) -> tuple[TensorVariable, ...]:
    """Add a covariance of n effects to the open model; its Cholesky factor (n, n) and the spreads (n,)."""
    cholesky, _, spreads = pm.LKJCholeskyCov(
        name,
        n=n,
        eta=correlation.shape,
        sd_dist=unregistered(spread, n),
        default_transform=SpreadsAndCorrelations(n),
    )
    return cholesky, spreads


class SpreadsAndCorrelations(Transform):
    """A packed Cholesky factor, row by row, as log spreads on the diagonal and partial correlations off it."""

    name = "spreads-and-correlations"
    ndim_supp = 1

    def __init__(self, n: int) -> None:
        self.n = n

    def forward(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        """From the packed factor to the unbounded values."""
        values = []
        for row in self._rows(value):
            spread = pt.sqrt(sum(entry**2 for entry in row))
            left = pt.ones_like(spread)
            for entry in row[:-1]:
                partial = entry / spread / pt.sqrt(left)
                values.append(pt.arctanh(partial))
                left = left * (1.0 - partial**2)
            values.append(pt.log(spread))
        return pt.stack(values, axis=-1)

    def backward(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        """From the unbounded values to the packed factor."""
        entries = []
        for row in self._rows(value):
            log_left = pt.zeros_like(row[-1])
            for free in row[:-1]:
                entries.append(pt.tanh(free) * pt.exp(row[-1] + 0.5 * log_left))
                log_left = log_left + _log_rest(free)
            entries.append(pt.exp(row[-1] + 0.5 * log_left))
        return pt.stack(entries, axis=-1)

    def log_jac_det(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        """Log of the volume of the packed factor by that of the unbounded values."""
        total = pt.zeros_like(value[..., 0])
        for row in self._rows(value):
            # Every entry grows with the row's spread, and shrinks with what the partial correlations before it take.
            total = total + len(row) * row[-1]
            for place, free in enumerate(row[:-1]):
                total = total + 0.5 * (len(row) - 1 - place) * _log_rest(free)
        return total

    def _rows(self, value: TensorVariable) -> list[list[TensorVariable]]:
        starts = [i * (i + 1) // 2 for i in range(self.n)]
        return [[value[..., start + j] for j in range(i + 1)] for i, start in enumerate(starts)]


def _log_rest(free: TensorVariable) -> TensorVariable:
    """log(1 − tanh²), also where the correlation is nearly one."""
    return 2.0 * (np.log(2.0) - free - pt.softplus(-2.0 * free))
