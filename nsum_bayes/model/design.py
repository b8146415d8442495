"""The survey's design: strata and sampling units as effects, or weights as a pseudo-likelihood.

    effects   log θ_ih = log θ_ah + s_stratum(i)h + c_unit(i)h,   log d_i = … + g_unit(i)
              log r_ah of the people = log r_ah + log Σ_s share_as exp(s_sh) + unit_sd_h² / 2
    weights   Σ_i w*_ih log p(y_ih | d_i, θ_ah) for hidden groups,  w*_ih = w_i / (mean w · design effect_h)

People of one village know the same members: their answers are alike, and count for less than as many from all over.
Effects say how alike; what an area's rate is, is then the mean over its units and strata, not that of the typical one.
A pseudo-likelihood (Savitsky, Toth 2016, doi:10.1214/16-EJS1153) takes each answer as often as its respondent stands
for others, and all together for as many as they are worth: divided by the design effect. Known groups tell a
respondent's own network, whoever that respondent stands for, and are not weighted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.errors import ModelError
from nsum_bayes.model.counts import regular_answers
from nsum_bayes.model.inputs import MISSING, Inputs
from nsum_bayes.model.matrix_counts import cell_logp
from nsum_bayes.model.priors import add_prior
from nsum_bayes.model.spec import Counts, DesignEffects


@dataclass(frozen=True)
class StratumEffects:
    """Effects of strata (stratum, hidden_group) and their mean (hidden_group,)."""

    effect: TensorVariable
    mean: TensorVariable


def add_strata(part: DesignEffects, inputs: Inputs) -> StratumEffects | None:
    """Add effects of strata on the log share of the hidden groups to the open model; None where there is one stratum.

    Independent Normal(0, stratum_sd), sampled as their mean and what is left. Answers tell the mean together with the
    intercept only, which is therefore sampled around it (`prevalence`).
    """
    count = len(inputs.coords["stratum"])
    if part.stratum_sd is None or count < 2:
        return None
    spread = add_prior("stratum_sd", part.stratum_sd, dims="hidden_group")
    apart = pm.ZeroSumNormal("stratum_raw", sigma=1.0, dims=("hidden_group", "stratum"))
    mean = pm.Normal("stratum_mean_raw", 0.0, 1.0, dims="hidden_group") * spread / np.sqrt(count)
    effect = pm.Deterministic("stratum_effect", apart.T * spread + mean, dims=("stratum", "hidden_group"))
    return StratumEffects(effect, mean)


def add_design_effects(part: DesignEffects, strata: StratumEffects | None, inputs: Inputs) -> TensorVariable:
    """Effects of strata and units on the log share of the hidden groups (visit, hidden_group); adds those of units."""
    effect = pt.zeros((len(inputs.visits), inputs.n_hidden))
    if strata is not None:
        effect = effect + strata.effect[inputs.visits.stratum]
    if part.unit_sd is not None and inputs.coords["unit"]:
        spread = add_prior("unit_sd", part.unit_sd, dims="hidden_group")
        raw = pm.Normal("unit_raw", 0.0, 1.0, dims=("unit", "hidden_group"))
        units = pm.Deterministic("unit_effect", raw * spread, dims=("unit", "hidden_group"))
        effect = effect + units[inputs.visits.unit]
    return effect


def add_unit_degrees(part: DesignEffects, inputs: Inputs) -> TensorVariable | float:
    """Add effects of units on log degree to the open model; each respondent's (respondent,)."""
    if part.degree_unit_sd is None or not inputs.coords["unit"]:
        return 0.0
    spread = add_prior("degree_unit_sd", part.degree_unit_sd)
    raw = pm.Normal("degree_unit_raw", 0.0, 1.0, dims="unit")
    effect = pm.Deterministic("degree_unit", raw * spread, dims="unit")
    return effect[inputs.visits.unit[inputs.visits.of]]


def add_weights(
    part: Counts,
    inputs: Inputs,
    log_degree: TensorVariable,
    log_theta: TensorVariable,
    dispersion: TensorVariable | None,
) -> None:
    """Add (w* − 1) log p of the answers on hidden groups, which the likelihood itself counts once, to the open model.

    Raises
    ------
    ModelError
        Answers on hidden groups that are not plain counts.
    """
    hidden = slice(inputs.n_known, None)
    answers, weights = inputs.answers[:, hidden], inputs.weights
    if regular_answers(inputs)[1][:, hidden].any():
        what = "Weights take plain counts of hidden groups only, and a question is recorded otherwise."
        raise ModelError(what, where="[design]", advice="Use effects of strata and units, which take every kind.")
    log_mean = log_degree[:, None] + log_theta[inputs.visits.of][:, hidden]
    spread = None if dispersion is None else dispersion[hidden]
    cells = cell_logp(part, np.where(answers == MISSING, 0, answers).astype(float), log_mean, spread)
    pm.Potential("weights", (np.where(answers == MISSING, 0.0, weights - 1.0) * cells).sum())
