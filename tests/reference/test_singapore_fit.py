"""A real one-area survey, and its simulated twin: finite, converged, and wider than the plain model because of bias."""

from __future__ import annotations

import numpy as np
import pytest

from tests.philippines import shared_data

SINGAPORE = shared_data() / "singapore"
TRANSMISSION_GIVEN = {"fixed": 1.0, "reason": "held equal, so that only the bias term differs between the models"}


def twin_study():
    """One area of a million, ten known groups with biases of sd 0.4, two hidden groups; as many respondents."""
    import pandas as pd

    from nsum_bayes import load_model, simulate
    from nsum_bayes.data.areas import Areas

    table = pd.DataFrame({"name": ["Twin"], "population": [1e6], "everyone": [1e6]}, index=pd.Index(["T"], name="area"))
    stated = {"prior": "beta", "mean": 0.8, "sd": 0.1, "reason": "simulated"}
    hidden = [{"group": g, "denominator": "everyone", "transmission": stated} for g in ("hidden_1", "hidden_2")]
    study, _ = simulate(
        load_model("overdispersed_known"),
        Areas(table, (), ("everyone",), ()),
        known={f"known_{k}": share for k, share in enumerate(np.geomspace(0.001, 0.02, 10))},
        hidden=hidden,
        respondents_per_area=200,
        surveyed=1,
        seed=11,
        parameters={
            "degree_mean": 5.2,
            "degree_sd": 0.7,
            "bias_sd": 0.4,
            "overdispersion": [1.5] * 12,
            "prevalence_intercept": [-5.0, -6.0],
        },
        missing_rate=0.01,
    )
    return study


def singapore():
    from tests.singapore import singapore_study

    return singapore_study(SINGAPORE)


CASES = [
    "twin",
    pytest.param(
        "singapore",
        marks=[
            pytest.mark.reference,
            pytest.mark.skipif(not SINGAPORE.is_dir(), reason="the Singapore survey is not part of the project"),
        ],
    ),
]


@pytest.mark.parametrize("which", CASES)
def test_one_area_survey(which):
    from nsum_bayes import diagnose, estimate, fit, load_model

    study = twin_study() if which == "twin" else singapore()
    widths = {}
    for name in ("random_degree", "overdispersed_known"):
        run = fit(load_model(name), study, seed=1, progress=False)
        diagnosis = diagnose(run)
        assert diagnosis.verdict == "publish", diagnosis
        estimates = estimate(run, dict.fromkeys(study.hidden_groups, TRANSMISSION_GIVEN))
        low, middle, high = estimates.national()["count"].values
        assert np.isfinite([low, middle, high]).all()
        assert (low > 0).all()
        widths[name] = np.log(high / low)
    assert (widths["overdispersed_known"] > 1.5 * widths["random_degree"]).all(), widths
