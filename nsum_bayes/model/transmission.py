"""Transmission τ and degree ratio δ of the hidden groups, and their own bias, where they are parameters of the model.

    log r_ha = log π_ha + b_h + log τ_h + log δ_h

As a rule none of the three is here: no answer tells them, so they are drawn after sampling and divided out
(`estimates.assumed`). They are parameters where something ties them to data, a table of members' contacts (`side_data`)
or hidden groups that imply each other (`link`), and where a published model has them in its likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.data.settings import RatioStatement
from nsum_bayes.model.bias import add_hidden_bias
from nsum_bayes.model.inputs import Inputs
from nsum_bayes.model.side_data import add_awareness
from nsum_bayes.model.spec import Bias, Transmission


@dataclass(frozen=True)
class Outside:
    """What stands between a true share and a reported rate, as tensors (hidden_group)."""

    log_transmission: TensorVariable
    log_ratio: TensorVariable
    bias: TensorVariable

    @property
    def log_factor(self) -> TensorVariable:
        """Log τ + log δ + b (hidden_group)."""
        return self.log_transmission + self.log_ratio + self.bias


def in_the_model(part: Transmission, has_side_data: bool) -> bool:
    """Whether transmission and degree ratio are parameters of the model."""
    return part.kind == "joint" or (part.kind == "study" and has_side_data)


def add_transmission(
    part: Transmission, bias: Bias, bias_sd: TensorVariable | None, inputs: Inputs, report_bias_sd: float
) -> Outside | None:
    """Add τ, δ and (joint only) the hidden groups' own bias to the open model; None where they stay outside."""
    if not in_the_model(part, bool(inputs.side_data)):
        return None
    groups = inputs.coords["hidden_group"]
    tau = _transmission(part, inputs)
    ratio = _ratio(inputs)
    pm.Deterministic("degree_ratio", pt.exp(ratio), dims="hidden_group")
    add_awareness(inputs.side_data, tau, groups)
    joint = part.kind == "joint"
    own = add_hidden_bias(bias, bias_sd, inputs, report_bias_sd) if joint else pt.zeros(inputs.n_hidden)
    return Outside(pt.log(tau), ratio, own)


def _transmission(part: Transmission, inputs: Inputs) -> TensorVariable:
    """τ (hidden_group): beta distributed, or as fixed."""
    statements = [group.transmission for group in inputs.hidden]
    fixed = np.array([np.nan if part.prior else s.fixed or np.nan for s in statements], dtype=float)
    free = np.flatnonzero(np.isnan(fixed))
    tau = pt.as_tensor_variable(np.nan_to_num(fixed))
    if len(free):
        shapes = np.array([part.prior.shapes if part.prior else statements[number].shapes for number in free])
        drawn = pm.Beta("transmission_free", shapes[:, 0], shapes[:, 1], shape=len(free))
        tau = tau[free].set(drawn)
    return pm.Deterministic("transmission", tau, dims="hidden_group")


def _ratio(inputs: Inputs) -> TensorVariable:
    """Log δ (hidden_group): normal, or as fixed."""
    statements = [group.degree_ratio for group in inputs.hidden]
    free = np.array([number for number, s in enumerate(statements) if s.fixed is None], dtype=int)
    ratio = pt.as_tensor_variable(np.array([np.log(s.fixed) if s.fixed else 0.0 for s in statements]))
    if len(free):
        prior = np.array([ratio_prior(statements[number]) for number in free])
        drawn = pm.Normal("log_ratio_free", prior[:, 0], prior[:, 1], shape=len(free))
        ratio = ratio[free].set(drawn)
    return ratio


def ratio_prior(statement: RatioStatement) -> tuple[float, float]:
    """Mean and standard deviation of log δ; where only side data are named, within a factor of 2.7 of one."""
    return float(np.log(statement.median or 1.0)), float(statement.log_sd or 0.5)
