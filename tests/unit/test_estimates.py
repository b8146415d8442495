"""Estimates from a short fit and from fits whose draws are made up, so that what they lead to is known."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsum_bayes import Estimates, Fit, ReleaseError, StudyError, estimate
from nsum_bayes.estimates.rates import log_reported_rates
from nsum_bayes.estimates.summaries import FIGURES, PER_100K, Suppression
from tests.constructed import (
    CORRELATION,
    SPREAD,
    VISITED,
    constructed_fit,
    constructed_study,
    reordered,
    with_areas,
    with_draws,
)
from tests.made_up import assert_mean, assert_variance, frame_of

FIXED = {group: {"fixed": 0.6, "reason": "test"} for group in ("bonded", "trafficked")}


@pytest.fixture(scope="module")
def sample(sample_fit: Fit) -> Estimates:
    return estimate(sample_fit)


@pytest.fixture(scope="module")
def made_up_fit() -> Fit:
    return constructed_fit()


@pytest.fixture(scope="module")
def made_up(made_up_fit: Fit) -> Estimates:
    return estimate(made_up_fit)


def log_rates(fit: Fit) -> np.ndarray:
    """Log reported rate less everything shared by all areas, (draw, area, hidden group)."""
    flat = with_draws(fit, "posterior", rate_coefficient=np.zeros_like(fit.posterior["rate_coefficient"].values))
    return log_reported_rates(flat, np.random.default_rng(1)) - flat.posterior["rate_intercept"].values.reshape(
        -1, 1, 2
    )


# --- every area, every level ----------------------------------------------------------------------------------------


def test_every_area_of_the_frame_has_draws(sample: Estimates, sample_fit: Fit) -> None:
    prevalence = sample.draws["prevalence"]
    assert prevalence.dims == ("draw", "area", "group")
    assert prevalence.shape == (400, 120, 2)
    assert prevalence.coords["area"].values.tolist() == sample_fit.study.areas.codes.tolist()
    assert sample.groups == sample_fit.study.hidden_groups
    assert sample.levels == ("area", "province", "region", "nation")
    assert bool(((prevalence > 0) & (prevalence <= 1)).all())


@pytest.mark.parametrize("level", ["province", "region", "nation"])
def test_wider_levels_are_sums_of_areas_draw_by_draw(sample: Estimates, level: str) -> None:
    areas, wide = sample.level_draws("area"), sample.level_draws(level)
    unit_of = pd.Series(sample.unit_of(level), index=sample.areas.codes)
    for unit in wide.coords["unit"].values:
        inside = unit_of.index[unit_of == unit]
        summed = areas["count"].sel(unit=inside).sum("unit")
        np.testing.assert_allclose(wide["count"].sel(unit=unit), summed, rtol=1e-12)
        people = sum(sample.areas.table.loc[inside, name].sum() for name in ("adults",))
        np.testing.assert_allclose(wide["population"].sel(unit=unit, group="bonded"), people)
    np.testing.assert_allclose(wide["prevalence"] * wide["population"], wide["count"], rtol=1e-12)


def test_an_area_is_the_same_at_the_level_of_areas(sample: Estimates) -> None:
    at_level = sample.level_draws("area")["prevalence"].sel(unit=sample.areas.codes)
    np.testing.assert_array_equal(at_level, sample.draws["prevalence"].astype(float))
    assert sample.aggregate("region").equals(sample.level_draws("region"))


def test_an_unknown_level_is_refused(made_up: Estimates) -> None:
    with pytest.raises(ReleaseError, match="Levels are area, province, region, nation"):
        made_up.level_draws("district")


def test_national_figures_agree_with_the_table_and_the_text(sample: Estimates) -> None:
    table = sample.table("nation").set_index("group")
    national = sample.national()
    for group in sample.groups:
        low, median, high = national["count"].sel(group=group).values
        row = table.loc[group]
        np.testing.assert_allclose([low, median, high], row[["count_lower", "count_median", "count_upper"]].tolist())
        assert f"{group}: {median:,.0f} ({low:,.0f} to {high:,.0f})" in repr(sample)


@settings(deadline=None, max_examples=10)
@given(order=st.permutations(range(12)))
def test_the_order_of_the_areas_changes_no_area(order: list[int]) -> None:
    fit = constructed_fit()
    one, other = (estimate(with_areas(fit, areas)) for areas in (frame_of(12), reordered(frame_of(12), order)))
    codes = one.areas.codes
    np.testing.assert_allclose(other.draws["prevalence"].sel(area=codes), one.draws["prevalence"], rtol=1e-6)
    np.testing.assert_allclose(other.own_information.sel(area=codes), one.own_information)
    columns = ["area", "group", "respondents", "estimate_type", "prevalence_median"]
    pd.testing.assert_frame_equal(one.table("area")[columns], other.table("area")[columns], rtol=1e-6)


# --- what was assumed -----------------------------------------------------------------------------------------------


def test_half_the_transmission_doubles_the_prevalence_draw_by_draw(sample_fit: Fit) -> None:
    half = {**FIXED, "bonded": {"fixed": 0.3, "reason": "half"}}
    one, other = (estimate(sample_fit, transmission=stated).draws["prevalence"] for stated in (FIXED, half))
    np.testing.assert_allclose(other.sel(group="bonded"), 2 * one.sel(group="bonded"), rtol=1e-6)
    np.testing.assert_array_equal(other.sel(group="trafficked"), one.sel(group="trafficked"))


def test_another_statement_changes_its_own_factor_and_no_other(made_up_fit: Fit) -> None:
    """So a comparison of two transmissions compares transmissions, not two draws of the group's own bias."""
    prior = estimate(made_up_fit).draws["prevalence"].astype(float)
    certain = estimate(made_up_fit, {"held": {"fixed": 1.0, "reason": "test"}}).draws["prevalence"].astype(float)
    np.testing.assert_array_equal(prior.sel(group="sold"), certain.sel(group="sold"))
    ratio = (certain / prior).sel(group="held").values
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1], ratio.shape), rtol=1e-5)
    transmission = ratio[:, 0]
    assert_mean(transmission, 0.6)
    assert_variance(transmission, 0.1**2)


