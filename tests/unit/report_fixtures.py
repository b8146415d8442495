"""Small estimates for the report's tests: a fictional archipelago of squares with an isolate, an enclave, areas nobody
visited and areas that must be suppressed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import xarray as xr
from shapely import Geometry
from shapely.geometry import Polygon, box

from nsum_bayes.data.areas import Areas
from nsum_bayes.estimates.estimates import Estimates

TRANSMISSION = "beta, mean 0.6, sd 0.15 (awareness study, table 4)"
META = {
    "title": "Island survey",
    "construct": "people held in debt bondage",
    "period": "2025",
    "tie": "you know each other by name and met in the past year",
    "frame": "area",
    "synthetic": True,
    "fictional_places": True,
    "model": "municipal",
    "seed": 1,
}


def squares() -> tuple[list[Geometry], list[str]]:
    """Two islands of unit squares, an enclave inside one of them and a tiny isolate; with each area's province."""
    shapes: list[Geometry] = [box(x, y, x + 1, y + 1) for x in range(4) for y in range(4)]
    provinces = ["East" if x > 1 else "West" for x in range(4) for _ in range(4)]
    enclave = box(0.4, 0.4, 0.6, 0.6)
    shapes[0] = Polygon(shapes[0].exterior.coords, [enclave.exterior.coords])
    shapes += [enclave, *[box(7 + x, 1, 8 + x, 3) for x in range(3)], box(6, 6, 6.01, 6.01)]
    return shapes, [*provinces, "West", *["Outer"] * 4]


def areas(shapes: list[Geometry], provinces: list[str], *, province: str = "province") -> Areas:
    """A frame of these shapes; codes have a leading zero, the first name is a spreadsheet formula."""
    codes = [f"0{100 + i}" for i in range(len(shapes))]
    table = pd.DataFrame(index=pd.Index(codes, name="area"))
    table["name"] = ["=1+1", *[f"Isle {i}, new" for i in range(1, len(shapes))]]
    table[province] = provinces
    table["region"] = ["Sea" if p == "Outer" else "Main" for p in provinces]
    table["population"] = 1000.0 * (1 + np.arange(len(shapes)))
    table["adults"] = 0.6 * table["population"]
    series = geopandas.GeoSeries(shapes, index=table.index, crs="EPSG:4326")
    return Areas(table, (province, "region"), ("adults",), (), geometry=series)


def estimates(
    frame: Areas | None = None, *, groups: tuple[str, ...] = ("bonded",), seed: int = 1, **meta: Any
) -> Estimates:
    """Estimates over a frame; every third area has respondents, and every ninth too few to show."""
    frame = areas(*squares()) if frame is None else frame
    rng = np.random.default_rng(seed)
    number = np.arange(len(frame))
    respondents = np.where(number % 3, 0, np.where(number % 9, 20, 6))
    centre = rng.normal(np.log(0.004), 0.6, (len(frame), len(groups)))
    spread = np.where(respondents > 0, 0.25, 0.7)[:, None]
    prevalence = np.exp(centre + spread * rng.normal(size=(200, *centre.shape)))
    coords = {"area": frame.codes.astype(object), "group": np.array(groups, dtype=object)}
    own = np.where(respondents > 0, 0.6, 0.0)[:, None].repeat(len(groups), axis=1)
    return Estimates(
        draws=xr.Dataset({"prevalence": (("draw", "area", "group"), prevalence)}, coords=coords),
        areas=frame,
        denominator=dict.fromkeys(groups, "adults"),
        respondents=respondents,
        own_information=xr.DataArray(own, dims=("area", "group"), coords=coords),
        meta=META | {"transmission": dict.fromkeys(groups, TRANSMISSION)} | meta,
    )


def without_geometry(given: Estimates) -> Estimates:
    """The same estimates of a study that has no polygons."""
    return replace(given, areas=replace(given.areas, geometry=None))
