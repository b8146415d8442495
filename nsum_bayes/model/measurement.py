"""The measurement layer: what a recorded answer says about the count behind it.

    interval   P = Σ_{j = lower}^{upper} p(j), or P(Y ≥ lower) where it is open     top codes, bins, yes/no, "2 or more"
    heaping    P(report) = Σ_j p(j) [exact 1(j) + five 1(R5(j)) + ten 1(R10(j))]      R5, R10: nearest five, ten
    zeros      P = ζ 1(zero) + (1 − ζ) P                                             zero whatever the truth

Halves are rounded up, and a count that would be rounded to zero is given exactly. An answer that is exact, and whose
question is neither heaped nor zero-inflated, takes the fast road (`fast_counts`); so does a heaped report below three
and a zero-inflated one above zero. Only the others, the *irregular* cells, come here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.model.components import Counts
from nsum_bayes.model.count_terms import log_terms
from nsum_bayes.model.listed import listed

ROUNDED_FROM = 3
"""The smallest count that can be rounded: three to five."""
WIDEST = 10
CANCELLED = 1e-6
"""Share of P(Y ≥ 1) below which a tail is summed from its own terms: what that leaves out and what the difference has
lost are both in the eighth digit then."""
CLASSES = (1, 4, 14, 40, 112)
"""Cells are worked out together by the number of terms they need, rounded up so that other answers have one graph."""
NEVER = -1e30


@dataclass(frozen=True)
class Cells:
    """Irregular cells that need up to the same number of terms.

    Parameters
    ----------
    respondent, group
        Where they are (cell,).
    weights
        Weight of p(j) in a cell: constant, per share of five, per share of ten (3, cell, j).
    tail
        From where on all counts belong to the cell (cell,), −1 where there is an end.
    zero
        Whether a zero-inflated zero is in the cell: position among the zero-inflated groups, −1 elsewhere (cell,).
    """

    respondent: np.ndarray
    group: np.ndarray
    weights: np.ndarray
    tail: np.ndarray
    zero: np.ndarray

    @property
    def terms(self) -> int:
        """Number of terms."""
        return int(self.weights.shape[2])


def rounded(counts: np.ndarray, base: int) -> np.ndarray:
    """Counts to the nearest multiple of ``base``, halves up; exactly where that would be zero."""
    nearest = base * ((2 * counts + base) // (2 * base))
    return np.where(nearest == 0, counts, nearest)


def series_terms(tail: np.ndarray) -> np.ndarray:
    """Terms that a tail needs where 1 − Σ has cancelled.

    Falling by `CANCELLED` over the ``tail`` terms before it, it falls as fast after: half as many again leave next to
    nothing.
    """
    return np.ceil(1.5 * tail).astype(int) + 6


def is_irregular(
    answers: np.ndarray, upper: np.ndarray, heaped: np.ndarray, zero_inflated: np.ndarray, missing: int
) -> np.ndarray:
    """Whether an answer cannot take the fast road (respondent, group)."""
    odd = (upper != answers) | (heaped & (answers >= ROUNDED_FROM)) | (zero_inflated & (answers == 0))
    return odd & (answers != missing)


def cells_of(
    answers: np.ndarray, upper: np.ndarray, heaped: np.ndarray, zero_inflated: np.ndarray, chosen: np.ndarray
) -> list[Cells]:
    """The chosen cells, by number of terms."""
    respondent, group = np.nonzero(chosen)
    found = []
    low, high, crowds = answers[respondent, group], upper[respondent, group], heaped[group]
    is_open = high == np.iinfo(np.int64).max
    tail = np.where(is_open, np.where(crowds, low + WIDEST, low), -1)
    length = np.where(is_open, tail + series_terms(tail), high + 1 + WIDEST * crowds)
    position = np.where(zero_inflated, np.cumsum(zero_inflated) - 1, -1)
    zero = np.where(low == 0, position[group], -1)
    most = int(length.max(initial=1))
    edges = [*(size for size in CLASSES if size < most), next((size for size in CLASSES if size >= most), most)]
    before = 0
    for edge in edges:
        here = (length > before) & (length <= edge)
        before = edge
        if here.any():
            weights = _weights(low[here], high[here], tail[here], crowds[here], edge)
            found.append(Cells(respondent[here], group[here], weights, tail[here], zero[here]))
    return found


def _weights(low: np.ndarray, high: np.ndarray, tail: np.ndarray, crowds: np.ndarray, terms: int) -> np.ndarray:
    """Weights (3, cell, j) of the counts before the tail."""
    j = np.arange(terms)[None, :]
    low, high = low[:, None], high[:, None]
    exact = ((low <= j) & (j <= high)).astype(float)
    parts = [exact]
    for base in (5, 10):
        report = rounded(j, base)
        parts.append((((low <= report) & (report <= high)) - exact) * crowds[:, None])
    before_tail = (tail < 0)[:, None] | (j < tail[:, None])
    return np.stack(parts) * before_tail


def irregular_logp(
    cells: Cells,
    counts: Counts,
    degree: TensorVariable,
    theta: TensorVariable,
    dispersion: TensorVariable | None,
    heaping: TensorVariable | None,
    zero_inflation: TensorVariable | None,
) -> TensorVariable:
    """Log probability of irregular answers (cell,).

    Parameters
    ----------
    degree, theta, dispersion
        Of each cell (cell,).
    heaping
        Shares exact, five, ten; None where no question is heaped.
    zero_inflation
        ζ (zero_inflated_group,); None where no question is zero-inflated.
    """
    logs = log_terms(counts, degree, theta, dispersion, cells.terms)
    weights = listed(cells.weights[0])
    if heaping is not None:
        weights = weights + heaping[1] * listed(cells.weights[1]) + heaping[2] * listed(cells.weights[2])
    used = listed((np.abs(cells.weights).max(axis=0) > 0) if heaping is not None else cells.weights[0] > 0)
    log_weights = pt.log(pt.switch(used & pt.gt(weights, 0.0), weights, 1.0))
    log_sum = _log_sum(logs + log_weights, used)
    if (cells.tail >= 0).any():
        log_sum = pt.logaddexp(log_sum, _log_tail(logs, cells.tail, cells.terms))
    if zero_inflation is None or not (cells.zero >= 0).any():
        return log_sum
    share = zero_inflation[listed(np.maximum(cells.zero, 0))]
    return pt.switch(listed(cells.zero >= 0), pt.logaddexp(pt.log(share), pt.log1p(-share) + log_sum), log_sum)


def _log_sum(logs: TensorVariable, used: TensorVariable) -> TensorVariable:
    """Log of the sum of the used terms (cell,); next to nothing where none is used."""
    return pt.logsumexp(pt.switch(used, logs, NEVER), axis=1)


def _log_tail(logs: TensorVariable, tail: np.ndarray, terms: int) -> TensorVariable:
    """Log P(Y ≥ tail) (cell,).

    P(Y ≥ 1) − Σ_{1 ≤ j < tail} p(j) is exact until nearly all of it is subtracted; then the tail is so steep that its
    first terms are all of it.
    """
    j = np.arange(terms)[None, :]
    there = (tail >= 0)[:, None]
    some = -pt.expm1(logs[:, 0])
    between = listed((j >= 1) & (j < tail[:, None]) & there)
    left = some - pt.switch(between, pt.exp(logs), 0.0).sum(axis=1)
    series = pt.logsumexp(pt.switch(listed((j >= tail[:, None]) & there), logs, NEVER), axis=1)
    sound = left > CANCELLED * some
    by_difference = pt.log(pt.switch(sound, left, 1.0))
    found = pt.switch(sound, by_difference, series)
    # "Zero or more" is certain.
    return pt.switch(listed(tail < 0), NEVER, pt.switch(listed(tail == 0), 0.0, found))


def draw_reports(
    counts: np.ndarray,
    heaped: np.ndarray,
    zero_inflated: np.ndarray,
    heaping: np.ndarray | None,
    zero_inflation: np.ndarray | None,
    rng: np.random.Generator,
) -> np.ndarray:
    """What respondents report of true counts (respondent, group), before it is recorded coarsely."""
    reports = counts.copy()
    if zero_inflation is not None:
        silent = rng.random((len(counts), int(zero_inflated.sum()))) < zero_inflation
        reports[:, zero_inflated] = np.where(silent, 0, reports[:, zero_inflated])
    if heaping is not None:
        habit = rng.random(reports.shape)
        five, ten = heaping[1], heaping[2]
        crowded = np.where(habit < five, rounded(reports, 5), reports)
        crowded = np.where((habit >= five) & (habit < five + ten), rounded(reports, 10), crowded)
        reports = np.where(heaped, crowded, reports)
    return reports
