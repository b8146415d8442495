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

from nsum_bayes.model.inputs import MISSING, Inputs
from nsum_bayes.model.priors import add_prior
from nsum_bayes.model.spec import Bias

SPREAD_TO_CENTRE = 3.0
"""Spread of crude biases, in sampling errors, from which they are sampled themselves."""


def add_bias(part: Bias, inputs: Inputs) -> TensorVariable:
    """Add the known groups' log bias (known_group) to the open model; zeros for a model without bias."""
    if part.sd is None:
        return pt.zeros(inputs.n_known)
    spread = add_prior("bias_sd", part.sd)
    if inputs.n_known == 1:
        return pt.zeros(1)
    if _bias_stands_out(inputs):
        return pm.ZeroSumNormal("bias", sigma=spread, dims="known_group")
    raw = pm.ZeroSumNormal("bias_raw", sigma=1.0, dims="known_group")
    return pm.Deterministic("bias", raw * spread, dims="known_group")


def _bias_stands_out(inputs: Inputs) -> bool:
    """Whether the groups' crude biases spread wider than their sampling error.

    Decides how the biases are sampled, never what they are: themselves where the data tell them, times their spread
    where they do not (the funnel towards a spread of zero).
    """
    known = inputs.answers[:, : inputs.n_known]
    present = known != MISSING
    expected = np.exp(inputs.start_log_degree)[:, None] * np.exp(inputs.sizes.log_share)[inputs.sizes.row][inputs.area]
    answers, expected = np.where(present, known, 0.0), np.where(present, expected, 0.0)
    total = answers.sum(axis=0) + 0.5
    ratio = total / expected.sum(axis=0)
    error = np.sqrt(((answers - ratio * expected) ** 2).sum(axis=0)) / total
    return bool(np.std(np.log(ratio)) > SPREAD_TO_CENTRE * np.median(error))


def hidden_bias_sd(bias_sd: np.ndarray, n_known: int) -> np.ndarray:
    """Standard deviation of a hidden group's bias relative to the mean of ``n_known`` known groups."""
    return bias_sd * np.sqrt(1.0 + 1.0 / n_known)
