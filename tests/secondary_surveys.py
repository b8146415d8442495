"""Simulated surveys of the Philippine frame in which three categories of secondary data matter, or none does."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from nsum_bayes.data.areas import Areas
from nsum_bayes.data.covariates import CovariateCategory
from tests.philippines import HIDDEN, KNOWN_SHARES, philippine_areas

CATEGORIES = {
    "poverty": ("poverty", "logit"),
    "growth": ("growth", "none"),
    "settlement": ("urban_share", "none"),
    "size": ("population_2020", "none"),
    "villages": ("villages", "none"),
    "revenue": ("income_class", "none"),
}
INFORMATIVE = ("poverty", "growth", "settlement")
COEFFICIENTS = {"three matter": [0.4, 0.3, -0.3, 0.0, 0.0, 0.0], "none matters": [0.0] * 6}
GIVEN = {
    "degree_mean": 5.3,
    "degree_sd": 0.6,
    "degree_area_sd": 0.2,
    "bias_sd": 0.05,
    "overdispersion": 1.0,
    "rate_intercept": float(np.log(0.02)),
    "area_sd": 0.35,
    "province_sd": 0.2,
    "region_sd": 0.2,
}
SURVEYED, PER_AREA = 150, 24
SETTINGS = {"draws": 300, "tune": 500}


@lru_cache(maxsize=1)
def frame() -> Areas:
    """All 1,642 municipalities with six categories of one column each; 45 have no poverty figure."""
    categories = tuple(CovariateCategory(n, (c,), t, "PSA", 2020) for n, (c, t) in CATEGORIES.items())
    return replace(philippine_areas(), covariates=categories)


def surveyed_study(case: str, seed: int) -> tuple[Any, Any]:
    """One simulated survey and its truth."""
    from nsum_bayes import load_model, simulate

    stated = {**HIDDEN, "transmission": {"fixed": 0.6, "reason": "the simulation's own"}}
    return simulate(
        load_model("municipal_secondary"),
        frame(),
        known=KNOWN_SHARES,
        hidden=[stated],
        respondents_per_area=PER_AREA,
        surveyed=SURVEYED,
        seed=seed,
        selection="equal",
        parameters={**GIVEN, "rate_coefficient": np.array(COEFFICIENTS[case])[:, None]},
    )


def weighed(case: str, seed: int) -> dict[str, Any]:
    """One survey with and without secondary data: errors, coverage, and which category comes first."""
    from nsum_bayes import load_model, predictors
    from nsum_bayes.inference.refits import refit

    warnings.simplefilter("ignore")
    study, truth = surveyed_study(case, seed)
    visited = np.isin(study.areas.codes, study.survey.surveyed_areas)
    spec = load_model("municipal_secondary")
    run = refit(spec, study, seed, SETTINGS)
    found = predictors(run, seed=seed)
    first = found.table.iloc[0]
    row = {
        "case": case,
        "seed": seed,
        "first": first["category"],
        "informative_first": first["category"] in INFORMATIVE,
        "told": int(found.table["told"].sum()),
        "useless_told": int((found.table["told"] & ~found.table["category"].isin(INFORMATIVE)).sum()),
        "largest_evidence": float(found.table["evidence"].max()),
        "explained": float(found.explained["share"].iloc[0]),
        **scores("with", run, truth, visited, seed),
    }
    if case == "three matter":
        parts = spec.prevalence.model_dump(exclude_none=True)  # type: ignore[union-attr]
        parts.pop("shrinkage")
        without = refit(spec.replace(prevalence=parts), study, seed, SETTINGS)
        row |= scores("without", without, truth, visited, seed)
    return row


def scores(name: str, run: Any, truth: Any, visited: np.ndarray, seed: int) -> dict[str, float]:
    """Mean error of the log prevalence and coverage, of areas nobody visited and of the others; the largest R-hat."""
    from nsum_bayes import diagnose, estimate

    draws = np.log(estimate(run, seed=seed).draws["prevalence"].values[:, :, 0])
    low, middle, high = np.quantile(draws, (0.025, 0.5, 0.975), axis=0)
    true = np.log(truth.prevalence.values[:, 0])
    held, error = (low <= true) & (true <= high), np.abs(middle - true)
    return {
        f"{name}_error_unsurveyed": float(error[~visited].mean()),
        f"{name}_error_surveyed": float(error[visited].mean()),
        f"{name}_coverage_unsurveyed": float(held[~visited].mean()),
        f"{name}_coverage_surveyed": float(held[visited].mean()),
        f"{name}_largest_rhat": float(diagnose(run).quantities["rhat"].max()),
    }
