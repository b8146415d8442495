"""Every named model finds again what its own simulated answers were made from.

One simulated survey a model, with the truth fixed in advance. For each parameter looked at, the truth lies within four
posterior standard deviations of the posterior mean, and the posterior says something: it is narrower than asked for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.made_up import frame_of, study_of

SHARES = {f"known_{k}": float(share) for k, share in enumerate(np.geomspace(0.002, 0.02, 8))}
STATED = {"fixed": 0.8, "reason": "the simulation's own"}
ONE = ({"group": "held", "denominator": "adults", "transmission": STATED},)
TWO = (*ONE, {"group": "sold", "denominator": "children", "transmission": STATED})
DEGREE = {"degree_mean": 5.3, "degree_sd": 0.6}
AREAS = {"degree_area_sd": 0.2, "area_sd": 0.4, "province_sd": 0.2, "region_sd": 0.2}
LINK = {"group": "sold", "of": "held", "mean": {"prior": "lognormal", "median": 2.0, "log_sd": 0.3, "reason": "test"}}


def one_area(**choices: Any) -> dict[str, Any]:
    return {"areas": frame_of(1), "surveyed": 1, "respondents_per_area": 250, "hidden": ONE, **choices}


def many_areas(**choices: Any) -> dict[str, Any]:
    return {"areas": frame_of(24), "surveyed": 18, "respondents_per_area": 25, "hidden": TWO, **choices}


def in_clusters() -> dict[str, Any]:
    """Five sampling units of five in each area, two strata, weights of one to three."""
    number = np.arange(18 * 25)
    design = pd.DataFrame({"layer": number % 2, "unit": number % 25 // 5, "w": 1.0 + number % 3})
    roles = {"covariates": [], "stratum": "layer", "unit": "unit", "weight": "w"}
    return many_areas(respondent_covariates=design, settings={"survey": roles})


def with_respect() -> dict[str, Any]:
    rng = np.random.default_rng(3)
    covariates = pd.DataFrame({"urban": rng.integers(0, 2, 250), "r_held": -rng.integers(0, 10, 250) / 3.0})
    questions = [{"column": f"q_{g}", "group": g} for g in SHARES]
    questions.append({"column": "q_held", "group": "held", "respect": "r_held"})
    settings = {"question": questions, "survey": {"covariates": ["urban"]}}
    return one_area(respondent_covariates=covariates, settings=settings)


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, float]]] = {
    "random_degree": (one_area(), {**DEGREE, "rate_intercept": -4.6}, {"rate_intercept": 0.1, "degree_mean": 0.1}),
    "barrier": (
        one_area(),
        {**DEGREE, "rate_intercept": -4.6, "correlation_within": 0.02},
        {"rate_intercept": 0.3, "degree_mean": 0.15},
    ),
    "transmission": (one_area(), {**DEGREE, "rate_intercept": -4.6}, {"rate_intercept": 0.1, "degree_mean": 0.1}),
    "combined": (
        one_area(),
        {**DEGREE, "rate_intercept": -4.6, "correlation_within": 0.02},
        {"rate_intercept": 0.3, "degree_mean": 0.15},
    ),
    "overdispersed": (
        one_area(),
        {**DEGREE, "group_rate": [*np.log(list(SHARES.values())), -5.0], "overdispersion": 1.0},
        {"rate_intercept": 0.2},
    ),
    "uncorrelated": (
        one_area(),
        {**DEGREE, "group_rate": [*np.log(list(SHARES.values())), -5.0], "residual_cv": 0.7},
        {"rate_intercept": 0.3, "residual_cv": 0.3},
    ),
    "correlated": (
        one_area(),
        {
            **DEGREE,
            "group_rate": [*np.log(list(SHARES.values())), -5.0],
            "residual_cv": 0.7,
            "residual_correlation": 0.5 * np.eye(9) + 0.5,
        },
        {"rate_intercept": 0.3, "residual_correlation": 0.5},
    ),
    "respect": (
        with_respect(),
        {**DEGREE, "rate_intercept": -4.6, "respect_slope": 0.3, "mixing_coefficient": 0.1},
        {"rate_intercept": 0.4, "respect_slope": 0.15},
    ),
    "partially_pooled": (
        many_areas(hidden=ONE),
        {
            "degree_mean": 5.5,
            "degree_sd": 0.8,
            "pooled_mean": [*-np.log(list(SHARES.values())), 4.6],
            "pooled_sd": 0.4,
            "size": 5.0,
        },
        {"pooled_mean": 0.4, "pooled_sd": 0.4},
    ),
    "overdispersed_known": (
        one_area(),
        {**DEGREE, "bias_sd": 0.3, "rate_intercept": -4.6, "overdispersion": 1.0},
        {"rate_intercept": 0.3, "bias_sd": 0.3, "degree_sd": 0.1},
    ),
    "municipal": (
        many_areas(),
        {**DEGREE, **AREAS, "bias_sd": 0.3, "rate_intercept": -3.6, "overdispersion": 1.0},
        {"rate_intercept": 0.6, "area_sd": 0.4, "degree_area_sd": 0.2, "bias_sd": 0.3},
    ),
    "municipal_local": (
        many_areas(),
        {**DEGREE, **AREAS, "bias_sd": 0.3, "rate_intercept": -3.6, "overdispersion": 1.0, "deviation_sd": 0.4},
        {"rate_intercept": 0.6, "deviation_sd": 0.2, "degree_area_sd": 0.2},
    ),
    "municipal_secondary": (
        many_areas(),
        {**DEGREE, **AREAS, "bias_sd": 0.3, "rate_intercept": -3.6, "overdispersion": 1.0, "rate_coefficient": 0.6},
        {"rate_intercept": 0.6, "rate_coefficient": 0.35, "area_sd": 0.4},
    ),
    "municipal_spatial": (
        many_areas(),
        {**DEGREE, **AREAS, "bias_sd": 0.3, "rate_intercept": -3.6, "overdispersion": 1.0, "spatial_share": 0.8},
        {"rate_intercept": 0.6, "area_sd": 0.4, "spatial_share": 0.4},
    ),
    "municipal_waves": (
        many_areas(waves=["2023", "2024", "2025"], respondents_per_area=12),
        {
            **{**DEGREE, **AREAS, "bias_sd": 0.3, "rate_intercept": -3.6, "overdispersion": 1.0},
            "wave_effect": [[0.0, 0.0], [-0.5, 0.2], [-0.9, 0.4]],
            "degree_wave": [0.0, 0.2, -0.1],
            "wave_deviation_sd": 0.2,
        },
        {"rate_intercept": 0.6, "wave_effect": 0.25, "degree_wave": 0.1, "wave_deviation_sd": 0.25},
    ),
    "municipal_design": (
        in_clusters(),
        {
            **{**DEGREE, **AREAS, "bias_sd": 0.3, "rate_intercept": -3.6, "overdispersion": 1.0},
            **{"unit_sd": 0.5, "degree_unit_sd": 0.3, "stratum_effect": [[-0.3, 0.2], [0.3, -0.2]]},
        },
        {"rate_intercept": 0.8, "unit_sd": 0.3, "degree_unit_sd": 0.15, "area_sd": 0.4},
    ),
    "municipal_weighted": (
        in_clusters(),
        {**DEGREE, **AREAS, "bias_sd": 0.3, "rate_intercept": -3.6, "overdispersion": 1.0},
        {"rate_intercept": 0.8, "area_sd": 0.5, "degree_area_sd": 0.2, "bias_sd": 0.3},
    ),
    "linked": (
        many_areas(settings={"link": [LINK]}),
        {**DEGREE, **AREAS, "bias_sd": 0.2, "rate_intercept": -3.6, "link_mean": 2.0, "overdispersion": 1.0},
        {"rate_intercept": 0.6, "area_sd": 0.4, "degree_area_sd": 0.2},
    ),
}


def test_every_named_model_has_a_case():
    from nsum_bayes.model.spec import model_names

    assert set(CASES) == set(model_names())


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.ci_slow if n == "linked" else ()) for n in CASES])
def test_a_model_recovers_the_truth_of_its_own_answers(name):
    from nsum_bayes import fit, load_model

    choices, given, narrow = CASES[name]
    spec = load_model(name)
    study, truth = study_of(**{"spec": spec, "known": SHARES, "seed": 4, **choices}, parameters=given)
    run = fit(spec, study, seed=4, draws=700, tune=800, progress=False)
    for parameter, widest in narrow.items():
        draws = run.posterior[parameter].transpose("chain", "draw", ...).values
        draws = draws.reshape(-1, *draws.shape[2:])
        actual = np.broadcast_to(np.asarray(truth.parameters[parameter]), draws.shape[1:])
        spread = draws.std(axis=0)
        assert np.all(np.abs(draws.mean(axis=0) - actual) <= 4 * spread + 1e-9), (parameter, actual)
        assert np.all(spread < widest), (parameter, spread.max())
