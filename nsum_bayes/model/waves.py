"""Waves: repeated cross-sections of the same frame, asked the same questions.

    log r_hat = log r_ha + w_ht + e_hat   w_h1 = 0,  w_ht ~ Normal(w_h,t−1, step_sd_h),  e ~ Normal(0, deviation_sd_h)
    log d_i   = … + s_t(i)                s_1 = 0,   s_t ~ Normal(0, degree_shift_sd)

w moves the whole frame from one wave to the next, e single areas beside it. s is what all known groups have in common:
their sizes are the same, so that answers which rise for all of them are larger networks, or another way of asking, and
no change in any group. Transmission may drift as well (an awareness campaign raises reporting). No answer tells its
drift from a change in prevalence: it is drawn after sampling and divided out (`estimates`).
"""

from __future__ import annotations

import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.model.inputs import Inputs
from nsum_bayes.model.priors import add_prior
from nsum_bayes.model.spec import Waves


def add_waves(part: Waves, inputs: Inputs) -> TensorVariable:
    """Add what waves do to the log reported rate (visit, hidden_group) to the open model."""
    spread = add_prior("wave_step_sd", part.step_sd, dims="hidden_group")
    steps = pm.Normal("wave_raw", 0.0, 1.0, dims=("later_wave", "hidden_group")) * spread
    walked = pt.concatenate([pt.zeros((1, inputs.n_hidden)), pt.cumsum(steps, axis=0)], axis=0)
    effect = pm.Deterministic("wave_effect", walked, dims=("wave", "hidden_group"))[inputs.visits.wave]
    if part.deviation_sd is None or inputs.n_areas == 1:
        return effect
    local = add_prior("wave_deviation_sd", part.deviation_sd, dims="hidden_group")
    raw = pm.Normal("visit_raw", 0.0, 1.0, dims=("visit", "hidden_group"))
    return effect + pm.Deterministic("visit_effect", raw * local, dims=("visit", "hidden_group"))


def add_degree_shift(part: Waves, inputs: Inputs) -> TensorVariable:
    """Add the common shift of log degrees by wave to the open model; its value for each respondent (respondent,)."""
    later = pm.Normal("degree_wave_raw", 0.0, part.degree_shift_sd, dims="later_wave")
    shift = pm.Deterministic("degree_wave", pt.concatenate([pt.zeros(1), later]), dims="wave")
    return shift[inputs.visits.wave[inputs.visits.of]]
