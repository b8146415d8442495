"""From counts to records in the story: heaping, silence, coarse records, reported sizes and members' contacts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nsum_bayes.model.simulate import simulate
from nsum_bayes.model.story import draw_parameters, reported_shares
from nsum_bayes.model.story_measurement import reported, side_draws
from nsum_bayes.model.study_design import Contacts, StudyDesign, design_of
from tests.made_up import HIDDEN, KNOWN, assert_mean, assert_variance, frame_of, model, study_of

GROUPS = (*KNOWN, "held", "sold")
ANSWERS: dict[str, dict[str, Any]] = {
    "teachers": {"top_code": 4},
    "twins": {"type": "bins", "bins": ["0", "1-2", "3-5", "6+"]},
    "police": {"type": "any"},
    "bakers": {"type": "zero_one_more"},
    "held": {"heaped": True},
    "sold": {"zero_inflated": True},
}


def questions(answers: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"column": f"q_{group}", "group": group, "answer": answers.get(group, {})} for group in GROUPS]


@pytest.fixture(scope="module")
def design() -> StudyDesign:
    return design_of(study_of(settings={"question": questions(ANSWERS)})[0])


# --- records --------------------------------------------------------------------------------------------------------


def test_coarse_records_are_the_lowest_number_allowed(design):
    counts = np.tile(np.arange(9.0)[:, None], 6)
    told = reported(counts, design, {"zero_inflation": np.zeros(1)}, np.random.default_rng(1))
    assert told[:, 0].tolist() == [0, 1, 2, 3, 4, 4, 4, 4, 4]
    assert told[:, 1].tolist() == [0, 1, 1, 3, 3, 3, 6, 6, 6]
    assert told[:, 2].tolist() == [0, 1, 1, 1, 1, 1, 1, 1, 1]
    assert told[:, 3].tolist() == [0, 1, 2, 2, 2, 2, 2, 2, 2]
    np.testing.assert_array_equal(told[:, 5], counts[:, 5])


def test_heaped_answers_are_rounded_half_up_and_never_to_zero(design):
    """By hand: to the nearest five 0 1 2 5 5 5 5 5 10, to the nearest ten 5 and 12 and 15 are 10, 10 and 20."""
    counts = np.tile(np.array([0.0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 15])[:, None], 6)
    expected = {
        0: counts[:, 4].tolist(),
        1: [0, 1, 2, 5, 5, 5, 5, 5, 10, 10, 15, 15],
        2: [0, 1, 2, 3, 4, 10, 10, 10, 10, 10, 10, 20],
    }
    for habit, wanted in expected.items():
        told = reported(counts, design, {"heaping": np.eye(3)[habit]}, np.random.default_rng(1))
        assert told[:, 4].tolist() == wanted
        np.testing.assert_array_equal(told[:, 5], counts[:, 5])


def test_habits_of_rounding_come_at_their_shares(design):
    counts = np.full((20_000, 6), 13.0)
    told = reported(counts, design, {"heaping": np.array([0.5, 0.3, 0.2])}, np.random.default_rng(1))[:, 4]
    for number, share in {13: 0.5, 15: 0.3, 10: 0.2}.items():
        assert_mean((told == number).astype(float), share)


def test_silent_answers_are_zero_at_their_share_and_only_where_asked(design):
    counts = np.full((20_000, 6), 3.0)
    told = reported(counts, design, {"zero_inflation": np.array([0.25])}, np.random.default_rng(1))
    assert_mean((told[:, 5] == 0).astype(float), 0.25)
    assert set(np.unique(told[:, 5])) == {0.0, 3.0}
    assert np.all(told[:, 4] == 3.0)


def test_heaping_comes_before_a_top_code_and_after_silence():
    answers = {"held": {"heaped": True, "top_code": 10, "zero_inflated": True}}
    design = design_of(study_of(settings={"question": questions(answers)})[0])
    counts = np.full((4000, 6), 8.0)
    habits = {"heaping": np.array([0.0, 1.0, 0.0]), "zero_inflation": np.array([0.5])}
    told = reported(counts, design, habits, np.random.default_rng(1))[:, 4]
    assert set(np.unique(told)) == {0.0, 10.0}  # eight is rounded to ten, the top code; a silent zero stays zero
    assert_mean((told == 0).astype(float), 0.5)


def test_habits_follow_their_priors(design):
    spec = model(
        measurement={
            "heaping": {"prior": "dirichlet", "weights": [2.0, 1.0, 1.0]},
            "zero_inflation": {"prior": "beta", "mean": 0.3, "sd": 0.1},
        }
    )
    draws = [draw_parameters(spec, design, np.random.default_rng([1, n])) for n in range(2000)]
    assert_mean(np.array([draw["heaping"] for draw in draws]), [0.5, 0.25, 0.25])
    silent = np.array([draw["zero_inflation"] for draw in draws])
    assert_mean(silent, 0.3)
    assert_variance(silent, 0.1**2)
    assert "report_sd" not in draws[0]


def test_a_study_of_plain_counts_has_no_habits():
    drawn = draw_parameters(model(), design_of(study_of()[0]), np.random.default_rng(1))
    assert not {"heaping", "zero_inflation", "report_sd", "report_bias"} & set(drawn)


# --- reported network sizes -----------------------------------------------------------------------------------------

SIZE_QUESTION = {"column": "q_size", "answer": {"type": "degree"}}


def nobody() -> pd.DataFrame:
    return pd.DataFrame({"group": pd.Series(dtype=str), "area": "", "size": pd.Series(dtype=float)})


def test_reported_sizes_scatter_about_the_degree_and_their_common_error():
    design = design_of(study_of(settings={"question": [*questions({}), SIZE_QUESTION]})[0])
    given = {"log_degree": 5.0, "report_sd": 0.3, "report_bias": -0.4}
    drawn = draw_parameters(model(), design, np.random.default_rng(1), given)
    shares = reported_shares(design, drawn)[:, :4]
    told = [side_draws(model(), design, drawn, shares, np.random.default_rng([1, n])) for n in range(400)]
    logs = np.log(np.concatenate([draw["reported_degree"] for draw in told]))
    assert_mean(logs, 5.0 - 0.4)
    assert_variance(logs, 0.3**2)


def test_the_common_error_is_told_by_known_groups_or_widens_the_hidden_bias():
    """Without known groups a hidden group's bias is sd wide and not √(1 + 1/K) sd, and the common error is on top."""
    spec = model(measurement={"report_bias_sd": 0.4})
    known = design_of(study_of(settings={"question": [*questions({}), SIZE_QUESTION]})[0])
    asked = [{"column": f"q_{group}", "group": group} for group in ("held", "sold")]
    alone = design_of(study_of(known=nobody(), settings={"question": [*asked, SIZE_QUESTION]})[0])
    with_known, without = (
        [draw_parameters(spec, d, np.random.default_rng([1, n]), {"bias_sd": 0.3}) for n in range(3000)]
        for d in (known, alone)
    )
    common = np.array([draw["report_bias"] for draw in with_known])
    assert_mean(common, 0.0)
    assert_variance(common, 0.4**2)
    assert "report_bias" not in without[0]
    bias = np.array([draw["hidden_bias"] for draw in without])
    assert_variance(bias, 0.3**2 + 0.4**2)
    centred = bias - bias.mean(axis=0)
    assert_mean(centred[:, 0] * centred[:, 1], 0.4**2)


