"""The Singapore survey (Teo et al. 2019, doi 10.1136/sextrans-2018-053747, CC0) as a study of one area.

The data are not part of the project; set NSUM_SHARED_DATA to the folder that holds ``singapore/``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd

from nsum_bayes.data.study import Study

POPULATION = 5_000_000
# The ten that the classical figures use, and all nineteen of known size (group 3 has none).
KNOWN_NUMBERS = (6, 8, 11, 12, 13, 14, 15, 17, 18, 23)
ALL_KNOWN_NUMBERS = (1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 21, 22, 23)
HIDDEN_NUMBERS = {"clients": 7, "MSM": 16, "FSW": 20, "PWID": 24}
COVARIATES = ("age", "sex", "house", "edu", "ethnicity_x", "socialaccept_pwid")


def singapore_folder() -> Path | None:
    """Where the survey lies, None where it is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("NSUM_SHARED_DATA", beside)) / "singapore"
    return folder if (folder / "nsum_sg.csv").is_file() else None


def answer_column(number: int) -> str:
    """Column of the answers about a group by its number, 1 to 24."""
    return f"pop3{chr(ord('a') + number - 1)}_total"


def singapore_inputs(
    folder: Path, known_numbers: tuple[int, ...] = KNOWN_NUMBERS
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Settings and frames (survey, known, areas) of the survey; transmission and ratio are assumed, and said to be."""
    sizes = pd.read_csv(folder / "knownpop.csv")
    names = {number: str(sizes["known_population"][number - 1]).strip() for number in known_numbers}
    groups = {**names, **{number: group for group, number in HIDDEN_NUMBERS.items()}}
    known = pd.DataFrame(
        {
            "group": [names[number] for number in known_numbers],
            "area": "",
            "size": [float(sizes["real_data"][number - 1]) for number in known_numbers],
            "source": [str(sizes["references"][number - 1]).strip() for number in known_numbers],
            "year": [str(sizes["year"][number - 1]).removesuffix(".0") for number in known_numbers],
        }
    )
    areas = pd.DataFrame({"code": ["SG"], "name": ["Singapore"], "population": [POPULATION]})
    # Read as text, as the package's own reader does, so that "NA" is left for it to understand.
    survey = pd.read_csv(folder / "nsum_sg.csv", dtype=str, na_filter=False)
    return _settings(groups), {"survey": survey, "known": known, "areas": areas}


def _settings(groups: dict[int, str]) -> dict[str, Any]:
    transmission = {"prior": "beta", "mean": 0.7, "sd": 0.15, "reason": "assumed for this test"}
    return {
        "study": {
            "title": "Singapore 2016",
            "construct": "men who bought sex, men who have sex with men, female sex workers, people who inject drugs",
            "period": "2016",
            "tie": "you know each other by sight and name and could contact each other",
            "frame": "nation",
        },
        "survey": {"covariates": list(COVARIATES)},
        "question": [{"column": answer_column(number), "group": group} for number, group in groups.items()],
        "known": {},
        "hidden": [
            {"group": group, "denominator": "everyone", "transmission": transmission} for group in HIDDEN_NUMBERS
        ],
        "areas": {
            "code": "code",
            "name": "name",
            "population": "population",
            "denominators": {"everyone": "population"},
        },
    }


def singapore_study(folder: Path, known_numbers: tuple[int, ...] = KNOWN_NUMBERS) -> Study:
    """The survey as a study: ten known groups (or those asked for), four hidden ones, one area."""
    settings, frames = singapore_inputs(folder, known_numbers)
    return Study.from_frames(settings, **frames)
