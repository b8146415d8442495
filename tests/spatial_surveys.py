"""Simulated surveys of a lattice whose areas are like their neighbours or not, with neighbours in the model or not."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
from shapely.geometry import box

from nsum_bayes.data.areas import Areas
from tests.made_up import frame_of

SIDE, SURVEYED, PER_AREA = 12, 72, 25
KNOWN = {f"known_{k}": float(share) for k, share in enumerate(np.geomspace(0.002, 0.02, 8))}
SHARES = {"neighbours alike": 0.95, "neighbours not alike": 0.0}
HIDDEN = {"group": "held", "denominator": "adults", "transmission": {"fixed": 0.8, "reason": "simulated"}}
GIVEN: dict[str, Any] = {
    **{"degree_mean": 5.3, "degree_sd": 0.6, "degree_area_sd": 0.2, "bias_sd": 0.02, "overdispersion": 1.0},
    **{"rate_intercept": float(np.log(0.02)), "area_sd": 0.7},
}
SETTINGS = {"draws": 400, "tune": 600}


def lattice() -> Areas:
    """Squares of a tenth of a degree, without levels or covariates: only neighbours tell of an area nobody visited."""
    frame = frame_of(SIDE**2)
    shapes = [box(x / 10, y / 10, (x + 1) / 10, (y + 1) / 10) for y in range(SIDE) for x in range(SIDE)]
    polygons = gpd.GeoSeries(shapes, index=frame.table.index, crs=4326)
    return replace(frame, levels=(), covariates=(), geometry=polygons, neighbourhood=type(frame.neighbourhood)())


def compared_on_a_lattice(case: str, seed: int) -> dict[str, Any]:
    """One survey fitted with and without neighbours: error and coverage of areas nobody visited, and of the others."""
    from nsum_bayes import load_model, simulate
    from nsum_bayes.inference.refits import refit
    from tests.secondary_surveys import scores

    warnings.simplefilter("ignore")
    spec = load_model("municipal_spatial")
    study, truth = simulate(
        spec, lattice(), known=KNOWN, hidden=[HIDDEN], respondents_per_area=PER_AREA, surveyed=SURVEYED, seed=seed,
        parameters={**GIVEN, "spatial_share": SHARES[case]},
    )  # fmt: skip
    visited = np.isin(study.areas.codes, study.survey.surveyed_areas)
    parts = spec.prevalence.model_dump(exclude_none=True)  # type: ignore[union-attr]
    parts.pop("spatial")
    with_neighbours = refit(spec, study, seed, SETTINGS)
    without = refit(spec.replace(prevalence=parts), study, seed, SETTINGS)
    return {
        "case": case,
        "seed": seed,
        "share": float(with_neighbours.posterior["spatial_share"].median()),
        **scores("neighbours", with_neighbours, truth, visited, seed),
        **scores("alone", without, truth, visited, seed),
    }
