"""The Singapore survey with acceptance of the hidden groups and demographics, as Teo et al. 2019 used it.

Published choices followed here (code and data at kieshaprem/nsum, CC0): ten known groups, four levels of acceptance
from −9 to 0, age, sex and two indicators of ethnicity that act on every group. The one missing age is the mean age.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
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
"""Where the published sizes are told: the values that the published code takes off its covariates."""


def respect_study(folder: Path, acceptance_range: tuple[float, float] | None = None) -> Study:
    """The survey as a study; scores outside ``acceptance_range`` are set missing, else the one of 45 is kept."""
    settings, frames = singapore_inputs(folder)
    groups = {answer_column(number): group for group, number in HIDDEN_NUMBERS.items()}
    for question in settings["question"]:
        if question["column"] in groups:
            question["respect"] = ACCEPTANCE[groups[question["column"]]]
    settings["survey"] = {"covariates": list(COVARIATES)}
    if acceptance_range is not None:
        settings["survey"]["covariate_ranges"] = {column: list(acceptance_range) for column in ACCEPTANCE.values()}
    return Study.from_frames(settings, **{**frames, "survey": _with_demographics(frames["survey"])})


def _with_demographics(survey: pd.DataFrame) -> pd.DataFrame:
    age = pd.to_numeric(survey["age"], errors="coerce")
    indicators = {name: (survey["ethnicity_x"] == name.capitalize()).astype(int) for name in ("malay", "indian")}
    return survey.assign(age=age.fillna(age.mean()), **indicators)


def at_published_centres(study: Study, posterior: Any) -> np.ndarray:
    """Draws of the hidden groups' sizes (draw, hidden_group) for a respondent at the published centres.

    The package's sizes are those that a respondent of average covariates would report.
    """
    covariates = study.survey.covariates
    shift = np.array([(CENTRES[n] - covariates[n].mean()) / covariates[n].std(ddof=0) for n in COVARIATES])
    slope = posterior["mixing_coefficient"].stack(sample=("chain", "draw"))
    slope = slope.sel(group=list(study.hidden_groups)).transpose("sample", "mixing_covariate", "group")
    assert list(slope.coords["mixing_covariate"].values) == list(COVARIATES)
    log_rate = posterior["rate_intercept"].stack(sample=("chain", "draw")).transpose("sample", ...).values
    return np.exp(log_rate + np.einsum("c,scg->sg", shift, slope.values)) * study.areas.population.sum()
