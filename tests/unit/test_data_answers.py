"""Counts of people known: missing cells, missing codes, and codes nobody declared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nsum_bayes.data.answers import count_answers, spikes
from nsum_bayes.data.columns import Table


def _read(cells: list[object], missing: tuple[int, ...] = ()) -> tuple[np.ndarray, list]:
    faults: list = []
    return count_answers(Table("s.csv", pd.DataFrame({"q": cells})), "q", missing, (), faults), faults


def test_empty_cells_and_declared_codes_are_missing() -> None:
    answers, faults = _read(["3", "", "NA", " 4 ", "98", "-9", "n/a", "5.0"], missing=(98, -9))
    np.testing.assert_array_equal(answers, [3, np.nan, np.nan, 4, np.nan, np.nan, np.nan, 5])
    assert faults == []


@pytest.mark.parametrize("cells", [[1, 2, None], [1.0, 2.0, np.nan], pd.array([1, 2, None], dtype="Int64")])
def test_typed_columns_are_read_as_they_are(cells: list[object]) -> None:
    answers, faults = _read(list(cells))
    np.testing.assert_array_equal(answers, [1, 2, np.nan])
    assert faults == []


@pytest.mark.parametrize("cell", ["inf", "3 or 4", "1,000", "ten", "True"])
def test_what_is_no_number_is_a_fault(cell: str) -> None:
    _, faults = _read(["1", cell])
    assert faults[0][1] == "s.csv, column q, row 2"
    assert cell not in " ".join(faults[0][:2]).replace("s.csv", "")


@pytest.mark.parametrize("code", [88, 98, 99, 999])
def test_a_spike_is_found(code: int) -> None:
    answers = np.r_[np.random.default_rng(1).poisson(3.0, 200), np.full(4, code)].astype(float)
    assert spikes(answers) == [code]
    assert spikes(answers, allowed=(code,)) == []


def test_two_codes_do_not_hide_each_other() -> None:
    answers = np.r_[np.random.default_rng(1).poisson(3.0, 200), np.full(30, 98), np.full(40, 99)].astype(float)
    assert spikes(answers) == [98, 99]


@pytest.mark.parametrize("copies", [1, 2])
def test_one_or_two_such_answers_are_no_spike(copies: int) -> None:
    assert spikes(np.r_[np.zeros(200), np.full(copies, 99.0)]) == []


@pytest.mark.parametrize("respondents", [200, 2000, 20000])
def test_a_common_group_near_the_code_is_no_spike(respondents: int) -> None:
    answers = np.random.default_rng(2).poisson(95.0, respondents).astype(float)
    assert spikes(answers) == []


def test_heaping_at_a_hundred_is_no_spike_at_ninety_nine() -> None:
    answers = np.r_[np.random.default_rng(3).poisson(3.0, 500), np.full(25, 100.0), [99.0, 98.0]]
    assert spikes(answers) == []


def test_a_smooth_heavy_tail_sets_off_no_alarm() -> None:
    rng = np.random.default_rng(4)
    alarms = 0
    for _ in range(300):
        degree = np.exp(rng.normal(5.5, 1.0, 1000))
        mean = degree * 10 ** rng.uniform(-3.5, -0.5)
        alarms += bool(spikes(rng.negative_binomial(1.0, 1 / (1 + mean)).astype(float)))
    # Fifteen codes at a chance of 1e-5 each give 0.045 alarms expected in 300 columns; three or more would be a bug.
    assert alarms <= 2
