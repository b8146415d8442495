"""Classical estimators: recomputed figures to the printed digit, and closed forms worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from nsum_bayes import Adjustment, scale_up
from nsum_bayes.classical.degrees import estimated_degree
from nsum_bayes.classical.scale_up import killworth_from_totals
from nsum_bayes.data.study import Study
from tests.counted_study import counted_study
from tests.philippines import shared_data
from tests.singapore import singapore_folder, singapore_study

pytestmark = pytest.mark.reference


def estimates_of(study: Study, method: str, **options: object) -> pd.Series:
    table = scale_up(study, [method], replicates=0, **options).figures  # type: ignore[arg-type]
    return table.set_index("group")["estimate"]


# --- the example of the R package networkscaleup 0.1-2, figures recomputed --------------------------------------------


@pytest.fixture(scope="module")
def example() -> Study:
    file = shared_data() / "peers" / "networkscaleup_example_ard.csv"
    if not file.is_file():
        pytest.skip("the peers' example is not part of the project; see NSUM_SHARED_DATA")
    answers = pd.read_csv(file)
    sizes = pd.read_csv(file.with_name("networkscaleup_example_sizes.csv")).set_index("group")["size"].astype(float)
    known = [f"group{number}" for number in (1, 2, 4)]
    hidden = answers[["group3", "group5"]].to_numpy(float)
    return counted_study(answers[known].to_numpy(float), hidden, sizes[known].to_dict(), 1e6)


@pytest.mark.parametrize(
    ("method", "expected"),
    [("killworth_mle", (34976.60030, 20042.77096)), ("killworth_pimle", (31232.10739, 20831.43731))],
)
def test_the_example_of_networkscaleup(example: Study, method: str, expected: tuple[float, float]) -> None:
    assert tuple(estimates_of(example, method).round(5)) == expected


def test_its_degrees_and_what_the_plug_in_estimate_leaves_out(example: Study) -> None:
    degree = estimated_degree(example)
    assert round(float(degree.mean()), 5) == 50.89117
    assert round(float(degree.sum()), 3) == 5089.117
    zero = int((degree == 0).sum())
    assert zero > 0
    rules = scale_up(example, ["killworth_pimle"], replicates=0).rules
    assert any(rule.startswith(f"killworth_pimle: {zero} respondent") and "degree of zero" in rule for rule in rules)


def test_its_binomial_standard_errors(example: Study) -> None:
    total = estimated_degree(example).sum()
    plain = scale_up(example, ["killworth_mle"], replicates=0).table()
    short = scale_up(example, ["killworth_mle"], replicates=0, shorthand=True).table()
    size = plain["estimate"].to_numpy()
    np.testing.assert_allclose(plain["se_binomial"], np.sqrt(size * (1e6 - size) / total), rtol=1e-12)
    np.testing.assert_allclose(short["se_binomial"], np.sqrt(size * 1e6 / total), rtol=1e-12)


# --- sums of columns only ---------------------------------------------------------------------------------------------


def test_column_sums_are_enough_for_the_maximum_likelihood_estimate() -> None:
    groups = [f"group{number}" for number in range(1, 6)]
    totals = dict(zip(groups, (189, 609, 193, 176, 1632), strict=True))
    sizes = dict(zip(groups, (1555, 4683, 1817, 1465, 14134), strict=True))
    result = killworth_from_totals(totals, ["group1", "group2", "group4"], sizes, 1e5)
    assert round(result.loc["group3", "estimate"], 3) == 1526.364
    assert round(result.loc["group5", "estimate"], 2) == 12906.87
    degrees = 1e5 * (189 + 609 + 176) / (1555 + 4683 + 1465)
    expected = math.sqrt(1526.364 * (1e5 - 1526.364) / degrees)
    assert result.loc["group3", "se_binomial"] == pytest.approx(expected, rel=1e-6)


# --- Singapore --------------------------------------------------------------------------------------------------------


def test_singapore() -> None:
    folder = singapore_folder()
    if folder is None:
        pytest.skip("the Singapore survey is not part of the project; see NSUM_SHARED_DATA")
    study = singapore_study(folder)
    sizes = estimates_of(study, "killworth_mle")
    figures = [round(float(sizes[group]), digits) for group, digits in _SINGAPORE_DIGITS.items()]
    assert figures == [44297.43, 41503.90, 4389.835, 8779.67]
    assert round(float(estimated_degree(study).mean()), 2) == 189.83


_SINGAPORE_DIGITS = {"clients": 2, "MSM": 2, "FSW": 3, "PWID": 2}


# --- by hand ----------------------------------------------------------------------------------------------------------

# Three respondents, N = 1,000; known groups of 10 and 40 members: shares 0.01 and 0.04.
KNOWN = np.array([[1.0, 4.0], [2.0, 3.0], [0.0, 0.0]])
SIZES = {"small": 10.0, "large": 40.0}


def by_hand(hidden: list[float], **options: object) -> Study:
    return counted_study(KNOWN, np.array(hidden)[:, None], SIZES, 1000.0, **options)  # type: ignore[arg-type]


def test_methods_by_hand() -> None:
    study = by_hand([2.0, 1.0, 1.0], reported=np.array([80.0, 100.0, 20.0]))
    # Killworth: (1 + 4) / 0.05 = 100, (2 + 3) / 0.05 = 100, 0.
    np.testing.assert_allclose(estimated_degree(study), [100.0, 100.0, 0.0])
    # Mean of sums: (1/0.01 + 4/0.04) / 2 = 100, (200 + 75) / 2 = 137.5, 0.
    np.testing.assert_allclose(estimated_degree(study, "mean_of_sums"), [100.0, 137.5, 0.0])
    assert estimates_of(study, "killworth_mle").item() == pytest.approx(1000 * 4 / 200)
    assert estimates_of(study, "killworth_pimle").item() == pytest.approx(1000 * (2 / 100 + 1 / 100) / 2)
    assert estimates_of(study, "mean_of_sums").item() == pytest.approx(1000 * (2 / 100 + 1 / 137.5) / 2)
    assert estimates_of(study, "summation").item() == pytest.approx(1000 * 4 / 200)
    stated = estimates_of(study, "generalised").item()  # transmission fixed at 0.8, degree ratio left at 1
    assert stated == pytest.approx(20 / 0.8)
    adjusted = estimates_of(study, "generalised", adjust={"hidden_1": Adjustment(0.5, 0.8, 0.9)}).item()
    assert adjusted == pytest.approx(20 * 0.9 / (0.5 * 0.8))


def test_weights_and_missing_answers_by_hand() -> None:
    known = KNOWN.copy()
    known[1, 1] = np.nan  # its degree is then 2 / 0.01 = 200
    hidden = np.array([[2.0, np.nan], [1.0, 1.0], [1.0, 3.0]])
    study = counted_study(known, hidden, SIZES, 1000.0, design={"weight": np.array([1.0, 2.0, 4.0])})
    size = estimates_of(study, "killworth_mle")
    assert size["hidden_1"] == pytest.approx(1000 * (2 + 2 + 4) / (100 + 2 * 200))
    assert size["hidden_2"] == pytest.approx(1000 * (2 + 12) / (2 * 200))  # the first respondent is left out
    rules = scale_up(study, ["killworth_mle"], replicates=0).rules
    assert "1 answer about known groups missing: a respondent's degree uses the groups answered." in rules
    assert "hidden_2: 1 missing answer left out of this group's sums." in rules


def test_the_linearised_error_by_hand() -> None:
    # Two strata of two units of one respondent; every degree is 100, so z_i = w_i (y_i − p d_i) / Σ w d.
    known = np.tile([1.0, 4.0], (4, 1))
    design = {"stratum": np.array(["a", "a", "b", "b"]), "unit": np.array(["1", "2", "1", "2"])}
    study = counted_study(known, np.array([[1.0], [3.0], [0.0], [4.0]]), SIZES, 1000.0, design=design)
    row = scale_up(study, ["killworth_mle"], replicates=4000).figures.iloc[0]
    # p = 8 / 400; in stratum a residuals −1, 1 and in b −2, 2: 2/(2 − 1) · (1 + 1 + 4 + 4) / 400².
    assert row["se"] == pytest.approx(1000 * math.sqrt(20) / 400)
    # Denominators are constant, so the bootstrap's standard error is the same but for 4,000 replicates.
    assert row["se_bootstrap"] == pytest.approx(row["se"], rel=4 / math.sqrt(2 * 4000))


def test_each_area_is_held_against_its_own_sizes() -> None:
    area = np.array(["01", "01", "02"])
    known = pd.DataFrame({"group": ["teachers"] * 2, "area": ["01", "02"], "size": [10.0, 60.0]})
    people = {"01": 1000.0, "02": 3000.0}
    study = counted_study(
        np.array([[1.0], [2.0], [4.0]]),
        np.array([[1.0], [1.0], [2.0]]),
        {"teachers": 0.0},
        people,
        area=area,
        known_table=known,
    )
    # Shares 0.01 and 0.02: degrees 100, 200, 200.
    table = scale_up(study, ["killworth_mle"], ["area", "nation"], replicates=0).figures.set_index("unit")
    assert table.loc["01", "estimate"] == pytest.approx(1000 * 2 / 300)
    assert table.loc["02", "estimate"] == pytest.approx(3000 * 2 / 200)
    assert table.loc["nation", "estimate"] == pytest.approx(4000 * 4 / 500)


def test_a_frame_wider_than_the_area_uses_the_sizes_of_the_frame() -> None:
    area = np.array(["01", "01", "02"])
    by_area = pd.DataFrame({"group": ["teachers"] * 2, "area": ["01", "02"], "size": [10.0, 60.0]})
    answers = (np.array([[1.0], [2.0], [4.0]]), np.array([[1.0], [1.0], [2.0]]), {"teachers": 0.0})
    people = {"01": 1000.0, "02": 3000.0}
    study = counted_study(*answers, people, area=area, known_table=by_area, frame="nation")
    assert estimates_of(study, "killworth_mle").item() == pytest.approx(4 / (7 / 70))
    stated = pd.concat([by_area, pd.DataFrame({"group": ["teachers"], "area": [""], "size": [80.0]})])
    study = counted_study(*answers, people, area=area, known_table=stated, frame="nation")
    assert estimates_of(study, "killworth_mle").item() == pytest.approx(4 / (7 / 80))
