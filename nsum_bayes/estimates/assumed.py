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
from nsum_bayes.errors import FitError, StudyError
from nsum_bayes.estimates.rates import flat_draws
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
    if changes and run.spec.transmission.kind == "joint":
        raise FitError(
            f"The transmission is a parameter of '{run.spec.name}': another one needs another fit.",
            where="transmission",
            advice="State it in the study file and fit again.",
        )
    advice = f"Hidden groups: {', '.join(run.study.hidden_groups)}."
    unknown = [group for group in changes if group not in run.study.hidden_groups]
    if unknown:
        raise StudyError([(f"'{group}' is not a hidden group.", "transmission", advice) for group in unknown])
    return {group: _statement(run, group, changes.get(group)) for group in run.study.hidden_groups}


def _statement(run: Fit, group: str, change: Any) -> TransmissionStatement:
    if change is None and run.spec.transmission.kind == "none":
        return TransmissionStatement(fixed=1.0, reason=f"model {run.spec.name}: {run.spec.transmission.reason}")
    if change is None and run.spec.transmission.prior is not None:
        prior = run.spec.transmission.prior
        reason = prior.reason or f"model {run.spec.name}"
        return TransmissionStatement(prior="beta", mean=prior.mean, sd=prior.sd, reason=reason)
    if change is None:
        return run.study.hidden(group).transmission
    try:
        statement = TransmissionStatement.model_validate(change)
        if statement.side_data is None:
            return statement
        what = f"The transmission of '{group}' cannot rest on side data here: they are part of the fit."
        raise StudyError([(what, "transmission", "Name them in the study file and fit again.")])
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


def draw_hidden_bias(run: Fit, draws: int, rng: np.random.Generator) -> np.ndarray:
    """b_h (draw, hidden_group) apart from its recall term; zeros for a model without bias.

    From the spread seen among the known groups, of the hidden group's own kind where kinds have effects. A study
    without known groups rests on reported network sizes, and their common error is part of it.
    """
    posterior, groups = run.posterior, run.study.hidden_groups
    n_known = len(run.study.known_groups)
    bias = np.zeros((draws, len(groups)))
    if "bias_sd" in posterior:
        spread = hidden_bias_sd(flat_draws(posterior, "bias_sd"), n_known)
        bias = rng.normal(0.0, 1.0, bias.shape) * spread[:, None]
    if "kind_effect" in posterior:
        bias = bias + _kind_effects(run, rng)
    if n_known == 0:
        bias = bias + rng.normal(0.0, run.spec.measurement.report_bias_sd, (draws, 1))
    return bias


def _kind_effects(run: Fit, rng: np.random.Generator) -> np.ndarray:
    """Effect of each hidden group's kind less the known groups' mean (draw, hidden_group)."""
    posterior, study = run.posterior, run.study
    kinds = [str(kind) for kind in posterior["kind_effect"].coords["kind"].values]
    effect, spread = flat_draws(posterior, "kind_effect"), flat_draws(posterior, "kind_sd")
    known = sum(_of_kind(study.kinds[group], kinds, effect) for group in study.known_groups) / len(study.known_groups)
    columns = []
    for group in study.hidden_groups:
        kind = study.kinds[group]
        fresh = rng.normal(0.0, 1.0, len(spread)) * spread
        columns.append(fresh if kind is not None and kind not in kinds else _of_kind(kind, kinds, effect))
    return np.column_stack(columns) - np.reshape(known, (-1, 1))


def _of_kind(kind: str | None, kinds: list[str], effect: np.ndarray) -> np.ndarray:
    return effect[:, kinds.index(kind)] if kind in kinds else np.zeros(len(effect))


def tied_draws(run: Fit, name: str) -> np.ndarray | None:
    """Draws (draw, hidden_group) of a factor that was a parameter of the model; None where it was not."""
    return flat_draws(run.posterior, name) if name in run.posterior else None
