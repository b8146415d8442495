"""Reports of counts: all of them together have probability one, and they are drawn as often as their probability."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsum_bayes.model.counts import draw_counts
from nsum_bayes.model.inputs import MISSING, OPEN
from nsum_bayes.model.measurement import cells_of, draw_reports, is_irregular, rounded
from nsum_bayes.model.recording import Recording
from tests.irregular import HEAPING, PARTS, SILENT, Answer, at_points, probability, report

DEGREE, THETA = 60.0, 0.12
"""Seven on average: enough to be rounded, few enough that all reports can be listed."""
SPREADS = {"poisson": 1.0, "nb1": 1.0, "nb2": 2.0, "binomial": 1.0, "beta_binomial": 0.05}
LARGEST = 160
QUESTIONS = {"plain": (False, False), "heaped": (True, False), "silent": (False, True), "both": (True, True)}
RECORDS = {"exact": None, "top_coded": np.arange(13), "bins": np.array([0, 1, 3, 6, 11]), "any": np.array([0, 1])}


def possible(kind: str, question: str, record: str) -> tuple[Answer, ...]:
    """Every record there can be."""
    edges = RECORDS[record]
    if edges is None:
        last = int(DEGREE) + 5 if "binomial" in kind else LARGEST
        return tuple(Answer(count, count, *QUESTIONS[question]) for count in range(last + 1))
    uppers = [*(edges[1:] - 1).tolist(), OPEN]
    return tuple(Answer(int(low), high, *QUESTIONS[question]) for low, high in zip(edges, uppers, strict=True))


@pytest.mark.parametrize("kind", PARTS)
def test_all_records_together_have_probability_one(kind: str) -> None:
    """Zeros of a silent question hold the silence; what is above zero is told by those who tell."""
    lists = {(q, r): possible(kind, q, r) for q in QUESTIONS for r in RECORDS}
    found, _ = at_points(
        kind, tuple(answer for answers in lists.values() for answer in answers), [(DEGREE, THETA, SPREADS[kind])]
    )
    each = iter(np.exp(found[:, 0]))
    for name, answers in lists.items():
        told = [next(each) * (1.0 - SILENT if answer.silent and answer.lower > 0 else 1.0) for answer in answers]
        assert sum(told) == pytest.approx(1.0, abs=1e-10), name


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("kind", PARTS)
def test_reports_are_drawn_as_often_as_their_probability(kind: str, question: str) -> None:
    number, rng = 100_000, np.random.default_rng(11)
    heaped, silent = (np.array([flag]) for flag in QUESTIONS[question])
    spread = np.array([SPREADS[kind]])
    counts = draw_counts(PARTS[kind], np.full((number, 1), DEGREE), np.full((1, 1), THETA), spread, rng)
    habits = (HEAPING if heaped.any() else None, np.array([SILENT]) if silent.any() else None)
    reports = draw_reports(counts, heaped, silent, *habits, rng)
    for record, edges in RECORDS.items():
        written = Recording(edges).record(reports[:, 0])
        for answer in possible(kind, question, record):
            expected = probability(kind, answer, DEGREE, THETA, SPREADS[kind])
            if number * expected < 10.0:
                continue
            error = np.sqrt(expected * (1.0 - expected) / number)
            assert abs((written == answer.lower).mean() - expected) < 4.5 * error, (record, answer)


def test_rounding_is_that_of_its_own_telling() -> None:
    counts = np.arange(500)
    for base in (5, 10):
        assert rounded(counts, base).tolist() == [report(int(count), base) for count in counts]


# --- which cells ----------------------------------------------------------------------------------------------------


@st.composite
def surveys(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Answers and their upper bounds (respondent, group), heaped and zero-inflated questions (group,)."""
    shape = (draw(st.integers(1, 8)), draw(st.integers(1, 5)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    answers = rng.choice([0, 1, 2, 3, 7, 30, 150, MISSING], shape)
    wider = rng.choice([0, 0, 0, 2, 40], shape)
    upper = np.where(rng.random(shape) < 0.2, OPEN, answers + wider)
    upper = np.where(answers == MISSING, MISSING, upper)
    return answers, upper, rng.random(shape[1]) < 0.4, rng.random(shape[1]) < 0.4


@settings(max_examples=60, deadline=None)
@given(surveys())
def test_each_irregular_cell_is_worked_out_once(survey: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]) -> None:
    answers, upper, heaped, silent = survey
    odd = is_irregular(answers, upper, heaped, silent, MISSING)
    for (respondent, group), answer in np.ndenumerate(answers):
        exact = upper[respondent, group] == answer
        plain = exact and not (heaped[group] and answer >= 3) and not (silent[group] and answer == 0)
        assert odd[respondent, group] == (answer != MISSING and not plain)
    classes = cells_of(answers, upper, heaped, silent, odd)
    seen = np.zeros(answers.shape, dtype=int)
    for cells in classes:
        np.add.at(seen, (cells.respondent, cells.group), 1)
    np.testing.assert_array_equal(seen, odd.astype(int))
    assert [cells.terms for cells in classes] == sorted({cells.terms for cells in classes})


@settings(max_examples=60, deadline=None)
@given(surveys())
def test_the_cells_hold_their_own_bounds(survey: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]) -> None:
    answers, upper, heaped, silent = survey
    odd = is_irregular(answers, upper, heaped, silent, MISSING)
    for cells in cells_of(answers, upper, heaped, silent, odd):
        bounds = zip(answers[cells.respondent, cells.group], upper[cells.respondent, cells.group], strict=True)
        for n, (low, high) in enumerate(bounds):
            group, tail = cells.group[n], cells.tail[n]
            count = np.arange(cells.terms)
            share = cells.weights[0, n] + np.where(count >= tail, 1.0, 0.0) * (tail >= 0)
            np.testing.assert_array_equal(share, (low <= count) & (count <= high))
            # Rounded reports add to the exact ones only what moves into the bounds and out of them.
            for base, moved in zip((5, 10), cells.weights[1:, n], strict=True):
                inside = (low <= rounded(count, base)) & (rounded(count, base) <= high)
                expected = (inside * 1.0 - share) if heaped[group] else np.zeros(cells.terms)
                np.testing.assert_array_equal(moved, np.where((tail >= 0) & (count >= tail), 0.0, expected))
            assert (cells.zero[n] >= 0) == (silent[group] and low == 0)
            if cells.zero[n] >= 0:
                assert np.flatnonzero(silent)[cells.zero[n]] == group
