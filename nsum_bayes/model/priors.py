"""Priors declared as data, turned into PyMC distributions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.model import spec as s

UNBOUNDED_ABOVE = (s.Normal, s.HalfNormal, s.HalfCauchy, s.LogNormal, s.Gamma)
"""Priors that take any positive start."""


def _arguments(prior: s.Part | None) -> tuple[Any, dict[str, Any]]:
    """The PyMC distribution of a prior and its arguments."""
    match prior:
        case s.Normal(mean=mean, sd=sd):
            return pm.Normal, {"mu": mean, "sigma": sd}
        case s.HalfNormal(sd=sd):
            return pm.HalfNormal, {"sigma": sd}
        case s.HalfCauchy(scale=scale):
            return pm.HalfCauchy, {"beta": scale}
        case s.LogNormal(median=median, log_sd=log_sd):
            return pm.LogNormal, {"mu": float(np.log(median)), "sigma": log_sd}
        case s.Gamma(shape=shape, rate=rate):
            return pm.Gamma, {"alpha": shape, "beta": rate}
        case s.Uniform(lower=lower, upper=upper):
            return pm.Uniform, {"lower": lower, "upper": upper}
        case s.Beta():
            alpha, beta = prior.shapes
            return pm.Beta, {"alpha": alpha, "beta": beta}
        case s.Dirichlet(weights=weights):
            return pm.Dirichlet, {"a": np.array(weights)}
    raise TypeError(f"no PyMC form for the prior {type(prior).__name__}")


def add_prior(
    name: str, prior: s.Part | None, *, population: float = 1.0, initval: Any = None, **keywords: Any
) -> TensorVariable:
    """Register a parameter with its prior in the open model; keywords such as ``dims`` pass on.

    Priors that no distribution of PyMC has are given through the variable they are stated for: ``<name>_…_raw`` is
    sampled and the parameter follows from it.

    Parameters
    ----------
    population
        Everyone in the frame, for priors stated in persons.
    initval
        Where to start; for priors so wide that their own middle is no place to start from. Others ignore it.
    """
    match prior:
        case s.Fixed(value=value):
            return pm.Deterministic(name, pt.as_tensor_variable(value), **keywords)
        case s.UniformPrecision(upper=upper):
            precision = pm.Uniform(f"{name}_precision_raw", 0.0, upper, **keywords)
            return pm.Deterministic(name, precision**-0.5, **keywords)
        case s.UniformShare(upper=upper, of=of):
            top = float(np.log(upper * (population if of == "population" else 1.0)))
            # −log of a uniform is exponential: log value = top − Exponential(1).
            start = None if initval is None else np.maximum(top - np.asarray(initval, dtype=float), 1e-3)
            below = pm.Exponential(f"{name}_below_raw", 1.0, initval=start, **keywords)
            return pm.Deterministic(name, top - below, **keywords)
        case s.InverseUniform():
            inverse = pm.Uniform(f"{name}_inverse_raw", 0.0, 1.0, **keywords)
            return pm.Deterministic(name, 1.0 / inverse - 1.0, **keywords)
    distribution, arguments = _arguments(prior)
    if initval is not None and isinstance(prior, UNBOUNDED_ABOVE):
        keywords["initval"] = initval
    return distribution(name, **arguments, **keywords)


def unregistered(prior: s.Part | None, shape: int) -> TensorVariable:
    """The same distribution outside the model's variables, as building block of another."""
    distribution, arguments = _arguments(prior)
    return distribution.dist(**arguments, shape=shape)
