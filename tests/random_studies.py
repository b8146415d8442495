"""Estimates of random fictional countries in four levels and two waves, and what a reader can work out of a release."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import linprog
from shapely.geometry import box

from nsum_bayes.data.areas import Areas
from nsum_bayes.data.covariates import CovariateCategory
from nsum_bayes.estimates.estimates import Estimates
from tests.unit.report_fixtures import META, TRANSMISSION

GROUPS, DENOMINATORS, WAVES = ("bonded", "trafficked"), ("adults", "children"), ("2023", "2025")
CANARY = "canary4711"


def random_frame(rng: np.random.Generator) -> Areas:
    """Unit squares in provinces and regions, some areas of few people; a covariate that belongs to somebody else."""
    areas = int(rng.integers(4, 30))
    province = rng.integers(0, max(1, areas // 4), areas)
    codes = [f"0{number:03d}" for number in range(areas)]
    table = pd.DataFrame({"name": [f"Isle {code}" for code in codes]}, index=pd.Index(codes, name="area"))
    table["province"] = [f"P{one}" for one in province]
    table["region"] = [f"R{one % 3}" for one in province]
    table["population"] = np.rint(rng.lognormal(9.5, rng.uniform(0.3, 1.8), areas)) + 10
    table["adults"], table["children"] = (np.ceil(share * table["population"]) for share in (0.6, 0.4))
    table[CANARY] = rng.normal(size=areas)
    shapes = [box(number % 6, number // 6, number % 6 + 1, number // 6 + 1) for number in range(areas)]
    secret = CovariateCategory(category="finance", columns=(CANARY,), transform="none", source=CANARY, year=2024)
    return Areas(
        table, ("province", "region"), DENOMINATORS, (secret,),
        geometry=geopandas.GeoSeries(shapes, index=table.index, crs="EPSG:4326"),
    )  # fmt: skip


def random_estimates(seed: int, draws: int = 40) -> Estimates:
    """Two waves over one frame, in each some areas surveyed by few."""
    rng = np.random.default_rng(seed)
    frame = random_frame(rng)
    waves = {wave: _one_wave(frame, wave, rng, draws) for wave in WAVES}
    return replace(waves.pop(WAVES[-1]), earlier=waves)


def _one_wave(frame: Areas, wave: str, rng: np.random.Generator, draws: int) -> Estimates:
    areas = len(frame)
    respondents = np.where(rng.random(areas) < rng.uniform(0.1, 0.9), rng.integers(1, 90, areas), 0)
    centre = np.minimum(-1.5, rng.normal(-5, 1, (areas, 2)))
    prevalence = np.exp(centre + 0.3 * rng.normal(size=(draws, areas, 2))).clip(max=0.9)
    coords = {"area": frame.codes.astype(object), "group": np.array(GROUPS, dtype=object)}
    return Estimates(
        draws=xr.Dataset(
            {
                "prevalence": (("draw", "area", "group"), prevalence),
                "drift": (("draw", "group"), np.zeros((draws, 2))),
            },
            coords=coords,
        ),
        areas=frame,
        denominator=dict(zip(GROUPS, DENOMINATORS, strict=True)),
        respondents=respondents,
        own_information=xr.DataArray(rng.random((areas, 2)), dims=("area", "group"), coords=coords),
        meta=META | {"transmission": dict.fromkeys(GROUPS, TRANSMISSION), "verdict": "publish", "wave": wave},
        wave=wave,
    )


def told_by(folder: Path, wave: str, group: str) -> dict[tuple[str, str], float]:
    """Posterior means of counts that the tables of a release tell, by level and unit."""
    told = {}
    for name in ("areas", "province", "region", "nation"):
        table = pd.read_csv(folder / f"{name}.csv", dtype={"area": str, "wave": str}, keep_default_na=False)
        rows = table[(table["wave"] == wave) & (table["group"] == group) & (table["prevalence_mean"] != "")]
        counts = rows["prevalence_mean"].astype(float) * rows["population"].astype(float)
        told |= dict(zip(zip(rows["level"], rows["area"], strict=True), counts, strict=True))
    return told


def limits_of(
    target: list[int], told: dict[tuple[int, ...], float], cap: np.ndarray, slack: float
) -> tuple[float, float]:
    """Lowest and highest total of some areas that agree with what is told, each figure to within a share of itself."""
    matrix = np.zeros((len(told), len(cap)))
    for row, areas in enumerate(told):
        matrix[row, list(areas)] = 1
    totals = np.array(list(told.values()))
    aim = np.zeros(len(cap))
    aim[target] = 1
    scale = max(totals.max(initial=0.0), 1.0)
    ends = []
    for sign in (1, -1):
        solved = linprog(
            sign * aim,
            A_ub=np.vstack([matrix, -matrix]),
            b_ub=np.concatenate([(1 + slack) * totals, -(1 - slack) * totals]) / scale,
            bounds=[(0, top / scale) for top in cap],
        )
        assert solved.status == 0, solved.message
        ends.append(sign * solved.fun * scale)
    return ends[0], ends[1]
