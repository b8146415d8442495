"""Answers on how many people are known: counts, intervals of them, missing cells, and codes nobody declared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import exp, lgamma, log

import numpy as np

from nsum_bayes.data.bins import bin_text
from nsum_bayes.data.columns import MISSING_MARKS, Table, as_labels, as_numbers
from nsum_bayes.data.faults import Fault, counted, rows_text
from nsum_bayes.data.settings import AnswerSettings, QuestionSettings, SurveySettings

SUSPECT_CODES = (77, 88, 97, 98, 99, 777, 888, 997, 998, 999, 7777, 8888, 9997, 9998, 9999)
SPIKE_TIMES = 3
SPIKE_RATIO = 5
SPIKE_CHANCE = 1e-5


def bounded_answers(
    table: Table, question: QuestionSettings, survey: SurveySettings, faults: list[Fault]
) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest number that each answer of a column allows, NaN where missing.

    Parameters
    ----------
    table
        Where the answers are.
    question
        The column and the kind of its answers; not the question on degree.
    survey
        The [survey] table, with the codes of missing answers.
    faults
        Takes what is wrong with the column.

    Returns
    -------
    tuple of numpy.ndarray
        Each of shape (respondent,); the same number twice where the answer is exact, infinity where it is open above.
    """
    answer, missing = question.answer, survey.missing_codes
    if answer.type == "count":
        top_code = answer.top_code
        lowest = count_answers(table, question.column, missing, survey.allowed_codes, faults, top_code)
        return lowest, lowest if top_code is None else np.where(lowest >= top_code, np.inf, lowest)
    chosen = _chosen(table, question.column, *_vocabulary(answer), missing, faults)
    bounds = np.array([*answer.intervals, (np.nan, np.nan)], dtype=float)[chosen]
    return bounds[:, 0], bounds[:, 1]


def degree_answers(table: Table, column: str, missing: Sequence[int], faults: list[Fault]) -> np.ndarray:
    """The respondents' own reports of how many people they know, NaN where missing.

    Parameters
    ----------
    table, column
        Where the reports are.
    missing
        Declared missing codes.
    faults
        Takes what is wrong with the column.

    Returns
    -------
    numpy.ndarray
        Shape (respondent,), above zero.
    """
    numbers = _present(table, column, missing, faults)
    wrong = np.flatnonzero(numbers <= 0)
    if wrong.size:
        what = f"Column '{column}' holds {counted(wrong.size, 'network size')} of zero or below."
        advice = "Everyone knows someone; correct them, or add the code for a missing answer to missing_codes."
        faults.append((what, _at(f"{table.name}, column {column}", wrong), advice))
    return numbers


def count_answers(
    table: Table,
    column: str,
    missing: Sequence[int],
    allowed: Sequence[int],
    faults: list[Fault],
    top_code: int | None = None,
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
    top_code
        The highest number recorded, which stands for itself and more.

    Returns
    -------
    numpy.ndarray
        Shape (respondent,).
    """
    answers = _present(table, column, missing, faults)
    faults.extend(_count_faults(answers, table, column, allowed, top_code))
    return answers


def _present(table: Table, column: str, missing: Sequence[int], faults: list[Fault]) -> np.ndarray:
    """Numbers, NaN where missing; a column without any is a fault."""
    before = len(faults)
    numbers = as_numbers(table, column, faults)
    answers = np.where(np.isin(numbers, list(missing)), np.nan, numbers)
    if len(faults) == before and np.isnan(answers).all():
        faults.append(_nothing(table, column))
    return answers


def _nothing(table: Table, column: str) -> Fault:
    where = f"{table.name}, column {column}"
    return f"Column '{column}' holds no answer at all.", where, "Give the answers, or remove the question."


def _count_faults(
    answers: np.ndarray, table: Table, column: str, allowed: Sequence[int], top_code: int | None
) -> Iterator[Fault]:
    where = f"{table.name}, column {column}"
    negative = np.flatnonzero(answers < 0)
    if negative.size:
        advice = "Correct them; a code for a missing answer belongs in missing_codes under [survey]."
        yield f"Column '{column}' holds {counted(negative.size, 'negative answer')}.", _at(where, negative), advice
    fractional = np.flatnonzero(~np.isnan(answers) & (answers != np.floor(answers)))
    if fractional.size:
        what = f"Column '{column}' holds {counted(fractional.size, 'answer')} that {_be(fractional)} not whole."
        yield what, _at(where, fractional), "A count of people is a whole number; correct the file."
    if top_code is not None:
        yield from _above(answers, where, column, top_code)
        answers = answers[~(answers >= top_code)]
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


def _above(answers: np.ndarray, where: str, column: str, top_code: int) -> Iterator[Fault]:
    above = np.flatnonzero(answers > top_code)
    if above.size:
        what = f"Column '{column}' holds {counted(above.size, 'answer')} above its top code of {top_code}."
        advice = (
            f"{top_code} stands for itself and more; correct the answers or the top code, "
            "or add the code for a missing answer to missing_codes."
        )
        yield what, _at(where, above), advice


# --- answers that name an interval ----------------------------------------------------------------------------------


def _vocabulary(answer: AnswerSettings) -> tuple[dict[str, int], str]:
    """What a cell may hold, with the position of its interval; and the same in words."""
    if answer.type == "any":
        return {"no": 0, "n": 0, "false": 0, "0": 0, "yes": 1, "y": 1, "true": 1, "1": 1}, "yes nor no"
    if answer.type == "zero_one_more":
        return {"0": 0, "1": 1, "2": 2, "2+": 2}, "0, 1 nor 2+"
    if answer.codes:
        return {str(code): position for position, code in enumerate(answer.codes)}, "a code of the bins"
    return {bin_text(label): position for position, label in enumerate(answer.bins)}, "a bin of the question"


def _chosen(
    table: Table, column: str, positions: dict[str, int], words: str, missing: Sequence[int], faults: list[Fault]
) -> np.ndarray:
    """Position of the interval that each cell names, -1 where missing."""
    absent = MISSING_MARKS | {str(code) for code in missing}

    def places(texts: Iterable[str]) -> np.ndarray:
        cells = [_cell(text) for text in texts]
        return np.array([-1 if cell in absent else positions.get(cell, -2) for cell in cells], dtype=int)

    chosen = places(as_labels(table, column))
    if (chosen == -2).any() and table.labels.get(column):  # the names are in another language, or there are codes
        chosen = places(as_labels(Table(table.name, table.frame), column))
    unknown = np.flatnonzero(chosen == -2)
    if unknown.size:
        what = f"Column '{column}' holds {counted(unknown.size, 'answer')} that {_be(unknown)} {_neither(words)}."
        advice = "Correct them or the study file; a code for a missing answer belongs in missing_codes under [survey]."
        faults.append((what, _at(f"{table.name}, column {column}", unknown), advice))
    elif (chosen == -1).all():
        faults.append(_nothing(table, column))
    return np.maximum(chosen, -1)


def _cell(text: str) -> str:
    """A cell as a label: 2.0, as numbers beside empty cells are stored, is 2."""
    label = bin_text(text)
    try:
        number = float(label)
    except ValueError:
        return label
    return str(int(number)) if number.is_integer() else label


def _neither(words: str) -> str:
    return f"neither {words}" if " nor " in words else f"not {words}"


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
