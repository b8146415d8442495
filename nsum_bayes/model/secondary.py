"""Secondary data on areas: their coefficients, and figures that are missing or have an error.

    β_jh ~ Normal(0, sd)                                            independent coefficients, or
    β_jh = s_c(j)h z_jh,   z ~ Normal(0, 1),   s_ch = g_h λ_ch / √(1 + (g_h λ_ch / slab)²)

The second is a regularised horseshoe with one scale a category of data (Piironen, Vehtari 2017,
doi:10.1214/17-EJS1337SI): most categories are worth nothing, and one that is worth something is hardly shrunk, up to
the slab. Columns of one category come from one source and rise or fall together.
"""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.model.inputs import Inputs
from nsum_bayes.model.priors import add_prior
from nsum_bayes.model.spec import Prevalence, Shrinkage


def add_coefficients(part: Prevalence, inputs: Inputs) -> TensorVariable:
    """Coefficients of the area covariates (covariate, free hidden group)."""
    dims = ("covariate", inputs.free_group)
    if part.shrinkage is None:
        return add_prior("rate_coefficient", part.coefficient, dims=dims)
    raw = pm.Normal("rate_coefficient_raw", 0.0, 1.0, dims=dims)
    spread = _category_scales(part.shrinkage, inputs)[inputs.categories]
    return pm.Deterministic("rate_coefficient", raw * spread, dims=dims)


def _category_scales(part: Shrinkage, inputs: Inputs) -> TensorVariable:
    """Standard deviation of the coefficients of each category (category, free hidden group)."""
    overall = add_prior("shrinkage", part.overall, dims=inputs.free_group)
    own = add_prior("category_raw", part.category, dims=("category", inputs.free_group))
    scale = overall * own
    bounded = scale / pt.sqrt(1.0 + (scale / part.slab) ** 2)
    return pm.Deterministic("category_sd", bounded, dims=("category", inputs.free_group))


def complete_covariates(inputs: Inputs) -> TensorVariable | np.ndarray:
    """Covariates (rate_area, covariate), with what is not known of them as unknowns; see `data.secondary`."""
    factors = inputs.covariate_factors
    area, covariate = np.nonzero(np.diagonal(factors, axis1=1, axis2=2))
    if not len(area):
        return inputs.covariates
    # Unknowns of one area lie side by side: each figure is its mean plus its row of the factor times those.
    first = np.searchsorted(area, area)
    most = int(np.bincount(area).max())
    source = np.minimum(first[:, None] + np.arange(most), len(area) - 1)
    weight = np.where(area[source] == area[:, None], factors[area[:, None], covariate[:, None], covariate[source]], 0.0)
    # A source beyond the last unknown is that one again, and counts once.
    weight[:, 1:] = np.where(source[:, 1:] == source[:, :-1], 0.0, weight[:, 1:])
    raw = pm.Normal("covariate_missing_raw", 0.0, 1.0, shape=len(area))
    value = inputs.covariates[area, covariate] + (weight * raw[source]).sum(axis=1)
    value = pm.Deterministic("covariate_missing", value)
    return pt.as_tensor_variable(inputs.covariates)[area, covariate].set(value)
