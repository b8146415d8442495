"""Made-up areas, models and simulated studies for tests, and assertions in Monte Carlo standard errors."""

from __future__ import annotations

import numpy as np
import pandas as pd

from nsum_bayes.data.areas import Areas
from nsum_bayes.data.covariates import CovariateCategory
from nsum_bayes.data.neighbours import Neighbourhood
from nsum_bayes.data.study import Study
from nsum_bayes.model import spec as sp
from nsum_bayes.model.simulate import Truth, simulate

ERRORS = 5.0
KNOWN = {"teachers": 0.012, "twins": 0.006, "police": 0.003, "bakers": 0.002}
HIDDEN = (
    {
        "group": "held",
        "denominator": "adults",
        "transmission": {"prior": "beta", "mean": 0.6, "sd": 0.1, "reason": "test"},
        "degree_ratio": {"prior": "lognormal", "median": 0.8, "log_sd": 0.2, "reason": "test"},
    },
    {"group": "sold", "denominator": "children", "transmission": {"fixed": 0.5, "reason": "test"}},
)


def frame_of(count: int = 12) -> Areas:
    """Areas in provinces of two and regions of four; those of a region lie in a row."""
    number = np.arange(count)
    population = 10_000.0 + 1_000 * number
    table = pd.DataFrame(
        {
            "name": [f"Place {n}" for n in number],
            "province": [f"P{n // 2}" for n in number],
            "region": [f"R{n // 4}" for n in number],
            "population": population,
            "adults": 0.7 * population,
            "children": 0.3 * population,
            "poverty": 0.1 + 0.5 * np.sin(number) ** 2,
        },
        index=pd.Index([f"{n:04d}" for n in number], name="area", dtype=object),
    )
    category = CovariateCategory("poverty", ("poverty",), "logit", "test", 2023)
    links = tuple((f"{n:04d}", f"{n + 1:04d}") for n in range(count - 1) if n % 4 < 3)
    near = Neighbourhood(links)
    return Areas(table, ("province", "region"), ("adults", "children"), (category,), neighbourhood=near)


def model(**parts: object) -> sp.ModelSpec:
    """A model with every component, some of them replaced."""
    whole = {
        "name": "test",
        "title": "test",
        "description": "test",
        "counts": {"kind": "nb1", "overdispersion": {"prior": "lognormal", "median": 1.0, "log_sd": 0.5}},
        "degree": {
            "mean": {"prior": "normal", "mean": 5.0, "sd": 0.5},
            "sd": {"prior": "half_normal", "sd": 0.5},
            "area_sd": {"prior": "half_normal", "sd": 0.3},
            "coefficient": {"prior": "normal", "sd": 0.2},
        },
        "bias": {"sd": {"prior": "half_normal", "sd": 0.5}},
        "known_sizes": {"deviation_sd": {"prior": "half_normal", "sd": 0.2}},
        "prevalence": {
            "intercept": {"prior": "normal", "mean": -5.0, "sd": 1.0},
            "coefficient": {"prior": "normal", "sd": 0.3},
            "level_sd": {"prior": "half_normal", "sd": 0.3},
            "area_sd": {"prior": "half_normal", "sd": 0.3},
            "correlation": {"prior": "lkj", "shape": 2.0},
        },
    }
    return sp.ModelSpec.model_validate({**whole, **parts})


def study_of(areas: Areas | None = None, **choices: object) -> tuple[Study, Truth]:
    """A simulated study and its truth."""
    given = {"known": KNOWN, "hidden": HIDDEN, "respondents_per_area": 6, "surveyed": 8, "seed": 1, **choices}
    return simulate(given.pop("spec", None) or model(), areas if areas is not None else frame_of(), **given)


def assert_mean(draws: np.ndarray, expected: object) -> None:
    error = draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
    assert np.all(np.abs(draws.mean(axis=0) - expected) <= ERRORS * error + 1e-12)


def assert_variance(draws: np.ndarray, expected: object) -> None:
    assert_mean((draws - draws.mean(axis=0)) ** 2 * len(draws) / (len(draws) - 1), expected)
