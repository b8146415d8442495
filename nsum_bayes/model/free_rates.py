"""Free rates: every group, known or hidden, has a rate of its own, rescaled to the known sizes in each draw.

    log θ_k = g_k,   g_k ~ Normal(rate_mean, rate_sd)
    log r_h = g_h − C − log (D_h / N),   C by one of four rules (`components.FreeRates`)

Degrees and rates can only be told up to a common factor; the known sizes enter afterwards, through C. So log d_i + C
is the degree in persons, and the mean of the unscaled log degrees may be fixed: it moves C and nothing else.
Zheng, Salganik, Gelman (2006), doi:10.1198/016214505000001168; Laga, Bao, Niu (2023),
doi:10.1080/01621459.2023.2165929.
"""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.errors import ModelError, suggestion
from nsum_bayes.model import crude
from nsum_bayes.model.inputs import MISSING, Inputs
from nsum_bayes.model.mixing import residual_correlation
from nsum_bayes.model.priors import add_prior
from nsum_bayes.model.spec import FreeRates


def add_free_rates(part: FreeRates, inputs: Inputs, log_degree: TensorVariable) -> TensorVariable:
    """Add the groups' log rates to the open model; log θ (surveyed_area, group), the same in every area."""
    typical = add_prior("rate_mean", part.mean)
    spread = add_prior("rate_sd", part.sd)
    rate = pm.Normal("group_rate", typical, spread, dims="group", initval=_start(inputs))
    constant = _constant(part, inputs, rate)
    scalar = part.rescale in ("all", "groups")
    pm.Deterministic("rescale", constant, dims=None if scalar else "hidden_group")
    pm.Deterministic("scaled_degree_mean", log_degree.mean() + (constant if scalar else constant.mean()))
    share = inputs.log_denominator_total - np.log(inputs.population)
    pm.Deterministic("rate_intercept", rate[inputs.n_known :] - constant - share, dims="hidden_group")
    return pt.zeros((inputs.n_surveyed, 1)) + rate[None, :]


def _start(inputs: Inputs) -> np.ndarray:
    """Log of mean answer over mean degree (group,)."""
    present = inputs.answers != MISSING
    mean = (np.where(present, inputs.answers, 0).sum(axis=0) + 0.5) / present.sum(axis=0)
    return np.asarray(np.log(mean) - np.median(crude.log_degree(inputs)))


def known_shares(inputs: Inputs) -> np.ndarray:
    """Share of each known group among everyone (known_group,): mean over the surveyed areas, errors ignored."""
    return np.asarray(crude.shares(inputs).mean(axis=0))


def _constant(part: FreeRates, inputs: Inputs, rate: TensorVariable) -> TensorVariable:
    """C, a scalar or one a hidden group."""
    shares, known = known_shares(inputs), inputs.n_known
    ratio = rate[:known] - np.log(shares)
    match part.rescale:
        case "all":
            return pt.logsumexp(ratio) - np.log(known)
        case "groups":
            primary = _positions(part.primary, inputs) if part.primary else list(range(known))
            constant = _log_sum_ratio(rate, shares, primary)
            if part.secondary and part.opposite:
                secondary, opposite = (_positions(names, inputs) for names in (part.secondary, part.opposite))
                balance = _log_sum_ratio(rate, shares, opposite) - _log_sum_ratio(rate, shares, secondary)
                constant = constant + balance / 2
            return constant
    correlation = pt.maximum(residual_correlation()[known:, :known], 1e-12)
    weight = correlation if part.rescale == "weighted" else correlation**2
    return pt.logsumexp(ratio[None, :] + pt.log(weight), axis=1) - pt.log(weight.sum(axis=1))


def _positions(names: tuple[str, ...], inputs: Inputs) -> list[int]:
    known = inputs.coords["known_group"]
    for name in (name for name in names if name not in known):
        raise ModelError(
            f"The study has no known group '{name}'.{suggestion(name, known)}",
            where="[rates], groups that rescale",
            advice=f"Known groups: {', '.join(known)}.",
        )
    return [known.index(name) for name in names]


def _log_sum_ratio(rate: TensorVariable, shares: np.ndarray, groups: list[int]) -> TensorVariable:
    return pt.logsumexp(rate[groups]) - pt.log(pt.as_tensor_variable(shares[groups]).sum())
