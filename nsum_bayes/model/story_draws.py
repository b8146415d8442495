"""Draws from the vocabulary of priors and statements, in NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsum_bayes.model import spec as sp

Floats = NDArray[np.float64]
Values = dict[str, Any]
LARGEST_MEAN = 1e15
LARGEST_LOG = 700.0


def draw_prior(
    prior: Any,
    rng: np.random.Generator,
    shape: tuple[int, ...] = (),
    *,
    total: Floats | float = 1.0,
    population: float = 1.0,
) -> Floats:
    """Draw from a prior of the vocabulary; no prior gives zeros.

    Parameters
    ----------
    total
        N of the reciprocal prior.
    population
        Everyone in the frame, for a prior that is uniform in persons.
    """
    match prior:
        case None:
            return np.zeros(shape)
        case sp.Fixed():
            return np.full(shape, prior.value)
        case sp.Normal():
            return rng.normal(prior.mean, prior.sd, shape)
        case sp.HalfNormal():
            return np.abs(rng.normal(0.0, prior.sd, shape))
        case sp.HalfCauchy():
            return np.abs(prior.scale * rng.standard_cauchy(shape))
        case sp.LogNormal():
            return prior.median * np.exp(prior.log_sd * rng.standard_normal(shape))
        case sp.Gamma():
            return rng.gamma(prior.shape, 1.0 / prior.rate, shape)
        case sp.Uniform():
            return rng.uniform(prior.lower, prior.upper, shape)
        case sp.UniformPrecision():
            return 1.0 / np.sqrt(rng.uniform(0.0, prior.upper, shape))
        case sp.UniformShare():
            top = prior.upper * (population if prior.of == "population" else 1.0)
            return np.log(rng.uniform(0.0, top, shape))
        case sp.InverseUniform():
            return 1.0 / rng.uniform(0.0, 1.0, shape) - 1.0
        case sp.Beta():
            return rng.beta(*prior.shapes, shape)
        case sp.Dirichlet():
            return rng.dirichlet(prior.weights, shape or None)
        case sp.Reciprocal():
            return -np.log(total) * rng.uniform(0.0, 1.0, shape)
    raise TypeError(f"no draws are defined for the prior {type(prior).__name__}")


def draw_statement(statement: Any, rng: np.random.Generator) -> float:
    """Draw a share (beta, uniform before side data) or a ratio (log-normal), or return the fixed value."""
    fixed = getattr(statement, "fixed", None)
    if fixed is not None:
        return float(fixed)
    if hasattr(statement, "median"):
        return float((statement.median or 1.0) * np.exp((statement.log_sd or 0.5) * rng.standard_normal()))
    if statement.mean is None:
        return float(rng.uniform())
    concentration = statement.mean * (1 - statement.mean) / statement.sd**2 - 1
    return float(rng.beta(statement.mean * concentration, (1 - statement.mean) * concentration))


def draw_correlation(shape: float, size: int, rng: np.random.Generator) -> Floats:
    """Draw a correlation matrix from the LKJ distribution by the onion method (Lewandowski et al. 2009)."""
    lower = np.eye(size)
    beta = shape + (size - 2) / 2
    for row in range(1, size):
        reach = rng.beta(row / 2, beta)
        direction = rng.standard_normal(row)
        lower[row, :row] = np.sqrt(reach) * direction / np.linalg.norm(direction)
        lower[row, row] = np.sqrt(1 - reach)
        beta -= 0.5
    return lower @ lower.T


def value(given: Mapping[str, Any], name: str, drawn: Floats) -> Floats:
    """The given value of a parameter, spread over its shape, or the drawn one."""
    if name not in given:
        return drawn
    return np.array(np.broadcast_to(np.asarray(given[name], dtype=float), np.shape(drawn)))


def limited_exp(logs: Any) -> Floats:
    """exp, short of the largest and the smallest number: wide priors draw what no computer can hold."""
    return np.asarray(np.exp(np.clip(logs, -LARGEST_LOG, LARGEST_LOG)))
