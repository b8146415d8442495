"""Surveys of five areas with twenty-two known groups, whose answers are biased group by group, or not at all."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.made_up import frame_of

GROUPS, AREAS, RESPONDENTS = 22, 5, 2400
SHARES = {f"known_{k:02d}": float(share) for k, share in enumerate(np.geomspace(0.001, 0.03, GROUPS))}
HIDDEN = ({"group": "held", "denominator": "adults", "transmission": {"fixed": 0.8, "reason": "test"}},)


def biased_study(bias_sd: float, seed: int) -> Any:
    """A simulated study whose reports of each group are off by exp(b), b of this standard deviation."""
    from nsum_bayes import load_model, simulate

    given = {
        "degree_mean": 5.3,
        "degree_sd": 0.6,
        "degree_area_sd": 0.15,
        "bias_sd": bias_sd,
        "overdispersion": 1.0,
        "prevalence_intercept": float(np.log(0.01)),
        "area_sd": 0.3,
        "province_sd": 0.0,
        "region_sd": 0.0,
    }
    study, _ = simulate(
        load_model("municipal"),
        frame_of(AREAS),
        known=SHARES,
        hidden=HIDDEN,
        respondents_per_area=RESPONDENTS // AREAS,
        surveyed=AREAS,
        seed=seed,
        parameters=given,
    )
    return study
