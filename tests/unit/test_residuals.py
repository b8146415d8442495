"""Residuals: standard normal where the model is right; the tests on them against closed forms and planted faults."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from nsum_bayes import Fit, residuals
from nsum_bayes.checks.residuals import (
    Residuals,
    area_means,
    morans_i,
    neighbour_weights,
    tracy_widom_p,
)
from nsum_bayes.inference.cumulative import cumulative_probabilities
from nsum_bayes.model.inputs import read_inputs


def test_cumulative_probabilities_are_those_of_the_counts(one_area_fit: Fit) -> None:
    below, upto = next(cumulative_probabilities(one_area_fit, 8))
    answers = one_area_fit.study.survey.answers
    assert np.isnan(below).sum() == np.isnan(upto).sum() == np.isnan(answers).sum()
    told = ~np.isnan(answers)
    np.testing.assert_array_equal(below[told & (answers == 0)], 0.0)
    assert np.all(upto[told] > below[told])
    # By SciPy's own law, for one group: θ = share × exp(bias).
    draw = one_area_fit.posterior.isel(chain=0, draw=0)
    inputs = read_inputs(one_area_fit.spec, one_area_fit.study)
    theta = np.exp(inputs.sizes.log_share[0] + float(draw["bias"][0]))
    mean = np.exp(draw["log_degree"].values.astype(float)) * theta
    omega = float(draw["overdispersion"][0])
    law = scipy.stats.nbinom(mean / omega, 1 / (1 + omega))
    here = told[:, 0]
    np.testing.assert_allclose(upto[here, 0], law.cdf(answers[:, 0])[here], rtol=1e-6)
    np.testing.assert_allclose(below[here, 0], law.cdf(answers[:, 0] - 1)[here], rtol=1e-6, atol=1e-12)


def test_residuals_of_a_right_model_have_no_pattern(sample_fit: Fit) -> None:
    found = residuals(sample_fit, draws=20)
    assert [finding.code for finding in found.findings] == ["residuals"]
    assert found.findings[0].severity == "pass"
    np.testing.assert_allclose(found.groups["sd"], 1.0, atol=0.1)
    np.testing.assert_allclose(found.groups["mean"], 0.0, atol=0.1)
    assert set(found.covariates["of"]) == {"respondent", "area"}
    assert len(found.moran) == len(sample_fit.study.survey.groups)
    assert found.quantile.shape == sample_fit.study.survey.answers.shape
    assert abs(float(found.surrogate.mean())) < 0.05
    assert "answers" not in str(found.to_dict())


def test_a_wrong_dispersion_is_called_out(sample_fit: Fit) -> None:
    from dataclasses import replace

    import xarray as xr

    posterior = sample_fit.posterior
    narrow = posterior.assign(overdispersion=posterior["overdispersion"] / 20)
    found = residuals(replace(sample_fit, tree=xr.DataTree.from_dict({"posterior": narrow})), draws=10)
    assert any(finding.code == "residuals" and finding.severity == "review" for finding in found.findings)
    assert "scatter more" in repr(found)


def test_the_largest_eigenvalue_is_held_against_tracy_widom() -> None:
    rng = np.random.default_rng(5)
    chances = []
    for _ in range(200):
        z = rng.standard_normal((300, 12))
        chances.append(tracy_widom_p(np.corrcoef(z, rowvar=False), 300, rng))
    assert scipy.stats.kstest(chances, "uniform").pvalue > 1e-3
    common = rng.standard_normal((300, 1))
    z = np.sqrt(0.8) * rng.standard_normal((300, 12)) + np.sqrt(0.2) * common
    assert tracy_widom_p(np.corrcoef(z, rowvar=False), 300, rng) < 1e-6
    assert tracy_widom_p(np.eye(1), 300, rng) == 1.0


def test_morans_i_of_a_ring() -> None:
    ring = np.roll(np.eye(40), 1, axis=1) + np.roll(np.eye(40), -1, axis=1)
    wave = np.sin(np.arange(40) * 2 * np.pi / 40)
    observed, expected, p = morans_i(wave, ring)
    # On a ring, neighbours of a sine wave correlate by the cosine of one step.
    assert observed == pytest.approx(np.cos(2 * np.pi / 40))
    assert expected == pytest.approx(-1 / 39)
    assert p < 1e-6
    rng = np.random.default_rng(1)
    chances = [morans_i(rng.standard_normal(40), ring)[2] for _ in range(300)]
    assert scipy.stats.kstest(chances, "uniform").pvalue > 1e-3
    assert morans_i(np.zeros(40), ring) == (0.0, 0.0, 1.0)


def test_neighbours_are_the_nearest_surveyed_areas(sample_fit: Fit) -> None:
    weights = neighbour_weights(sample_fit.study)
    assert weights is not None
    np.testing.assert_array_equal(weights.sum(axis=1), 4)
    np.testing.assert_array_equal(np.diag(weights), 0)


def test_area_means_are_standard_normal(sample_fit: Fit) -> None:
    study = sample_fit.study
    z = np.random.default_rng(2).standard_normal(study.survey.answers.shape)
    z[0, 0] = np.nan
    means = area_means(z, study)
    assert means.shape == (len(study.survey.surveyed_areas), z.shape[1])
    first = study.survey.area == study.survey.surveyed_areas[0]
    assert means[0, 1] == pytest.approx(z[first, 1].mean() * np.sqrt(first.sum()))
    assert scipy.stats.kstest(means.ravel(), "norm").pvalue > 1e-3


def test_findings_name_what_stands_out() -> None:
    import xarray as xr

    names = ["a", "b"]
    found = Residuals(
        quantile=xr.DataArray(),
        surrogate=xr.DataArray(),
        groups=pd.DataFrame({"mean": [0.0, 0.1], "sd": [1.0, 1.4], "p": [0.5, 1e-6]}, index=names),
        correlation=pd.DataFrame([[1.0, 0.4], [0.4, 1.0]], index=names, columns=names),
        eigenvalue={"largest": 1.4, "p": 1e-5},
        covariates=pd.DataFrame(
            [{"covariate": "age", "of": "respondent", "group": "a", "correlation": 0.3, "p": 1e-8, "p_adjusted": 1e-7}]
        ),
        moran=pd.DataFrame({"I": [0.5, 0.0], "expected": [0.0, 0.0], "p": [1e-5, 0.5]}, index=names),
    )
    messages = [finding.message for finding in found.findings]
    assert len(messages) == 4
    for text, part in zip(
        messages, ("'b' scatter more", "'a' and 'b' (0.40)", "follow age", "neighbouring"), strict=True
    ):
        assert part in text
