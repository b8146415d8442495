"""Inexact answers told without the package: SciPy's distributions, summed over every count that could be behind them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from scipy import stats

from nsum_bayes.model.components import (
    BetaBinomial,
    Binomial,
    Counts,
    NegativeBinomial1,
    NegativeBinomial2,
    Poisson,
)
from nsum_bayes.model.inputs import OPEN
from nsum_bayes.model.measurement import cells_of, irregular_logp
from tests.uncompiled import function

PRIOR = {"prior": "lognormal", "median": 1.0, "log_sd": 1.0}
PARTS: dict[str, Counts] = {
    "poisson": Poisson(),
    "nb1": NegativeBinomial1(overdispersion=PRIOR),
    "nb2": NegativeBinomial2(size=PRIOR),
    "binomial": Binomial(),
    "beta_binomial": BetaBinomial(correlation={"prior": "uniform", "lower": 0.0, "upper": 1.0}),
}
SPREADS = {"poisson": (1.0,), "nb1": (0.02, 1.0, 20.0), "nb2": (0.3, 2.0, 50.0), "binomial": (1.0,)}
SPREADS["beta_binomial"] = (0.001, 0.02, 0.3)
HEAPING = np.array([0.55, 0.25, 0.2])
SILENT = 0.15


def distribution(kind: str, degree: float, theta: float, spread: float) -> Any:
    """SciPy's distribution of the true count; whole degrees for those that need them."""
    mean = degree * theta
    match kind:
        case "poisson":
            return stats.poisson(mean)
        case "nb1":
            return stats.nbinom(mean / spread, 1.0 / (1.0 + spread))
        case "nb2":
            return stats.nbinom(spread, spread / (spread + mean))
        case "binomial":
            return stats.binom(int(degree), theta)
    size = 1.0 / spread - 1.0
    return stats.betabinom(int(degree), theta * size, (1.0 - theta) * size)


def tail(kind: str, start: int, degree: float, theta: float, spread: float) -> float:
    """P(Y ≥ start); SciPy has no accurate tail of the beta-binomial, so that one is summed."""
    found = distribution(kind, degree, theta, spread)
    if kind == "beta_binomial":
        return float(found.pmf(np.arange(start, int(degree) + 1)).sum())
    return float(found.sf(start - 1))


def report(count: int, base: int) -> int:
    """A count to the nearest multiple of a base, halves up, but never to zero."""
    below = count - count % base
    nearest = below if 2 * (count - below) < base else below + base
    return nearest if nearest > 0 else count


def probability(
    kind: str, lower: int, upper: int, degree: float, theta: float, spread: float, *, heaped: bool = False
) -> float:
    """Probability that a report is between two bounds: every count behind it, times its chance to be so reported."""
    if not heaped and upper == OPEN:
        return tail(kind, lower, degree, theta, spread)
    crowds = HEAPING if heaped else np.array([1.0, 0.0, 0.0])
    known = (lower if upper == OPEN else upper) + 10
    counts = np.arange(known + 1)
    weights = [
        sum(share for share, base in zip(crowds, (1, 5, 10), strict=True) if lower <= report(int(j), base) <= upper)
        for j in counts
    ]
    total = float(np.dot(weights, distribution(kind, degree, theta, spread).pmf(counts)))
    return total + (tail(kind, known + 1, degree, theta, spread) if upper == OPEN else 0.0)


@cache
def compiled(kind: str, lower: int, upper: int, *, heaped: bool = False, silent: bool = False) -> Callable[..., Any]:
    """The package's log probability (cell,) of one kind of answer, and its gradients: log degree, log θ, log spread."""
    flag = {"heaped": np.array([heaped]), "zero_inflated": np.array([silent])}
    one = np.ones((1, 1), dtype=np.int64)
    [cells] = cells_of(lower * one, upper * one if upper != OPEN else np.array([[OPEN]]), **flag, chosen=one == 1)
    log_degree, log_theta, log_spread = arguments = [pt.dvector() for _ in range(3)]
    found = irregular_logp(
        cells,
        PARTS[kind],
        pt.exp(log_degree),
        pt.exp(log_theta),
        pt.exp(log_spread) if kind in ("nb1", "nb2", "beta_binomial") else None,
        pt.as_tensor(HEAPING) if heaped else None,
        pt.as_tensor(np.array([SILENT])) if silent else None,
    )
    gradients = pytensor.grad(found.sum(), arguments, disconnected_inputs="ignore")
    return function(arguments, [found, *gradients])


def log_probability_of(
    kind: str, lower: int, upper: int, degree: float, theta: float, spread: float, **flags: bool
) -> float:
    """The package's log probability of one answer."""
    found = compiled(kind, lower, upper, **flags)(*(np.array([np.log(x)]) for x in (degree, theta, spread)))[0]
    return float(found[0])
