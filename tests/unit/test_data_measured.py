"""What surveys really record: top-coded, binned, yes or no, heaped; and the respondent's own network size."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsum_bayes.data.answers import bounded_answers, degree_answers
from nsum_bayes.data.bins import intervals_of
from nsum_bayes.data.columns import Table
from nsum_bayes.data.settings import AnswerSettings, QuestionSettings, SurveySettings

INF = np.inf
NAN = np.nan


def _read(answer: dict, cells: object, missing: tuple[int, ...] = ()) -> tuple[np.ndarray, np.ndarray, list]:
    faults: list = []
    table = Table("s.csv", pd.DataFrame({"q": cells}))
    question = QuestionSettings(column="q", group="teachers", answer=AnswerSettings(**answer))
    return *bounded_answers(table, question, SurveySettings(missing_codes=missing), faults), faults


# --- one kind of answer after another -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "cells", "lowest", "highest"),
    [
        ({}, ["3", "", "-9", "0"], [3, NAN, NAN, 0], [3, NAN, NAN, 0]),
        ({"top_code": 30}, ["29", "30", "", "-9"], [29, 30, NAN, NAN], [29, INF, NAN, NAN]),
        ({"type": "any"}, ["Yes", "NO", "y", "n", "True", "FALSE", "1", "0"], [1, 0] * 4, [INF, 0] * 4),
        ({"type": "any"}, ["", "-9", "na", " yes "], [NAN, NAN, NAN, 1], [NAN, NAN, NAN, INF]),
        ({"type": "zero_one_more"}, ["0", "1", "2", "2+", "2 +", ""], [0, 1, 2, 2, 2, NAN], [0, 1, INF, INF, INF, NAN]),
        (
            {"type": "bins", "bins": ["0", "1-2", "3-5", "6+"]},
            ["0", "1-2", "1–2", " 3 - 5 ", "6+", "6 +", "-9", ""],
            [0, 1, 1, 3, 6, 6, NAN, NAN],
            [0, 2, 2, 5, INF, INF, NAN, NAN],
        ),
        ({"type": "bins", "bins": ["0 – 1", "2–4"]}, ["2-4", "0-1"], [2, 0], [4, 1]),
        (
            {"type": "bins", "bins": ["0", "1-2", "3+"], "codes": [1, 2, 3]},
            ["1", "2", "3", "3.0", "-9", ""],
            [0, 1, 3, 3, NAN, NAN],
            [0, 2, INF, INF, NAN, NAN],
        ),
    ],
)
def test_the_lowest_and_the_highest_number_that_an_answer_allows(
    answer: dict, cells: list[object], lowest: list[float], highest: list[float]
) -> None:
    low, high, faults = _read(answer, cells, missing=(-9,))
    np.testing.assert_array_equal(low, lowest)
    np.testing.assert_array_equal(high, highest)
    assert faults == []


@pytest.mark.parametrize(
    ("answer", "cells"),
    [
        ({"type": "any"}, [True, False]),
        ({"type": "any"}, pd.array([True, False], dtype="boolean")),
        ({"type": "any"}, [1.0, 0.0]),
        ({"type": "zero_one_more"}, [1.0, 0.0]),
        ({"type": "bins", "bins": ["0", "1+"]}, np.array(["1+", 0], dtype=object)),
        ({"type": "bins", "bins": ["0", "1+"], "codes": [7, 8]}, np.array([8, 7], dtype=np.int16)),
    ],
)
def test_cells_as_typed_files_store_them(answer: dict, cells: object) -> None:
    low, _, faults = _read(answer, cells)
    np.testing.assert_array_equal(low, [1, 0])
    assert faults == []


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        ({"type": "any"}, "2"),
        ({"type": "any"}, "yess"),
        ({"type": "zero_one_more"}, "3"),
        ({"type": "zero_one_more"}, "1.5"),
        ({"type": "bins", "bins": ["0", "1-2", "3+"]}, "2"),
        ({"type": "bins", "bins": ["0", "1-2", "3-5"]}, "6"),
        ({"type": "bins", "bins": ["0", "1-2", "3+"], "codes": [1, 2, 3]}, "1-2"),
    ],
)
def test_an_answer_that_is_not_offered_is_a_fault(answer: dict, wrong: str) -> None:
    good = "1" if answer["type"] != "bins" or "codes" in answer else "0"
    low, _, faults = _read(answer, [good, wrong, good])
    assert [where for _, where, _ in faults] == ["s.csv, column q, row 2"]
    assert not np.isnan(low[[0, 2]]).any()


def test_a_top_code_that_looks_like_a_missing_code_is_none() -> None:
    cells = ["0"] * 100 + ["98"] * 20
    assert "stands out" in _read({}, cells)[2][0][0]
    assert _read({"top_code": 98}, cells)[2] == []
    assert "stands out" in _read({"top_code": 998}, cells)[2][0][0]


def test_network_sizes_need_not_be_whole_and_are_above_zero() -> None:
    faults: list = []
    table = Table("s.csv", pd.DataFrame({"q": ["300", "", "150.5", "-9", "99"]}))
    np.testing.assert_array_equal(degree_answers(table, "q", (-9,), faults), [300, NAN, 150.5, NAN, 99])
    assert faults == []
    degree_answers(table, "q", (), faults)
    assert [where for _, where, _ in faults] == ["s.csv, column q, row 4"]


# --- bins -----------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(widths=st.lists(st.integers(1, 12), min_size=2, max_size=8), is_open=st.booleans(), counts=st.data())
def test_a_count_lies_within_the_bin_that_records_it(widths: list[int], is_open: bool, counts: st.DataObject) -> None:
    starts = np.r_[0, np.cumsum(widths)].tolist()
    labels = [str(a) if b == a + 1 else f"{a}-{b - 1}" for a, b in pairwise(starts)]
    if is_open:
        labels[-1] = f"{starts[-2]}+"
    known = counts.draw(st.lists(st.integers(0, 500 if is_open else starts[-1] - 1), min_size=1, max_size=20))
    cells = [labels[np.searchsorted(starts[:-1], count, side="right") - 1] for count in known]
    low, high, faults = _read({"type": "bins", "bins": labels}, cells)
    assert faults == []
    assert ((low <= known) & (known <= high)).all()
    intervals = intervals_of(labels)
    assert [a for a, _ in intervals[1:]] == [b + 1 for _, b in intervals[:-1]]


@pytest.mark.parametrize(
    ("answer", "intervals"),
    [
        ({}, ()),
        ({"top_code": 5}, ()),
        ({"type": "degree"}, ()),
        ({"type": "any"}, ((0, 0), (1, INF))),
        ({"type": "zero_one_more"}, ((0, 0), (1, 1), (2, INF))),
        ({"type": "bins", "bins": ["0-4", "5", "6+"]}, ((0, 4), (5, 5), (6, INF))),
    ],
)
def test_the_intervals_of_a_kind_of_answer(answer: dict, intervals: tuple) -> None:
    assert AnswerSettings(**answer).intervals == intervals


@pytest.mark.parametrize(
    "bins",
    [["1-2", "3+"], ["0", "0-2"], ["0", "2+"], ["0+", "1+"], ["0", "1-"], ["0", "-1"], ["0", "1.5+"], ["0+"], []],
)
def test_bins_that_do_not_cover_the_counts_once_are_refused(bins: list[str]) -> None:
    with pytest.raises(ValueError, match="bin"):
        AnswerSettings(type="bins", bins=tuple(bins))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({}, "count"),
        ({"top_code": 30, "heaped": True, "zero_inflated": True}, "count, 30 or more as one, heaped, zero-inflated"),
        ({"type": "bins", "bins": ["0", "1-2", "3+"]}, "bins, 0, 1-2, 3+"),
        ({"type": "zero_one_more"}, "zero one more"),
    ],
)
def test_a_kind_of_answer_in_words(answer: dict, words: str) -> None:
    assert AnswerSettings(**answer).text == words
