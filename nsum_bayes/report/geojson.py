"""Estimates by area as GeoJSON (RFC 7946): one file, one feature an area and group, for web maps and QGIS alike.

One file and not one a group, because figures of several groups are usually shown side by side; filter by ``group``.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from nsum_bayes.errors import ReleaseError
from nsum_bayes.report.release import refuse_invented_places, replacing
from nsum_bayes.report.tables import level_table

if TYPE_CHECKING:
    from nsum_bayes.estimates.estimates import Estimates, Suppression

DIGITS = 5
"""Decimals of a coordinate: about a metre."""


def write_geojson(estimates: Estimates, path: str | Path, *, suppress: Suppression | None = None) -> Path:
    """Write the areas with their figures as properties; codes are text, a withheld figure is null.

    Raises
    ------
    ReleaseError
        No polygons, or simulated answers about real places.
    """
    from nsum_bayes.estimates.summaries import Suppression as Rule

    refuse_invented_places(estimates)
    if estimates.areas.geometry is None:
        what = "There is no geometry to write."
        raise ReleaseError(what, where="[areas] geometry", advice="Name a file of polygons in the study file.")
    table = level_table(estimates, "area", suppress or Rule())
    shapes = {code: _shape(shape) for code, shape in estimates.areas.geometry.to_crs(4326).items()}
    features = [_feature(row, shapes) for row in table.to_dict("records")]
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False, allow_nan=False) for feature in features)
    target = Path(path)
    with replacing(target) as temporary:
        temporary.write_text(f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n', encoding="utf-8")
    return target


def _shape(shape: Any) -> Any:
    """Coordinates rounded, outer rings against the clock as the standard asks; None where there is no polygon."""
    from shapely import set_precision
    from shapely.geometry import mapping
    from shapely.geometry.polygon import orient

    if shape is None or shape.is_empty:
        return None
    rounded = set_precision(shape, 10.0**-DIGITS)
    kept = shape if rounded.is_empty else rounded  # an islet may be smaller than a metre
    parts = [orient(part) for part in getattr(kept, "geoms", [kept])]
    return mapping(parts[0]) if len(parts) == 1 else mapping(type(kept)(parts))


def _feature(row: dict[Any, Any], shapes: dict[Any, Any]) -> dict[str, Any]:
    properties = {str(name): _plain(value) for name, value in row.items()}
    return {"type": "Feature", "properties": properties, "geometry": shapes.get(row["area"])}


def _plain(value: Any) -> Any:
    if value is None or (isinstance(value, float) and not math.isfinite(value)) or value is pd.NA:
        return None
    if hasattr(value, "item"):
        return _plain(value.item())
    return float(f"{value:.8g}") if isinstance(value, float) else value
