"""The simulator's parameters and answers against closed forms, with tolerances in Monte Carlo standard errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nsum_bayes.errors import ModelError
from nsum_bayes.model import spec as sp
from nsum_bayes.model.story import draw_parameters, expected_answers, reported_shares, simulate_answers
from nsum_bayes.model.story_draws import draw_correlation, draw_prior, draw_statement
from nsum_bayes.model.study_design import StudyDesign, design_of
from tests.made_up import ERRORS, KNOWN, assert_mean, assert_variance, frame_of, model, study_of


@pytest.fixture(scope="module")
def design() -> StudyDesign:
    return design_of(study_of(respondent_covariates={"urban": 0.5})[0])


def many(design: StudyDesign, spec: sp.ModelSpec, names: tuple[str, ...], times: int = 4000, **given: object):
    draws = [draw_parameters(spec, design, np.random.default_rng([7, n]), given) for n in range(times)]
    return [np.array([draw[name] for draw in draws]) for name in names]


# --- seeds ----------------------------------------------------------------------------------------------------------


def test_same_seed_same_study():
    (one, truth), (two, again) = study_of(missing_rate=0.1), study_of(missing_rate=0.1)
    np.testing.assert_array_equal(one.survey.answers, two.survey.answers)
    assert one.hashes == two.hashes
    assert truth.prevalence.identical(again.prevalence)
    assert not np.array_equal(one.survey.answers, study_of(missing_rate=0.1, seed=2)[0].survey.answers)


def test_giving_one_parameter_leaves_the_other_draws(design):
    free = draw_parameters(model(), design, np.random.default_rng(3))
    bound = draw_parameters(model(), design, np.random.default_rng(3), {"bias_sd": 2.0, "area_sd": 0.0})
    assert bound["bias_sd"] == 2.0
    np.testing.assert_array_equal(bound["area_effect"], 0.0)
    np.testing.assert_allclose(bound["known_bias"] / 2.0, free["known_bias"] / free["bias_sd"])
    for name in ("log_degree", "rate_intercept", "province_effect", "overdispersion", "transmission"):
        np.testing.assert_allclose(bound[name], free[name])


def test_missing_cells_leave_the_answers_as_they_were():
    full, holes = study_of()[0].survey.answers, study_of(missing_rate=0.3)[0].survey.answers
    seen = ~np.isnan(holes)
    assert 0 < (~seen).sum() < seen.size
    np.testing.assert_array_equal(holes[seen], full[seen])


# --- parameters -----------------------------------------------------------------------------------------------------


def test_known_biases_sum_to_zero_and_hidden_ones_are_wider(design):
    known, hidden = many(design, model(), ("known_bias", "hidden_bias"), bias_sd=0.4)
    np.testing.assert_allclose(known.sum(axis=1), 0.0, atol=1e-12)
    count = len(KNOWN)
    assert_variance(known, 0.4**2 * (1 - 1 / count))
    assert_mean(known[:, 0] * known[:, 1], -(0.4**2) / count)
    assert_variance(hidden, 0.4**2 * (1 + 1 / count))


def test_transmission_and_degree_ratio_follow_their_statements(design):
    transmission, ratio = many(design, model(), ("transmission", "degree_ratio"))
    assert_mean(transmission[:, 0], 0.6)
    assert_variance(transmission[:, 0], 0.1**2)
    assert_mean(np.log(ratio[:, 0]), np.log(0.8))
    assert_variance(np.log(ratio[:, 0]), 0.2**2)
    np.testing.assert_array_equal(transmission[:, 1], 0.5)
    np.testing.assert_array_equal(ratio[:, 1], 1.0)


def test_a_model_without_transmission_takes_none(design):
    spec = model(transmission={"kind": "none", "reason": "the published model has none"})
    drawn = draw_parameters(spec, design, np.random.default_rng(1))
    np.testing.assert_array_equal(drawn["transmission"], 1.0)
    np.testing.assert_array_equal(drawn["degree_ratio"], 1.0)


def test_true_share_and_reported_rate_belong_together(design):
    for given in ({}, {"rate_intercept": -4.0}, {"prevalence_intercept": [-4.0, -6.0]}):
        drawn = draw_parameters(model(), design, np.random.default_rng(5), given)
        factor = drawn["transmission"] * drawn["degree_ratio"] * np.exp(drawn["hidden_bias"])
        np.testing.assert_allclose(np.exp(drawn["log_rate"]), drawn["prevalence"] * factor)
        np.testing.assert_allclose(drawn["rate_intercept"], drawn["prevalence_intercept"] + np.log(factor))
        for name, value in given.items():
            np.testing.assert_allclose(drawn[name], value)


def test_level_effects_sum_to_zero_only_where_every_unit_is_visited():
    areas = frame_of()
    all_visited = design_of(study_of(areas, surveyed=len(areas))[0])
    regions_only = design_of(study_of(areas, surveyed=["0000", "0004", "0008"])[0])
    full = draw_parameters(model(), all_visited, np.random.default_rng(1))
    part = draw_parameters(model(), regions_only, np.random.default_rng(1))
    for effect in (full["province_effect"], full["region_effect"], part["region_effect"]):
        np.testing.assert_allclose(effect.sum(axis=0), 0.0, atol=1e-12)
    assert np.all(np.abs(part["province_effect"].sum(axis=0)) > 1e-6)


def test_variance_of_level_effects():
    areas = frame_of()
    all_visited = design_of(study_of(areas, surveyed=len(areas), respondents_per_area=1)[0])
    province, region = many(all_visited, model(), ("province_effect", "region_effect"), province_sd=0.5, region_sd=0.2)
    assert_variance(province, 0.5**2 * (1 - 1 / 6))
    assert_variance(region, 0.2**2 * (1 - 1 / 3))


def test_area_effects_are_correlated_over_hidden_groups(design):
    given = {"area_sd": [0.5, 0.2], "area_correlation": [[1.0, 0.6], [0.6, 1.0]]}
    (effect,) = many(design, model(), ("area_effect",), **given)
    assert_variance(effect[:, 0], np.array([0.25, 0.04]))
    assert_mean(effect[:, 0, 0] * effect[:, 0, 1], 0.6 * 0.5 * 0.2)


@pytest.mark.parametrize(("size", "shape"), [(2, 1.0), (2, 3.0), (3, 2.0), (5, 1.5)])
def test_correlations_have_the_lkj_margins(size, shape):
    rng = np.random.default_rng(11)
    draws = np.array([draw_correlation(shape, size, rng) for _ in range(4000)])
    np.testing.assert_allclose(np.diagonal(draws, axis1=1, axis2=2), 1.0)
    assert np.linalg.eigvalsh(draws).min() > -1e-12
    above = draws[:, *np.triu_indices(size, 1)]
    assert_mean(above, 0.0)
    # Each correlation is 2 Beta(c, c) − 1 with c = shape + (size − 2) / 2, of variance 1 / (2 c + 1).
    assert_variance(above, 1 / (2 * shape + size - 1))


def test_priors_have_their_moments():
    rng = np.random.default_rng(2)

    def draw(prior: object, **more: float) -> np.ndarray:
        return draw_prior(prior, rng, (20_000,), **more)

    assert_mean(draw(sp.Normal(mean=-1.0, sd=2.0)), -1.0)
    assert_variance(draw(sp.Normal(mean=-1.0, sd=2.0)), 4.0)
    assert_mean(draw(sp.HalfNormal(sd=2.0)), 2.0 * np.sqrt(2 / np.pi))
    assert_variance(np.log(draw(sp.LogNormal(median=3.0, log_sd=0.5))), 0.25)
    assert_mean(np.log(draw(sp.LogNormal(median=3.0, log_sd=0.5))), np.log(3.0))
    assert_mean(draw(sp.Uniform(lower=1.0, upper=4.0)), 2.5)
    intercept = draw(sp.Reciprocal(), total=1e6)
    assert -np.log(1e6) <= intercept.min() < intercept.max() <= 0
    assert_mean(intercept, -np.log(1e6) / 2)


def test_priors_of_published_models_have_their_distributions():
    rng = np.random.default_rng(3)

    def draw(prior: object, **more: float) -> np.ndarray:
        return draw_prior(prior, rng, (20_000,), **more)

    np.testing.assert_array_equal(draw(sp.Fixed(value=5.5)), 5.5)
    # A half-Cauchy has half of its mass below its scale and two thirds below √3 times it.
    cauchy = draw(sp.HalfCauchy(scale=2.5))
    assert_mean((cauchy < 2.5).astype(float), 1 / 2)
    assert_mean((cauchy < 2.5 * np.sqrt(3)).astype(float), 2 / 3)
    gamma = draw(sp.Gamma(shape=2.0, rate=0.5))
    assert_mean(gamma, 4.0)
    assert_variance(gamma, 8.0)
    precision = draw(sp.UniformPrecision(upper=10.0)) ** -2
    assert_mean(precision, 5.0)
    assert_variance(precision, 100 / 12)
    for of, top in (("one", 0.5), ("population", 5e5)):
        persons = np.exp(draw(sp.UniformShare(upper=0.5, of=of), population=1e6))
        assert_mean(persons, top / 2)
        assert_variance(persons, top**2 / 12)
    inverse = 1 / (1 + draw(sp.InverseUniform()))
    assert_mean(inverse, 1 / 2)
    assert_variance(inverse, 1 / 12)
    beta = draw(sp.Beta(mean=0.2, sd=0.1))
    assert_mean(beta, 0.2)
    assert_variance(beta, 0.1**2)
    shares = draw_prior(sp.Dirichlet(weights=(4.0, 1.0, 1.0)), rng, (20_000,))
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert_mean(shares, [4 / 6, 1 / 6, 1 / 6])
    assert_variance(shares[:, 0], (4 / 6) * (2 / 6) / 7)


def test_degree_mean_uniform_in_persons_uses_everyone_in_the_frame(design):
    degree = {
        "mean": {"prior": "uniform_share", "upper": 2.0, "of": "population"},
        "sd": {"prior": "half_normal", "sd": 1},
    }
    (mean,) = many(design, model(degree=degree), ("degree_mean",))
    assert_mean(np.exp(mean) / frame_of().table["population"].sum(), 1.0)


def test_reciprocal_intercept_uses_each_groups_denominator(design):
    areas = frame_of()
    np.testing.assert_allclose(design.denominator_total, areas.table[["adults", "children"]].sum())
    spec = model(prevalence={"intercept": {"prior": "reciprocal"}})
    (intercept,) = many(design, spec, ("rate_intercept",))
    assert_mean(intercept, -np.log(design.denominator_total) / 2)


def test_missing_figures_of_areas_are_drawn_and_belong_to_the_truth():
    areas = frame_of()
    gaps = ["0002", "0007"]
    areas = replace(areas, table=areas.table.assign(poverty=areas.table["poverty"].mask(areas.table.index.isin(gaps))))
    design = design_of(study_of(areas)[0])
    still = {"rate_coefficient": 1.0, "area_sd": 0.0, "province_sd": 0.0, "region_sd": 0.0, "rate_intercept": -5.0}
    missing, log_rate = many(design, model(), ("covariate_missing", "log_rate"), **still)
    np.testing.assert_allclose(log_rate[:, [2, 7], :], missing[:, :, None] - 5.0 + np.zeros(2))
    assert_mean(missing, 0.0)
    assert_variance(missing, 1.0)
    given = draw_parameters(model(), design, np.random.default_rng(1), {**still, "covariate_missing": [0.3, -2.0]})
    np.testing.assert_allclose(given["log_rate"][[2, 7], 0], [-4.7, -7.0])
    without = draw_parameters(
        model(prevalence={"intercept": {"prior": "normal", "sd": 1.0}}), design, np.random.default_rng(1)
    )
    assert "covariate_missing" not in without
    assert np.isfinite(without["log_rate"]).all()


def test_known_size_errors_have_mean_one_and_the_stated_error():
    sizes = pd.DataFrame({"group": ["a", "b"], "area": "", "size": [1000.0, 2000.0], "se": [200.0, np.nan]})
    study = study_of(known=sizes)[0]
    (share,) = many(design_of(study), model(), ("known_share",))
    stated = study.known.table["share"].to_numpy()
    assert_mean(share[:, 0], stated[0])
    assert_variance(share[:, 0] / stated[0], 0.2**2)
    np.testing.assert_allclose(share[:, 1], stated[1])


def test_roster_counts_are_drawn_into_the_known_sizes():
    sizes = pd.DataFrame({"group": ["a", "a", "b"], "area": ["0001", "", ""], "size": [np.nan, 900.0, 500.0]})
    sizes = sizes.assign(rostered=[5000.0, np.nan, np.nan], members=[np.nan, np.nan, np.nan])
    study, truth = study_of(known=sizes, parameters={"roster_mean": -3.0, "roster_sd": 0.1})
    table = study.known.table
    assert table["members"].notna().tolist() == [True, False, False]
    assert table["members"][0] == truth.parameters["members"][0]
    share = truth.parameters["known_share"][0]
    assert abs(table["share"][0] - share) < ERRORS * np.sqrt(share * (1 - share) / 5000)


def test_deviations_only_where_the_size_is_of_a_wider_level():
    codes = list(frame_of().codes)
    sizes = pd.DataFrame({"group": ["a"] * 12 + ["b"], "area": [*codes, ""], "size": [50.0] * 12 + [900.0]})
    drawn = study_of(known=sizes, parameters={"deviation_sd": 0.5})[1].parameters["deviation"]
    np.testing.assert_array_equal(drawn[:, 0], 0.0)
    assert np.all(drawn[:, 1] != 0)


def test_one_area_has_no_area_effects():
    areas = frame_of(1)
    study, truth = study_of(areas, surveyed=1)
    drawn = truth.parameters
    for name in ("degree_area_effect", "area_effect", "deviation"):
        np.testing.assert_array_equal(drawn[name], 0.0)
    assert not [name for name in drawn if name.startswith(("province", "region"))]
    assert len(study.survey) == 6
    np.testing.assert_allclose(truth.national["prevalence"], truth.prevalence.to_numpy()[0])


def test_a_component_the_model_lacks_can_still_be_simulated(design):
    plain = model(bias={})
    assert draw_parameters(plain, design, np.random.default_rng(1))["bias_sd"] == 0
    assert np.any(draw_parameters(plain, design, np.random.default_rng(1), {"bias_sd": 0.3})["known_bias"] != 0)


def test_parameters_that_do_not_exist_are_refused(design):
    with pytest.raises(ModelError, match=r"'bias_sdd' is not a parameter of the story\. Did you mean 'bias_sd'\?"):
        draw_parameters(model(), design, np.random.default_rng(1), {"bias_sdd": 1.0})
    both = {"rate_intercept": 0.0, "prevalence_intercept": 0.0}
    with pytest.raises(ModelError, match="each determines the other"):
        draw_parameters(model(), design, np.random.default_rng(1), both)


def test_fixed_statement_is_itself():
    statement = design_of(study_of()[0]).hidden[1].transmission
    assert draw_statement(statement, np.random.default_rng(1)) == 0.5


# --- answers --------------------------------------------------------------------------------------------------------

COUNTS = {
    "poisson": {"kind": "poisson"},
    "nb1": {"kind": "nb1", "overdispersion": {"prior": "lognormal", "median": 2.0, "log_sd": 0.1}},
    "nb2": {"kind": "nb2", "size": {"prior": "lognormal", "median": 2.0, "log_sd": 0.1}},
    "binomial": {"kind": "binomial"},
    "beta_binomial": {"kind": "beta_binomial", "correlation": {"prior": "uniform", "lower": 0.0, "upper": 1.0}},
}


@pytest.mark.parametrize("kind", COUNTS)
def test_moments_of_the_counts(kind, design):
    spec = model(counts=COUNTS[kind])
    dispersion = {
        "nb1": {"overdispersion": 2.0},
        "nb2": {"size": 1.5},
        "beta_binomial": {"correlation_within": 0.1},
    }.get(kind, {})
    crowd = replace(design, area=np.full(60_000, design.surveyed[0]), respondent_covariates=np.zeros((60_000, 1)))
    given = {"log_degree": np.log(200.0), "known_bias": 0.1, "deviation": 0.0, "rate_intercept": -4.0, **dispersion}
    crowd = replace(
        crowd,
        surveyed=design.surveyed[:1],
        sizes=replace(design.sizes, row=design.sizes.row[:1], wide=design.sizes.wide[:1]),
    )
    drawn = draw_parameters(spec, crowd, np.random.default_rng(1), given)
    answers = simulate_answers(spec, crowd, drawn, np.random.default_rng(2))
    mean = expected_answers(crowd, drawn)[0]
    variance = {
        "poisson": mean,
        "nb1": mean * (1 + 2.0),
        "nb2": mean + mean**2 / 1.5,
        "binomial": mean * (1 - mean / 200),
        "beta_binomial": mean * (1 - mean / 200) * (1 + 199 * 0.1),
    }[kind]
    assert_mean(answers, mean)
    # Groups are put together, so that an error of a few per cent in the variance shows.
    assert_mean(((answers - mean) ** 2 / variance).mean(axis=1), 1.0)


def test_zero_probability_of_nb1(design):
    spec = model(counts=COUNTS["nb1"])
    drawn = draw_parameters(spec, design, np.random.default_rng(4), {"overdispersion": 2.0})
    mean = expected_answers(design, drawn)
    zeros = np.array([simulate_answers(spec, design, drawn, np.random.default_rng([9, n])) == 0 for n in range(500)])
    assert_mean((zeros - np.exp(-mean * np.log(3.0) / 2.0)).mean(axis=(1, 2)), 0.0)


def test_expected_answers_are_degree_times_reported_share(design):
    given = {"degree_sd": 0.0, "degree_area_sd": 0.0, "degree_coefficient": 0.0, "degree_mean": 5.0, "bias_sd": 0.0}
    drawn = draw_parameters(model(), design, np.random.default_rng(1), {**given, "deviation_sd": 0.0})
    known = np.exp(5.0) * np.array(list(KNOWN.values()))
    np.testing.assert_allclose(expected_answers(design, drawn)[:, : len(KNOWN)], np.tile(known, (48, 1)), rtol=1e-3)
    hidden = np.exp(5.0 + drawn["log_rate"][design.area]) * [0.7, 0.3]
    np.testing.assert_allclose(expected_answers(design, drawn)[:, len(KNOWN) :], hidden)


def test_degrees_have_their_mean_spread_and_covariates(design):
    given = {"degree_mean": 5.0, "degree_sd": 0.4, "degree_area_sd": 0.3, "degree_coefficient": 0.2}
    (log_degree,) = many(design, model(), ("log_degree",), **given)
    assert_mean(log_degree, 5.0 + 0.2 * design.respondent_covariates[:, 0])
    assert_variance(log_degree, 0.4**2 + 0.3**2)
    same_area = np.flatnonzero(design.area == design.area[0])[:2]
    centred = log_degree - log_degree.mean(axis=0)
    assert_mean(centred[:, same_area[0]] * centred[:, same_area[1]], 0.3**2)


def test_permuting_respondents_permutes_expectations(design):
    order = np.random.default_rng(1).permutation(len(design.area))
    drawn = draw_parameters(model(), design, np.random.default_rng(1))
    shuffled = replace(design, area=design.area[order], respondent_covariates=design.respondent_covariates[order])
    again = {**drawn, "log_degree": drawn["log_degree"][order]}
    np.testing.assert_array_equal(expected_answers(shuffled, again), expected_answers(design, drawn)[order])


def test_permuting_groups_permutes_reported_shares():
    flipped = dict(reversed(KNOWN.items()))
    given = {"bias_sd": 0.0, "deviation_sd": 0.0}
    (one, truth), (two, again) = study_of(parameters=given), study_of(parameters=given, known=flipped)
    shares = reported_shares(design_of(one), truth.parameters)
    turned = reported_shares(design_of(two), again.parameters)
    np.testing.assert_allclose(turned[:, [3, 2, 1, 0]], shares[:, :4])


def test_scaling_sizes_and_populations_together_changes_nothing():
    areas = frame_of()
    people = ["population", "adults", "children"]
    larger = replace(areas, table=areas.table.assign(**{name: 10 * areas.table[name] for name in people}))
    sizes = pd.DataFrame({"group": ["a", "b"], "area": "", "size": [1000.0, 2000.0], "se": [200.0, 100.0]})
    (one, _), (two, _) = (
        study_of(areas, known=sizes),
        study_of(larger, known=sizes.assign(size=sizes["size"] * 10, se=sizes["se"] * 10)),
    )
    np.testing.assert_array_equal(one.survey.answers, two.survey.answers)
