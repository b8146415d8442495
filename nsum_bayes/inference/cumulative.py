"""Probability of less than, and of no more than, what each respondent said, under draws of the posterior.

For a report that may stand for the counts from ``lower`` to ``upper``, F(y − 1) = 1 − P(report ≥ lower) and
F(y) = 1 − P(report ≥ upper + 1), heaping and silence included.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from nsum_bayes.inference.likelihood import (
    DISPERSIONS,
    check_available,
    log_multiplier,
    log_report_probability,
    thinned,
    with_log_theta,
)
from nsum_bayes.model.build import build_from_inputs
from nsum_bayes.model.inputs import MISSING, OPEN, Inputs, read_inputs

if TYPE_CHECKING:
    from nsum_bayes.inference.fit import Fit

type Floats = np.ndarray


def cumulative_probabilities(run: Fit, draws: int) -> Iterator[tuple[Floats, Floats]]:
    """F(y − 1) and F(y) (respondent, group) under so many draws, evenly spaced over all chains; NaN where unanswered.

    Raises
    ------
    FitError
        A model with residuals of each answer: they are not kept.
    """
    check_available(run.spec)
    inputs = read_inputs(run.spec, run.study)
    some = thinned(run.posterior, max(1, round(draws / run.posterior.sizes["chain"])))
    posterior = with_log_theta(some, lambda: build_from_inputs(run.spec, inputs))
    for chain in range(posterior.sizes["chain"]):
        for draw in range(posterior.sizes["draw"]):
            drawn = posterior.isel(chain=chain, draw=[draw])
            yield _of_one_draw(run, inputs, drawn)


def _of_one_draw(run: Fit, inputs: Inputs, drawn: xr.Dataset) -> tuple[Floats, Floats]:
    log_theta = drawn["log_theta"].transpose("draw", ..., "group").values
    theta = np.exp(log_theta[:, inputs.visits.of, :] + log_multiplier(inputs, drawn))[0]
    degree = np.exp(drawn["log_degree"].values[0].astype(float))
    name = DISPERSIONS.get(run.spec.counts.kind)
    dispersion = drawn[name].values[0] if name else None
    heaping = drawn["heaping"].values[0] if inputs.heaped.any() else None
    silence = dict(zip(np.flatnonzero(inputs.zero_inflated), _values(drawn, "zero_inflation"), strict=True))
    below, upto = (np.full(inputs.answers.shape, np.nan) for _ in range(2))
    for group in range(inputs.answers.shape[1]):
        spread = None if dispersion is None else dispersion[group]
        habits = heaping if inputs.heaped[group] else None

        def tail(first: np.ndarray, here: np.ndarray, group: int = group, spread=spread, habits=habits) -> Floats:  # type: ignore[no-untyped-def]
            """P(report ≥ first), where ``first`` has few different values (cell,)."""
            found = np.zeros(len(first))
            for value in np.unique(first[first != OPEN]):
                same = first == value
                given = (degree[here][same], theta[here, group][same], spread, habits)
                found[same] = np.exp(log_report_probability(run.spec.counts, int(value), OPEN, *given))
            return found * np.where(first > 0, 1.0 - silence.get(group, 0.0), 1.0)

        here = np.flatnonzero(inputs.answers[:, group] != MISSING)
        lower, upper = inputs.answers[here, group], inputs.upper[here, group]
        below[here, group] = 1.0 - tail(lower, here)
        upto[here, group] = 1.0 - tail(np.where(upper == OPEN, OPEN, upper + 1), here)
    return np.clip(below, 0.0, 1.0), np.clip(upto, 0.0, 1.0)


def _values(drawn: xr.Dataset, name: str) -> Floats:
    return drawn[name].values[0] if name in drawn else np.zeros(0)
