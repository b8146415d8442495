"""Reporting bias: a group is over- or under-reported by everyone, by a factor exp(b_k).

    b_k = recall · x_k + kind effect + e_k − (their mean over the known groups),   x_k = log share_k
    e_k ~ Normal(0, sd),   kind effect ~ Normal(0, kind_sd)

The known groups show how large such biases are; their common level *is* the degree's, so they sum to zero. A hidden
group draws its own from the same distribution: of its own kind, by its own size, and e_h relative to the known groups'
mean, variance sd² (1 + 1/K). No answer of the survey can tell e_h, so it is drawn after sampling (`estimates`), and
inside only where something ties it to data (`transmission`).
Larger groups are under-recalled: Maltiel, Raftery, McCormick, Baraff (2015), doi:10.1214/15-AOAS827, section on recall.
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


def add_bias(part: Bias, inputs: Inputs) -> tuple[TensorVariable, TensorVariable | None]:
    """Add the known groups' log bias (known_group) to the open model, and its spread; zeros where there is none."""
    if part.sd is None:
        return pt.zeros(inputs.n_known), None
    spread = add_prior("bias_sd", part.sd)
    systematic = _systematic(part, inputs)
    if inputs.n_known < 2:
        return pt.zeros(inputs.n_known), spread
    own = _own(inputs, spread, "bias" if systematic is None else "bias_own")
    if systematic is None:
        return own, spread
    return pm.Deterministic("bias", systematic - systematic.mean() + own, dims="known_group"), spread


def _own(inputs: Inputs, spread: TensorVariable, name: str) -> TensorVariable:
    """e_k, summing to zero: itself, or in units of its spread."""
    if crude.biases_stand_out(inputs):
        return pm.ZeroSumNormal(name, sigma=spread, dims="known_group")
    raw = pm.ZeroSumNormal(f"{name}_raw", sigma=1.0, dims="known_group")
    return pm.Deterministic(name, raw * spread, dims="known_group")


def _systematic(part: Bias, inputs: Inputs) -> TensorVariable | None:
    """Recall · x_k + kind effect (known_group,), None for a model or a study without them."""
    systematic = None
    if part.recall is not None and inputs.n_known:
        systematic = add_prior("recall", part.recall) * log_sizes(inputs)
    if part.kind_sd is not None and inputs.coords["kind"]:
        kind_sd = add_prior("kind_sd", part.kind_sd)
        effect = pm.Deterministic("kind_effect", pm.Normal("kind_raw", dims="kind") * kind_sd, dims="kind")
        by_group = pt.dot(kind_matrix(inputs, inputs.coords["known_group"]), effect)
        systematic = by_group if systematic is None else systematic + by_group
    return systematic


def log_sizes(inputs: Inputs) -> np.ndarray:
    """x_k: mean over the surveyed areas of the log share of each known group (known_group,); errors ignored."""
    return np.asarray(np.log(crude.shares(inputs)).mean(axis=0))


def kind_matrix(inputs: Inputs, groups: list[str]) -> np.ndarray:
    """One where a group is of a kind (group, kind); a row of zeros for a group that states none."""
    kinds = inputs.coords["kind"]
    return np.array([[inputs.kinds[group] == kind for kind in kinds] for group in groups], dtype=float)


def add_hidden_bias(part: Bias, spread: TensorVariable | None, inputs: Inputs, report_bias_sd: float) -> TensorVariable:
    """Add the hidden groups' own log bias (hidden_group) to the open model; zeros for a model without bias.

    Without known groups the common error of reported network sizes is part of it, as wide as ``report_bias_sd``.
    """
    common = 0.0 if inputs.n_known else pm.Normal("common_bias_raw") * report_bias_sd
    if part.sd is None or spread is None:
        return pt.zeros(inputs.n_hidden) + common
    factor = float(hidden_bias_sd(np.array(1.0), inputs.n_known))
    raw = pm.Normal("hidden_bias_raw", dims="hidden_group")
    own = raw * spread * factor + common
    model = pm.modelcontext(None)
    if "kind_effect" in model:
        effect = model["kind_effect"]
        hidden = inputs.coords["hidden_group"]
        known = pt.dot(kind_matrix(inputs, inputs.coords["known_group"]), effect).mean()
        strange = np.array(
            [inputs.kinds[g] is not None and inputs.kinds[g] not in inputs.coords["kind"] for g in hidden]
        )
        fresh = pm.Normal("hidden_kind_raw", dims="hidden_group") * model["kind_sd"] * strange
        own = own + pt.dot(kind_matrix(inputs, hidden), effect) + fresh - known
    return pm.Deterministic("hidden_bias", own, dims="hidden_group")


def hidden_bias_sd(bias_sd: np.ndarray, n_known: int) -> np.ndarray:
    """Standard deviation of a hidden group's bias relative to the mean of ``n_known`` known groups."""
    return bias_sd * np.sqrt(1.0 + 1.0 / n_known) if n_known else bias_sd
