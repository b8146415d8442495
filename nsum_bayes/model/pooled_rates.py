"""Partially pooled rates: each area's rate of each group is drawn from the group's own distribution over areas.

    −log θ_ak = ρ_ak ~ Gamma(mean μ_k, sd s_k)
    C_a = log mean_l [exp(−ρ_al) / share_al]      over the known groups l, in each area and draw
    log π_ah · D_ah / N_a = −ρ_ah − C_a

Nyarko-Agyei and co-authors, arXiv 2407.13267, as published. Unscaled rates are pooled, so a place with larger networks
is taken for one with more members of every group; C_a, from the area's own known groups, takes part of it back.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.model import crude
from nsum_bayes.model.inputs import MISSING, Inputs
from nsum_bayes.model.priors import add_prior
from nsum_bayes.model.spec import PooledRates

SMALLEST = 0.05
"""The sampler starts no nearer to a rate of one than this."""


class InUnitsOfSpread(Transform):
    """log ρ as it is; where areas tell little of a group, less its mean and in units of its spread (group).

    The same distribution either way. A group whose areas are not told apart by their answers pulls the sampler into
    the funnel towards a spread of zero; one whose areas are would make the unscaled form mix badly.
    """

    name = "in_units_of_spread"

    def __init__(self, scaled: np.ndarray) -> None:
        self.scaled = scaled

    def forward(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        """From ρ to the unbounded value."""
        centre, units = _centre_and_units(inputs)
        return pt.switch(self.scaled, (pt.log(value) - centre) * units, pt.log(value))

    def backward(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        """From the unbounded value to ρ."""
        return pt.exp(self._log(value, inputs))

    def log_jac_det(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        """Log of the derivative of ρ by the unbounded value."""
        _, units = _centre_and_units(inputs)
        return self._log(value, inputs) - pt.switch(self.scaled, pt.log(units), 0.0)

    def _log(self, value: TensorVariable, inputs: Sequence[TensorVariable]) -> TensorVariable:
        centre, units = _centre_and_units(inputs)
        return pt.switch(self.scaled, centre + value / units, value)


def _centre_and_units(inputs: Sequence[TensorVariable]) -> tuple[TensorVariable, TensorVariable]:
    """Log mean and one over the coefficient of variation of a gamma variable, from its shape and scale."""
    shape, scale = inputs[-2:]
    return pt.log(shape * scale), pt.sqrt(shape)


def add_pooled_rates(part: PooledRates, inputs: Inputs) -> TensorVariable:
    """Add the pooled rates to the open model; log θ (surveyed_area, group)."""
    start = _start(inputs)
    mean = add_prior("pooled_mean", part.mean, dims="group")
    sd = add_prior("pooled_sd", part.sd, dims="group")
    pooled = pm.Gamma(
        "pooled",
        alpha=(mean / sd) ** 2,
        beta=mean / sd**2,
        dims=("surveyed_area", "group"),
        initval=start,
        default_transform=InUnitsOfSpread(~crude.groups_stand_out(inputs)),
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
