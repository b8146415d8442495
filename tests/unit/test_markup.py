"""What a notebook shows: escaped, with intervals, and without a respondent."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from nsum_bayes import load_model
from nsum_bayes.data.markup import facts, grid, lines, panel
from tests.constructed import constructed_fit, constructed_study
from tests.unit.report_fixtures import estimates

MARK = "<script>alert('&')</script>"
EMPTY = {"br", "meta"}


class Balanced(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(text: str) -> str:
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []
    assert "script" not in parser.seen
    return text


def test_everything_is_escaped():
    text = checked(panel(MARK, facts({MARK: MARK}), grid([MARK], [[MARK]], MARK), lines([MARK])))
    assert text.count("&lt;script&gt;") == 7


@pytest.fixture(scope="module")
def fit():
    return constructed_fit(constructed_study())


def test_study_and_survey_tell_counts_and_statements_only(fit):
    study = fit.study
    text = checked(study._repr_html_())
    assert f"{len(study.survey):,} in 6 of 12 areas" in text
    for group in study.hidden_groups:
        assert study.hidden(group).transmission.text in text
    other = replace(study, survey=replace(study.survey, answers=study.survey.answers + 1))
    # Other answers, the same text: no answer is in it.
    assert other._repr_html_() == text
    assert other.survey._repr_html_() == checked(study.survey._repr_html_())


def test_a_model_shows_equations_and_reasons():
    text = checked(load_model("municipal")._repr_html_())
    assert "y_ik ~ NegativeBinomial" in text
    assert "municipalities within a factor of seven" in text


def test_a_fit_says_what_to_do_next(fit):
    text = checked(fit._repr_html_())
    assert "diagnose(fit)" in text
    assert "4 chains × 500" in text


def test_estimates_show_no_figure_without_its_interval():
    text = checked(estimates()._repr_html_())
    assert "Posterior medians with 95% intervals" in text
    assert text.count(" to ") == 2 * 2  # the nation and one region: prevalence and persons
    assert text.count("withheld") == 2  # the other region has six respondents
    assert "simulated" in text


def test_withheld_units_are_a_word():
    few = estimates()
    few = replace(few, respondents=np.where(np.arange(len(few.areas)) == 0, 5, 0))
    text = checked(few._repr_html_())
    assert text.count("withheld") == 4  # the nation and the region of the only respondents
