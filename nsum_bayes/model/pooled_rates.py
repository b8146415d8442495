"""Partially pooled rates: each area's rate of each group is drawn from the group's own distribution over areas.

    −log θ_ak = ρ_ak ~ Gamma(mean μ_k, sd s_k)
    C_a = log mean_l [exp(−ρ_al) / share_al]      over the known groups l, in each area and draw
    log π_ah · D_ah / N_a = −ρ_ah − C_a

Nyarko-Agyei and co-authors, arXiv 2407.13267, as published. Unscaled rates are pooled, so a place with larger networks
is taken for one with more members of every group; C_a, from the area's own known groups, takes part of it back.
"""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.model import crude
from nsum_bayes.model.inputs import MISSING, Inputs
from nsum_bayes.model.priors import add_prior
from nsum_bayes.model.spec import PooledRates

SMALLEST = 0.05
"""The sampler starts no nearer to a rate of one than this."""


def add_pooled_rates(part: PooledRates, inputs: Inputs) -> TensorVariable:
    """Add the pooled rates to the open model; log θ (surveyed_area, group)."""
    start = _start(inputs)
    mean = add_prior("pooled_mean", part.mean, dims="group")
    sd = add_prior("pooled_sd", part.sd, dims="group")
    pooled = pm.Gamma(
        "pooled", alpha=(mean / sd) ** 2, beta=mean / sd**2, dims=("surveyed_area", "group"), initval=start
    )
    ratio = -pooled[:, : inputs.n_known] - np.log(crude.shares(inputs))
    constant = pm.Deterministic("rescale", pt.logsumexp(ratio, axis=1) - np.log(inputs.n_known), dims="surveyed_area")
    rate = -pooled[:, inputs.n_known :] - constant[:, None] - inputs.log_denominator_share
    pm.Deterministic("area_log_rate", rate, dims=("surveyed_area", "hidden_group"))
    return -pooled


def _start(inputs: Inputs) -> np.ndarray:
    """Minus the log of answers over degrees by area and group, half an answer added (surveyed_area, group)."""
    member = (inputs.area[:, None] == np.arange(inputs.n_surveyed)).astype(float)
    present = inputs.answers != MISSING
    total = member.T @ np.where(present, inputs.answers, 0) + 0.5
    degrees = member.T @ np.where(present, np.exp(crude.log_degree(inputs))[:, None], 0.0)
    return np.asarray(np.maximum(np.log(np.maximum(degrees, 1.0) / total), SMALLEST))