def test_bias_transmission_and_ratio_are_divided_out_as_stated() -> None:
    fit = constructed_fit(rate_intercept=-6.0, rate_coefficient=0.0, bias_sd=0.3)
    rates = log_reported_rates(fit, np.random.default_rng(np.random.SeedSequence((fit.seed, 1)).spawn(4)[0]))
    prevalence = np.log(estimate(fit).draws["prevalence"].values.astype(float))
    divided = (rates - prevalence)[:, 0, :]
    bias = 0.3**2 * (1 + 1 / 4)  # four known groups
    fixed = divided[:, fit.study.hidden_groups.index("sold")]
    assert_mean(fixed, np.log(0.5))
    assert_variance(fixed, bias)
    drawn = divided[:, fit.study.hidden_groups.index("held")]
    shapes = fit.study.hidden("held").transmission.shapes
    log_transmission = np.log(np.random.default_rng(1).beta(*shapes, 1_000_000))
    assert_mean(drawn, log_transmission.mean() + np.log(0.8))
    assert_variance(drawn, bias + log_transmission.var() + 0.2**2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nobody": {"fixed": 0.5, "reason": "test"}}, "'nobody' is not a hidden group."),
        ({"held": {"fixed": 0.5}}, "Field required"),
        ({"held": {"fixed": 1.5, "reason": "test"}}, "above 0 and at most 1"),
        ({"held": {"prior": "beta", "mean": 0.5, "reason": "test"}}, "a prior needs mean and sd"),
    ],
)
def test_a_statement_that_cannot_be_used(made_up_fit: Fit, change: dict, message: str) -> None:
    with pytest.raises(StudyError, match=message) as refused:
        estimate(made_up_fit, transmission=change)
    assert refused.value.exit_code == 3


def test_what_was_assumed_travels_with_the_estimates(sample: Estimates, sample_fit: Fit) -> None:
    meta = sample.meta
    assert meta["transmission"]["bonded"].startswith("beta, mean 0.6, sd 0.1 (invented:")
    assert meta["degree_ratio"]["trafficked"].startswith("lognormal, median 0.9")
    assert (meta["synthetic"], meta["fictional_places"], meta["seed"]) == (True, True, sample_fit.seed)
    stated = estimate(sample_fit, transmission={"bonded": {"fixed": 0.7, "reason": "a second study"}})
    assert stated.meta["transmission"]["bonded"] == "fixed at 0.7 (a second study)"


