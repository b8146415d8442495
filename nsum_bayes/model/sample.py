"""The sample study: a fictional archipelago, a simulated survey of it, and the truth beside it, written to files."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nsum_bayes.data.archipelago import archipelago
from nsum_bayes.data.areas import Areas
from nsum_bayes.model.fieldwork import Fieldwork, Frames
from nsum_bayes.model.simulate import simulate_frames
from nsum_bayes.model.spec import load_model

MISSING = -9
VISITED = 60
PER_AREA = 20
SPREAD = 0.4

KNOWN_SHARES = {
    "named_tavi": 0.0062,
    "named_orrel": 0.0031,
    "named_quenna": 0.0014,
    "teachers": 0.0118,
    "nurses": 0.0055,
    "fishers": 0.0290,
    "police": 0.0027,
    "gave_birth": 0.0165,
    "married": 0.0083,
    "widowed": 0.0042,
}

# Columns: bonded, trafficked. The intercepts put 0.8 % of adults and 0.3 % of children into the average area.
PARAMETERS: dict[str, Any] = {
    "degree_mean": 5.2,
    "degree_sd": 0.6,
    "degree_area_sd": 0.25,
    "degree_coefficient": [0.10, 0.05],
    "bias_sd": 0.25,
    "overdispersion": [0.5, 0.4, 0.3, 1.2, 0.9, 2.5, 0.8, 0.6, 0.5, 0.7, 1.5, 1.1],
    "prevalence_intercept": [float(np.log(0.008)), float(np.log(0.003))],
    "rate_coefficient": [[0.35, 0.25], [-0.15, -0.10], [-0.05, 0.10]],
    "province_sd": [0.25, 0.25],
    "region_sd": [0.20, 0.20],
    "area_sd": [0.35, 0.40],
    "area_correlation": [[1.0, 0.3], [0.3, 1.0]],
}

STUDY = """\
# A fictional study: places, people and answers are invented, and the truth is in truth.csv and truth.json.

[study]
title     = "Archipelago sample study"
construct = "adults held in debt bondage, and children trafficked into work; both invented"
period    = "2025"
tie       = "you know each other by name, have met in the past year, and the person lives in your municipality"
frame     = "area"
synthetic = true
fictional_places = true

[survey]
file          = "survey.csv"
respondent    = "id"
area          = "code"
stratum       = "stratum"
unit          = "village"
weight        = "weight"
covariates    = ["urban", "sex"]
missing_codes = [-9]
allowed_codes = []

[[question]]
column = "q_named_tavi"
group  = "named_tavi"
kind   = "name"

[[question]]
column = "q_named_orrel"
group  = "named_orrel"
kind   = "name"

[[question]]
column = "q_named_quenna"
group  = "named_quenna"
kind   = "name"

[[question]]
column = "q_teachers"
group  = "teachers"
kind   = "occupation"

[[question]]
column = "q_nurses"
group  = "nurses"
kind   = "occupation"

[[question]]
column = "q_fishers"
group  = "fishers"
kind   = "occupation"

[[question]]
column = "q_police"
group  = "police"
kind   = "occupation"

[[question]]
column = "q_gave_birth"
group  = "gave_birth"
kind   = "event"

[[question]]
column = "q_married"
group  = "married"
kind   = "event"

[[question]]
column = "q_widowed"
group  = "widowed"
kind   = "event"

[[question]]
column = "q_bonded"
group  = "bonded"

[[question]]
column = "q_trafficked"
group  = "trafficked"

[known]
file = "groups.csv"

[[hidden]]
group        = "bonded"
construct    = "adults held in debt bondage (invented)"
denominator  = "adults"
transmission = { prior = "beta", mean = 0.6, sd = 0.1, reason = "invented: a side study of who knows of whose bondage" }

[[hidden]]
group        = "trafficked"
construct    = "children trafficked into work (invented)"
denominator  = "children"
transmission = { prior = "beta", mean = 0.5, sd = 0.1, reason = "invented: expert judgement" }
degree_ratio = { prior = "lognormal", median = 0.9, log_sd = 0.1, reason = "invented: such children are kept apart" }

[areas]
file         = "areas.csv"
code         = "code"
name         = "name"
levels       = ["province", "region"]
population   = "population"
denominators = { adults = "adults", children = "children" }
geometry     = { file = "areas.geojson", code = "code" }
vintage      = "invented"

[areas.covariates.poverty]
columns   = ["poverty_rate"]
transform = "logit"
source    = "invented: household budget survey"
year      = 2023

[areas.covariates.finance]
columns   = ["remittances"]
transform = "log"
source    = "invented: central bank, thousands per household"
year      = 2024

[areas.covariates.telecoms]
columns   = ["mobile_towers"]
transform = "log1p"
source    = "invented: telecoms authority, towers"
year      = 2024
"""

README = """\
# The sample study

A **fictional** archipelago of 120 municipalities on seven islands, and a simulated survey of {respondents} people in
{visited} of them. Nothing in it is real: places, coasts, people, secondary data and answers are drawn from a seed, and
the coordinates lie in open ocean. All files were made by one command, which makes them again bit by bit:

    nsum simulate --out data_samples --seed {seed}{options}

