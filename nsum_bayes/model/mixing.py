"""Mixing: ties that are not random, so that respondents differ in whom they know beyond how many they know.

    log mean_ik = log d_i + log θ_ak + m_ik,   m_ik = β_k x_ik + z_i Γ_k + b_ik
    b_i ~ Normal(−½ log(1 + c²), T Ω T),   T_k = √log(1 + c_k²)

x_ik is the respondent's level of respect for the group: who despises a group is not told of its members (Teo et al.
2019, doi:10.1136/sextrans-2018-053747). z_i Γ_k lets age, sex or ethnicity act on every group in its own way. b_ik is
what is left, with mean one on the scale of counts; correlated where who knows members of one group knows members of
another (Laga, Bao, Niu 2023, doi:10.1080/01621459.2023.2165929).
"""

from __future__ import annotations

import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.model.inputs import Inputs
from nsum_bayes.model.priors import add_prior
from nsum_bayes.model.spec import Mixing, Normal, ScalePrior

UNIT = 0.1
"""Slopes are sampled in this unit and their common spread starts there. Published priors of the spread have a mean of
100, from where the first expected answers would be beyond any number."""


def add_mixing(part: Mixing | None, inputs: Inputs) -> TensorVariable | None:
    """Add m (respondent, group) to the open model; None for a model or a study without any of its terms."""
    if part is None:
        return None
    terms = [*_respect(part, inputs), *_covariates(part, inputs), *_residual(part, inputs)]
    if not terms:
        return None
    return pm.Deterministic("log_multiplier", sum(terms[1:], terms[0]), dims=("respondent", "group"))


def _slopes(name: str, prior: Normal | None, spread: ScalePrior | None, dims: str | tuple[str, ...]) -> TensorVariable:
    """Slopes with a prior of their own, or with a common spread that is estimated.

    All respondents tell of each slope, so slopes are sampled themselves and not in units of their spread.
    """
    if spread is None:
        return add_prior(name, prior, dims=dims)
    common = add_prior(f"{name}_sd", spread, initval=UNIT)
    return pm.Deterministic(name, pm.Normal(f"{name}_raw", 0.0, common / UNIT, dims=dims) * UNIT, dims=dims)


def _respect(part: Mixing, inputs: Inputs) -> list[TensorVariable]:
    groups = inputs.coords["respect_group"]
    if not groups:
        return []
    slope = _slopes("respect_slope", part.respect, part.respect_sd, "respect_group")
    columns = [inputs.coords["group"].index(group) for group in groups]
    by_group = pt.zeros(len(inputs.coords["group"]))[columns].set(slope)
    return [inputs.respect * by_group]


def _covariates(part: Mixing, inputs: Inputs) -> list[TensorVariable]:
    if not inputs.coords["mixing_covariate"]:
        return []
    coefficient = _slopes("mixing_coefficient", part.coefficient, part.coefficient_sd, ("mixing_covariate", "group"))
    return [pt.dot(inputs.mixing_covariates, coefficient)]


def _residual(part: Mixing, inputs: Inputs) -> list[TensorVariable]:
    """b, in units of its spread: most answers are small and say little about it."""
    if part.residual is None:
        return []
    variation = add_prior("residual_cv", part.residual, dims="group")
    variance = pt.log1p(variation**2)
    raw = pm.Normal("residual_raw", dims=("respondent", "group"))
    if part.correlation is not None and len(inputs.coords["group"]) > 1:
        cholesky = pm.LKJCorr("residual_cholesky", n=len(inputs.coords["group"]), eta=part.correlation.shape)
        pm.Deterministic("residual_correlation", pt.dot(cholesky, cholesky.T))
        raw = pt.dot(raw, cholesky.T)
    residual = raw * pt.sqrt(variance) - variance / 2
    return [pm.Deterministic("residual", residual, dims=("respondent", "group"))]


def residual_correlation() -> TensorVariable:
    """Ω of the open model (group, group)."""
    return pm.modelcontext(None)["residual_correlation"]
