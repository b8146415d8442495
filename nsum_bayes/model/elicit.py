"""From what an expert says to a prior: two quantiles to the distribution that has them.

Transmission and degree ratio are not told by the answers, so their priors are the expert's word. People judge quantiles
better than means and standard deviations (O'Hagan et al. 2006, Uncertain Judgements, doi 10.1002/0470033312).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nsum_bayes.errors import ModelError

CLOSE = 1e-6
"""How far the probability at a quantile may be from the one that was asked for."""
FLAT = 1e-3
"""Rounding of the shapes of a uniform distribution, 1 and 1."""


def transmission_from_quantiles(lower: float, upper: float, reason: str, *, probability: float = 0.9) -> dict[str, Any]:
    """The beta prior of transmission that lies between two values with a probability, as a study states it.

    Parameters
    ----------
    lower, upper
        Shares of ties to members that are known and told, 0 < lower < upper < 1, with as much probability below as
        above.
    reason
        Who says so, and on what grounds; no statement goes without.
    probability
        That transmission lies between them.

    Returns
    -------
    dict
        ``transmission`` under ``[[hidden]]``: prior, mean, sd, reason.

    Raises
    ------
    ModelError
        Values that are no shares or not in order, that no beta distribution can be found for, or so far apart that
        0 and 1 would both be likelier than anything between.

    Examples
    --------
    >>> said = transmission_from_quantiles(0.4, 0.8, "two case workers, asked apart")
    >>> round(said["mean"], 3), round(said["sd"], 3)
    (0.608, 0.121)
    """
    from scipy.optimize import root
    from scipy.stats import beta

    _check(lower, upper, reason, probability, top=1.0)
    tail = (1 - probability) / 2
    middle, spread = (lower + upper) / 2, (upper - lower) / 3.3

    def apart(logs: np.ndarray) -> np.ndarray:
        a, b = np.exp(np.clip(logs, -20, 20))
        return np.array([beta.cdf(lower, a, b) - tail, beta.sf(upper, a, b) - tail])

    total = max(middle * (1 - middle) / spread**2 - 1, 0.5)
    found = root(apart, np.log([middle * total, (1 - middle) * total]))
    a, b = np.exp(np.clip(found.x, -20, 20))
    if np.abs(apart(found.x)).max() > CLOSE:
        raise ModelError(
            f"No beta distribution was found between {lower:g} and {upper:g} with probability {probability:g}.",
            where="quantiles of transmission",
            advice="State values farther from 0 and 1 or closer together, or another probability.",
        )
    if max(a, b) < 1 - FLAT:
        raise ModelError(
            f"Between {lower:g} and {upper:g} with probability {probability:g}: 0 and 1 would be the likeliest values.",
            where="quantiles of transmission",
            advice="State values closer together, or a higher probability; 0.05 to 0.95 with 0.9 says nothing at all.",
        )
    mean, sd = beta.stats(a, b)[0], beta.std(a, b)
    return {"prior": "beta", "mean": float(mean), "sd": float(sd), "reason": reason}


def degree_ratio_from_quantiles(lower: float, upper: float, reason: str, *, probability: float = 0.9) -> dict[str, Any]:
    """The lognormal prior of the degree ratio that lies between two values with a probability, as a study states it.

    Parameters
    ----------
    lower, upper
        How many people know a member, over how many know anyone; 0 < lower < upper.
    reason, probability
        As in `transmission_from_quantiles`.

    Returns
    -------
    dict
        ``degree_ratio`` under ``[[hidden]]``: prior, median, log_sd, reason.

    Raises
    ------
    ModelError
        Values that are not in order.

    Examples
    --------
    >>> round(degree_ratio_from_quantiles(0.5, 1.0, "kept apart, says the ministry")["median"], 3)
    0.707
    """
    from scipy.stats import norm

    _check(lower, upper, reason, probability, top=np.inf)
    width = norm.ppf((1 + probability) / 2)
    log_sd = (np.log(upper) - np.log(lower)) / (2 * width)
    return {"prior": "lognormal", "median": float(np.sqrt(lower * upper)), "log_sd": float(log_sd), "reason": reason}


def _check(lower: float, upper: float, reason: str, probability: float, top: float) -> None:
    if not 0 < lower < upper < top:
        limits = "0 < lower < upper < 1" if np.isfinite(top) else "0 < lower < upper"
        raise ModelError(
            f"The quantiles {lower:g} and {upper:g} are not in order or out of range.", where="quantiles",
            advice=f"Give {limits}.",
        )  # fmt: skip
    if not 0 < probability < 1:
        raise ModelError(
            f"{probability:g} is no probability of lying between two values.", where="probability",
            advice="Give for instance 0.9.",
        )  # fmt: skip
    if not reason.strip():
        raise ModelError("A prior goes with its reason.", where="reason", advice="Say who says so and on what grounds.")
