"""Do two sets of draws come from one joint distribution? Differences in Monte Carlo standard errors.

Every comparison but one is made on pooled normal scores (van der Waerden), so that heavy tails leave the standard
errors as they are stated and no scale has to be chosen. A difference in a mean, a spread or a dependence shows.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import ndtri
from scipy.stats import ks_2samp, norm, rankdata

Draws = Mapping[str, np.ndarray]

LIMIT = 5.0
"""Of a hundred thousand comparisons, about as many as the tests make in all, chance brings one beyond it in 17 runs."""
FEW = 12
EQUAL = 1e-9


def far_apart(one: Draws, other: Draws, limit: float = LIMIT) -> dict[str, float]:
    """Comparisons in which two sets of draws differ by more than ``limit`` standard errors, the largest first.

    Parameters
    ----------
    one, other
        Arrays (draw, …) of the same names and shapes but for the number of draws.
    """
    assert set(one) == set(other)
    found = {}
    for name in one:
        found |= _elements(name, one[name], other[name])
    found |= _dependence(*(_summaries(draws) for draws in (one, other)))
    far = {name: round(float(z), 1) for name, z in found.items() if not z <= limit}
    return dict(sorted(far.items(), key=lambda entry: -entry[1]))


def _elements(name: str, one: np.ndarray, other: np.ndarray) -> dict[str, float]:
    """Each element's mean, spread and, for a few, distribution function."""
    assert one.shape[1:] == other.shape[1:], f"{name}: shapes {one.shape[1:]} and {other.shape[1:]}"
    one, other = _flat(one), _flat(other)
    if not one.shape[1]:
        return {}
    first, second, fixed = _scores(one, other)
    few = {0, one.shape[1] - 1} - set(np.flatnonzero(fixed))
    return {
        f"{name}: mean": _largest(_z(first, second)),
        f"{name}: spread": _largest(_z(first**2, second**2)),
        f"{name}: fixed value": np.inf if np.any(np.abs(one - other[:1])[:, fixed] > EQUAL) else 0.0,
        **{f"{name}: distribution of element {n}": _kolmogorov(one[:, n], other[:, n]) for n in sorted(few)},
    }


def _summaries(draws: Draws) -> dict[str, np.ndarray]:
    """Scalars of each draw: single elements; or means, variances and covariances of columns where there are many."""
    found: dict[str, np.ndarray] = {}
    for name, values in draws.items():
        if values.ndim == 1:
            found[name] = values
        elif values.ndim == 2 and values.shape[1] <= FEW:
            found |= {f"{name}[{n}]": column for n, column in enumerate(values.T)}
        else:
            table = values.reshape(len(values), -1, values.shape[-1] if values.ndim > 2 else 1)
            found |= {f"{name}[mean of {n}]": column for n, column in enumerate(table.mean(axis=1).T)}
            found |= {f"{name}[variance of {n}]": column for n, column in enumerate(table.var(axis=1).T)}
            along = covariance(table[..., :-1], table[..., 1:])
            found |= {f"{name}[covariance of {n} and {n + 1}]": column for n, column in enumerate(along.T)}
    return found


def covariance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Covariance over the second axis of arrays (draw, n, …), for each draw."""
    return ((one - one.mean(axis=1, keepdims=True)) * (other - other.mean(axis=1, keepdims=True))).mean(axis=1)


def _dependence(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> dict[str, float]:
    """Mean, spread and products of all pairs of summaries."""
    names = np.array(list(one))
    first, second, fixed = _scores(*(np.column_stack([draws[name] for name in names]) for draws in (one, other)))
    names, first, second = names[~fixed], first[:, ~fixed], second[:, ~fixed]
    products = np.zeros((len(names), len(names)))
    errors = np.zeros_like(products)
    for sign, scores in ((1.0, first), (-1.0, second)):
        mean = scores.T @ scores / len(scores)
        products += sign * mean
        errors += ((scores**2).T @ scores**2 / len(scores) - mean**2) / len(scores)
    pairs = np.abs(products) / np.sqrt(np.maximum(errors, 1e-300))
    found = {f"{name}: mean": z for name, z in zip(names, np.abs(_z(first, second)), strict=True)}
    rows, columns = np.triu_indices(len(names))
    return found | {f"{names[i]} × {names[j]}": pairs[i, j] for i, j in zip(rows, columns, strict=True)}


def _flat(draws: np.ndarray) -> np.ndarray:
    return np.asarray(draws, dtype=float).reshape(len(draws), int(np.prod(draws.shape[1:])))


def _scores(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Normal scores of both samples' pooled ranks by column, zero in columns that never vary; which those are."""
    pooled = np.concatenate([one, other])
    fixed = np.ptp(one, axis=0) + np.ptp(other, axis=0) <= EQUAL
    ranks = rankdata(np.where(fixed, 0.0, pooled), axis=0)
    scores = np.where(fixed, 0.0, ndtri((ranks - 0.5) / len(pooled)))
    return scores[: len(one)], scores[len(one) :], fixed


def _z(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    error = np.sqrt(one.var(axis=0, ddof=1) / len(one) + other.var(axis=0, ddof=1) / len(other))
    return (one.mean(axis=0) - other.mean(axis=0)) / np.maximum(error, 1e-300)


def _largest(values: np.ndarray) -> float:
    return float(np.abs(values).max())


def _kolmogorov(one: np.ndarray, other: np.ndarray) -> float:
    """Kolmogorov–Smirnov, its p-value told as the z of a two-sided test."""
    return float(norm.isf(ks_2samp(one, other, method="asymp").pvalue / 2))
