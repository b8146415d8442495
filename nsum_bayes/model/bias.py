"""Reporting bias: a group is over- or under-reported by everyone, by a factor exp(b_k).

    b_k ~ Normal(0, sd),  Σ_known b_k = 0

The known groups show how large such biases are; their common level *is* the degree's, so they sum to zero. A hidden
group draws its own from the same distribution, relative to the known groups' mean: variance sd² (1 + 1/K). No answer of
the survey can tell it, so it is drawn after sampling (`estimates`), never inside it.
"""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.model import crude
from nsum_bayes.model.inputs import Inputs
from nsum_bayes.model.priors import add_prior
from nsum_bayes.model.spec import Bias


def add_bias(part: Bias, inputs: Inputs) -> TensorVariable:
    """Add the known groups' log bias (known_group) to the open model; zeros for a model without bias."""
    if part.sd is None:
        return pt.zeros(inputs.n_known)
    spread = add_prior("bias_sd", part.sd)
    if inputs.n_known == 1:
        return pt.zeros(1)
    if crude.biases_stand_out(inputs):
        return pm.ZeroSumNormal("bias", sigma=spread, dims="known_group")
    raw = pm.ZeroSumNormal("bias_raw", sigma=1.0, dims="known_group")
    return pm.Deterministic("bias", raw * spread, dims="known_group")


def hidden_bias_sd(bias_sd: np.ndarray, n_known: int) -> np.ndarray:
    """Standard deviation of a hidden group's bias relative to the mean of ``n_known`` known groups."""
    return bias_sd * np.sqrt(1.0 + 1.0 / n_known)
