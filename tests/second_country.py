"""A second fictional country: landlocked, communes in cantons and nothing above, questions about the whole country.

Its study file is written by hand; the answers are simulated from it. It shares no column name, group, level or file
kind with the bundled archipelago.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nsum_bayes.data.areas import Areas
from nsum_bayes.data.covariates import CovariateCategory
from nsum_bayes.model.fieldwork import Fieldwork
from nsum_bayes.model.simulate import simulate_frames
from nsum_bayes.model.spec import load_model
from nsum_bayes.model.truth import Truth

STUDY = """\
[study]
title     = "Enquête nationale du Haut-Karsan 2026"
construct = "enfants contraints à mendier"
period    = "2026"
tie       = "vous vous êtes parlé au cours des douze derniers mois"
frame     = "nation"
local_share = { prior = "beta", mean = 0.7, sd = 0.08, reason = "pilote, question 14" }
synthetic = true
fictional_places = true

[survey]
file          = "ménages.xlsx"
respondent    = "numéro"
area          = "commune"
missing_codes = [999]

[[question]]
column = "c1_boulangers"
group  = "boulangers"
answer = { type = "count", top_code = 40 }

[[question]]
column = "c2_maires"
group  = "maires"

[[question]]
column = "c3_jumeaux"
group  = "jumeaux"

[[question]]
column = "c4_aveugles"
group  = "aveugles"

[[question]]
column = "c5_mendiants"
group  = "mendiants"

[known]
file = "effectifs.xlsx"

[[hidden]]
group        = "mendiants"
denominator  = "mineurs"
transmission = { prior = "beta", mean = 0.7, sd = 0.1, reason = "étude annexe" }

[areas]
file         = "communes.csv"
code         = "insee"
name         = "nom"
levels       = ["canton"]
population   = "habitants"
denominators = { mineurs = "moins_18" }

[areas.covariates.revenus]
columns   = ["revenu"]
transform = "log"
source    = "trésor"
year      = 2025
"""

COMMUNES, VISITED, HOUSEHOLDS = 24, 14, 18
SHARES = {"boulangers": 0.004, "maires": 0.002, "jumeaux": 0.012, "aveugles": 0.003}
PARAMETERS: dict[str, Any] = {
    "degree_mean": 5.4,
    "degree_sd": 0.5,
    "bias_sd": 0.2,
    "overdispersion": 0.6,
    "prevalence_intercept": float(np.log(0.01)),
    "area_sd": 0.3,
}


def communes(seed: int = 7) -> Areas:
    """Communes of four cantons; the code of one begins with a zero, names have accents and commas."""
    rng = np.random.default_rng(seed)
    people = np.rint(rng.lognormal(9.0, 0.6, COMMUNES))
    table = pd.DataFrame(
        {
            "name": [f"Saint-Élie, n° {n}" for n in range(COMMUNES)],
            "canton": [f"Canton {'ABCD'[n % 4]}" for n in range(COMMUNES)],
            "population": people,
            "mineurs": np.rint(0.3 * people),
            "revenu": rng.lognormal(7.0, 0.3, COMMUNES),
        },
        index=pd.Index([f"{n:02d}K" for n in range(COMMUNES)], name="area", dtype=object),
    )
    category = CovariateCategory("revenus", ("revenu",), "log", "trésor", 2025)
    return Areas(table, ("canton",), ("mineurs",), (category,))


def write_second_country(folder: Path, seed: int = 5) -> tuple[Path, Truth]:
    """Write the study's files; its path and its truth."""
    settings, areas = tomllib.loads(STUDY), communes()
    people = areas.population.sum()
    sizes = pd.DataFrame({"group": list(SHARES), "area": "", "size": [round(s * people) for s in SHARES.values()]})
    plan = {key: settings[key] for key in ("study", "question")} | {"survey": {"missing_codes": [999]}}
    work = Fieldwork(sizes, settings["hidden"], HOUSEHOLDS, VISITED, settings=plan, missing_rate=0.02)
    frames, truth = simulate_frames(load_model("municipal"), areas, work, seed, PARAMETERS)
    names = {"id": "numéro", "code": "commune"}
    frames.survey.fillna(999).rename(columns=names).to_excel(folder / "ménages.xlsx", index=False)
    frames.known.assign(source="recensement", year=2024).to_excel(folder / "effectifs.xlsx", index=False)
    table = areas.table.rename(columns={"name": "nom", "population": "habitants", "mineurs": "moins_18"})
    table.rename_axis("insee").to_csv(folder / "communes.csv")
    path = folder / "study.toml"
    allowed = sorted(int(code) for code in frames.settings["survey"]["allowed_codes"])
    path.write_text(
        STUDY.replace("missing_codes = [999]", f"missing_codes = [999]\nallowed_codes = {allowed}"), "utf-8"
    )
    return path, truth
