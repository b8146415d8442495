"""The Singapore survey with acceptance of the hidden groups and demographics, as Teo et al. 2019 used it.

Published choices followed here (code and data at kieshaprem/nsum, CC0): ten known groups, four levels of acceptance
from −9 to 0, age, sex and two indicators of ethnicity that act on every group. The one missing age is the mean age.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from nsum_bayes.data.study import Study
from tests.singapore import HIDDEN_NUMBERS, answer_column, singapore_inputs

ACCEPTANCE = {
    "clients": "socialaccept_mcfsw",
    "MSM": "socialaccept_msm",
    "FSW": "socialaccept_fsw",
    "PWID": "socialaccept_pwid",
}
COVARIATES = ("age", "sex", "malay", "indian")
CENTRES = {"age": 40.5, "sex": 0.49, "malay": 0.15, "indian": 0.07}
"""What the published code takes off its covariates, each then taken in its own unit (years, or nought and one)."""


def respect_study(folder: Path, acceptance_range: tuple[float, float] | None = None) -> Study:
    """The survey as a study; scores outside ``acceptance_range`` are set missing, else the one of 45 is kept."""
    settings, frames = singapore_inputs(folder)
    groups = {answer_column(number): group for group, number in HIDDEN_NUMBERS.items()}
    for question in settings["question"]:
        if question["column"] in groups:
            question["respect"] = ACCEPTANCE[groups[question["column"]]]
    scales = {name: [centre, 1.0] for name, centre in CENTRES.items()}
    settings["survey"] = {"covariates": list(COVARIATES), "covariate_scales": scales}
    if acceptance_range is not None:
        settings["survey"]["covariate_ranges"] = {column: list(acceptance_range) for column in ACCEPTANCE.values()}
    return Study.from_frames(settings, **{**frames, "survey": _with_demographics(frames["survey"])})


def _with_demographics(survey: pd.DataFrame) -> pd.DataFrame:
    age = pd.to_numeric(survey["age"], errors="coerce")
    indicators = {name: (survey["ethnicity_x"] == name.capitalize()).astype(int) for name in ("malay", "indian")}
    return survey.assign(age=age.fillna(age.mean()), **indicators)