# --- members' contacts ----------------------------------------------------------------------------------------------


def with_contacts(**choices: Any) -> tuple[Any, Any]:
    table = pd.DataFrame({"contacts": [12, 30, 7, 20], "aware": 0, "teachers": 1.0, "twins": [0.0, 1.0, np.nan, 1.0]})
    told = {"side_data": "members.csv", "reason": "test"}
    held = {"group": "held", "denominator": "adults", "transmission": told, "degree_ratio": told}
    given = {"known": KNOWN, "hidden": (held, HIDDEN[1]), "respondents_per_area": 6, "surveyed": 8, "seed": 1}
    return simulate(model(**choices), frame_of(), **given, side_data={"members.csv": table})


def many_members(design: StudyDesign, count: int) -> StudyDesign:
    table = design.contacts[0]
    crowd = replace(table, contacts=np.full(count, 20), answered=np.ones((count, len(table.known)), dtype=bool))
    return replace(design, contacts=(crowd,))


def test_side_data_keep_their_contacts_and_gaps():
    study, truth = with_contacts()
    table = study.contacts["held"]
    assert table["contacts"].tolist() == [12, 30, 7, 20]
    assert (table["aware"] <= table["contacts"]).all()
    assert table["aware"].sum() > 0
    assert table["twins"].isna().tolist() == [False, False, True, False]
    assert isinstance(design_of(study).contacts[0], Contacts)
    assert 0 < truth.parameters["transmission"][0] < 1


