"""Inexact answers told by SciPy's distributions, summed over every count that could be behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

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


class Answer(NamedTuple):
    """Bounds of a report, to a question that may be heaped and answered with zero whatever the truth."""

    lower: int
    upper: int
    heaped: bool = False
    silent: bool = False


def probability(kind: str, answer: Answer, degree: float, theta: float, spread: float) -> float:
    """Probability of an answer: every count behind the report, times its chance to be so reported."""
    lower, upper, heaped, silent = answer
    crowds = HEAPING if heaped else np.array([1.0, 0.0, 0.0])
    known = (lower if upper == OPEN else upper) + 10
    counts = np.arange(known + 1)
    weights = [
        sum(share for share, base in zip(crowds, (1, 5, 10), strict=True) if lower <= report(int(j), base) <= upper)
        for j in counts
    ]
    total = float(np.dot(weights, distribution(kind, degree, theta, spread).pmf(counts)))
    if upper == OPEN:
        total += tail(kind, known + 1, degree, theta, spread)
    return SILENT * (lower == 0) + (1.0 - SILENT) * total if silent else total


@cache
def compiled(kind: str, answers: tuple[Answer, ...], points: int) -> Callable[..., Any]:
    """The package's log probability of each answer at each point, and its gradients, in one uncompiled function."""
    rows = [answer for answer in answers for _ in range(points)]
    column = np.array([answer.heaped + 2 * answer.silent for answer in rows])
    lower, upper = (np.repeat([[answer[n]] for answer in rows], 4, axis=1).astype(np.int64) for n in (0, 1))
    heaped, silent = np.array([False, True, False, True]), np.array([False, False, True, True])
    classes = cells_of(lower, upper, heaped, silent, column[:, None] == np.arange(4))
    logs = [pt.dvector() for _ in range(3)]
    found = pt.zeros(len(rows))
    for cells in classes:
        degree, theta, spread = (pt.exp(log)[cells.respondent] for log in logs)
        habits = (pt.as_tensor(HEAPING), pt.as_tensor(np.array([SILENT, SILENT])))
        dispersion = spread if kind in ("nb1", "nb2", "beta_binomial") else None
        found = found[cells.respondent].set(irregular_logp(cells, PARTS[kind], degree, theta, dispersion, *habits))
    return function(logs, [found, *pytensor.grad(found.sum(), logs, disconnected_inputs="ignore")])


def at_points(kind: str, answers: tuple[Answer, ...], points: Sequence[tuple[float, ...]]) -> tuple[Any, Any]:
    """Log probabilities (answer, point) and gradients (log degree, log θ, log spread; answer, point)."""
    logs = np.tile(np.log(np.array(points)).T, (1, len(answers)))
    found, *gradients = compiled(kind, answers, len(points))(*logs)
    shape = (len(answers), len(points))
    return found.reshape(shape), np.reshape(gradients, (3, *shape))