def test_sources_of_uncertainty_add_up(sample: Estimates, made_up: Estimates) -> None:
    for estimates in (sample, made_up):
        draws = estimates.draws.sizes["draw"]
        for group, split in estimates.meta["uncertainty"].items():
            parts = np.array([sd**2 for source, sd in split.items() if source != "total"])
            assert set(split) == {"survey", "own bias", "transmission", "degree ratio", "total"}
            # The sources are independent; what their draws correlate by chance is the whole difference.
            error = 2 * np.sqrt((np.outer(parts, parts).sum() - (parts**2).sum()) / 2 / draws)
            assert abs(split["total"] ** 2 - parts.sum()) < 5 * error, group


def test_the_total_is_the_spread_of_the_national_figure(sample: Estimates) -> None:
    national = np.log(sample.level_draws("nation")["prevalence"].isel(unit=0))
    for group, split in sample.meta["uncertainty"].items():
        assert float(national.sel(group=group).std()) == pytest.approx(split["total"], rel=1e-4)


def test_a_prevalence_above_one_is_cut_and_reported() -> None:
    estimates = estimate(constructed_fit(rate_intercept=-0.3))
    assert float(estimates.draws["prevalence"].max()) == 1.0
    at_one = (estimates.draws["prevalence"] == 1.0).mean(("draw", "area"))
    for group, share in estimates.meta["share_above_one"].items():
        assert 0 < share == pytest.approx(float(at_one.sel(group=group)))


def test_the_same_seed_gives_the_same_estimates_and_another_does_not(made_up_fit: Fit, made_up: Estimates) -> None:
    assert estimate(made_up_fit).draws.equals(made_up.draws)
    assert not estimate(made_up_fit, seed=99).draws.equals(made_up.draws)


# --- areas nobody visited -------------------------------------------------------------------------------------------


def test_an_area_nobody_visited_is_less_certain(sample: Estimates) -> None:
    # Against the nation, draw by draw: bias and transmission are the same everywhere and would blur the comparison.
    national = sample.level_draws("nation")["prevalence"].isel(unit=0, drop=True)
    spread = (np.log(sample.draws["prevalence"]) - np.log(national)).std("draw")
    visited = sample.respondents > 0
    unlike, like = spread[~visited].mean("area"), spread[visited].mean("area")
    # The relative Monte Carlo error of a standard deviation is 1 / sqrt(2 n); means over areas only have less.
    assert (unlike / like > 1 + 1 / np.sqrt(2 * sample.draws.sizes["draw"])).all()


def test_what_is_not_known_of_an_area_is_drawn_afresh() -> None:
    """One variance for each term whose unit was not visited, half of it where it was: so the draws were made."""
    fit = constructed_fit()
    rates = log_rates(fit)
    codes = fit.study.areas.codes.tolist()
    area, province, region = (SPREAD[name] ** 2 for name in ("area", "province", "region"))
    expected = {
        "0000": (area + province + region) / 2,
        "0005": area + (province + region) / 2,  # its province and region were visited
        "0009": area + province + region,  # no one was in its region
    }
    for code, variance in expected.items():
        assert_variance(rates[:, codes.index(code)], variance)


def test_areas_of_one_unvisited_unit_share_its_draw() -> None:
    rates = log_rates(constructed_fit())[:, :, 0]
    same_province, same_region, elsewhere = ((8, 9), (8, 10), (8, 5))
    shared = {same_province: SPREAD["province"] ** 2 + SPREAD["region"] ** 2, same_region: SPREAD["region"] ** 2}
    for (one, other), covariance in {**shared, elsewhere: 0.0}.items():
        assert_mean(rates[:, one] * rates[:, other], covariance)


def test_effects_of_unvisited_areas_are_correlated_over_groups_as_fitted() -> None:
    fit = constructed_fit()
    frame = fit.study.areas
    rest = [number for number, code in enumerate(frame.codes) if code not in VISITED]
    still = {name: np.zeros_like(fit.posterior[name].values) for name in ("province_sd", "region_sd")}
    still |= {name: np.zeros_like(fit.posterior[name].values) for name in ("province_effect", "region_effect")}
    rates = log_rates(with_draws(fit, "posterior", **still))[:, rest]
    assert_variance(rates.reshape(-1, 2), SPREAD["area"] ** 2)
    assert_mean((rates[:, :, 0] * rates[:, :, 1]).ravel(), CORRELATION * SPREAD["area"] ** 2)


