"""Classical estimators: what must not change them, what is refused, and what is withheld."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsum_bayes import Adjustment, ModelError, ReleaseError, Study, Suppression, scale_up
from nsum_bayes.classical.degrees import estimated_degree
from nsum_bayes.classical.scale_up import killworth_from_totals
from nsum_bayes.data.sampling import sampling_design
from tests.counted_study import counted_study

SIZES = {"small": 10.0, "large": 40.0}
FIGURES = ["estimate", "se", "lower", "upper", "se_bootstrap", "se_binomial", "degree_mean"]


def drawn(seed: int, *, size: int = 24, factor: float = 1.0, order: np.ndarray | None = None, scale: int = 1) -> Study:
    """A survey of two strata of four units; weights times ``factor``, sizes and people times ``scale``."""
    rng = np.random.default_rng(seed)
    known = rng.poisson([2.0, 8.0], (size, 2)).astype(float)
    hidden = rng.poisson(1.5, (size, 1)).astype(float)
    known[0, 0], hidden[1, 0] = np.nan, np.nan
    design = {
        "stratum": np.repeat(["north", "south"], size // 2),
        "unit": np.repeat(np.arange(8), size // 8).astype(str),
        "weight": rng.uniform(0.5, 2.0, size) * factor,
    }
    order = np.arange(size) if order is None else order
    return counted_study(
        known[order],
        hidden[order],
        {group: size * scale for group, size in SIZES.items()},
        1000.0 * scale,
        design={role: values[order] for role, values in design.items()},
        reported=rng.uniform(50, 500, size)[order],
    )


def figures(study: Study) -> np.ndarray:
    return scale_up(study, replicates=100).figures[FIGURES].to_numpy(float)


# --- what must not change them ----------------------------------------------------------------------------------------

seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_the_order_of_respondents_changes_nothing(seed: int) -> None:
    order = np.random.default_rng(seed).permutation(24)
    np.testing.assert_allclose(figures(drawn(seed, order=order)), figures(drawn(seed)), rtol=1e-9)


@settings(max_examples=15, deadline=None)
@given(seeds, st.floats(0.01, 100.0))
def test_the_scale_of_weights_changes_nothing(seed: int, factor: float) -> None:
    np.testing.assert_allclose(figures(drawn(seed, factor=factor)), figures(drawn(seed)), rtol=1e-9)


@settings(max_examples=15, deadline=None)
@given(seeds, st.integers(2, 1000))
def test_sizes_and_people_scale_the_estimate_and_its_errors(seed: int, scale: int) -> None:
    few, many = (scale_up(drawn(seed, scale=s), replicates=100).figures for s in (1, scale))
    for column in ("estimate", "se", "lower", "upper", "se_bootstrap", "se_binomial"):
        np.testing.assert_allclose(many[column], scale * few[column], rtol=1e-9)
    np.testing.assert_allclose(many["degree_mean"], few["degree_mean"], rtol=1e-9)


def test_column_sums_agree_with_the_answers() -> None:
    study = counted_study(np.array([[1.0, 4.0], [2.0, 3.0]]), np.array([[2.0], [1.0]]), SIZES, 1000.0)
    row = scale_up(study, ["killworth_mle"], replicates=0).figures.iloc[0]
    totals = killworth_from_totals({"small": 3, "large": 7, "hidden_1": 3}, ["small", "large"], SIZES, 1000.0)
    assert totals.loc["hidden_1", "estimate"] == pytest.approx(row["estimate"])
    assert totals.loc["hidden_1", "se_binomial"] == pytest.approx(row["se_binomial"])


def test_a_seed_gives_the_same_interval_and_another_seed_another() -> None:
    study = drawn(1)
    one, same, other = (scale_up(study, replicates=100, seed=seed).figures["lower"] for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).all()


# --- the design -------------------------------------------------------------------------------------------------------


def strata_of(labels: list[str], rule: str = "collapse") -> Any:
    study = drawn(3, size=len(labels) * 8)
    survey = replace(study.survey, design=pd.DataFrame({"stratum": np.repeat(labels, 8)}))
    units = np.repeat([str(number) for number in range(len(labels))], 8)
    return sampling_design(replace(survey, design=survey.design.assign(unit=units)), rule)


def test_strata_of_one_unit_are_collapsed_together() -> None:
    design = strata_of(["a", "a", "b", "c"])
    assert design.stratum.tolist() == [0, 0, 1, 1]
    assert design.rules[1] == "2 strata have one sampling unit: these were collapsed into one stratum for the errors."


@pytest.mark.parametrize(("labels", "expected"), [("aab", [0, 0, 0]), ("abb", [1, 1, 1]), ("aabcc", [0, 0, 2, 2, 2])])
def test_a_single_one_is_joined_to_its_neighbour(labels: str, expected: list[int]) -> None:
    design = strata_of(list(labels))
    assert design.stratum.tolist() == expected
    assert "joined to the next stratum" in design.rules[1]


def test_a_unit_taken_with_certainty_has_no_variance_and_keeps_its_weight() -> None:
    design = strata_of(["a", "a", "b"], "certainty")
    assert design.stratum.tolist() == [0, 0, -1]
    assert "with certainty" in design.rules[1]
    assert design.variance(np.array([[0.0], [0.0], [7.0]])).item() == 0
    assert (design.multipliers(50, np.random.default_rng(1))[:, 2] == 1).all()


def test_multipliers_keep_the_weight_of_each_stratum() -> None:
    design = sampling_design(drawn(2).survey)
    factor = design.multipliers(200, np.random.default_rng(1))
    np.testing.assert_allclose(factor[:, :4].sum(axis=1), 4.0)
    np.testing.assert_allclose(factor[:, 4:].sum(axis=1), 4.0)
    assert factor.min() == 0


def test_one_unit_alone_has_an_estimate_and_no_error() -> None:
    study = drawn(4)
    survey = replace(study.survey, design=pd.DataFrame({"unit": ["1"] * len(study.survey)}))
    row = scale_up(replace(study, survey=survey), ["killworth_mle"]).figures.iloc[0]
    assert row["estimate"] > 0
    assert row[["se", "lower", "upper", "se_bootstrap"]].isna().all()
    assert row["note"] == "one sampling unit: no error can be told"


def test_without_a_design_it_says_so() -> None:
    study = counted_study(np.ones((12, 2)), np.ones((12, 1)), SIZES, 1000.0)
    rules = scale_up(study).rules
    assert any(rule.startswith("Errors: simple random sampling of 12 respondents, unweighted") for rule in rules)


# --- odd data ---------------------------------------------------------------------------------------------------------


def test_a_group_nobody_knows_has_no_error() -> None:
    study = counted_study(np.ones((12, 2)), np.column_stack([np.zeros(12), np.ones(12)]), SIZES, 1000.0)
    none, some = scale_up(study, ["killworth_mle"]).figures.to_dict("records")
    assert none["estimate"] == 0
    assert np.isnan([none["se"], none["lower"], none["upper"], none["se_binomial"]]).all()
    assert none["note"].startswith("no member reported")
    assert some["estimate"] > 0


def test_respondents_without_a_degree_are_left_out_and_counted() -> None:
    known = np.ones((12, 2))
    known[:2] = np.nan
    study = counted_study(known, np.ones((12, 1)), SIZES, 1000.0)
    estimates = scale_up(study, ["killworth_mle"])
    assert estimates.figures["respondents"].item() == 10
    assert "killworth_mle: 2 respondents without an answer that tells a degree were left out." in estimates.rules


def test_a_degree_of_zero_is_kept_or_left_out_as_the_method_needs_and_said_so() -> None:
    known = np.ones((12, 2))
    known[0] = 0
    study = counted_study(known, np.ones((12, 1)), SIZES, 1000.0)
    estimates = scale_up(study, ["killworth_mle", "killworth_pimle"])
    who = "1 respondent with an estimated degree of zero was"
    assert f"killworth_mle: {who} kept: the answers about hidden groups count." in estimates.rules
    assert f"killworth_pimle: {who} left out." in estimates.rules
    assert estimates.figures["respondents"].tolist() == [12, 11]
    # Each other degree is 2 / 0.05 = 40.
    assert estimates.figures["estimate"].tolist() == pytest.approx([1000 * 12 / (11 * 40), 1000 / 40])


def test_reported_degrees_replace_known_groups() -> None:
    reported = np.array([100.0] * 11 + [np.nan])
    hidden = np.array([[2.0]] * 11 + [[50.0]])
    study = counted_study(np.ones((12, 0)), hidden, {}, 1000.0, reported=reported)
    table = scale_up(study).table()
    assert table["method"].tolist() == ["summation"]
    assert table["respondents"].item() == 11
    assert table["estimate"].item() == pytest.approx(20.0)
    assert scale_up(study, ["generalised"]).table()["estimate"].item() == pytest.approx(25.0)


def binned() -> Study:
    kinds = {"small": {"type": "any"}, "hidden_1": {"type": "bins", "bins": ["0", "1-3", "4+"]}}
    known = np.array([["yes", "4"], ["no", "4"]] * 6, dtype=object)
    return counted_study(known, np.array([["1-3"], ["4+"]] * 6, dtype=object), SIZES, 1000.0, answers=kinds)


def test_answers_that_are_no_counts_are_refused() -> None:
    with pytest.raises(ModelError, match="18 answers about 'small' and 'hidden_1' are intervals") as error:
        scale_up(binned(), ["killworth_mle"])
    assert "treat_as_exact" in error.value.advice


def test_or_taken_for_counts_and_said_so() -> None:
    estimates = scale_up(binned(), ["killworth_mle"], treat_as_exact=True)
    # Middle of 1-3 is 2, 4+ counts as 4; yes counts as one; degrees are 5 / 0.05 and 4 / 0.05.
    assert estimates.figures["estimate"].item() == pytest.approx(1000 * (2 + 4) / (100 + 80))
    assert "treated as exact" in " ".join(estimates.rules)


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"methods": ["killworth"]}, r"There is no classical method 'killworth'\. Did you mean 'killworth_mle'\?"),
        ({"levels": ["nations"]}, r"The study has no level 'nations'\. Did you mean 'nation'\?"),
        ({"levels": []}, "No level is asked for"),
        ({"replicates": 99}, "99 replicates are too few"),
        ({"lone_units": "colapse"}, "Did you mean 'collapse'"),
        ({"methods": ["generalised"], "adjust": {"hiden_1": Adjustment()}}, "Did you mean 'hidden_1'"),
    ],
)
def test_a_wrong_choice_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        scale_up(drawn(5), **options)


@pytest.mark.parametrize(
    "numbers", [(0.0, 1.0, 1.0), (1.0, 1.1, 1.0), (1.0, 1.0, 0.0), (float("inf"), 1, 1), (1, float("nan"), 1)]
)
def test_an_adjustment_out_of_range_is_refused(numbers: tuple[float, float, float]) -> None:
    with pytest.raises(ModelError, match="must be above zero"):
        Adjustment(*numbers)


def test_a_method_that_the_survey_cannot_feed_is_refused() -> None:
    counts = counted_study(np.ones((2, 2)), np.ones((2, 1)), SIZES, 1000.0)
    with pytest.raises(ModelError, match="not asked how many people they know"):
        scale_up(counts, ["summation"])
    reports = counted_study(np.ones((2, 0)), np.ones((2, 1)), {}, 1000.0, reported=np.array([100.0, 50.0]))
    with pytest.raises(ModelError, match="no group of known size"):
        scale_up(reports, ["killworth_mle"])
    with pytest.raises(ModelError, match=r"There is no degree estimate 'reports'\. Did you mean 'reported'"):
        estimated_degree(reports, "reports")


def test_a_frame_wider_than_the_area_gives_no_figure_of_an_area() -> None:
    study = counted_study(
        np.ones((2, 2)),
        np.ones((2, 1)),
        SIZES,
        {"01": 1000.0, "02": 500.0},
        area=np.array(["01", "02"]),
        frame="nation",
    )
    with pytest.raises(ModelError, match="frame 'nation' do not tell of a single area"):
        scale_up(study, levels=["area"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({"a": 1, "h": 1}, ["a", "b"], {"a": 5, "b": 5}, 100), "no total of 'b'"),
        (({"a": 1, "h": 1}, ["a"], {}, 100), "no size of 'a'"),
        (({"a": 1, "h": 1}, [], {}, 100), "no known group"),
        (({"a": 0, "h": 1}, ["a"], {"a": 5}, 100), "are zero"),
    ],
)
def test_totals_that_tell_no_degree_are_refused(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        killworth_from_totals(*arguments)


# --- what is withheld -------------------------------------------------------------------------------------------------


def by_area(*, synthetic: bool = False) -> Study:
    """Nine respondents in one area, twelve in the other."""
    area = np.repeat(["01", "02"], [9, 12])
    return counted_study(
        np.ones((21, 2)), np.ones((21, 1)), SIZES, {"01": 1000.0, "02": 500.0}, area=area, synthetic=synthetic
    )


def test_fewer_than_ten_respondents_show_no_figure() -> None:
    estimates = scale_up(by_area(), ["killworth_mle"], ["area", "nation"])
    table = estimates.table().set_index("unit")
    assert table.loc["01", FIGURES].isna().all()
    assert table.loc["01", "note"] == "suppressed: too few respondents"
    assert table.loc["02", "estimate"] > 0
    assert estimates.figures["estimate"].notna().all()
    assert estimates.table("area", Suppression(min_respondents=13))["estimate"].isna().all()
    assert "simulated" not in table


def test_simulated_answers_on_real_places_show_the_nation_only() -> None:
    estimates = scale_up(by_area(synthetic=True), ["killworth_mle"], ["area", "nation"])
    assert estimates.table()["level"].tolist() == ["nation"]
    assert estimates.table()["simulated"].all()
    with pytest.raises(ReleaseError, match="invented figures for real places"):
        estimates.table("area")
    with pytest.raises(ReleaseError, match="invented figures for real places"):
        scale_up(by_area(synthetic=True), ["killworth_mle"], ["area"]).table()
    assert replace(estimates, fictional_places=True).table()["level"].tolist() == ["area", "area", "nation"]


def test_a_level_that_was_not_estimated_is_named() -> None:
    estimates = scale_up(by_area(), ["killworth_mle"])
    with pytest.raises(ReleaseError, match="The level 'area' was not estimated"):
        estimates.table("area")
    assert repr(estimates) == "ClassicalEstimates('Counted': 1 method, levels nation)"