def test_aware_contacts_come_at_the_transmission_and_vary_between_members():
    """Variance of n Beta-binomial contacts: n τ (1 − τ) (1 + (n − 1) ρ); ρ ~ Beta(1, 4) has mean 0.2."""
    study, _ = with_contacts()
    design = many_members(design_of(study), 2)
    drawn = draw_parameters(model(), design, np.random.default_rng(1), {"transmission": [0.3, 0.5]})
    shares = reported_shares(design, drawn)[:, :4]
    told = [side_draws(model(), design, drawn, shares, np.random.default_rng([1, n])) for n in range(6000)]
    correlation = np.array([draw["awareness_correlation"] for draw in told])
    aware = np.array([draw["aware_held"] for draw in told])
    assert_mean(correlation, 0.2)
    assert_variance(correlation, 4 / (25 * 6))
    assert_mean(aware, 20 * 0.3)
    assert_mean((aware - 6.0) ** 2 - 20 * 0.21 * (1 + 19 * correlation), 0.0)


@pytest.mark.parametrize(
    ("counts", "given", "extra"),
    [
        ({"kind": "poisson"}, {}, lambda mean: mean),
        (model().counts.model_dump(), {"overdispersion": 1.5}, lambda mean: 2.5 * mean),
        (
            {"kind": "nb2", "size": {"prior": "half_normal", "sd": 1.0}},
            {"size": 0.8},
            lambda mean: mean + mean**2 / 0.8,
        ),
    ],
)
def test_members_answer_with_networks_of_their_own_size(counts, given, extra):
    study, _ = with_contacts()
    design, spec = many_members(design_of(study), 20_000), model(counts=counts)
    still = {"degree_mean": 5.0, "degree_sd": 0.3, "degree_ratio": [0.6, 1.0], "bias_sd": 0.0, "deviation_sd": 0.0}
    drawn = draw_parameters(spec, design, np.random.default_rng(1), {**still, **given})
    shares = reported_shares(design, drawn)[:, :4]
    told = side_draws(spec, design, drawn, shares, np.random.default_rng(2))
    log_degree = told["member_degree_held"]
    assert_mean(log_degree, 5.0 + np.log(0.6))
    assert_variance(log_degree, 0.3**2)
    answers = told["member_answers_held"].reshape(20_000, 2)
    mean = np.exp(log_degree)[:, None] * shares[0, :2]
    assert_mean(answers - mean, 0.0)
    assert_mean((answers - mean) ** 2 - extra(mean), 0.0)


def test_a_model_without_transmission_has_no_use_for_side_data():
    study, _ = with_contacts()
    spec = model(transmission={"kind": "none", "reason": "test"})
    design = design_of(study)
    drawn = draw_parameters(spec, design, np.random.default_rng(1))
    assert side_draws(spec, design, drawn, reported_shares(design, drawn)[:, :4], np.random.default_rng(1)) == {}
