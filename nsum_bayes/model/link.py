"""Hidden groups that imply each other: where there are perpetrators there are victims, and the other way round.

    N_Va = ν N_Pa exp(dev_a),   dev_a ~ Normal(0, deviation_sd)
    log r_Va = log r_Pa + log(D_Pa / D_Va) + log ν + dev_a + (log τ + log δ + b)_V − (log τ + log δ + b)_P

V and P are counted by two questions, each with its own transmission and bias; ν, the mean number of V per P, ties them.
So a respondent who reports one and not the other informs both, and nothing is imputed. What the answers tell is the
ratio of the two reported rates: it narrows ν, the two transmissions and the two biases jointly, and none of them alone.
"""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.model.inputs import Inputs
from nsum_bayes.model.priors import add_prior
from nsum_bayes.model.spec import Link
from nsum_bayes.model.transmission import Outside, ratio_prior


def add_links(part: Link | None, inputs: Inputs, free_rate: TensorVariable, outside: Outside | None) -> TensorVariable:
    """Log reported rate of all hidden groups (rate_area, hidden_group) from that of the free ones."""
    if part is None or outside is None:
        return free_rate
    columns: dict[int, TensorVariable] = {int(h): free_rate[:, n] for n, h in enumerate(inputs.free_groups)}
    log_mean = _log_means(inputs)
    deviation: TensorVariable | float = 0.0
    if inputs.n_areas > 1:
        spread = add_prior("link_deviation_sd", part.deviation_sd)
        raw = pm.Normal("link_raw", dims=(inputs.rate_area, "link"))
        deviation = pm.Deterministic("link_deviation", raw * spread, dims=(inputs.rate_area, "link"))
    factor = outside.log_factor
    for number, link in enumerate(inputs.links):
        own = deviation if isinstance(deviation, float) else deviation[:, number]
        seen = factor[link.group] - factor[link.of]
        columns[link.group] = columns[link.of] + link.log_denominator_ratio + log_mean[number] + own + seen
    return pt.stack([columns[h] for h in range(inputs.n_hidden)], axis=1)


def _log_means(inputs: Inputs) -> TensorVariable:
    """Log ν of each link: normal, or as fixed."""
    statements = [link.mean for link in inputs.links]
    log_mean = pt.as_tensor_variable(np.array([np.log(s.fixed) if s.fixed else 0.0 for s in statements]))
    free = np.array([number for number, s in enumerate(statements) if s.fixed is None], dtype=int)
    if len(free):
        prior = np.array([ratio_prior(statements[number]) for number in free])
        log_mean = log_mean[free].set(pm.Normal("link_mean_free", prior[:, 0], prior[:, 1], shape=len(free)))
    pm.Deterministic("link_mean", pt.exp(log_mean), dims="link")
    return log_mean
