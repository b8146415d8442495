"""Priors declared as data, turned into PyMC distributions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.model import spec as s


def _arguments(prior: s.Part | None) -> tuple[Any, dict[str, float]]:
    """The PyMC distribution of a prior and its arguments."""
    match prior:
        case s.Normal(mean=mean, sd=sd):
            return pm.Normal, {"mu": mean, "sigma": sd}
        case s.HalfNormal(sd=sd):
            return pm.HalfNormal, {"sigma": sd}
        case s.LogNormal(median=median, log_sd=log_sd):
            return pm.LogNormal, {"mu": float(np.log(median)), "sigma": log_sd}
        case s.Uniform(lower=lower, upper=upper):
            return pm.Uniform, {"lower": lower, "upper": upper}
    raise TypeError(f"no PyMC form for the prior {type(prior).__name__}")


def add_prior(name: str, prior: s.Part | None, **keywords: Any) -> TensorVariable:
    """Register a parameter with its prior in the open model; keywords such as ``dims`` pass on."""
    distribution, arguments = _arguments(prior)
    return distribution(name, **arguments, **keywords)


def unregistered(prior: s.Part | None, shape: int) -> TensorVariable:
    """The same distribution outside the model's variables, as building block of another."""
    distribution, arguments = _arguments(prior)
    return distribution.dist(**arguments, shape=shape)
