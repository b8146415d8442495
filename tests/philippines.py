"""The Philippine frame (1,642 cities and municipalities) for tests; answers on it are always simulated.

Source: Philippine Statistics Authority (PSGC 4Q 2023, census 2015 and 2020, small-area poverty estimates); polygons
from faeldon/philippines-json-maps (MIT), from OCHA COD-AB, PSA and NAMRIA (CC BY-IGO). Neither is part of this package.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nsum_bayes.data.areas import Areas
from nsum_bayes.data.covariates import CovariateCategory

CHILDREN_SHARE = 0.34
"""Share of people under 18, the same everywhere: the census table at hand has no ages, so it is assumed."""

CATEGORIES = (
    CovariateCategory("poverty", ("poverty",), "logit", "PSA small-area estimates", 2021),
    CovariateCategory("demography", ("population_2020", "growth"), "none", "PSA census", 2020),
    CovariateCategory("settlement", ("urban_share", "villages"), "none", "PSA census", 2020),
    CovariateCategory("revenue", ("income_class",), "none", "PSA", 2023),
)


def shared_data() -> Path:
    """Folder of the shared data, wherever it lies beside the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("NSUM_SHARED_DATA", beside))


def philippine_areas(*, geometry: bool = False) -> Areas:
    """All 1,642 municipalities with six covariates; 45 have no poverty figure."""
    raw = pd.read_csv(
        shared_data() / "philippines" / "municipalities.csv", dtype={"psgc": str, "province": str, "region": str}
    )
    population = raw["pop2020_bgy"].astype(float)
    table = pd.DataFrame(
        {
            "name": raw["name"],
            "province": raw["province"].fillna(raw["region"]),
            "region": raw["region"],
            "population": population,
            "children": np.rint(CHILDREN_SHARE * population),
            "poverty": raw["pov_2021"] / 100.0,
            "population_2020": np.log(population),
            "growth": np.log(population / raw["pop2015_bgy"]),
            "urban_share": (raw["urban_pop_2020"] / population).clip(0, 1),
            "villages": np.log(raw["n_bgy"]),
            "income_class": raw["income"].str.extract(r"(\d)")[0].astype(float),
        }
    ).set_axis(pd.Index(raw["psgc"], name="area", dtype=str), axis=0)
    polygons = _polygons(table.index) if geometry else None
    return Areas(table, ("province", "region"), ("children",), CATEGORIES, polygons, "PSGC 4Q 2023")


def _polygons(codes: pd.Index) -> Any:
    from nsum_bayes.data.readers import read_geometry

    faults: list[Any] = []
    polygons = read_geometry(shared_data() / "philippines" / "municipalities.geojson.gz", "psgc", faults)
    assert not faults, faults
    return polygons.reindex(codes)


KNOWN_SHARES = {f"known_{k:02d}": share for k, share in enumerate(np.geomspace(0.0005, 0.03, 20), start=1)}

HIDDEN = {
    "group": "trafficked",
    "denominator": "children",
    "transmission": {"prior": "beta", "mean": 0.6, "sd": 0.15, "reason": "simulated study"},
}


def national_study(
    seed: int, *, areas: Areas, surveyed: int = 150, per_area: int = 24, prevalence: float = 0.004
) -> Any:
    """Simulated answers on the frame: 20 known groups and one hidden; bias, transmission and areas drawn by seed."""
    from nsum_bayes.model.simulate import simulate
    from nsum_bayes.model.spec import load_model

    return simulate(
        load_model("municipal"),
        areas,
        known=KNOWN_SHARES,
        hidden=[HIDDEN],
        respondents_per_area=per_area,
        surveyed=surveyed,
        seed=seed,
        selection="population",
        parameters={
            "degree_mean": 5.3,
            "degree_sd": 0.6,
            "degree_area_sd": 0.25,
            "bias_sd": 0.3,
            "overdispersion": [1.0] * 21,
            "prevalence_intercept": [float(np.log(prevalence))],
            "rate_coefficient": [[0.3], [0.1], [-0.1], [0.2], [0.0], [-0.15]],
            "province_sd": [0.3],
            "region_sd": [0.25],
            "area_sd": [0.4],
        },
        missing_rate=0.01,
    )


def coverage_replicate(seed: int) -> dict[str, float]:
    """Share of areas whose truth lies in its 95 % interval, surveyed and unsurveyed apart, in one small replicate.

    60 of the 1,642 municipalities, 15 respondents each; biases, transmission and every effect drawn afresh.
    """
    from nsum_bayes import estimate, fit, load_model

    study, truth = national_study(seed, areas=philippine_areas(), surveyed=60, per_area=15, prevalence=0.008)
    run = fit(load_model("municipal"), study, seed=seed, draws=500, tune=1000, progress=False)
    estimates = estimate(run)
    low, high = estimates.draws["prevalence"].quantile([0.025, 0.975], dim="draw").values[..., 0]
    actual = truth.prevalence.values[:, 0]
    covered = (low <= actual) & (actual <= high)
    visited = estimates.respondents > 0
    national = estimates.national()["count"].isel(group=0).values
    total = float(truth.count.sum())
    return {
        "seed": seed,
        "surveyed": float(covered[visited].mean()),
        "unsurveyed": float(covered[~visited].mean()),
        "national": float(national[0] <= total <= national[2]),
        "log_ratio": float(np.log(national[1] / total)),
        "divergences": int(run.tree["sample_stats"]["diverging"].sum()),
    }
