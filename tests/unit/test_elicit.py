"""Priors from quantiles: the distribution stated has the quantiles that were said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, lognorm

from nsum_bayes import ModelError
from nsum_bayes.model.elicit import degree_ratio_from_quantiles, transmission_from_quantiles
from tests.made_up import study_of


def shapes(said: dict) -> tuple[float, float]:
    total = said["mean"] * (1 - said["mean"]) / said["sd"] ** 2 - 1
    return said["mean"] * total, (1 - said["mean"]) * total


@given(st.floats(0.05, 0.9), st.floats(0.03, 0.4), st.sampled_from([0.5, 0.8, 0.9, 0.95]))
@settings(max_examples=60, deadline=None)
def test_the_beta_prior_has_the_quantiles_that_were_said(lower: float, wide: float, probability: float) -> None:
    upper = min(lower + wide, 0.97)
    a, b = shapes(transmission_from_quantiles(lower, upper, "test", probability=probability))
    tail = (1 - probability) / 2
    np.testing.assert_allclose(beta.ppf([tail, 1 - tail], a, b), [lower, upper], atol=1e-4)


def test_the_lognormal_prior_has_the_quantiles_that_were_said() -> None:
    said = degree_ratio_from_quantiles(0.4, 1.1, "test", probability=0.8)
    found = lognorm.ppf([0.1, 0.9], said["log_sd"], scale=said["median"])
    np.testing.assert_allclose(found, [0.4, 1.1], rtol=1e-9)


def test_the_widest_prior_is_uniform() -> None:
    assert shapes(transmission_from_quantiles(0.05, 0.95, "test")) == pytest.approx((1.0, 1.0), rel=1e-4)


def test_a_study_takes_what_is_stated() -> None:
    said = transmission_from_quantiles(0.4, 0.8, "two case workers, asked apart")
    ratio = degree_ratio_from_quantiles(0.5, 1.0, "kept apart")
    hidden = ({"group": "held", "denominator": "adults", "transmission": said, "degree_ratio": ratio},)
    study, _ = study_of(hidden=hidden, surveyed=2, respondents_per_area=5)
    assert "two case workers" in study.hidden("held").transmission.text


@pytest.mark.parametrize(
    ("lower", "upper", "probability", "said"),
    [
        (0.8, 0.4, 0.9, "not in order"),
        (0.0, 0.4, 0.9, "not in order"),
        (0.4, 1.0, 0.9, "not in order"),
        (0.4, 0.8, 1.0, "no probability"),
        (0.02, 0.98, 0.9, "0 and 1 would be the likeliest"),
        (0.2, 0.8, 0.5, "0 and 1 would be the likeliest"),
    ],
)
def test_what_cannot_be_is_refused(lower: float, upper: float, probability: float, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        transmission_from_quantiles(lower, upper, "test", probability=probability)


def test_no_prior_without_a_reason() -> None:
    with pytest.raises(ModelError, match="reason"):
        degree_ratio_from_quantiles(0.5, 1.0, " ")
