"""Log probabilities of inexact answers: against brute-force sums of SciPy's distributions, in value and in gradient."""

from __future__ import annotations

import numpy as np
import pytest

from nsum_bayes.inference.likelihood import log_report_probability
from nsum_bayes.model.inputs import OPEN
from tests.irregular import (
    HEAPING,
    PARTS,
    SILENT,
    SPREADS,
    compiled,
    log_probability_of,
    probability,
    report,
    tail,
)

DEGREE = 300.0
MEANS = (0.01, 0.8, 6.0, 40.0)
INTERVALS = ((1, 2), (3, 5), (0, 0), (2, 2), (6, 10), (31, 60), (0, 4))
HEAPED = ((3, 3), (5, 5), (10, 10), (12, 12), (15, 15), (20, 20), (1, 5), (6, 10), (30, OPEN), (3, OPEN))
CASES = [(kind, spread) for kind in PARTS for spread in SPREADS[kind]]


def means_of(kind: str) -> tuple[float, ...]:
    """A binomial with a chance of nearly one is no count of few among many."""
    return MEANS


@pytest.mark.parametrize(("kind", "spread"), CASES)
def test_an_interval_is_the_sum_of_its_counts(kind: str, spread: float) -> None:
    for lower, upper in INTERVALS:
        for mean in MEANS:
            ours = log_probability_of(kind, lower, upper, DEGREE, mean / DEGREE, spread)
            expected = np.log(probability(kind, lower, upper, DEGREE, mean / DEGREE, spread))
            assert ours == pytest.approx(expected, rel=1e-10, abs=1e-10), (lower, upper, mean)


@pytest.mark.parametrize(("kind", "spread"), CASES)
def test_a_heaped_report_is_the_sum_of_what_may_be_behind_it(kind: str, spread: float) -> None:
    for lower, upper in HEAPED:
        for mean in MEANS:
            ours = log_probability_of(kind, lower, upper, DEGREE, mean / DEGREE, spread, heaped=True)
            expected = np.log(probability(kind, lower, upper, DEGREE, mean / DEGREE, spread, heaped=True))
            assert ours == pytest.approx(expected, rel=1e-8, abs=1e-8), (lower, upper, mean)


@pytest.mark.parametrize(("kind", "spread"), CASES)
def test_tails_are_right_down_to_nothing(kind: str, spread: float) -> None:
    smallest = 1.0
    for start in (1, 2, 3, 8, 30, 100):
        for mean in start * np.array([1e-6, 1e-4, 1e-2, 0.1, 0.3, 0.6, 1.0, 2.0]):
            expected = tail(kind, start, DEGREE, mean / DEGREE, spread)
            if expected < 1e-250:
                continue
            smallest = min(smallest, expected)
            ours = log_probability_of(kind, start, OPEN, DEGREE, mean / DEGREE, spread)
            assert ours == pytest.approx(np.log(expected), abs=3e-8), (start, mean)
    assert smallest < (1e-30 if spread <= 1.0 else 1e-6)


@pytest.mark.parametrize(("kind", "spread"), CASES)
def test_zeros_are_told_or_true(kind: str, spread: float) -> None:
    for upper in (0, 4, OPEN):
        for mean in MEANS:
            theta = mean / DEGREE
            told = 1.0 if upper == OPEN else probability(kind, 0, upper, DEGREE, theta, spread)
            ours = log_probability_of(kind, 0, upper, DEGREE, theta, spread, silent=True)
            assert ours == pytest.approx(np.log(SILENT + (1 - SILENT) * told), abs=1e-11), (upper, mean)


@pytest.mark.parametrize("kind", PARTS)
def test_a_heaped_zero_of_a_silent_question_is_told_or_true(kind: str) -> None:
    spread = SPREADS[kind][-1]
    told = probability(kind, 0, 0, DEGREE, 0.004, spread)
    ours = log_probability_of(kind, 0, 0, DEGREE, 0.004, spread, heaped=True, silent=True)
    assert ours == pytest.approx(np.log(SILENT + (1 - SILENT) * told), abs=1e-11)


def test_zero_or_more_is_certain() -> None:
    for kind in PARTS:
        value, *gradients = compiled(kind, 0, OPEN)(*np.log([[DEGREE], [0.01], [SPREADS[kind][0]]]))
        assert value == pytest.approx([0.0])
        assert [gradient.item() for gradient in gradients] == [0.0, 0.0, 0.0]


# --- gradients ------------------------------------------------------------------------------------------------------

ANSWERS = [
    *((lower, upper, {}) for lower, upper in [*INTERVALS, (1, OPEN), (2, OPEN), (3, OPEN), (8, OPEN), (30, OPEN)]),
    *((lower, upper, {"heaped": True}) for lower, upper in HEAPED),
    *((0, upper, {"silent": True}) for upper in (0, 4)),
]


def told_apart(kind: str, lower: int, upper: int, point: np.ndarray, *, heaped: bool = False, silent: bool = False):
    """The same log probability by the per-answer NumPy code, at log degree, log θ and log spread."""
    degree, theta, spread = (np.array([x]) for x in np.exp(point))
    habits = HEAPING[None, :] if heaped else None
    found = log_report_probability(PARTS[kind], lower, upper, degree, theta, spread, habits).item()
    return np.logaddexp(np.log(SILENT), np.log1p(-SILENT) + found) if silent else found


def slope(kind: str, lower: int, upper: int, point: np.ndarray, axis: int, **flags: bool) -> float:
    """Central differences of fourth order."""
    step = np.zeros(3)
    step[axis] = 1e-3
    at = [told_apart(kind, lower, upper, point + n * step, **flags) for n in (-2, -1, 1, 2)]
    return (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / 12e-3


@pytest.mark.parametrize(("kind", "spread"), CASES)
def test_gradients_are_finite_and_those_of_finite_differences(kind: str, spread: float) -> None:
    axes = (0, 1, 2) if kind in ("nb1", "nb2", "beta_binomial") else (0, 1)
    for lower, upper, flags in ANSWERS:
        for mean in (0.01, 0.8, 6.0, 40.0):
            point = np.log([DEGREE + 0.37, mean / DEGREE, spread])
            value, *gradients = compiled(kind, lower, upper, **flags)(*point[:, None])
            assert np.isfinite([value, *gradients]).all(), (lower, upper, flags, mean)
            assert value.item() == pytest.approx(told_apart(kind, lower, upper, point, **flags), rel=1e-7, abs=1e-7)
            numeric = [slope(kind, lower, upper, point, axis, **flags) for axis in axes]
            np.testing.assert_allclose(
                np.ravel(gradients)[: len(axes)], numeric, rtol=1e-5, atol=1e-5, err_msg=f"{lower, upper, flags, mean}"
            )


@pytest.mark.parametrize("kind", PARTS)
def test_rounding_agrees_with_its_own_telling(kind: str) -> None:
    # The twin that the gradients lean on is itself held against the sums.
    for lower, upper, flags in ANSWERS:
        given = (DEGREE, 2.5 / DEGREE, SPREADS[kind][0])
        told = probability(kind, lower, upper, *given, heaped=flags.get("heaped", False))
        expected = np.log(SILENT + (1 - SILENT) * told) if flags.get("silent") else np.log(told)
        assert told_apart(kind, lower, upper, np.log(given), **flags) == pytest.approx(expected, abs=1e-7)
    assert [report(j, 5) for j in (0, 1, 2, 3, 7, 8, 12, 13)] == [0, 1, 2, 5, 5, 10, 10, 15]
    assert [report(j, 10) for j in (4, 5, 14, 15, 25)] == [4, 10, 10, 20, 30]
