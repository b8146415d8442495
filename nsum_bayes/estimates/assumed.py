"""What no answer of the survey can tell, drawn from its statement and divided out of the reported rate.

    log π = log r − b_h − log τ − log δ

b_h: the hidden group's own bias, as wide as the known groups show biases to be.
τ, δ: transmission and degree ratio, as the study file (or the caller) states them, with a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import ValidationError

from nsum_bayes.data.settings import RatioStatement, TransmissionStatement
from nsum_bayes.errors import StudyError
from nsum_bayes.inference.fit import Fit
from nsum_bayes.model.bias import hidden_bias_sd


def transmission_of(run: Fit, changes: Mapping[str, Any] | None) -> dict[str, TransmissionStatement]:
    """The transmission statement of each hidden group: the study's, the model's, or the caller's instead.

    Parameters
    ----------
    changes
        By hidden group: a `TransmissionStatement` or its fields, e.g. ``{"fixed": 0.6, "reason": "…"}``.

    Raises
    ------
    StudyError
        An unknown group, or a statement without a reason or out of range.
    """
    changes = dict(changes or {})
    advice = f"Hidden groups: {', '.join(run.study.hidden_groups)}."
    unknown = [group for group in changes if group not in run.study.hidden_groups]
    if unknown:
        raise StudyError([(f"'{group}' is not a hidden group.", "transmission", advice) for group in unknown])
    return {group: _statement(run, group, changes.get(group)) for group in run.study.hidden_groups}


def _statement(run: Fit, group: str, change: Any) -> TransmissionStatement:
    if change is None and run.spec.transmission.kind == "none":
        return TransmissionStatement(fixed=1.0, reason=f"model {run.spec.name}: {run.spec.transmission.reason}")
    if change is None:
        return run.study.hidden(group).transmission
    try:
        return TransmissionStatement.model_validate(change)
    except ValidationError as error:
        what = "; ".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors())
        advice = 'Give { fixed = 0.6, reason = "…" } or { prior = "beta", mean = 0.6, sd = 0.15, reason = "…" }.'
        raise StudyError([(f"The transmission of '{group}' cannot be used: {what}.", "transmission", advice)]) from None


def ratio_of(run: Fit, group: str) -> RatioStatement:
    """The degree-ratio statement of a hidden group."""
    if run.spec.transmission.kind == "none":
        return RatioStatement(fixed=1.0, reason=f"model {run.spec.name}: {run.spec.transmission.reason}")
    return run.study.hidden(group).degree_ratio


def draw_log_transmission(statement: TransmissionStatement, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Log τ (draw)."""
    if statement.fixed is not None:
        return np.full(draws, np.log(statement.fixed))
    return np.log(rng.beta(*statement.shapes, draws))


def draw_log_ratio(statement: RatioStatement, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Log δ (draw)."""
    if statement.fixed is not None:
        return np.full(draws, np.log(statement.fixed))
    return rng.normal(np.log(statement.median or 1.0), statement.log_sd or 0.0, draws)


def draw_hidden_bias(run: Fit, bias_sd: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    """b_h (draw, hidden_group) given the draws of the biases' spread; zeros for a model without bias."""
    n_hidden = len(run.study.hidden_groups)
    if bias_sd is None:
        return np.zeros((1, n_hidden))
    spread = hidden_bias_sd(bias_sd, len(run.study.known_groups))
    return rng.normal(0.0, 1.0, (len(bias_sd), n_hidden)) * spread[:, None]
