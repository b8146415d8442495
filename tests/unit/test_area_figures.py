"""Figures beyond the map: ranks, shrinkage, direct against modelled, waves; what they show and what they keep back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import xarray as xr

from nsum_bayes import ReleaseError, estimate
from nsum_bayes.estimates.estimates import Estimates
from nsum_bayes.report.area_figures import (
    _beside,
    direct_figure,
    rank_distributions,
    rank_table,
    shrinkage_figure,
    wave_figure,
)
from tests.constructed import constructed_fit, constructed_study
from tests.unit.report_fixtures import estimates

HIDDEN = ["0100", "0109", "0118"]


def texts(figure) -> str:
    found = [text.get_text() for text in figure.texts]
    return " ".join([*found, *(axes.get_title(loc="left") for axes in figure.axes)])


def in_waves(drift: float = 0.0) -> Estimates:
    first, second = (estimates(seed=seed) for seed in (1, 2))
    zero, later = (
        xr.DataArray(np.full((200, 1), value), dims=("draw", "group"), coords={"group": ["bonded"]})
        for value in (0.0, drift)
    )
    first = replace(first, draws=first.draws.assign(drift=zero), wave="2023")
    return replace(second, draws=second.draws.assign(drift=later), wave="2025", earlier={"2023": first})


# --- ranks ----------------------------------------------------------------------------------------------------------


def test_ranks_are_those_of_the_draws_among_units_that_are_shown():
    given = estimates()
    table = rank_table(given, "bonded", top=3)
    assert not set(HIDDEN) & set(table.index)
    draws = given.level_draws("area")["prevalence"].sel(group="bonded", unit=table.index.to_list())
    by_draw = scipy.stats.rankdata(draws.transpose("draw", "unit").values, axis=1)  # 1 the lowest
    highest = len(table) - by_draw + 1
    assert (highest <= 3).mean(axis=0) == pytest.approx(table["chance_of_top"].to_numpy())
    assert table["chance_of_top"].sum() == pytest.approx(3)
    assert (table["rank_lower"] <= table["rank_median"]).all()
    assert (table["rank_median"] <= table["rank_upper"]).all()


def test_units_that_are_alike_share_every_rank():
    given = estimates()
    rng = np.random.default_rng(5)
    same = given.draws["prevalence"].copy(data=np.exp(rng.normal(-5, 0.5, given.draws["prevalence"].shape)))
    table = rank_table(replace(given, draws=given.draws.assign(prevalence=same)), "bonded", top=5)
    assert (table["rank_upper"] - table["rank_lower"] > 0.8 * len(table)).all()
    assert table["chance_of_top"].max() < 0.5


def test_the_rank_figure_shows_intervals_and_says_of_whom():
    figure = rank_distributions(estimates(), "bonded", top=5)
    assert "Probability of being among the 5 highest" in texts(figure)
    assert "SIMULATED DATA" in texts(figure)
    assert "18 units of level area, with 95 % intervals" in texts(figure)
    ranks, chances = figure.axes
    assert len(ranks.collections[0].get_segments()) == len(chances.patches) == 18


def test_invented_figures_of_real_places_are_refused():
    for draw in (rank_distributions, shrinkage_figure):
        with pytest.raises(ReleaseError, match="invented prevalence"):
            draw(estimates(fictional_places=False), "bonded")


def test_one_unit_cannot_be_ranked():
    with pytest.raises(ReleaseError, match="not two units"):
        rank_distributions(estimates(), "bonded", "nation")


# --- shrinkage and direct estimates ---------------------------------------------------------------------------------


def test_shrinkage_shows_areas_with_respondents_and_predicted_ones_apart():
    figure = shrinkage_figure(estimates(), "bonded")
    own, sure = figure.axes
    assert len(own.collections[0].get_offsets()) == 4  # every third of 21 areas, less three withheld
    labels = [text.get_text() for text in sure.get_legend().get_texts()]
    assert labels == ["with respondents", "predicted (14 areas: median, 95 % of them)"]


@pytest.fixture(scope="module")
def run():
    study = constructed_study(respondents_per_area=15)
    return constructed_fit(study)


def test_direct_estimates_stand_beside_reported_rates(run):
    made = estimate(run)
    made = made.noting(synthetic=True, fictional_places=True)
    group = made.groups[0]
    figure = direct_figure(run, made, group)
    pairs, widths = figure.axes
    points = pairs.lines[0].get_xydata()
    assert len(points) == 6
    study = run.study
    column = study.survey.groups.index(group)
    here = study.survey.area == study.survey.surveyed_areas[0]
    assert (points[0, 0] == 0) == (np.nansum(study.survey.answers[here, column]) == 0)
    assert [text.get_text() for text in widths.get_legend().get_texts()] == ["direct", "model"]
    assert "not divided out" in texts(figure)


@pytest.mark.parametrize("error", [0.0, np.nan])
def test_a_direct_estimate_without_an_error_is_not_taken_for_a_sure_one(error):
    model = np.array([[0.5, 2.0, 3.0], [1.0, 4.0, 5.0], [2.0, 8.0, 30.0]])
    direct = np.array([[0.0, error], [4.0, 1.0], [6.0, 2.5]])
    pairs, widths = (figure := _beside(estimates(), "bonded", direct, model, pd.Series([12, 15, 20]))).axes
    (crosses,) = [artist for artist in pairs.collections if artist.get_label() == "error unknown"]
    assert np.asarray(crosses.get_offsets()).tolist() == [[0.0, 1.0]]
    drawn = np.ma.filled(widths.collections[0].get_offsets().astype(float), np.nan)[:, 1]
    assert np.isnan(drawn[0])
    assert drawn[1:] == pytest.approx([3.92, 9.8])
    assert "Crosses: 1 direct estimates" in texts(figure)


def test_no_interval_of_direct_against_model_is_cut_off():
    model = np.array([[0.5, 2.0], [1.0, 4.0], [2.0, 30.0]])
    direct = np.array([[1.0, 0.2], [6.0, 20.0]])
    figure = _beside(estimates(), "bonded", direct, model, pd.Series([12, 15]))
    pairs = figure.axes[0]
    assert pairs.get_xlim()[1] > 6.0 + 1.96 * 20.0
    assert pairs.get_ylim()[1] > 30.0
    assert "Crosses" not in texts(figure)


# --- waves ----------------------------------------------------------------------------------------------------------


def test_waves_are_told_both_ways():
    figure = wave_figure(in_waves(drift=0.5), "bonded")
    (axes,) = figure.axes
    middles = [container.lines[0].get_xydata()[0] for container in axes.containers]
    assert len(middles) == 4  # two waves, two readings
    heights = np.array(middles)[:, 1]
    assert heights[0] == pytest.approx(heights[1])
    assert heights[3] / heights[2] == pytest.approx(np.exp(0.5))
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2023", "2025"]


def test_a_withheld_wave_is_a_word():
    figure = wave_figure(in_waves(), "bonded", "area", HIDDEN[:1])
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["withheld", "withheld"]
    assert not axes.containers


def test_one_wave_cannot_change():
    with pytest.raises(ReleaseError, match="one wave only"):
        wave_figure(estimates(), "bonded")
    with pytest.raises(ReleaseError, match="no unit 'X'"):
        wave_figure(in_waves(), "bonded", "area", ["X"])
