"""Biases by kind and size, joint transmission, linked hidden groups and wider frames in the story."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nsum_bayes.errors import ModelError
from nsum_bayes.model import spec as sp
from nsum_bayes.model.story import draw_parameters, reported_shares
from nsum_bayes.model.story_draws import Values
from nsum_bayes.model.study_design import StudyDesign, design_of
from tests.made_up import KNOWN, assert_mean, assert_variance, frame_of, model, study_of

BIAS = {"sd": {"prior": "half_normal", "sd": 0.5}}
KINDS = {**BIAS, "kind_sd": {"prior": "half_normal", "sd": 0.5}}
RECALL = {**BIAS, "recall": {"prior": "normal", "sd": 0.2}}
GROUPS = (*KNOWN, "held", "sold")


def asked(kinds: Mapping[str, str]) -> StudyDesign:
    questions = [{"column": f"q_{g}", "group": g, **({"kind": kinds[g]} if g in kinds else {})} for g in GROUPS]
    return design_of(study_of(settings={"question": questions})[0])


def drawn_of(spec: sp.ModelSpec, design: StudyDesign, seed: int = 1, **given: Any) -> Values:
    return draw_parameters(spec, design, np.random.default_rng(seed), given)


def many(spec: sp.ModelSpec, design: StudyDesign, name: str, times: int = 1500, **given: Any) -> np.ndarray:
    return np.array([draw_parameters(spec, design, np.random.default_rng([1, n]), given)[name] for n in range(times)])


# --- bias -----------------------------------------------------------------------------------------------------------


def test_effects_of_kinds_enter_every_group_of_the_kind():
    design = asked({"teachers": "work", "police": "work", "twins": "trait", "held": "work", "sold": "event"})
    given = {"bias_sd": 0.0, "kind_sd": 0.4, "kind_effect": [0.3, -0.5]}
    drawn = drawn_of(model(bias=KINDS), design, **given)
    # Kinds in alphabetical order: trait 0.3, work −0.5; bakers state none.
    by_group = np.array([-0.5, 0.3, -0.5, 0.0])
    np.testing.assert_allclose(drawn["known_bias"], by_group - by_group.mean())
    np.testing.assert_allclose(drawn["hidden_bias"][0], -0.5 - by_group.mean())
    fresh = many(model(bias=KINDS), design, "hidden_bias", **given)[:, 1]
    assert_mean(fresh, -by_group.mean())
    assert_variance(fresh, 0.4**2)


def test_a_hidden_group_without_a_kind_has_no_effect_of_one():
    design = asked({"teachers": "work", "twins": "trait"})
    drawn = drawn_of(model(bias=KINDS), design, bias_sd=0.0, kind_effect=[0.4, 0.8])
    np.testing.assert_allclose(drawn["hidden_bias"], -(0.4 + 0.8) / 4)


def test_effects_of_kinds_have_their_spread_and_none_exist_without_kinds():
    effect = many(model(bias=KINDS), asked({"teachers": "work", "twins": "trait"}), "kind_effect", kind_sd=0.3)
    assert effect.shape == (1500, 2)
    assert_variance(effect, 0.3**2)
    assert "kind_sd" not in drawn_of(model(bias=KINDS), asked({}))


def test_recall_is_a_slope_on_the_log_size():
    design = asked({})
    drawn = drawn_of(model(bias=RECALL), design, bias_sd=0.0, recall=-0.3)
    logs = np.log(design.sizes.point_share[design.sizes.row]).mean(axis=0)
    np.testing.assert_allclose(drawn["known_bias"], -0.3 * (logs - logs.mean()))
    # Known and hidden groups lie on one line: bias by the log of the true share of everyone.
    share = np.log(drawn["prevalence"]) + np.log(design.denominator_share)
    bias = -0.3 * (share - logs.mean()) + drawn["hidden_bias"]
    factor = np.log(drawn["transmission"] * drawn["degree_ratio"])
    np.testing.assert_allclose(drawn["log_rate"], np.log(drawn["prevalence"]) + factor + bias)


# --- transmission ---------------------------------------------------------------------------------------------------


def test_a_models_prior_of_transmission_replaces_the_statement_and_moves_the_intercept():
    spec = model(transmission={"kind": "joint", "prior": {"prior": "beta", "mean": 0.3, "sd": 0.1}})
    design = asked({})
    transmission = many(spec, design, "transmission")
    assert_mean(transmission, 0.3)
    assert_variance(transmission, 0.1**2)
    # The model's Normal(−5, 1) is now of the true share.
    true = many(spec, design, "prevalence_intercept")
    assert_mean(true, -5.0)
    assert_variance(true, 1.0)


def test_without_it_the_intercept_is_of_the_reported_rate_inside_or_outside():
    for kind in ("study", "joint"):
        rate = many(model(transmission={"kind": kind}), asked({}), "rate_intercept")
        assert_mean(rate, -5.0)
        assert_variance(rate, 1.0)


# --- links ----------------------------------------------------------------------------------------------------------

LINK = {
    "group": "sold",
    "of": "held",
    "mean": {"prior": "lognormal", "median": 1.5, "log_sd": 0.3, "reason": "test"},
}
LINKED = {"transmission": {"kind": "joint"}, "link": {"deviation_sd": {"prior": "half_normal", "sd": 0.3}}}


@pytest.fixture(scope="module")
def linked() -> StudyDesign:
    return design_of(study_of(spec=model(**LINKED), settings={"link": [LINK]})[0])


def test_numbers_of_linked_groups_have_their_ratio(linked):
    drawn = drawn_of(model(**LINKED), linked, link_mean=1.7, link_deviation_sd=0.2)
    people = drawn["prevalence"] * linked.denominator_share
    np.testing.assert_allclose(people[:, 1], 1.7 * people[:, 0] * np.exp(drawn["link_deviation"][:, 0]))
    factor = drawn["transmission"] * drawn["degree_ratio"] * np.exp(drawn["hidden_bias"])
    np.testing.assert_allclose(np.exp(drawn["log_rate"]), drawn["prevalence"] * factor)


def test_a_linked_group_has_no_parts_of_its_own(linked):
    drawn = drawn_of(model(**LINKED), linked)
    assert drawn["rate_intercept"].shape == drawn["area_sd"].shape == drawn["province_sd"].shape == (1,)
    assert drawn["area_effect"].shape == (12, 1)
    assert drawn["log_rate"].shape == (12, 2)


def test_links_follow_their_statement_and_spread(linked):
    mean = many(model(**LINKED), linked, "link_mean")
    assert_mean(np.log(mean), np.log(1.5))
    assert_variance(np.log(mean), 0.3**2)
    assert_variance(many(model(**LINKED), linked, "link_deviation", link_deviation_sd=0.25), 0.25**2)


def test_the_order_of_linked_groups_does_not_matter():
    turned = {**LINK, "group": "held", "of": "sold"}
    design = design_of(study_of(spec=model(**LINKED), settings={"link": [turned]})[0])
    drawn = drawn_of(model(**LINKED), design, link_mean=2.0, link_deviation=0.0)
    people = drawn["prevalence"] * design.denominator_share
    np.testing.assert_allclose(people[:, 0], 2.0 * people[:, 1])


def test_a_linked_study_needs_a_model_with_links(linked):
    with pytest.raises(ModelError, match=r"The study links hidden groups, and the model has no \[link\]\."):
        drawn_of(model(), linked)


# --- frames wider than the area -------------------------------------------------------------------------------------


def wider(level: str, local: Mapping[str, Any]) -> StudyDesign:
    """One size by area, one by region, one of the nation."""
    areas = frame_of()
    rows = [("a", code, 100.0 + 20 * n) for n, code in enumerate(areas.codes)]
    rows += [("b", f"R{n}", 200.0 + 50 * n) for n in range(3)]
    known = pd.DataFrame([*rows, ("c", "", 900.0)], columns=["group", "area", "size"])
    settings = {"study": {"frame": level, "local_share": {**local, "reason": "test"}}}
    return design_of(study_of(areas, known=known, settings=settings)[0])


@pytest.mark.parametrize("level", ["region", "nation"])
def test_ties_outside_the_area_are_spread_over_the_frame(level):
    """θ = κ x_a + (1 − κ) x of the frame's unit, summed here by hand over all its areas, visited or not."""
    design, table = wider(level, {"fixed": 0.3}), frame_of().table
    still = {"bias_sd": 0.0, "deviation_sd": 0.0}
    drawn = drawn_of(model(), design, **still)
    people = table["population"].to_numpy()
    counted = np.exp(drawn["log_rate"]) * table[["adults", "children"]].to_numpy()
    unit = table["region"].to_numpy() if level == "region" else np.zeros(12)
    sizes = np.column_stack([100.0 + 20 * np.arange(12), np.nan * people, np.nan * people])
    theta = reported_shares(design, drawn)
    for row, area in enumerate(design.surveyed):
        same = unit == unit[area]
        everyone = people[same].sum()
        hidden = 0.3 * counted[area] / people[area] + 0.7 * counted[same].sum(axis=0) / everyone
        np.testing.assert_allclose(theta[row, 3:], hidden)
        by_area = 0.3 * sizes[area, 0] / people[area] + 0.7 * sizes[same, 0].sum() / everyone
        np.testing.assert_allclose(theta[row, 0], by_area)
        np.testing.assert_allclose(theta[row, 2], 900.0 / people.sum())


def test_a_size_of_the_frames_own_unit_is_met_everywhere_in_it():
    design, table = wider("region", {"fixed": 0.3}), frame_of().table
    theta = reported_shares(design, drawn_of(model(), design, bias_sd=0.0, deviation_sd=0.0))
    region = np.repeat(np.arange(3), 4)[design.surveyed]
    people = table.groupby("region")["population"].sum().to_numpy()
    np.testing.assert_allclose(theta[:, 1], ((200.0 + 50 * np.arange(3)) / people)[region])


def test_local_ties_alone_are_those_of_a_frame_that_is_the_area():
    design = wider("nation", {"prior": "beta", "mean": 0.6, "sd": 0.1})
    drawn = drawn_of(model(), design, local_share=1.0, deviation_sd=0.0)
    hidden = np.exp(drawn["log_rate"][design.surveyed]) * design.denominator_share[design.surveyed]
    np.testing.assert_allclose(reported_shares(design, drawn)[:, 3:], hidden)
    share = many(model(), design, "local_share")
    assert_mean(share, 0.6)
    assert_variance(share, 0.1**2)