def test_a_missing_covariate_of_an_unvisited_area_is_one_more_unknown() -> None:
    frame = frame_of(12)
    frame.table.loc["0009", "poverty"] = np.nan
    fit = constructed_fit(constructed_study(frame), rate_coefficient=0.7, area_sd=0.0, province_sd=0.0, region_sd=0.0)
    rates = log_reported_rates(fit, np.random.default_rng(1)) - fit.posterior["rate_intercept"].values.reshape(-1, 1, 2)
    assert_mean(rates[:, 9], 0.0)
    assert_variance(rates[:, 9], 0.7**2)
    np.testing.assert_allclose(rates[:, 9, 0], rates[:, 9, 1])  # one figure, whatever the group
    known = 0.7 * frame.design_matrix().values[8, 0]
    np.testing.assert_allclose(rates[:, 8], known)


def test_own_information_is_a_share_and_nothing_where_nobody_was(sample: Estimates, made_up: Estimates) -> None:
    for estimates in (sample, made_up):
        own, visited = estimates.own_information.values, estimates.respondents > 0
        assert ((own >= 0) & (own <= 1)).all()
        assert (own[~visited] == 0).all()
        assert own[visited].max() > 0
    np.testing.assert_allclose(made_up.own_information.sel(area=list(VISITED)), 0.5, atol=5 * np.sqrt(0.5 / 2000))


def test_own_information_of_a_unit_is_weighted_by_population(made_up: Estimates) -> None:
    province = made_up.level_information("province").sel(group="held")
    own, adults = made_up.own_information.sel(group="held").to_series(), made_up.areas.table["adults"]
    pair = ["0004", "0005"]
    assert float(province.sel(unit="P2")) == pytest.approx((own[pair] * adults[pair]).sum() / adults[pair].sum())
    assert float(province.sel(unit="P5")) == 0
    table = made_up.table("province").set_index(["area", "group"])["own_information"]
    assert table["P0", "held"] == float(province.sel(unit="P0"))


# --- tables ---------------------------------------------------------------------------------------------------------


def test_columns_are_those_of_the_contract(sample: Estimates) -> None:
    expected = [
        *("area", "name", "level", "province", "region", "group", "wave", "denominator", "population", "respondents"),
        *("prevalence_mean", "prevalence_median", "prevalence_lower", "prevalence_upper"),
        *("count_median", "count_lower", "count_upper", "cv", "estimate_type"),
    ]
    for level in sample.levels:
        table = sample.table(level)
        assert list(table.columns)[: len(expected)] == expected
        assert list(table.columns)[len(expected) :] == [*PER_100K, "own_information"]
        assert set(table["level"]) == {level}
        assert len(table) == len(sample.groups) * len(np.unique(sample.unit_of(level)))
    assert sample.table("province")["region"].ne("").all()
    assert sample.table("region")["province"].eq("").all()


def test_figures_are_those_of_the_draws(sample: Estimates) -> None:
    table = sample.table("region").set_index(["area", "group"])
    draws = sample.level_draws("region")["prevalence"]
    for (unit, group), row in table.iterrows():
        values = draws.sel(unit=unit, group=group).values
        low, median, high = np.quantile(values, [0.025, 0.5, 0.975])
        figures = [values.mean(), median, low, high, values.std() / values.mean(), 1e5 * median]
        names = ["prevalence_mean", "prevalence_median", "prevalence_lower", "prevalence_upper", "cv"]
        np.testing.assert_allclose(row[[*names, "per_100k_median"]].tolist(), figures)
        people = sample.areas.table.loc[sample.unit_of("region") == unit, row["denominator"]].sum()
        np.testing.assert_allclose([row["population"], row["count_median"]], [people, median * people])