| file | what |
|---|---|
| `study.toml` | the study file: columns, groups, hidden groups with what is assumed about them, areas |
| `survey.csv` | one row a respondent; `q_…` are answers to "how many … do you know?", {missing} means no answer |
| `groups.csv` | national sizes of the ten known groups |
| `areas.csv` | municipalities: province, region, population, adults, children, and three covariates |
| `areas.geojson` | their outlines (WGS84); neighbours share their borders point by point |
| `truth.csv` | the true prevalence and number of members of each hidden group, by area, province, region, nation |
| `truth.json` | the parameters that the answers were simulated from |
"""


def make_sample(
    folder: str | Path, seed: int = 2025, *, visited: int = VISITED, per_area: int = PER_AREA
) -> list[Path]:
    """Make the sample study and write its files.

    Parameters
    ----------
    folder
        Where to write; made if absent. Files of the same name are replaced.
    seed
        The same seed gives the same files, byte by byte.
    visited
        Number of the 120 municipalities that are surveyed.
    per_area
        Respondents in a visited municipality, on average; single ones vary by 40 %.

    Returns
    -------
    list of pathlib.Path
        The files written.
    """
    land, people, answers = (int(word) for word in np.random.SeedSequence(seed).generate_state(3))
    areas = archipelago(land)
    rng = np.random.default_rng(people)
    work = _fieldwork(areas, rng, visited, per_area)
    frames, truth = simulate_frames(load_model("municipal"), areas, work, answers, PARAMETERS)
    survey = _design_columns(frames, areas, rng)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "study.toml": STUDY.replace("allowed_codes = []", f"allowed_codes = {_allowed(frames)}"),
        "survey.csv": _csv(survey),
        "groups.csv": _csv(frames.known),
        "areas.csv": _csv(frames.areas),
        "areas.geojson": geojson(areas),
        "README.md": README.format(
            respondents=len(survey), visited=visited, missing=MISSING, seed=seed, options=_options(visited, per_area)
        ),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [*(folder / name for name in texts), *truth.to_files(folder)]


def _options(visited: int, per_area: int) -> str:
    """The options of the command that differ from their defaults."""
    given = ((" --visited", visited, VISITED), (" --per-area", per_area, PER_AREA))
    return "".join(f"{name} {value}" for name, value, default in given if value != default)


def _fieldwork(areas: Areas, rng: np.random.Generator, visited: int, per_area: int) -> Fieldwork:
    settings = tomllib.loads(STUDY)
    # Stratum, unit and weight are written beside the answers afterwards; the story does not use them.
    plan = {"covariates": settings["survey"]["covariates"], "missing_codes": settings["survey"]["missing_codes"]}
    sizes = [round(share * areas.population.sum()) for share in KNOWN_SHARES.values()]
    known = pd.DataFrame({"group": list(KNOWN_SHARES), "area": "", "size": sizes})
    fewest, most = max(1, round((1 - SPREAD) * per_area)), round((1 + SPREAD) * per_area)
    return Fieldwork(
        known=known.assign(source="invented: census", year=2023),
        hidden=settings["hidden"],
        respondents_per_area=dict(zip(areas.codes, rng.integers(fewest, most + 1, len(areas)).tolist(), strict=True)),
        surveyed=visited,
        selection="population",
        settings={"study": settings["study"], "survey": plan, "question": settings["question"]},
        respondent_covariates={"urban": 0.4, "sex": {"female": 0.52, "male": 0.48}},
        missing_rate=0.01,
    )


def _design_columns(frames: Frames, areas: Areas, rng: np.random.Generator) -> pd.DataFrame:
    """The survey with stratum (region), unit (village) and weight (adults of the region for each respondent)."""
    survey = frames.survey
    region = areas.table["region"].loc[survey["code"]].to_numpy(dtype=object)
    villages = [
        f"{code}-{number}" for code, number in zip(survey["code"], rng.integers(1, 4, len(survey)), strict=True)
    ]
    adults = areas.table.groupby("region")["adults"].sum()
    weight = adults.loc[region].to_numpy() / pd.Series(region).value_counts().loc[region].to_numpy()
    answers = [column for column in survey.columns if column.startswith("q_")]
    survey = survey.assign(**{column: survey[column].fillna(MISSING).astype(int) for column in answers})
    survey.insert(2, "stratum", region)
    survey.insert(3, "village", villages)
    survey.insert(4, "weight", np.round(weight / weight.mean(), 4))
    return survey.sort_values(["code", "village"], kind="stable").assign(id=survey["id"].to_numpy())


def _allowed(frames: Frames) -> list[int]:
    return [int(code) for code in frames.settings["survey"]["allowed_codes"]]


def _csv(frame: pd.DataFrame) -> str:
    whole = [name for name in frame.select_dtypes("float") if (frame[name] % 1 == 0).all()]
    return str(frame.astype(dict.fromkeys(whole, int)).to_csv(index=False, lineterminator="\n"))


def geojson(areas: Areas) -> str:
    """Outlines of the areas as GeoJSON text, one area a line, with its code and name."""
    from shapely.geometry import mapping

    if areas.geometry is None:
        raise ValueError("these areas have no geometry")
    features = [
        {"type": "Feature", "properties": {"code": code, "name": name}, "geometry": mapping(shape)}
        for code, name, shape in zip(areas.codes, areas.table["name"], areas.geometry, strict=True)
    ]
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False, separators=(",", ":")) for feature in features)
    return f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n'
