"""Statements on what answers do not tell: their forms, their priors, their words."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from nsum_bayes.data.settings import LinkSettings
from nsum_bayes.data.statements import LocalShareStatement, RatioStatement, TransmissionStatement

TABLE = {"side_data": "contacts.csv", "reason": "game of contacts"}
BETA = {"prior": "beta", "mean": 0.8, "sd": 0.1}


@pytest.mark.parametrize(
    "statement", [TransmissionStatement(**BETA, reason="a"), LocalShareStatement(**BETA, reason="a")]
)
def test_beta_shapes_have_the_stated_mean_and_sd(statement: TransmissionStatement | LocalShareStatement) -> None:
    first, second = statement.shapes
    total = first + second
    assert first / total == pytest.approx(0.8, rel=1e-12)
    assert np.sqrt(first * second / (total**2 * (total + 1))) == pytest.approx(0.1, rel=1e-12)


def test_a_transmission_told_by_side_data_is_uniform_before_them() -> None:
    statement = TransmissionStatement(**TABLE)
    assert statement.shapes == (1.0, 1.0)
    assert statement.fixed is None
    assert statement.text == "told by contacts.csv, prior uniform (game of contacts)"


def test_a_prior_may_stand_before_the_side_data() -> None:
    statement = TransmissionStatement(**TABLE, **BETA)
    assert statement.shapes == TransmissionStatement(**BETA, reason="a").shapes
    assert statement.text == "told by contacts.csv, prior beta, mean 0.8, sd 0.1 (game of contacts)"
    assert TransmissionStatement(**TABLE, mean=0.8, sd=0.1).shapes == statement.shapes


def test_a_degree_ratio_told_by_side_data_has_a_wide_prior() -> None:
    statement = RatioStatement(**TABLE)
    assert (statement.median, statement.log_sd) == (1.0, 0.5)
    assert statement.text == "told by contacts.csv, prior lognormal, median 1, log sd 0.5 (game of contacts)"
    assert RatioStatement.model_validate_json(statement.model_dump_json()) == statement
    stated = RatioStatement(**TABLE, prior="lognormal", median=0.7, log_sd=0.2)
    assert (stated.median, stated.log_sd) == (0.7, 0.2)


def test_statements_without_side_data_read_as_before() -> None:
    assert TransmissionStatement(fixed=0.6, reason="a study").text == "fixed at 0.6 (a study)"
    assert LocalShareStatement(fixed=0.6, reason="a study").text == "fixed at 0.6 (a study)"
    ratio = RatioStatement(prior="lognormal", median=0.9, log_sd=0.1, reason="a study")
    assert ratio.text == "lognormal, median 0.9, log sd 0.1 (a study)"


@pytest.mark.parametrize("statement", [TransmissionStatement, LocalShareStatement])
def test_a_fixed_share_has_no_shapes(statement: type[TransmissionStatement] | type[LocalShareStatement]) -> None:
    with pytest.raises(ValueError, match="no beta shapes"):
        _ = statement(fixed=0.5, reason="a").shapes


@pytest.mark.parametrize(
    ("statement", "fields", "words"),
    [
        (TransmissionStatement, {**TABLE, "fixed": 0.5}, "a fixed value takes no side_data"),
        (TransmissionStatement, {**TABLE, "prior": "beta"}, "a prior needs mean and sd"),
        (TransmissionStatement, {**TABLE, "sd": 0.1}, "a prior needs mean and sd"),
        (TransmissionStatement, {"reason": "a"}, "either 'fixed' or 'prior'"),
        (TransmissionStatement, {"side_data": "contacts.csv"}, "Field required"),
        (RatioStatement, {**TABLE, "fixed": 0.5}, "a fixed value takes no side_data"),
        (RatioStatement, {**TABLE, "median": 1.0}, "a prior needs median and log_sd"),
        (RatioStatement, {**TABLE, "median": -1.0, "log_sd": 0.5}, "median must be above 0"),
        (LocalShareStatement, {"fixed": 1.5, "reason": "a"}, "above 0 and at most 1"),
        (LocalShareStatement, {**BETA, "sd": 0.4, "reason": "a"}, "no beta distribution"),
        (LocalShareStatement, {**TABLE}, "Extra inputs"),
        (LinkSettings, {"group": "a", "of": "b", "mean": TABLE}, "takes no side_data"),
    ],
)
def test_what_cannot_be_meant_is_refused(statement: type, fields: dict, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        statement(**fields)
