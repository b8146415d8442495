"""Degree: how many people a respondent knows in the frame of the question.

    log d_i = mean + x_i γ + u_area(i) + sd · z_i

Networks differ between people and between places. The area effect belongs here: a municipality with bigger networks is
high on every group, and would otherwise be taken for one with more members of the hidden group.
Log-normal degrees: McCormick, Salganik, Zheng (2010), doi:10.1198/jasa.2009.ap08518.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.model import crude
from nsum_bayes.model.inputs import MISSING, Inputs
from nsum_bayes.model.priors import add_prior
from nsum_bayes.model.reported_degree import add_report_terms, add_reported_degree, add_told_log_degree
from nsum_bayes.model.spec import Degree, Measurement, Waves
from nsum_bayes.model.waves import add_degree_shift


class AboveAnswers(Transform):
    """Log degree with d above the respondent's largest answer: d = largest + exp(value)."""

    name = "above_answers"

    def __init__(self, largest: np.ndarray) -> None:
        self.largest = largest

    def forward(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        """From log degree to the unbounded value."""
        return pt.log(pt.exp(value) - self.largest)

    def backward(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        """From the unbounded value to log degree."""
        return pt.log(self.largest + pt.exp(value))

    def log_jac_det(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        """Log of the derivative of log degree by the unbounded value."""
        return value - pt.log(self.largest + pt.exp(value))


@dataclass(frozen=True)
class DegreeTerms:
    """Log degrees (respondent) and the two parameters that members' networks share with everyone's."""

    log_degree: TensorVariable
    mean: TensorVariable
    sd: TensorVariable


def add_degree(
    part: Degree,
    inputs: Inputs,
    measurement: Measurement,
    waves: Waves | None = None,
    *,
    more: TensorVariable | float = 0.0,
    above_answers: bool = False,
) -> DegreeTerms:
    """Add log degrees (respondent) to the open model, and reported network sizes where the survey asked for them.

    ``more`` is what else moves a respondent's log degree. ``above_answers`` bounds each degree by the respondent's
    largest answer, as a binomial count needs; the prior's density is not renormalised by that bound (Maltiel et al.
    2015).
    """
    start, transform = crude.log_degree(inputs), None
    typical = add_prior("degree_mean", part.mean, population=inputs.population, initval=float(np.median(start)))
    spread = add_prior("degree_sd", part.sd)
    centre = typical + _area_part(part, inputs, typical) + more
    if waves is not None and inputs.n_waves > 1:
        centre = centre + add_degree_shift(waves, inputs)
    if inputs.coords["respondent_covariate"] and part.coefficient is not None:
        coefficient = add_prior("degree_coefficient", part.coefficient, dims="respondent_covariate")
        centre = centre + pt.dot(inputs.respondent_covariates, coefficient)
    if above_answers:
        largest = np.where(inputs.answers == MISSING, 0, inputs.answers).max(axis=1).astype(float)
        start, transform = np.log(np.maximum(np.exp(start), largest + 1.0)), AboveAnswers(largest)
    keywords = {"dims": "respondent", "initval": start}
    reports = add_report_terms(measurement, inputs)
    if part.lower is None and not above_answers and reports is not None:
        log_degree = add_told_log_degree(centre, spread, reports, inputs, **keywords)
    elif part.lower is None:
        log_degree = pm.Normal("log_degree", centre, spread, default_transform=transform, **keywords)
    else:
        keywords["initval"] = np.maximum(start, part.lower + 0.1)
        log_degree = pm.TruncatedNormal("log_degree", centre, spread, lower=part.lower, **keywords)
    add_reported_degree(reports, inputs, log_degree)
    return DegreeTerms(log_degree, typical, spread)


def _area_part(part: Degree, inputs: Inputs, typical: TensorVariable) -> TensorVariable | float:
    """The area effect on log degree, by respondent; sampled itself where areas stand out, else in units of its sd."""
    if part.area_sd is None or inputs.n_areas == 1:
        return 0.0
    spread = add_prior("degree_area_sd", part.area_sd)
    if not inputs.visits.split and crude.degrees_stand_out(inputs):
        effect = pm.Normal("degree_area", 0.0, spread, dims="surveyed_area")
    else:
        raw = pm.Normal("degree_area_raw", 0.0, 1.0, dims="surveyed_area")
        effect = pm.Deterministic("degree_area", raw * spread, dims="surveyed_area")
    return effect[inputs.area]
