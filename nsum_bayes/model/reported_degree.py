"""The respondent's own report of how many people they know.

    log R_i ~ Normal(log d_i + c, report_sd),   c ~ Normal(0, report_bias_sd)

Such reports are rough, and they come in round numbers. A round one stands for all numbers that would be rounded to it:
its likelihood is the probability of that interval (coarsening: Heitjan, Rubin 1991, doi:10.1214/aos/1176348396).
c, the common error of all reports, is told by the known groups. Without known groups it stands before the degree's mean
like a hidden group's bias: it is left out here, drawn after sampling and divided out (`estimates`).
"""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.distributions.dist_math import log_diff_normal_cdf
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.model.inputs import Inputs
from nsum_bayes.model.priors import add_prior
from nsum_bayes.model.spec import Measurement

ROUND = (1000, 500, 100, 50, 10, 5)
"""What a report may have been rounded to: the largest that divides it and is not above half of it."""


def add_reported_degree(part: Measurement, inputs: Inputs, log_degree: TensorVariable) -> None:
    """Add the reported network sizes to the open model; nothing where the survey has none."""
    told = np.flatnonzero(~np.isnan(inputs.reported_degree))
    if not len(told):
        return
    spread = add_prior("report_sd", part.report_sd)
    centre = log_degree[told]
    if inputs.n_known:
        centre = centre + pm.Normal("report_bias", 0.0, part.report_bias_sd)
    reported = inputs.reported_degree[told]
    if not inputs.degree_heaped:
        pm.LogNormal("reported_degree", centre, spread, observed=reported)
        return
    low, high = rounding_interval(reported)

    def logp(value: TensorVariable, mu: TensorVariable, sigma: TensorVariable) -> TensorVariable:
        # The interval belongs to the observed reports, which `value` repeats.
        return log_diff_normal_cdf(mu, sigma, pt.as_tensor_variable(np.log(high)), pt.as_tensor_variable(np.log(low)))

    def random(
        mu: np.ndarray, sigma: np.ndarray, rng: np.random.Generator, size: tuple[int, ...] | None = None
    ) -> np.ndarray:
        return np.exp(rng.normal(mu, sigma, size))

    pm.CustomDist("reported_degree", centre, spread, logp=logp, random=random, observed=reported)


def rounding_interval(reported: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest number that a report may stand for (respondent,)."""
    width = np.ones(reported.shape)
    for step in reversed(ROUND):
        width = np.where((reported % step == 0) & (reported >= 2 * step), step, width)
    return reported - width / 2, reported + width / 2