def test_kinds_of_estimate(made_up: Estimates) -> None:
    loose = made_up.table("area", Suppression())
    assert set(loose.loc[loose["area"].isin(VISITED), "estimate_type"]) == {"suppressed"}  # six respondents each
    many = replace(made_up, respondents=10 * made_up.respondents)
    area, province = (many.table(level).set_index("area")["estimate_type"].to_dict() for level in ("area", "province"))
    assert {area[code] for code in VISITED} == {"survey"}
    assert area["0005"] == "synthetic"
    expected = {"P0": "survey", "P1": "survey", "P2": "mixed", "P3": "mixed", "P4": "synthetic", "P5": "synthetic"}
    assert province == expected


def test_units_with_few_respondents_show_no_figure(made_up: Estimates) -> None:
    province = made_up.table("province").set_index("area")
    hidden = province["respondents"].between(1, 9)  # six, where one of two areas was visited
    assert set(province.index[hidden]) == {"P2", "P3"}
    figures = [*FIGURES, *PER_100K, "own_information"]
    assert province.loc[hidden, figures].isna().all(axis=None)
    assert province.loc[~hidden, figures].notna().all(axis=None)
    assert made_up.table("area", Suppression(10))["prevalence_median"].isna().sum() == 2 * len(VISITED)


@pytest.mark.parametrize("fewest", [9, 1, 0, -1])
def test_no_rule_shows_units_with_fewer_than_ten(fewest: int) -> None:
    with pytest.raises(ReleaseError, match="10 respondents or more"):
        Suppression(min_respondents=fewest)


def test_the_chance_of_exceeding_falls_with_the_threshold(sample: Estimates) -> None:
    chances = [sample.exceedance(threshold, "province") for threshold in (0.0, 0.001, 0.005, 0.01, 0.05, 1.0)]
    assert (chances[0] == 1).all()
    assert (chances[-1] == 0).all()
    assert all((one >= other).all() for one, other in pairwise(chances))
    low = sample.level_draws("province")["prevalence"].quantile(0.25, "draw").isel(unit=3, group=1)
    assert float(sample.exceedance(float(low), "province").isel(unit=3, group=1)) == pytest.approx(0.75, abs=0.003)


@pytest.mark.parametrize(
    ("loss", "expected_loss"),
    [
        ("absolute", lambda guess, truth: np.abs(guess - truth).mean()),
        ("squared", lambda guess, truth: ((guess - truth) ** 2).mean()),
        ("relative", lambda guess, truth: (np.abs(guess - truth) / truth).mean()),
    ],
)
def test_a_point_has_the_smallest_expected_loss(sample: Estimates, loss: str, expected_loss) -> None:
    points, draws = sample.point(loss, "region"), sample.level_draws("region")["prevalence"]
    for unit in points.coords["unit"].values:
        for group in sample.groups:
            truth = draws.sel(unit=unit, group=group).values
            guesses = np.append(np.linspace(truth.min(), truth.max(), 300), truth)
            best = min(expected_loss(guess, truth) for guess in guesses)
            assert expected_loss(float(points.sel(unit=unit, group=group)), truth) <= best * (1 + 1e-9)


def test_the_point_of_relative_loss_lies_below_the_median_and_losses_have_names(sample: Estimates) -> None:
    assert (sample.point("relative") <= sample.point("absolute")).all()
    with pytest.raises(ValueError, match="absolute, squared, relative"):
        sample.point("quadratic")


# --- one area -------------------------------------------------------------------------------------------------------


def test_a_study_of_one_area_works_from_end_to_end(one_area_fit: Fit) -> None:
    estimates = estimate(one_area_fit)
    assert estimates.draws["prevalence"].shape == (100, 1, 2)
    assert estimates.levels == ("area", "province", "region", "nation")
    nation = estimates.level_draws("nation")["prevalence"].values
    for level in estimates.levels[:-1]:
        np.testing.assert_allclose(estimates.level_draws(level)["prevalence"].values, nation, rtol=1e-12)
    table = estimates.table("area")
    assert table["estimate_type"].tolist() == ["survey", "survey"]
    assert table["own_information"].tolist() == [1.0, 1.0]
    assert np.isfinite(table[list(FIGURES)].to_numpy(dtype=float)).all()


@pytest.mark.parametrize("threshold", [-0.1, 1.5, float("nan")])
def test_a_threshold_that_is_no_share_is_refused(sample: Estimates, threshold: float) -> None:
    with pytest.raises(ReleaseError, match="lies outside 0 to 1"):
        sample.exceedance(threshold)
