"""Maps of change and of value by uncertainty: classes, what is hatched, what is withheld."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import report_fixtures as fixtures
import xarray as xr
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from shapely.geometry import box
from test_withheld_nation import small_survey

from nsum_bayes.errors import ReleaseError
from nsum_bayes.estimates.estimates import Estimates
from nsum_bayes.estimates.summaries import Suppression
from nsum_bayes.report.change_map import COLOURS, change_map, ratio_classes
from nsum_bayes.report.map_drawing import PAPER
from nsum_bayes.report.value_by_uncertainty import FOUR, ONE, TWO, shaded, value_by_uncertainty_map


def halved(share: float = 0.3, drift: float = 0.0) -> Estimates:
    """Two waves; every prevalence of the first times a share is that of the second, draw by draw."""
    one = fixtures.estimates()
    step = xr.DataArray(np.full((200, 1), drift), dims=("draw", "group"), coords={"group": ["bonded"]})
    first = replace(one, draws=one.draws.assign(drift=0 * step), wave="2023")
    second = one.draws.assign(prevalence=share * one.draws["prevalence"], drift=step)
    return replace(one, draws=second, wave="2025", earlier={"2023": first})


def fills(figure: Figure, number: int = 0) -> list[str]:
    layers = [artist for axes in figure.axes for artist in axes.get_children() if artist.get_label() == "areas"]
    return [to_hex(colour) for colour in layers[number].get_facecolor()]


def labelled(figure: Figure, label: str) -> list:
    return [artist for axes in figure.axes for artist in axes.get_children() if artist.get_label() == label]


def said(figure: Figure) -> str:
    legends = [text.get_text() for axes in figure.axes if axes.get_legend() for text in axes.get_legend().get_texts()]
    return " ".join([*(text.get_text() for text in figure.texts), *legends]).replace("\n", " ")


def test_a_sure_decrease_is_coloured_and_not_hatched() -> None:
    figure = change_map(halved(0.3), "bonded", "2023", "2025")
    hidden = (fixtures.estimates().table("area")["estimate_type"] == "suppressed").to_numpy()
    assert {colour for colour, gone in zip(fills(figure), hidden, strict=True) if not gone} == {COLOURS[0]}
    assert {colour for colour, gone in zip(fills(figure), hidden, strict=True) if gone} == {PAPER}
    assert not labelled(figure, "hatched")
    assert labelled(figure, "suppressed")
    assert "No change can be told" not in said(figure)


def test_a_change_that_drift_may_explain_is_hatched() -> None:
    """Reports stayed the same: prevalence fell only if transmission rose."""
    figure = change_map(halved(0.5, drift=float(np.log(2.0))), "bonded", "2023", "2025")
    assert labelled(figure, "hatched")
    shown = int((fixtures.estimates().table("area")["estimate_type"] != "suppressed").sum())
    assert f"No change can be told ({shown})" in said(figure)


def test_no_change_at_all_is_neither_more_nor_fewer() -> None:
    same = halved(1.0)
    same = replace(same, draws=same.draws.assign(prevalence=same.at("2023").draws["prevalence"]))
    assert set(same.change("2023", "2025", "area")["reading"]) == {"no change can be told", "withheld"}
    assert labelled(change_map(same, "bonded", "2023", "2025"), "hatched")


def test_a_unit_withheld_in_either_wave_has_no_colour() -> None:
    both = halved()
    few = np.where(np.arange(len(both.respondents)) == 1, 4, both.respondents)
    figure = change_map(
        replace(both, earlier={"2023": replace(both.at("2023"), respondents=few)}), "bonded", "2023", "2025"
    )
    assert fills(figure)[1] == PAPER
    assert fills(figure, 1)[1] == PAPER


def test_a_note_says_only_what_is_on_the_map() -> None:
    sure = said(change_map(halved(0.3), "bonded", "2023", "2025"))
    assert "Dotted areas had no respondents in the later wave." in sure
    assert "Hatched areas" not in sure
    assert "  Dotted" not in sure
    open_ = halved(0.5, drift=float(np.log(2.0))).noting(drift={"bonded": "log sd 0.3 (test)"})
    assert "Transmission may drift: log sd 0.3 (test). Hatched areas" in said(
        change_map(open_, "bonded", "2023", "2025")
    )


def test_ratios_fall_into_fixed_classes() -> None:
    found = ratio_classes(np.array([0.1, 0.5, 1.0, 1.25, 7.0, np.nan, np.inf]))
    assert found.member.tolist() == [0, 1, 2, 3, 4, -1, 4]


def test_a_wave_that_is_not_there() -> None:
    with pytest.raises(ReleaseError, match="no wave '2024'"):
        change_map(halved(), "bonded", "2024", "2025")
    with pytest.raises(ReleaseError, match="no wave '2025'"):
        value_by_uncertainty_map(fixtures.estimates(), "bonded", wave="2025")


def test_classes_merge_as_intervals_widen() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0] * 3 + [np.nan])
    ratio = np.array([2.0] * 4 + [6.0] * 4 + [20.0] * 3 + [np.inf, np.nan])
    colours = shaded(values, ratio, (0.5, 1.5, 2.5, 3.5, 4.5)).colours()
    assert colours[:4] == list(FOUR)
    assert colours[4:8] == [TWO[0], TWO[0], TWO[1], TWO[1]]
    assert colours[8:] == [ONE] * 4 + [PAPER]


def test_the_map_of_value_by_uncertainty_withholds_and_counts() -> None:
    given = fixtures.estimates()
    figure = value_by_uncertainty_map(given, "bonded")
    hidden = (given.table("area")["estimate_type"] == "suppressed").to_numpy()
    assert all((colour == PAPER) == gone for colour, gone in zip(fills(figure), hidden, strict=True))
    counts = [int(text.get_text()) for axes in figure.axes for text in axes.texts if text.get_text().isdigit()]
    assert sum(counts[:7]) == int((~hidden).sum())
    assert "SIMULATED DATA" in said(figure)


@pytest.mark.parametrize("areas", [1, 2, 3])
def test_the_legend_of_a_few_areas_has_a_box_for_every_colour(areas: int) -> None:
    frame = fixtures.areas([box(x, 0, x + 1, 1) for x in range(areas)], ["West"] * areas)
    given = fixtures.estimates(frame)
    sure = 0.002 * (1 + np.arange(areas)) * np.exp(0.05 * np.random.default_rng(1).normal(size=(200, areas)))
    draws = given.draws.assign(prevalence=(("draw", "area", "group"), sure[:, :, None]))
    figure = value_by_uncertainty_map(replace(given, draws=draws, respondents=np.full(areas, 50)), "bonded")
    boxes = [to_hex(a.get_facecolor()) for axes in figure.axes for a in axes.patches if isinstance(a, Rectangle)]
    assert set(fills(figure)) <= set(boxes)
    counts = [int(text.get_text()) for axes in figure.axes for text in axes.texts if text.get_text().isdigit()]
    assert sum(counts[: len(boxes)]) == areas


@pytest.mark.parametrize(
    "draw", [value_by_uncertainty_map, lambda given, group, **rule: change_map(given, group, "2023", "2025", **rule)]
)
def test_withheld_figures_leave_no_trace_on_a_map(draw) -> None:
    """The nation is withheld too; were the withheld areas five times as high, the map would be the same."""
    rule, given = Suppression(30), small_survey()
    asked = xr.DataArray(given.respondents > 0, dims="area")
    higher = given.draws["prevalence"].where(~asked, 5 * given.draws["prevalence"])
    one, other = (
        draw(in_waves(replace(given, draws=given.draws.assign(prevalence=draws))), "bonded", suppress=rule)
        for draws in (given.draws["prevalence"], higher)
    )
    assert fills(one) == fills(other)
    assert texts(one) == texts(other)
    assert set(fills(one)) > {PAPER}


def in_waves(given: Estimates) -> Estimates:
    drift = given.draws["prevalence"].isel(area=0, drop=True) * 0
    shown = replace(given, draws=given.draws.assign(drift=drift))
    earlier = replace(shown, wave="2023", draws=shown.draws.assign(prevalence=2 * shown.draws["prevalence"]))
    return replace(shown, wave="2025", earlier={"2023": earlier})


def texts(figure: Figure) -> list[str]:
    return [said(figure), *(text.get_text() for axes in figure.axes for text in axes.texts)]


@pytest.mark.parametrize(
    "draw", [value_by_uncertainty_map, lambda given, group: change_map(given, group, "2023", "2025")]
)
def test_invented_prevalence_is_not_put_on_real_places(draw) -> None:
    with pytest.raises(ReleaseError, match="invented prevalence for real places"):
        draw(halved().noting(fictional_places=False), "bonded")
