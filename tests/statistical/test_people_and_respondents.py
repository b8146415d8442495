"""A survey that meets townspeople too often: the people's rate and network size come back through cells, by a fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nsum_bayes import estimate, network_sizes
from nsum_bayes.data.cells import Cells
from nsum_bayes.inference.refits import refit
from tests.made_up import frame_of, model, study_of

MET, TRUE = 0.85, 0.5
TOWN_DEGREE, TOWN_HIDDEN = 0.6, 1.2
RATE, DEGREE, SD = 0.02, 5.2, 0.6
HIDDEN = {"group": "held", "denominator": "adults", "transmission": {"fixed": 1.0, "reason": "test"}}
KNOWN = {f"known_{k}": float(share) for k, share in enumerate(np.geomspace(0.004, 0.02, 8))}


@pytest.mark.slow
def test_cells_bring_back_what_the_sample_has_out_of_proportion() -> None:
    spec = model(
        known_sizes={},
        degree={**model().degree.model_dump(exclude_none=True), "covariates": ["urban"]},
        mixing={"coefficient": {"prior": "normal", "sd": 0.7}, "covariates": ["urban"]},
        prevalence={
            "intercept": {"prior": "normal", "mean": -4.0, "sd": 1.0},
            "area_sd": {"prior": "half_normal", "sd": 0.3},
        },
    )
    slopes = np.array([[*[0.0] * len(KNOWN), TOWN_HIDDEN]])
    study, _ = study_of(
        frame_of(24), spec=spec, known=KNOWN, hidden=[HIDDEN], surveyed=24, respondents_per_area=40, seed=3,
        respondent_covariates={"urban": {"no": 1 - MET, "yes": MET}},
        parameters={
            "degree_mean": DEGREE, "degree_sd": SD, "degree_area_sd": 0.1, "degree_coefficient": [TOWN_DEGREE],
            "mixing_coefficient": slopes, "rate_intercept": [np.log(RATE)], "area_sd": [0.1],
            "bias_sd": 1e-3, "overdispersion": 0.5,
        },
    )  # fmt: skip
    cells = Cells(pd.DataFrame({"area": ["", ""], "urban": ["no", "yes"], "people": [1 - TRUE, TRUE]}))
    run = refit(spec, replace(study, cells=cells), 1, {"draws": 500, "tune": 600})
    ties = np.array([1 - TRUE, TRUE * np.exp(TOWN_DEGREE)])
    true_rate = RATE * (ties / ties.sum()) @ [1.0, np.exp(TOWN_HIDDEN)]
    true_size = np.exp(DEGREE + SD**2 / 2 + 0.1**2 / 2) * ties.sum()

    figures = ("prevalence_lower", "prevalence_median", "prevalence_upper")
    low, middle, high = estimate(run).table("nation")[list(figures)].iloc[0]
    assert low < true_rate < high
    assert high / low < 2.0
    assert abs(np.log(middle / true_rate)) < abs(np.log(RATE / true_rate)) / 3
    size = network_sizes(run, "nation").iloc[0]
    assert size["network_size_lower"] < true_size < size["network_size_upper"]
    met = network_sizes(replace(run, study=study), "nation").iloc[0]
    assert met["network_size_median"] > 1.05 * size["network_size_median"]
