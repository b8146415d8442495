"""Figures where the nation's own figure is withheld: neither threshold, unit nor band may tell it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import report_fixtures as fixtures
from matplotlib.figure import Figure

from nsum_bayes.errors import ReleaseError
from nsum_bayes.estimates.estimates import Estimates
from nsum_bayes.estimates.summaries import Suppression
from nsum_bayes.report.area_figures import wave_figure
from nsum_bayes.report.figures import BAND_NOTE, NO_BAND_NOTE, ranked_intervals
from nsum_bayes.report.maps import prevalence_map

RULE = Suppression(30)
PREDICTED, ASKED = 0.02, 0.0002
"""Areas that are shown are predicted at the first; the withheld ones, with most of the people, lie near the second."""


def small_survey() -> Estimates:
    """Two respondents in each of ten areas, twenty in all; the nation is rare, the areas that are shown are not."""
    given = fixtures.estimates()
    asked = np.arange(len(given.areas)) >= len(given.areas) - 10
    centre = np.where(asked, ASKED, PREDICTED)
    noise = np.exp(0.2 * np.random.default_rng(1).normal(size=(200, len(asked), 1)))
    table = given.areas.table.assign(adults=np.where(asked, 1_000_000.0, 100.0))
    prevalence = given.draws["prevalence"].copy(data=centre[:, None] * noise)
    return replace(
        given,
        draws=given.draws.assign(prevalence=prevalence),
        areas=replace(given.areas, table=table),
        respondents=np.where(asked, 2, 0),
    )


def without_draws() -> Estimates:
    return small_survey().withhold(RULE)


def words(figure: Figure) -> str:
    said = [text.get_text() for text in figure.texts]
    return " ".join([*said, *(axes.get_xlabel() for axes in figure.axes)]).replace("\n", " ")


def bands(figure: Figure) -> list:
    return [artist for axes in figure.axes for artist in axes.get_children() if artist.get_label() == "nation"]


def test_the_study_has_a_nation_that_is_told_by_its_unit() -> None:
    shown = prevalence_map(small_survey(), "bonded")
    assert "per 100,000 adults (the national median)" in words(shown)


@pytest.mark.parametrize(("given", "rule"), [(small_survey, RULE), (without_draws, None), (without_draws, RULE)])
def test_a_map_without_a_nation_takes_its_threshold_and_unit_from_the_areas_shown(given, rule) -> None:
    estimates = given()
    national = float(small_survey().level_draws("nation")["prevalence"].median())
    table = estimates.table("area", RULE)
    typical = float(table["prevalence_median"].median())
    said = words(prevalence_map(estimates, "bonded", suppress=rule))
    assert f"{1000 * typical:.3g} per 1,000 adults (the median of the areas shown)" in said
    assert "Posterior median, per 1,000 adults" in said
    assert "national median" not in said
    assert f"{1000 * national:.3g}" not in said
    assert f"{100_000 * national:.3g}" not in said


@pytest.mark.parametrize(("given", "rule"), [(small_survey, RULE), (without_draws, None)])
def test_ranks_without_a_nation_have_no_band_and_say_so(given, rule) -> None:
    drawn = ranked_intervals(given(), "bonded", suppress=rule)
    assert not bands(drawn)
    assert NO_BAND_NOTE in words(drawn)
    assert BAND_NOTE not in words(drawn)
    assert "per 1,000 adults" in words(drawn)


def test_ranks_with_a_nation_have_a_band_and_say_so() -> None:
    drawn = ranked_intervals(fixtures.estimates(), "bonded")
    assert len(bands(drawn)) == 1
    assert BAND_NOTE in words(drawn)
    assert NO_BAND_NOTE not in words(drawn)


def test_where_everything_is_withheld_a_map_needs_a_threshold_of_its_own() -> None:
    given = small_survey()
    everywhere = replace(given, respondents=np.ones(len(given.areas), dtype=int))
    with pytest.raises(ReleaseError, match="Every figure is withheld"):
        prevalence_map(everywhere, "bonded", suppress=RULE)
    drawn = prevalence_map(everywhere, "bonded", threshold=0.005, suppress=RULE)
    assert "5 per 1,000 adults" in words(drawn)


def test_waves_take_their_unit_from_the_units_shown() -> None:
    given = small_survey()
    zero = given.draws["prevalence"].isel(area=0, drop=True) * 0
    drifting = replace(given, draws=given.draws.assign(drift=zero))
    waves = replace(drifting, wave="2025", earlier={"2023": replace(drifting, wave="2023")})
    units = [str(waves.areas.codes[number]) for number in range(2)]
    assert wave_figure(waves, "bonded", "area", units, suppress=RULE).axes[0].get_ylabel() == "per 1,000 adults"
    assert wave_figure(waves, "bonded", "area", units).axes[0].get_ylabel() == "per 100,000 adults"


def test_a_handful_of_respondents_is_not_counted_on_a_picture() -> None:
    given = small_survey()
    few = np.zeros(len(given.areas), dtype=int)
    few[-2:] = 3, 4
    said = words(prevalence_map(replace(given, respondents=few), "bonded"))
    assert "fewer than 10 respondents in 2 of 21 areas" in said
    assert "7 respondents" not in said
    assert "20 respondents in 10 of 21 areas" in words(prevalence_map(given, "bonded"))
