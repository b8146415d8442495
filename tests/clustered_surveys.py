"""Surveys drawn in clusters and with unequal chances, and how three models do on them. All answers are simulated.

In each of 18 areas six villages are drawn, five people in each. A third of the people live in towns, where the hidden
group is commoner, and two thirds of the respondents do: the weights tell.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

MODELS = ("municipal", "municipal_design", "municipal_weighted")
AREAS, SURVEYED, VILLAGES, EACH = 24, 18, 6, 5
IN_TOWN = 1 / 3
SETTINGS = {"draws": 400, "tune": 600}
GIVEN: dict[str, Any] = {
    **{"degree_mean": 5.4, "degree_sd": 0.5, "degree_area_sd": 0.2, "overdispersion": 0.3, "bias_sd": 0.05},
    **{"prevalence_intercept": -4.0, "area_sd": 0.3, "province_sd": 0.05, "region_sd": 0.05, "rate_coefficient": 0.0},
    **{"unit_sd": 0.8, "degree_unit_sd": 0.2, "stratum_sd": 0.5, "stratum_effect": [[-0.5], [0.5]]},
}


def clustered(model: str, seed: int) -> dict[str, Any]:
    """One survey, one model: which intervals of surveyed areas and of the nation hold the truth."""
    from nsum_bayes import estimate, fit, load_model
    from tests.made_up import frame_of, study_of

    warnings.simplefilter("ignore")
    number = np.arange(SURVEYED * VILLAGES * EACH)
    village = number // EACH % VILLAGES
    town = village < 4
    weight = np.where(town, IN_TOWN / (4 / 6), (1 - IN_TOWN) / (2 / 6))
    layer = np.where(town, "town", "land")
    design = pd.DataFrame({"layer": layer, "village": village, "w": weight})
    roles = {"covariates": [], "stratum": "layer", "unit": "village", "weight": "w"}
    stated = {"fixed": 0.8, "reason": "the simulation's own"}
    study, truth = study_of(
        frame_of(AREAS),
        spec=load_model("municipal_design"),
        known={f"known_{k}": float(share) for k, share in enumerate(np.geomspace(0.003, 0.03, 8))},
        hidden=[{"group": "held", "denominator": "adults", "transmission": stated}],
        surveyed=SURVEYED,
        respondents_per_area=VILLAGES * EACH,
        respondent_covariates=design,
        settings={"survey": roles},
        seed=seed,
        parameters=GIVEN,
    )
    run = fit(load_model(model), study, seed=seed, progress=False, reuse=True, **SETTINGS)
    result = estimate(run)
    visited = result.respondents > 0
    draws = result.draws["prevalence"].transpose("draw", "area", "group").values[:, visited, 0]
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    actual = truth.prevalence.to_numpy()[visited, 0]
    national = result.level_draws("nation")["prevalence"].values[:, 0, 0]
    bounds = np.quantile(national, [0.025, 0.975])
    whole = float(truth.national["prevalence"][0])
    return {
        "model": model,
        "seed": seed,
        "areas": int(visited.sum()),
        "held": int(((low < actual) & (actual < high)).sum()),
        "nation_held": bool(bounds[0] < whole < bounds[1]),
        "nation_log_ratio": float(np.log(np.median(national) / whole)),
        "log_width": float(np.log(high / low).mean()),
        "largest_rhat": float(_rhat(run)),
    }


def _rhat(run: Any) -> float:
    import arviz as az

    names = [n for n in ("rate_intercept", "area_sd", "unit_sd", "stratum_sd", "bias_sd") if n in run.posterior]
    return float(az.rhat(run.posterior[names]).to_array().max())
