"""Leave-one-out by respondent with the degree integrated out, against refits without the respondent."""

from __future__ import annotations

import numpy as np
import pytest

from nsum_bayes import FitError, compare, fit, load_model
from nsum_bayes.checks.compare import leave_one_out_by_cell, leave_one_out_by_respondent
from nsum_bayes.checks.folds import score_respondents
from tests.made_up import frame_of, study_of

RESPONDENTS, LEFT_OUT = 120, 30


@pytest.mark.slow
def test_integrated_leave_one_out_agrees_with_exact_refits() -> None:
    spec = load_model("overdispersed_known")
    known = {f"known_{k}": share for k, share in enumerate(np.geomspace(0.003, 0.03, 6))}
    study, _ = study_of(
        frame_of(1),
        spec=spec,
        known=known,
        surveyed=1,
        respondents_per_area=RESPONDENTS,
        seed=11,
        parameters={"degree_mean": 5.2, "degree_sd": 0.6, "bias_sd": 0.2},
    )
    run = fit(spec, study, seed=5, draws=1000, tune=800, progress=False)
    found = leave_one_out_by_respondent(run)
    assert found.pareto_k.max() < 0.7
    # The same without integration: the degree is learned from the very answers left out.
    naive = leave_one_out_by_cell(run)
    assert naive.pareto_k.max() > 0.7
    with pytest.raises(FitError, match="not reliable"):
        compare({"overdispersed_known": run}, "cell")
    # Every fourth respondent, left out for good.
    places = list(range(0, RESPONDENTS, RESPONDENTS // LEFT_OUT))
    here = {"workers": 0, "cluster": None, "progress": False}
    exact = score_respondents(run, places, 1, {"draws": 1000, "tune": 800}, None, here)
    keys = [str(place) for place in places]
    difference = found.elpd[keys] - exact.elpd[keys]
    error = np.hypot(found.error[keys], exact.error[keys])
    assert len(difference) == LEFT_OUT
    # Some 5 % lie outside two errors by chance; more than five of thirty do so in one case of three hundred.
    assert (difference.abs() > 2 * error).sum() <= 5
    assert (difference.abs() < 4 * error).all()
