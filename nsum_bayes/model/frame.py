"""The frame of the question where it is wider than the area: "in your region", "in the country".

    θ_a = κ x_a + (1 − κ) Σ_a' w_a' x_a',   x_a = rate_a · denominator_a / everyone_a

A share κ of a respondent's ties is in the own area; the rest is spread over the frame's unit (region, nation) by
population w. With κ near zero answers tell the unit's prevalence and nothing of the area's.
"""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.model.inputs import Inputs


def add_frame(
    inputs: Inputs, log_known: TensorVariable, log_hidden: TensorVariable
) -> tuple[TensorVariable, TensorVariable]:
    """Shares as the respondents of a surveyed area meet them (surveyed_area, group), on the log scale.

    Parameters
    ----------
    log_known
        Log share of the known groups in the surveyed areas (surveyed_area, known_group).
    log_hidden
        Log reported share of the hidden groups among everyone (rate_area, hidden_group).
    """
    frame = inputs.frame
    if frame is None:
        return log_known, log_hidden
    statement = frame.share
    local = pt.as_tensor_variable(float(statement.fixed)) if statement.fixed is not None else None
    if local is None:
        local = pm.Beta("local_share", *statement.shapes)
    hidden = pt.exp(log_hidden)
    met = local * hidden[inputs.visited] + (1.0 - local) * pt.dot(frame.weight, hidden)
    known = local * pt.exp(log_known) + (1.0 - local) * np.asarray(frame.known)
    return pt.log(known), pt.log(met)
