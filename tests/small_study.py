"""A small valid study on disk: two provinces of two areas, twenty-four respondents, three known groups, one hidden."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

STUDY = """\
[study]
title     = "Two provinces"
construct = "people held in debt bondage"
period    = "2025"
tie       = "you know each other by name and met in the past year"
frame     = "area"
synthetic = true

[survey]
file = "survey.csv"
respondent = "id"
area       = "code"
stratum = "stratum"
weight  = "w"
covariates    = ["age", "urban"]
missing_codes = [-9]

[[question]]
column = "q_teachers"
group  = "teachers"
kind   = "occupation"
answer = { type = "count" }

[[question]]
column = "q_nurses"
group  = "nurses"

[[question]]
column = "q_farmers"
group  = "farmers"

[[question]]
column = "q_bonded"
group  = "bonded"

[known]
file = "groups.csv"

[[hidden]]
group        = "bonded"
denominator  = "adults"
transmission = { prior = "beta", mean = 0.6, sd = 0.15, reason = "awareness study" }

[areas]
file   = "areas.csv"
code   = "code"
name   = "name"
levels = ["province"]
population   = "population"
denominators = { adults = "pop_18plus" }
geometry     = { file = "areas.geojson", code = "code" }
vintage      = "2025"

[areas.covariates.poverty]
columns   = ["poverty_rate"]
transform = "logit"
source    = "statistics office"
year      = 2023

[areas.covariates.access]
columns   = ["road_km"]
transform = "log"
"""

CODES = ("0101", "0102", "0201", "0202")


def survey_frame() -> pd.DataFrame:
    """Six respondents in each of four areas; codes as text, one answer missing, one coded as missing."""
    rng = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "id": [f"r{number:02d}" for number in range(24)],
            "code": np.repeat(CODES, 6),
            "stratum": np.tile(["town", "country"], 12),
            "w": 1.5,
            "age": rng.integers(18, 70, 24),
            "urban": np.tile(["yes", "no", "no"], 8),
        }
    )
    for group, mean in {"teachers": 3.0, "nurses": 2.0, "farmers": 6.0, "bonded": 0.6}.items():
        frame[f"q_{group}"] = rng.poisson(mean, 24).astype(object)
    frame.loc[3, "q_nurses"] = ""
    frame.loc[5, "q_farmers"] = -9
    return frame


def groups_frame() -> pd.DataFrame:
    """Teachers nationally, nurses by area with a standard error, farmers by province from a roster."""
    return pd.DataFrame(
        {
            "group": ["teachers", *["nurses"] * 4, "farmers", "farmers"],
            "area": ["", *CODES, "North", "South"],
            "size": [600, 50, 60, 70, 80, "", ""],
            "se": ["", 5, 6, 7, 8, "", ""],
            "rostered": ["", "", "", "", "", 500, 400],
            "members": ["", "", "", "", "", 60, 50],
            "source": "ministry",
            "year": 2024,
        }
    )


def areas_frame() -> pd.DataFrame:
    """Four areas in two provinces."""
    return pd.DataFrame(
        {
            "code": CODES,
            "name": ["Ash", "Birch", "Cedar", "Damson"],
            "province": ["North", "North", "South", "South"],
            "population": [10000, 12000, 14000, 16000],
            "pop_18plus": [6000, 7000, 8000, 9000],
            "poverty_rate": [0.1, 0.2, 0.15, ""],
            "road_km": [10, 20, 30, 45],
        }
    )


def geometry_text(codes: tuple[str, ...] = CODES) -> str:
    """Unit squares in a row, as GeoJSON."""
    features = [
        {
            "type": "Feature",
            "properties": {"code": code},
            "geometry": {"type": "Polygon", "coordinates": [[[x, 0], [x + 1, 0], [x + 1, 1], [x, 1], [x, 0]]]},
        }
        for x, code in enumerate(codes)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def write_small_study(folder: Path) -> Path:
    """Write the study's five files; returns the path of study.toml."""
    survey_frame().to_csv(folder / "survey.csv", index=False)
    groups_frame().to_csv(folder / "groups.csv", index=False)
    areas_frame().to_csv(folder / "areas.csv", index=False)
    (folder / "areas.geojson").write_text(geometry_text(), encoding="utf-8")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return folder / "study.toml"


Edit = Callable[[Path], None]


def edit_text(old: str, new: str) -> Edit:
    """Replace a text of study.toml, once."""

    def edit(folder: Path) -> None:
        file = folder / "study.toml"
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the study file"
        file.write_text(text.replace(old, new), encoding="utf-8")

    return edit


def edit_cells(file: str, column: str, values: dict[int, object]) -> Edit:
    """Set cells of a column by row number, the first under the header being row 1."""

    def edit(folder: Path) -> None:
        frame = pd.read_csv(folder / file, dtype=str, na_filter=False)
        for row, value in values.items():
            frame.loc[row - 1, column] = str(value)
        frame.to_csv(folder / file, index=False)

    return edit


def add_column(file: str, column: str, values: list[object]) -> Edit:
    """Add a column."""

    def edit(folder: Path) -> None:
        frame = pd.read_csv(folder / file, dtype=str, na_filter=False)
        frame.assign(**{column: values}).to_csv(folder / file, index=False)

    return edit


def drop_column(file: str, column: str) -> Edit:
    """Remove a column."""

    def edit(folder: Path) -> None:
        pd.read_csv(folder / file, dtype=str, na_filter=False).drop(columns=column).to_csv(folder / file, index=False)

    return edit


def drop_rows(file: str, *rows: int) -> Edit:
    """Remove rows by number."""

    def edit(folder: Path) -> None:
        frame = pd.read_csv(folder / file, dtype=str, na_filter=False)
        frame.drop(index=[row - 1 for row in rows]).to_csv(folder / file, index=False)

    return edit


def repeat_row(file: str, row: int) -> Edit:
    """Append a copy of a row."""

    def edit(folder: Path) -> None:
        frame = pd.read_csv(folder / file, dtype=str, na_filter=False)
        pd.concat([frame, frame.iloc[[row - 1]]]).to_csv(folder / file, index=False)

    return edit


def remove_file(file: str) -> Edit:
    """Remove a file."""
    return lambda folder: (folder / file).unlink()


def both(*edits: Edit) -> Edit:
    """Several edits, one after another."""

    def edit(folder: Path) -> None:
        for one in edits:
            one(folder)

    return edit
