"""A study as JSON texts and back, exactly: floats by their shortest exact digits, missing ones as null."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nsum_bayes.data.areas import Areas, CovariateCategory
from nsum_bayes.data.groups import KnownSizes
from nsum_bayes.data.settings import StudySettings
from nsum_bayes.data.survey import Survey

if TYPE_CHECKING:
    import geopandas as gpd

Parts = tuple[StudySettings, Survey, KnownSizes, Areas, dict[str, str], tuple[str, ...]]


def written(
    settings: StudySettings,
    survey: Survey,
    known: KnownSizes,
    areas: Areas,
    hashes: Mapping[str, str],
    notes: tuple[str, ...],
) -> dict[str, str]:
    """The parts of a study as JSON texts."""
    return {
        "settings": settings.model_dump_json(by_alias=True),
        "survey": _dumps(
            {
                "answers": [_plain(row) for row in survey.answers],
                "groups": survey.groups,
                "area": survey.area.tolist(),
                "design": _frame(survey.design),
                "covariates": _frame(survey.covariates),
            }
        ),
        "known": _dumps({"table": _frame(known.table), "groups": known.groups}),
        **areas_written(areas),
        "hashes": _dumps(dict(hashes)),
        "notes": _dumps(list(notes)),
    }


def areas_written(areas: Areas) -> dict[str, str]:
    """A frame of areas as JSON texts, ``areas`` and ``geometry``; holds nothing of respondents."""
    content = {
        "codes": areas.codes.tolist(),
        "table": _frame(areas.table),
        "levels": areas.levels,
        "denominators": areas.denominators,
        "covariates": [vars(category) for category in areas.covariates],
        "vintage": areas.vintage,
    }
    return {"areas": _dumps(content), "geometry": "" if areas.geometry is None else areas.geometry.to_json()}


def areas_read(texts: Mapping[str, str]) -> Areas:
    """The frame that `areas_written` wrote, exactly."""
    return _areas(json.loads(texts["areas"]), texts["geometry"])


def read(texts: Mapping[str, str]) -> Parts:
    """The parts of a study from their JSON texts."""
    survey, known = json.loads(texts["survey"]), json.loads(texts["known"])
    groups = tuple(survey["groups"])
    answers = np.array(survey["answers"], dtype=float).reshape(-1, len(groups))
    answers.flags.writeable = False
    area = np.array(survey["area"], dtype=str)
    return (
        StudySettings.model_validate_json(texts["settings"]),
        Survey(answers, groups, area, _table(survey["design"]), _table(survey["covariates"])),
        KnownSizes(_table(known["table"]), tuple(known["groups"])),
        areas_read(texts),
        json.loads(texts["hashes"]),
        tuple(json.loads(texts["notes"])),
    )


def _areas(content: dict[str, Any], geometry: str) -> Areas:
    table = _table(content["table"]).set_axis(pd.Index(content["codes"], name="area", dtype=str), axis=0)
    categories = tuple(CovariateCategory(**{**c, "columns": tuple(c["columns"])}) for c in content["covariates"])
    return Areas(
        table,
        tuple(content["levels"]),
        tuple(content["denominators"]),
        categories,
        _polygons(geometry) if geometry else None,
        content["vintage"],
    )


def _polygons(text: str) -> gpd.GeoSeries:
    import geopandas as gpd
    from shapely.geometry import shape

    features = json.loads(text)["features"]
    index = pd.Index([feature["id"] for feature in features], name="area", dtype=str)
    return gpd.GeoSeries([shape(f["geometry"]) for f in features], index=index, crs=4326, name="geometry")


def _frame(frame: pd.DataFrame) -> dict[str, Any]:
    columns = {str(name): _plain(frame[name].to_numpy()) for name in frame.columns}
    numeric = [str(name) for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name])]
    return {"rows": len(frame), "numeric": numeric, "columns": columns}


def _table(content: dict[str, Any]) -> pd.DataFrame:
    numeric = content["numeric"]
    columns = {
        name: np.array(values, dtype=float if name in numeric else str) for name, values in content["columns"].items()
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(content["rows"]))


def _plain(values: np.ndarray) -> list[Any]:
    if values.dtype.kind == "f":
        return [None if value != value else value for value in values.tolist()]
    return values.tolist()


def _dumps(content: Any) -> str:
    return json.dumps(content, allow_nan=False, ensure_ascii=False)
