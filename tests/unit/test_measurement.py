"""Log probabilities of inexact answers: against brute-force sums of SciPy's distributions, in value and in gradient."""

from __future__ import annotations

import numpy as np
import pytest

from nsum_bayes.inference.likelihood import log_report_probability
from nsum_bayes.model.inputs import OPEN
from tests.irregular import HEAPING, PARTS, SILENT, SPREADS, Answer, at_points, probability, report, tail

DEGREE = 300.0
MEANS = (0.01, 0.8, 6.0, 40.0)
INTERVALS = ((1, 2), (3, 5), (0, 0), (2, 2), (6, 10), (31, 60), (0, 4))
HEAPED = ((2, 2), (3, 3), (5, 5), (10, 10), (12, 12), (15, 15), (20, 20), (1, 5), (6, 10), (30, OPEN), (3, OPEN))
ANSWERS = (
    *(Answer(lower, upper) for lower, upper in INTERVALS),
    *(Answer(start, OPEN) for start in (0, 1, 2, 3, 8, 30)),
    *(Answer(lower, upper, heaped=True) for lower, upper in HEAPED),
    *(Answer(0, upper, silent=True) for upper in (0, 4, OPEN)),
    Answer(0, 0, heaped=True, silent=True),
    Answer(0, 5, heaped=True, silent=True),
)
CASES = [(kind, spread) for kind in PARTS for spread in SPREADS[kind]]


def digits_left(kind: str) -> float:
    """Relative error of a small tail: a difference of up to a million times as much, of 14 digits or 13."""
    return 5e-7 if kind == "beta_binomial" else 3e-8


@pytest.mark.parametrize(("kind", "spread"), CASES)
def test_an_answer_is_the_sum_of_what_may_be_behind_it(kind: str, spread: float) -> None:
    points = [(DEGREE, mean / DEGREE, spread) for mean in MEANS]
    ours, _ = at_points(kind, ANSWERS, points)
    # What nobody is silent about is told by those who tell: that factor is the whole likelihood's (test_reports.py).
    expected = np.log([[probability(kind, answer, *point) for point in points] for answer in ANSWERS])
    closed = np.array([answer.upper != OPEN for answer in ANSWERS])
    np.testing.assert_allclose(ours[closed], expected[closed], rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(ours[~closed], expected[~closed], atol=digits_left(kind))


@pytest.mark.parametrize(("kind", "spread"), CASES)
def test_tails_are_right_down_to_nothing(kind: str, spread: float) -> None:
    starts = (1, 2, 3, 8, 30, 100)
    means = [1e-6, 1e-4, 1e-2, 0.1, 0.5, 2.0, 10.0, 40.0, 100.0]
    points = [(DEGREE, mean / DEGREE, spread) for mean in means]
    ours, _ = at_points(kind, tuple(Answer(start, OPEN) for start in starts), points)
    expected = np.array([[tail(kind, start, *point) for point in points] for start in starts])
    there = expected > 1e-290
    np.testing.assert_allclose(ours[there], np.log(expected[there]), atol=digits_left(kind))
    # A chance or a mean that varies much has no tail as small.
    broad = {("beta_binomial", 0.02): 1e-13, ("beta_binomial", 0.3): 1e-8, ("nb1", 20.0): 1e-8}
    assert expected[there].min() < broad.get((kind, spread), 1e-30)


def test_zero_or_more_is_certain() -> None:
    for kind in PARTS:
        value, gradients = at_points(kind, (Answer(0, OPEN),), [(DEGREE, 0.01, SPREADS[kind][0])])
        assert value.item() == 0.0
        assert (gradients == 0.0).all()


# --- gradients ------------------------------------------------------------------------------------------------------


def twin(kind: str, answer: Answer, logs: np.ndarray) -> np.ndarray:
    """The same log probability by the per-answer NumPy code, at log degree, log θ and log spread (3, point)."""
    habits = HEAPING[None, :] if answer.heaped else None
    found = log_report_probability(PARTS[kind], answer.lower, answer.upper, *np.exp(logs), habits)
    return np.logaddexp(np.log(SILENT), np.log1p(-SILENT) + found) if answer.silent else found


def slopes(kind: str, answer: Answer, logs: np.ndarray) -> np.ndarray:
    """Central differences of fourth order (3, point)."""
    steps = 1e-2 * np.eye(3)[:, :, None]
    at = {n: np.array([twin(kind, answer, logs + n * step) for step in steps]) for n in (-2, -1, 1, 2)}
    return (at[-2] - 8 * at[-1] + 8 * at[1] - at[2]) / 12e-2


@pytest.mark.parametrize("kind", PARTS)
def test_the_twin_is_the_sum_too(kind: str) -> None:
    for answer in ANSWERS:
        point = (DEGREE, 2.5 / DEGREE, SPREADS[kind][0])
        found = twin(kind, answer, np.log(point)[:, None]).item()
        assert found == pytest.approx(np.log(probability(kind, answer, *point)), abs=digits_left(kind)), answer


@pytest.mark.parametrize(("kind", "spread"), CASES)
def test_gradients_are_finite_and_those_of_finite_differences(kind: str, spread: float) -> None:
    points = [(DEGREE + 0.37, mean / DEGREE, spread) for mean in MEANS]
    logs = np.log(points).T
    ours, gradients = at_points(kind, ANSWERS, points)
    assert np.isfinite(ours).all()
    assert np.isfinite(gradients).all()
    for n, answer in enumerate(ANSWERS):
        np.testing.assert_allclose(ours[n], twin(kind, answer, logs), rtol=1e-7, atol=digits_left(kind), err_msg=answer)
        numeric = slopes(kind, answer, logs)
        np.testing.assert_allclose(gradients[:, n], numeric, rtol=1e-5, atol=2e-5, err_msg=str(answer))


# --- a continuous degree --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["binomial", "beta_binomial"])
def test_bounds_above_a_small_degree_do_no_harm(kind: str) -> None:
    """A bin of three to six holds what a network of four can hold, and the step to the next whole number is small."""
    answer = (Answer(3, 6), Answer(5, 5, heaped=True))
    degrees = np.concatenate([np.arange(3.05, 8, 0.1), [3.999999, 4.000001, 4.999999, 5.000001, 5.999999, 6.000001]])
    for spread in SPREADS[kind]:
        points = [(degree, 0.3, spread) for degree in degrees]
        ours, gradients = at_points(kind, answer, points)
        assert np.isfinite(gradients).all()
        for n, given in enumerate(answer):
            np.testing.assert_allclose(ours[n], twin(kind, given, np.log(points).T), atol=1e-10)
        steps = np.diff(ours[:, -6:], axis=1)[:, ::2]
        np.testing.assert_allclose(steps, 0.0, atol=1e-4)
    whole = [(float(degree), 0.3, SPREADS[kind][-1]) for degree in (3, 4, 5, 6, 7)]
    expected = np.log([[probability(kind, given, *point) for point in whole] for given in answer])
    np.testing.assert_allclose(at_points(kind, answer, whole)[0], expected, atol=1e-10)


def test_rounding_is_to_the_nearest_and_never_to_none() -> None:
    assert [report(j, 5) for j in (0, 1, 2, 3, 7, 8, 12, 13)] == [0, 1, 2, 5, 5, 10, 10, 15]
    assert [report(j, 10) for j in (4, 5, 14, 15, 25)] == [4, 10, 10, 20, 30]
