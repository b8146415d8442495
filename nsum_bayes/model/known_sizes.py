"""Known sizes: the share π_ka of each known group among everyone in an area.

    exact                log π = log(size / population)
    with standard error  log π = log(size / population) + s z − s²/2,  s² = log(1 + cv²)
    roster counts        members ~ Binomial(rostered, π),  log π ~ Normal(mean_k, sd_k)
    wider level only     log π_ka = log π_k + v_ka,  v ~ Normal(0, deviation_sd)   (an option)

Municipal sizes are themselves estimates: their error widens the intervals where it is stated.
"""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.model.inputs import Inputs, SizeRows
from nsum_bayes.model.priors import add_prior
from nsum_bayes.model.spec import KnownSizesUse


def add_known_sizes(part: KnownSizesUse, inputs: Inputs) -> TensorVariable:
    """Add log shares (surveyed_area, known_group) to the open model; constants where sizes are exact."""
    sizes = inputs.sizes
    share = pt.as_tensor_variable(sizes.log_share)
    uncertain = np.flatnonzero(sizes.log_sd > 0)
    if len(uncertain):
        error = pm.Normal("size_error", 0.0, 1.0, shape=len(uncertain))
        sd = sizes.log_sd[uncertain]
        share = share[uncertain].inc(sd * error - sd**2 / 2)
    if len(sizes.roster):
        share = share[sizes.roster].set(_roster_shares(part, inputs, sizes))
    by_area = share[sizes.row]
    if part.deviation_sd is not None and inputs.n_areas > 1 and sizes.wider.any():
        by_area = by_area + _deviations(part, sizes.wider)
    return by_area


def _roster_shares(part: KnownSizesUse, inputs: Inputs, sizes: SizeRows) -> TensorVariable:
    mean = add_prior("roster_mean", part.roster_mean, dims="known_group")
    spread = add_prior("roster_sd", part.roster_sd, dims="known_group")
    raw = pm.Normal("roster_raw", 0.0, 1.0, shape=len(sizes.roster))
    log_share = pt.minimum(mean[sizes.roster_group] + spread[sizes.roster_group] * raw, -1e-6)
    pm.Binomial("roster_members", sizes.rostered, pt.exp(log_share), observed=sizes.members)
    return log_share


def _deviations(part: KnownSizesUse, wider: np.ndarray) -> TensorVariable:
    """Area × group deviations, only for the cells whose size is known for a wider level."""
    spread = add_prior("deviation_sd", part.deviation_sd)
    where = np.nonzero(wider)
    raw = pm.Normal("deviation_raw", 0.0, 1.0, shape=len(where[0]))
    return pt.zeros(wider.shape)[where].set(raw * spread)
