"""The respect model has the published log density, written out here from the paper's own equations.

    y_ik ~ Poisson(λ α_i S_k exp(β_k x_ik + z_i γ_k)),   λ ~ U(0, 10),   log α_i ~ N(0, precision t),   t ~ U(0, 10)
    S_h ~ U(0, N/2),   β_k ~ N(0, s),   γ_k ~ N(0, s_b),   s, s_b ~ Gamma(1, 0.01)

Teo et al. 2019, doi:10.1136/sextrans-2018-053747; x raw and for hidden groups only, z in years and
indicators, each less a fixed centre.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from nsum_bayes.data.study import Study
from nsum_bayes.model.build import build_model
from nsum_bayes.model.spec import load_model
from tests.scale_up_example import GROUPS, HIDDEN, KNOWN, twin
from tests.small_survey import PEOPLE
from tests.uncompiled import function, uncompiled

ORDER = [*KNOWN, *HIDDEN]
CENTRES = {"age": (40.5, 1.0), "urban": (0.49, 1.0)}
PARAMETERS = (
    *("degree_mean", "degree_sd", "log_degree", "rate_intercept", "respect_slope", "respect_slope_sd"),
    *("mixing_coefficient", "mixing_coefficient_sd"),
)


def study() -> Study:
    made = twin(respondents=25, covariates=True, residual_cv=0.0).study
    return replace(made, survey=replace(made.survey, scales=CENTRES))


def published(at: dict[str, np.ndarray], asked: Study) -> float:
    """Log density of everything by log λ, log α, t, log S_h, β, γ, s and s_b."""
    log_lambda = at["degree_mean"] - np.log(PEOPLE)
    log_alpha = at["log_degree"] - at["degree_mean"]
    precision = at["degree_sd"] ** -2.0
    size = np.exp(at["rate_intercept"]) * PEOPLE
    known = [asked.known.table.set_index("group")["size"][group] for group in KNOWN]
    z = np.column_stack([asked.survey.covariates[name] - centre for name, (centre, _) in CENTRES.items()])
    respect = np.nan_to_num(asked.survey.respect)
    slope = np.r_[np.zeros(len(KNOWN)), at["respect_slope"]]
    effect = respect * slope + z @ at["mixing_coefficient"]
    mean = np.exp(log_lambda + log_alpha[:, None] + np.log(np.r_[known, size]) + effect)
    terms: list[Any] = [
        stats.poisson.logpmf(asked.survey.answers, mean),
        # λ and S_h are uniform; by their logs the density has the values themselves as a factor.
        stats.uniform.logpdf(np.exp(log_lambda), 0, 10) + log_lambda,
        stats.uniform.logpdf(size, 0, PEOPLE / 2) + np.log(size),
        stats.norm.logpdf(log_alpha, 0, precision**-0.5),
        stats.uniform.logpdf(precision, 0, 10),
        stats.norm.logpdf(at["respect_slope"], 0, at["respect_slope_sd"]),
        stats.norm.logpdf(at["mixing_coefficient"], 0, at["mixing_coefficient_sd"]),
        stats.gamma.logpdf([at["respect_slope_sd"], at["mixing_coefficient_sd"]], 1, scale=90),
    ]
    return float(sum(np.sum(term) for term in terms))


@pytest.mark.reference
def test_the_log_density_is_the_published_one_but_for_a_constant():
    asked = study()
    assert list(asked.survey.groups) == ORDER
    assert set(ORDER) == set(GROUPS)
    rng = np.random.default_rng(1)
    with uncompiled():
        model = build_model(load_model("respect"), asked)
        parameters = model.replace_rvs_by_values([model[name] for name in PARAMETERS])
        evaluate = function(model.value_vars, [model.logp(jacobian=False), *parameters])
        start = model.initial_point()
        ours, theirs = [], []
        for _ in range(8):
            point = {name: value + 0.3 * rng.standard_normal(value.shape) for name, value in start.items()}
            density, *values = evaluate(**point)
            ours.append(float(density))
            theirs.append(published(dict(zip(PARAMETERS, values, strict=True)), asked))
    assert np.ptp(theirs) > 100.0
    np.testing.assert_allclose(np.subtract(ours, ours[0]), np.subtract(theirs, theirs[0]), rtol=1e-9, atol=1e-6)
