"""Answers that are counts of people known: whole numbers from zero, missing cells, and codes nobody declared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp, lgamma, log

import numpy as np

from nsum_bayes.data.columns import Table, as_numbers
from nsum_bayes.data.faults import Fault, counted, rows_text

SUSPECT_CODES = (77, 88, 97, 98, 99, 777, 888, 997, 998, 999, 7777, 8888, 9997, 9998, 9999)
SPIKE_TIMES = 3
SPIKE_RATIO = 5
SPIKE_CHANCE = 1e-5


def count_answers(
    table: Table, column: str, missing: Sequence[int], allowed: Sequence[int], faults: list[Fault]
) -> np.ndarray:
    """One answer column as floats: NaN where empty or coded as missing, else a whole number from zero.

    Parameters
    ----------
    table, column
        Where the answers are.
    missing
        Declared missing codes; they become NaN.
    allowed
        Values that look like missing codes and are true answers.
    faults
        Takes what is wrong with the column.

    Returns
    -------
    numpy.ndarray
        Shape (respondent,).
    """
    before = len(faults)
    numbers = as_numbers(table, column, faults)
    answers = np.where(np.isin(numbers, list(missing)), np.nan, numbers)
    faults.extend(_count_faults(answers, table, column, allowed))
    if len(faults) == before and np.isnan(answers).all():
        what = f"Column '{column}' holds no answer at all."
        faults.append((what, f"{table.name}, column {column}", "Give the answers, or remove the question."))
    return answers


def _count_faults(answers: np.ndarray, table: Table, column: str, allowed: Sequence[int]) -> Iterator[Fault]:
    where = f"{table.name}, column {column}"
    negative = np.flatnonzero(answers < 0)
    if negative.size:
        advice = "Correct them; a code for a missing answer belongs in missing_codes under [survey]."
        yield f"Column '{column}' holds {counted(negative.size, 'negative answer')}.", _at(where, negative), advice
    fractional = np.flatnonzero(~np.isnan(answers) & (answers != np.floor(answers)))
    if fractional.size:
        what = f"Column '{column}' holds {counted(fractional.size, 'answer')} that {_be(fractional)} not whole."
        yield what, _at(where, fractional), "A count of people is a whole number; correct the file."
    for code in spikes(answers, allowed):
        what = (
            f"The value {code} stands out in column '{column}': {counted(int((answers == code).sum()), 'answer')}, "
            "far more often than the values around it."
        )
        advice = (
            f"If {code} means 'no answer', add it to missing_codes under [survey]; "
            "if it is a true answer, add it to allowed_codes there."
        )
        yield what, where, advice


def _at(where: str, rows: np.ndarray) -> str:
    return f"{where}, {rows_text(rows)}"


def _be(rows: np.ndarray) -> str:
    return "is" if rows.size == 1 else "are"


def spikes(answers: np.ndarray, allowed: Sequence[int] = ()) -> list[int]:
    """Values that look like undeclared missing codes: 98, 99, 999 and the like, far commoner than their neighbours.

    A code c is reported where at least three answers equal it, at least five times as many as expected, and where that
    many would be a one in 100,000 chance. What is expected is the larger of two frequencies, suspect codes left out:
    the mean of the whole numbers between c/2 and 3c/2 (with one answer added, so that an empty neighbourhood is not
    taken for certain) and the median of those within a tenth of c. The first follows a smooth heavy tail, the second a
    common group whose answers crowd around the code; neither takes many answers of 100 for a reason to expect 99.

    Parameters
    ----------
    answers
        Shape (respondent,), NaN where missing.
    allowed
        Codes that are known to be true answers.

    Returns
    -------
    list of int
        The codes, smallest first.
    """
    present = answers[~np.isnan(answers)]
    found = []
    for code in (code for code in SUSPECT_CODES if code not in allowed):
        times = int((present == code).sum())
        if times < SPIKE_TIMES:
            continue
        expected = _expected(present, code)
        if times >= SPIKE_RATIO * expected and _chance_of_at_least(times, expected) < SPIKE_CHANCE:
            found.append(code)
    return found


def _expected(answers: np.ndarray, code: int) -> float:
    """How often a code would be answered were it like the ordinary values around it."""
    wide = np.setdiff1d(np.arange(code // 2, 3 * code // 2 + 1), SUSPECT_CODES)
    values, counts = np.unique(answers, return_counts=True)
    frequency = np.zeros(wide.size)
    at = np.isin(values, wide)
    frequency[np.searchsorted(wide, values[at])] = counts[at]
    close = np.abs(wide - code) <= 0.1 * code
    return max((frequency.sum() + 1) / wide.size, float(np.median(frequency[close])))


def _chance_of_at_least(times: int, expected: float) -> float:
    """Poisson upper tail; summed from the term at ``times`` upwards, which is accurate where the tail is tiny."""
    if times <= expected:
        return 1.0
    terms = (exp(j * log(expected) - expected - lgamma(j + 1)) for j in range(times, times + 500))
    return sum(terms)
