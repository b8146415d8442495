"""Mixing, truncated degrees, free and pooled rates in the story, against closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import truncnorm

from nsum_bayes.errors import ModelError
from nsum_bayes.model import spec as sp
from nsum_bayes.model.story import draw_parameters, expected_answers, reported_shares
from nsum_bayes.model.story_mixing import degree_covariates, draw_mixing
from nsum_bayes.model.study_design import StudyDesign, design_of
from tests.made_up import HIDDEN, KNOWN, assert_mean, assert_variance, frame_of, model, study_of

GROUPS = [*KNOWN, "held", "sold"]
PART = {"prior": "normal", "sd": 0.5}


@pytest.fixture(scope="module")
def design() -> StudyDesign:
    covariates = {"urban": 0.5, "work": {"land": 0.5, "sea": 0.3, "none": 0.2}}
    return design_of(study_of(respondent_covariates=covariates)[0])


def crowd_of(design: StudyDesign, times: int) -> StudyDesign:
    """The same respondents many times over."""
    covariates, respect = (np.tile(part, (times, 1)) for part in (design.respondent_covariates, design.respect))
    area, reports = (np.tile(part, times) for part in (design.area, design.reports))
    return replace(design, area=area, reports=reports, respondent_covariates=covariates, respect=respect)


# --- degree ---------------------------------------------------------------------------------------------------------


def test_log_degrees_above_a_bound_are_truncated_normal(design):
    plain = {"mean": {"prior": "fixed", "value": 1.0}, "sd": {"prior": "half_normal", "sd": 0.5}, "lower": 0.0}
    crowd = crowd_of(design, 400)
    drawn = draw_parameters(model(degree=plain), crowd, np.random.default_rng(1), {"degree_sd": 1.5})
    law = truncnorm((0.0 - 1.0) / 1.5, np.inf, loc=1.0, scale=1.5)
    assert drawn["log_degree"].min() > 0
    assert_mean(drawn["log_degree"], law.mean())
    assert_variance(drawn["log_degree"], law.var())


@pytest.mark.parametrize(
    ("degree", "mixing", "columns"),
    [
        (None, None, ["urban", "work=sea", "work_missing"]),
        (("work",), None, ["work=sea", "work_missing"]),
        (None, {"coefficient": PART}, []),
        (None, {"coefficient": PART, "covariates": ("work",)}, ["urban"]),
        (("urban",), {"coefficient_sd": {"prior": "half_normal", "sd": 1.0}}, ["urban"]),
        (None, {"residual": {"prior": "half_normal", "sd": 1.0}}, ["urban", "work=sea", "work_missing"]),
    ],
)
def test_covariates_act_on_the_degree_or_on_groups(design, degree, mixing, columns):
    assert design.respondent_columns == ("urban", "work=sea", "work_missing")
    base = model().degree.model_dump()
    spec = model(degree={**base, "covariates": degree}, mixing=mixing)
    wanted = design.respondent_covariates[:, [design.respondent_columns.index(column) for column in columns]]
    np.testing.assert_array_equal(degree_covariates(spec, design), wanted)
    drawn = draw_parameters(spec, design, np.random.default_rng(1))
    assert drawn["degree_coefficient"].shape == (len(columns),)


# --- mixing ---------------------------------------------------------------------------------------------------------


def test_residuals_have_mean_one_and_their_variation_and_correlation(design):
    crowd, variation = crowd_of(design, 2000), np.array([0.3, 0.5, 0.2, 0.4, 0.1, 0.6])
    correlation = 0.4 + 0.6 * np.eye(6)
    part = sp.Mixing(residual=sp.HalfNormal(sd=1.0), correlation=sp.LKJ(shape=2.0))
    given = {"residual_cv": variation, "residual_correlation": correlation}
    drawn = draw_mixing(part, crowd, np.random.default_rng(1), given)
    factor = np.exp(drawn["log_multiplier"])
    assert_mean(factor, 1.0)
    assert_variance(factor, variation**2)
    sd = np.sqrt(np.log(1 + variation**2))
    centred = drawn["residual"] + sd**2 / 2
    assert_mean(centred[:, 0] * centred[:, 5], 0.4 * sd[0] * sd[5])
    assert_mean(centred[:-1, 0] * centred[1:, 0], 0.0)


def test_residuals_without_correlation_are_independent_and_name_none(design):
    part = sp.Mixing(residual=sp.HalfNormal(sd=1.0))
    drawn = draw_mixing(part, crowd_of(design, 1000), np.random.default_rng(1), {"residual_cv": 0.5})
    assert "residual_correlation" not in drawn
    centred = drawn["residual"] - drawn["residual"].mean(axis=0)
    assert_mean(centred[:, 0] * centred[:, 1], 0.0)


def test_respect_acts_where_a_level_is_given():
    questions = [{"column": f"q_{group}", "group": group} for group in GROUPS]
    questions[4]["respect"], questions[1]["respect"] = "r_held", "r_twins"
    level = pd.DataFrame({"r_held": np.linspace(-1.0, 1.0, 48), "r_twins": 0.5})
    level.loc[7, "r_held"] = np.nan
    settings = {"question": questions, "survey": {"covariates": []}}
    design = design_of(study_of(respondent_covariates=level, settings=settings)[0])
    spec = model(mixing={"respect": PART})
    drawn = draw_parameters(spec, design, np.random.default_rng(1), {"respect_slope": [2.0, -3.0]})
    wanted = np.zeros((48, 6))
    # A missing level counts as the mean of those given.
    wanted[:, 1], wanted[:, 4] = 2.0 * 0.5, -3.0 * level["r_held"].fillna(level["r_held"].mean())
    np.testing.assert_allclose(drawn["log_multiplier"], wanted)
    plain = draw_parameters(model(), design, np.random.default_rng(1))
    np.testing.assert_allclose(
        expected_answers(design, drawn), expected_answers(design, plain) * np.exp(wanted), rtol=1e-12
    )


def test_coefficients_act_on_each_group_and_share_their_spread(design):
    part = sp.Mixing(coefficient_sd=sp.HalfNormal(sd=1.0), covariates=("work",))
    given = {"mixing_coefficient_sd": 0.3}
    draws = [draw_mixing(part, design, np.random.default_rng([1, n]), given) for n in range(3000)]
    coefficient = np.array([draw["mixing_coefficient"] for draw in draws])
    assert coefficient.shape == (3000, 2, 6)
    assert_mean(coefficient, 0.0)
    assert_variance(coefficient, 0.3**2)
    columns = design.respondent_covariates[:, 1:]
    np.testing.assert_allclose(draws[0]["log_multiplier"], columns @ coefficient[0])


def test_mixing_that_a_study_has_nothing_for_is_left_out():
    design = design_of(study_of()[0])
    assert draw_mixing(sp.Mixing(respect=sp.Normal(sd=1.0)), design, np.random.default_rng(1), {}) == {}


# --- free rates -----------------------------------------------------------------------------------------------------


def free(rescale: str, **parts: object) -> sp.ModelSpec:
    rates = {"kind": "free", "mean": PART, "sd": {"prior": "half_normal", "sd": 1.0}, "rescale": rescale, **parts}
    mixing = {"residual": {"prior": "half_normal", "sd": 1.0}, "correlation": {"prior": "lkj", "shape": 2.0}}
    return model(rates=rates, prevalence=None, bias={}, mixing=mixing)


def test_free_rates_are_normal_and_the_same_everywhere(design):
    given = {"rate_mean": -5.0, "rate_sd": 0.7}
    draws = [draw_parameters(free("all"), design, np.random.default_rng([1, n]), given) for n in range(1500)]
    rate = np.array([draw["group_rate"] for draw in draws])
    assert_mean(rate, -5.0)
    assert_variance(rate, 0.7**2)
    shares = reported_shares(design, draws[0])
    np.testing.assert_allclose(shares, np.tile(np.exp(rate[0]), (8, 1)))


RATES = np.log([0.02, 0.004, 0.005, 0.001, 0.003, 0.0007])
"""In the order of the groups; the known shares are 0.012, 0.006, 0.003 and 0.002."""


def shares_of(design: StudyDesign) -> np.ndarray:
    return design.sizes.point_share[design.sizes.row].mean(axis=0)


def test_rescaled_by_all_known_groups_the_mean_ratio_to_their_sizes_is_one(design):
    drawn = draw_parameters(free("all"), design, np.random.default_rng(1), {"group_rate": RATES})
    scaled = np.exp(RATES[:4] - drawn["rescale"])
    np.testing.assert_allclose(np.mean(scaled / shares_of(design)), 1.0)
    # The prevalence is per member of the denominator: adults are 70 % of everyone, children 30 %.
    np.testing.assert_allclose(drawn["prevalence"][3], np.exp(RATES[4:] - drawn["rescale"]) / [0.7, 0.3])


def test_rescaled_by_sets_as_published(design):
    sets = {"primary": ("police", "bakers"), "secondary": ("teachers",), "opposite": ("twins",)}
    drawn = draw_parameters(free("groups", **sets), design, np.random.default_rng(1), {"group_rate": RATES})
    shares = shares_of(design)
    rare = 0.006 / shares[2:].sum()
    np.testing.assert_allclose(np.exp(drawn["rescale"]), rare * np.sqrt((0.004 / shares[1]) / (0.02 / shares[0])))
    alone = draw_parameters(free("groups"), design, np.random.default_rng(1), {"group_rate": RATES})
    np.testing.assert_allclose(np.exp(alone["rescale"]), 0.03 / shares.sum())


@pytest.mark.parametrize(("rescale", "power"), [("weighted", 1), ("weighted_sq", 2)])
def test_rescaled_by_correlations_as_published(design, rescale, power):
    correlation = np.eye(6)
    correlation[4, :4] = correlation[:4, 4] = [0.5, 0.1, -0.3, 0.2]
    correlation[5, :4] = correlation[:4, 5] = [0.0, 0.4, 0.4, -0.1]
    given = {"group_rate": RATES, "residual_correlation": correlation}
    drawn = draw_parameters(free(rescale), design, np.random.default_rng(1), given)
    ratio = np.exp(RATES[:4]) / shares_of(design)
    weights = np.array([[0.5, 0.1, 0.0, 0.2], [0.0, 0.4, 0.4, 0.0]]) ** power
    np.testing.assert_allclose(np.exp(drawn["rescale"]), weights @ ratio / weights.sum(axis=1), rtol=1e-6)


# --- pooled rates ---------------------------------------------------------------------------------------------------


def pooled() -> sp.ModelSpec:
    scale = {"prior": "half_normal", "sd": 1.0}
    return model(rates={"kind": "pooled", "mean": scale, "sd": scale}, prevalence=None, bias={})


def test_pooled_rates_have_their_groups_mean_and_spread(design):
    mean, sd = np.array([2.5, 3.5, 4.5, 5.0, 5.5, 6.5]), np.array([1.0, 0.5, 0.3, 1.0, 2.0, 0.1])
    given = {"pooled_mean": mean, "pooled_sd": sd}
    draws = [draw_parameters(pooled(), design, np.random.default_rng([1, n]), given) for n in range(1500)]
    rate = np.array([draw["pooled"] for draw in draws])
    assert_mean(rate, mean)
    assert_variance(rate, sd**2)
    np.testing.assert_allclose(reported_shares(design, draws[0]), np.exp(-rate[0]))


def test_every_visited_area_is_rescaled_by_its_own_known_groups(design):
    drawn = draw_parameters(pooled(), design, np.random.default_rng(1), {"pooled_mean": 5.0, "pooled_sd": 0.5})
    scaled = np.exp(-drawn["pooled"][:, :4] - drawn["rescale"][:, None])
    np.testing.assert_allclose((scaled / design.sizes.point_share[design.sizes.row]).mean(axis=1), 1.0)
    hidden = np.exp(-drawn["pooled"][:, 4:] - drawn["rescale"][:, None]) / [0.7, 0.3]
    np.testing.assert_allclose(drawn["prevalence"][design.surveyed], hidden)
    np.testing.assert_allclose(np.exp(drawn["area_log_rate"]), hidden)


def test_an_area_nobody_visited_is_like_the_visited_ones():
    design = design_of(study_of(surveyed=["0000", "0004", "0008", "0009"])[0])
    given = {"pooled_mean": 5.0, "pooled_sd": 0.5}
    rates = np.array(
        [draw_parameters(pooled(), design, np.random.default_rng([1, n]), given)["log_rate"] for n in range(3000)]
    )
    visited, rest = rates[:, design.surveyed], np.delete(rates, design.surveyed, axis=1)
    assert_mean(rest.mean(axis=1) - visited.mean(axis=1), 0.0)


def test_rates_that_are_rescaled_need_known_groups():
    nobody = pd.DataFrame({"group": pd.Series(dtype=str), "area": "", "size": pd.Series(dtype=float)})
    questions = [{"column": f"q_{row['group']}", "group": row["group"]} for row in HIDDEN]
    questions.append({"column": "q_size", "answer": {"type": "degree"}})
    study, _ = study_of(frame_of(), known=nobody, settings={"question": questions})
    for spec in (pooled(), free("all")):
        with pytest.raises(ModelError, match="Rates are rescaled to known groups, and the study has none"):
            draw_parameters(spec, design_of(study), np.random.default_rng(1))
