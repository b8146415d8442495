"""A study as JSON texts and back, exactly: floats by their shortest exact digits, missing ones as null."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nsum_bayes.data.areas import Areas
from nsum_bayes.data.cells import Cells
from nsum_bayes.data.covariates import CovariateCategory
from nsum_bayes.data.groups import KnownSizes
from nsum_bayes.data.neighbours import Neighbourhood
from nsum_bayes.data.settings import StudySettings
from nsum_bayes.data.survey import Survey

if TYPE_CHECKING:
    import geopandas as gpd

Contacts = dict[str, pd.DataFrame]
Parts = tuple[StudySettings, Survey, KnownSizes, Areas, dict[str, str], tuple[str, ...], Contacts, Cells | None]


def written(
    settings: StudySettings,
    survey: Survey,
    known: KnownSizes,
    areas: Areas,
    hashes: Mapping[str, str],
    notes: tuple[str, ...],
    contacts: Mapping[str, pd.DataFrame],
    cells: Cells | None = None,
) -> dict[str, str]:
    """The parts of a study as JSON texts."""
    return {
        "settings": settings.model_dump_json(by_alias=True),
        "survey": _dumps(_survey_content(survey)),
        "known": _dumps({"table": _frame(known.table), "groups": known.groups}),
        **areas_written(areas),
        "hashes": _dumps(dict(hashes)),
        "notes": _dumps(list(notes)),
        "contacts": _dumps({group: _frame(table) for group, table in contacts.items()}),
        **({} if cells is None else {"cells": _dumps(_frame(cells.table))}),
    }


def _survey_content(survey: Survey) -> dict[str, Any]:
    """A survey's parts; those that say nothing, such as bounds of answers that are all exact, are left out."""
    content = {
        "answers": [_plain(row) for row in survey.answers],
        "groups": survey.groups,
        "area": survey.area.tolist(),
        "design": _frame(survey.design),
        "covariates": _frame(survey.covariates),
    }
    if not np.array_equal(survey.upper, survey.answers, equal_nan=True):
        content["upper"] = [_plain(row) for row in survey.upper]
    if not np.isnan(survey.reported_degree).all():
        content["reported_degree"] = _plain(survey.reported_degree)
    if not np.isnan(survey.respect).all():
        content["respect"] = [_plain(row) for row in survey.respect]
    if survey.scales:
        content["scales"] = dict(survey.scales)
    return content


def _survey(content: dict[str, Any]) -> Survey:
    groups = tuple(content["groups"])
    shape = {"answers": (-1, len(groups)), "upper": (-1, len(groups)), "respect": (-1, len(groups))}
    arrays: dict[str, Any] = {
        name: np.array(content[name], dtype=float).reshape(shape.get(name, -1))
        for name in (*shape, "reported_degree")
        if name in content
    }
    for values in arrays.values():
        values.flags.writeable = False
    area = np.array(content["area"], dtype=str)
    answers = arrays.pop("answers")
    scales = {name: (centre, unit) for name, (centre, unit) in content.get("scales", {}).items()}
    frames = (_table(content["design"]), _table(content["covariates"]))
    return Survey(answers, groups, area, *frames, **arrays, scales=scales)


def areas_written(areas: Areas) -> dict[str, str]:
    """A frame of areas as JSON texts, ``areas`` and ``geometry``; holds nothing of respondents."""
    content = {
        "codes": areas.codes.tolist(),
        "table": _frame(areas.table),
        "levels": areas.levels,
        "denominators": areas.denominators,
        "covariates": [vars(category) for category in areas.covariates],
        "vintage": areas.vintage,
        "neighbourhood": vars(areas.neighbourhood),
    }
    return {"areas": _dumps(content), "geometry": "" if areas.geometry is None else areas.geometry.to_json()}


def areas_read(texts: Mapping[str, str]) -> Areas:
    """The frame that `areas_written` wrote, exactly."""
    return _areas(json.loads(texts["areas"]), texts["geometry"])


def read(texts: Mapping[str, str]) -> Parts:
    """The parts of a study from their JSON texts."""
    known = json.loads(texts["known"])
    # Fits saved before there were such tables have none.
    contacts = json.loads(texts.get("contacts", "{}"))
    return (
        StudySettings.model_validate_json(texts["settings"]),
        _survey(json.loads(texts["survey"])),
        KnownSizes(_table(known["table"]), tuple(known["groups"])),
        areas_read(texts),
        json.loads(texts["hashes"]),
        tuple(json.loads(texts["notes"])),
        {group: _table(table) for group, table in contacts.items()},
        Cells(_table(json.loads(texts["cells"]))) if "cells" in texts else None,
    )


def _areas(content: dict[str, Any], geometry: str) -> Areas:
    table = _table(content["table"]).set_axis(pd.Index(content["codes"], name="area", dtype=str), axis=0)
    categories = tuple(
        # Fits saved before covariates had errors name none.
        CovariateCategory(
            **{**c, "columns": tuple(c["columns"]), "errors": tuple((n, e) for n, e in c.get("errors", ()))}
        )
        for c in content["covariates"]
    )
    return Areas(
        table,
        tuple(content["levels"]),
        tuple(content["denominators"]),
        categories,
        _polygons(geometry) if geometry else None,
        content["vintage"],
        _neighbourhood(content.get("neighbourhood", {})),
    )


def _neighbourhood(content: dict[str, Any]) -> Neighbourhood:
    """Fits saved before there were such rules have none."""
    return Neighbourhood(**{**content, "links": tuple((one, other) for one, other in content.get("links", ()))})


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
        return [_number(value) for value in values.tolist()]
    return values.tolist()


def _number(value: float) -> float | str | None:
    """JSON has no word for what is missing or without end."""
    if value != value:
        return None
    return str(value) if value in (np.inf, -np.inf) else value


def _dumps(content: Any) -> str:
    return json.dumps(content, allow_nan=False, ensure_ascii=False)
