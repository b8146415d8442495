"""The respondent's own report of how many people they know.

    log R_i ~ Normal(log d_i + c, report_sd),   c ~ Normal(0, report_bias_sd)

Such reports are rough, and they come in round numbers. A round one stands for all numbers that would be rounded to it:
its likelihood is the probability of that interval (coarsening: Heitjan, Rubin 1991, doi:10.1214/aos/1176348396).
c, the common error of all reports, is told by the known groups. Without known groups it stands before the degree's mean
like a hidden group's bias: it is left out here, drawn after sampling and divided out (`estimates`).

A close report ties its respondent's degree to c and to report_sd, and all degrees would have to move with them. The
sampler therefore sees each log degree as its distance from what prior, report and counts make of it together, in units
of that mean's own error (`TowardsReport`). The distribution of log degree is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.distributions.dist_math import log_diff_normal_cdf
from pymc.logprob.transforms import Transform
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.model import crude
from nsum_bayes.model.inputs import Inputs
from nsum_bayes.model.priors import add_prior
from nsum_bayes.model.spec import Measurement

ROUND = (1000, 500, 100, 50, 10, 5)
"""What a report may have been rounded to: the largest that divides it and is not above half of it."""


BEYOND_POISSON = 0.1
"""Variance of a crude log degree beyond that of a Poisson count, for the sampler's scale alone."""


class TowardsReport(Transform):
    """Log degree as (log d - A) / B: A joins prior mean, log report and counts by precision; 1 / B² is theirs.

    A and B decide in which direction the sampler steps, not what it finds: any A and any B > 0 are exact.
    """

    name = "towards_report"
    ndim_supp = 0

    def __init__(self, inputs: Inputs) -> None:
        told = ~np.isnan(inputs.reported_degree)
        reported = np.where(told, inputs.reported_degree, 1.0)
        self.told, self.log_report = told.astype(float), np.log(reported)
        self.rounding = np.zeros(len(told))
        if inputs.degree_heaped:
            low, high = rounding_interval(reported)
            self.rounding = np.log(high / low) ** 2 / 12.0
        self.counted = crude.degree_precision(inputs, BEYOND_POISSON)
        self.pull = self.counted * crude.log_degree(inputs)

    def _centre_and_scale(self, *inputs: TensorVariable) -> tuple[TensorVariable, TensorVariable]:
        centre, spread, bias, report_sd = inputs[-4:]
        report = self.told / (report_sd**2 + self.rounding)
        precision = spread**-2 + report + self.counted
        return (centre * spread**-2 + report * (self.log_report - bias) + self.pull) / precision, precision**-0.5

    def forward(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        """From log degree to its standardised distance."""
        centre, scale = self._centre_and_scale(*inputs)
        return (value - centre) / scale

    def backward(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        """From the standardised distance to log degree."""
        centre, scale = self._centre_and_scale(*inputs)
        return centre + scale * value

    def log_jac_det(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        """Log of the derivative of log degree by the standardised distance."""
        return pt.log(self._centre_and_scale(*inputs)[1]) + pt.zeros_like(value)


@dataclass(frozen=True)
class ReportTerms:
    """The reports' parameters: sd of a log report about the log degree, and the common error c of all reports."""

    sd: TensorVariable
    bias: TensorVariable


def add_report_terms(part: Measurement, inputs: Inputs) -> ReportTerms | None:
    """Add the parameters of reported network sizes to the open model; none where the survey has no such reports."""
    if np.isnan(inputs.reported_degree).all():
        return None
    spread = add_prior("report_sd", part.report_sd)
    if inputs.n_known:
        return ReportTerms(spread, pm.Normal("report_bias", 0.0, part.report_bias_sd))
    return ReportTerms(spread, pt.as_tensor_variable(0.0))


def add_told_log_degree(
    centre: TensorVariable, spread: TensorVariable, terms: ReportTerms, inputs: Inputs, **keywords: Any
) -> TensorVariable:
    """Log degrees ~ Normal(centre, spread), sampled as `TowardsReport` says (respondent)."""

    def logp(value: TensorVariable, mu: TensorVariable, sigma: TensorVariable, *_: TensorVariable) -> TensorVariable:
        return pm.logp(pm.Normal.dist(mu, sigma), value)

    def random(
        mu: np.ndarray,
        sigma: np.ndarray,
        bias: np.ndarray,
        report_sd: np.ndarray,
        rng: np.random.Generator,
        size: tuple[int, ...] | None = None,
    ) -> np.ndarray:
        return rng.normal(mu, sigma, size)

    centre = pt.broadcast_to(centre, inputs.area.shape)
    transform = TowardsReport(inputs)
    return pm.CustomDist(
        "log_degree",
        centre,
        spread,
        terms.bias,
        terms.sd,
        logp=logp,
        random=random,
        default_transform=transform,
        **keywords,
    )


def add_reported_degree(terms: ReportTerms | None, inputs: Inputs, log_degree: TensorVariable) -> None:
    """Add the reported network sizes to the open model; nothing where the survey has none."""
    if terms is None:
        return
    told = np.flatnonzero(~np.isnan(inputs.reported_degree))
    reported = inputs.reported_degree[told]
    centre = log_degree[told] + terms.bias
    if not inputs.degree_heaped:
        pm.LogNormal("reported_degree", centre, terms.sd, observed=reported)
        return
    low, high = rounding_interval(reported)

    def logp(value: TensorVariable, mu: TensorVariable, sigma: TensorVariable) -> TensorVariable:
        # The interval belongs to the observed reports, which `value` repeats.
        return log_diff_normal_cdf(mu, sigma, pt.as_tensor_variable(np.log(high)), pt.as_tensor_variable(np.log(low)))

    def random(
        mu: np.ndarray, sigma: np.ndarray, rng: np.random.Generator, size: tuple[int, ...] | None = None
    ) -> np.ndarray:
        return np.exp(rng.normal(mu, sigma, size))

    pm.CustomDist("reported_degree", centre, terms.sd, logp=logp, random=random, observed=reported)


def rounding_interval(reported: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest number that a report may stand for (respondent,)."""
    width = np.ones(reported.shape)
    for step in reversed(ROUND):
        width = np.where((reported % step == 0) & (reported >= 2 * step), step, width)
    return reported - width / 2, reported + width / 2
