"""Surveys for comparing models: one where areas and covariates matter, and one where neither does."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

GIVEN: dict[str, dict[str, Any]] = {
    "areas matter": {"area_sd": [0.6, 0.6], "rate_coefficient": [[0.4, 0.3]]},
    "areas do not matter": {
        "area_sd": [1e-3, 1e-3],
        "province_sd": [1e-3, 1e-3],
        "region_sd": [1e-3, 1e-3],
        "rate_coefficient": [[0.0, 0.0]],
    },
}
COMMON = {"degree_mean": 5.2, "degree_sd": 0.6, "bias_sd": 0.2, "prevalence_intercept": [-4.5, -4.8]}
AREAS, SURVEYED, PER_AREA, FOLDS = 30, 24, 10, 6
SETTINGS = {"draws": 300, "tune": 500}
MODELS = ("municipal", "overdispersed_known")


def compared(case: str, seed: int) -> dict[str, Any]:
    """One survey simulated from `municipal`, and the two models compared by area."""
    from nsum_bayes import compare, fit, load_model
    from tests.made_up import frame_of, study_of

    warnings.simplefilter("ignore")
    spec = load_model("municipal")
    known = {f"known_{k}": share for k, share in enumerate(np.geomspace(0.003, 0.03, 6))}
    study, _ = study_of(
        frame_of(AREAS),
        spec=spec,
        known=known,
        surveyed=SURVEYED,
        respondents_per_area=PER_AREA,
        seed=seed,
        parameters={**COMMON, **GIVEN[case]},
    )
    # Folds are refitted; of the fits themselves only model and study are used.
    fits = {n: fit(load_model(n), study, seed=seed, draws=20, tune=50, progress=False, reuse=True) for n in MODELS}
    found = compare(fits, "area", seed=seed, folds=FOLDS, progress=False, **SETTINGS)
    table = found.table
    return {
        "case": case,
        "seed": seed,
        "better": float(table["elpd"]["municipal"] - table["elpd"]["overdispersed_known"]),
        "se": float(table["se_of_difference"].max()),
        "mc_error": float(np.hypot(*table["mc_error"])),
        "largest_k": float(table["largest_k"].max()),
        "weight": float(table["weight"]["municipal"]),
        "areas": int(table["units"].iloc[0]),
    }
