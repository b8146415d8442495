"""Enlargements: where they are, what they show, and that no figure decides it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import report_fixtures as fixtures
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from shapely.geometry import box

from nsum_bayes.estimates.estimates import Estimates
from nsum_bayes.report.change_map import change_map
from nsum_bayes.report.insets import LEGIBLE, MOST, Insets, insets_of
from nsum_bayes.report.maps import prevalence_map
from nsum_bayes.report.polygons import Shapes, shapes_of
from nsum_bayes.report.value_by_uncertainty import value_by_uncertainty_map
from tests.philippines import philippine_areas, shared_data

WIDTH = 13.0


def city(x: float, y: float, size: float = 0.12, side: int = 4) -> list:
    """A city of many small districts."""
    return [
        box(x + size * i, y + size * j, x + size * (i + 1), y + size * (j + 1))
        for i in range(side)
        for j in range(side)
    ]


def frame(*cities: list):
    shapes = [*(district for districts in cities for district in districts), box(-12, 0, -6, 6), box(6, 0, 12, 6)]
    return fixtures.areas(shapes, ["West"] * len(shapes))


def drawn_shapes(*cities: list) -> Shapes:
    shapes = shapes_of(frame(*cities))
    assert shapes is not None
    return shapes


def enlargements(figure: Figure) -> dict[str, list]:
    found: dict[str, list] = {}
    for axes in figure.axes:
        if str(axes.get_label()).startswith("enlargement"):
            found.setdefault(str(axes.get_label())[-1], []).append(axes)
    return found


def layer(axes, label: str):
    (found,) = [artist for artist in axes.get_children() if artist.get_label() == label]
    return found


def with_city(few: bool = False) -> Estimates:
    """One city; on demand its districts have too few respondents to show."""
    given = fixtures.estimates(frame(city(0, 2)))
    asked = np.where(np.arange(len(given.areas)) < 16, 4, 20) if few else np.full(len(given.areas), 20)
    return replace(given, respondents=asked)


def test_a_city_is_enlarged_until_its_districts_can_be_seen() -> None:
    found = insets_of(drawn_shapes(city(0, 2)), WIDTH, 3)
    (window,) = found.windows
    left, low, right, high = window.bounds
    assert left < 0 < 0.47 < right
    assert low < 2 < 2.48 < high
    assert right - left == pytest.approx(high - low)
    squeeze = 0.12 * 0.12 * np.cos(np.radians(3))
    assert squeeze * found.scale**2 < LEGIBLE < squeeze * window.scale**2


def test_nothing_is_enlarged_where_all_can_be_seen() -> None:
    found = insets_of(drawn_shapes(), WIDTH, 3)
    assert found.windows == ()
    assert found.height == 0.0
    assert found.sentences == []
    assert not enlargements(prevalence_map(fixtures.estimates(), "bonded"))


def test_a_lone_island_with_a_ring_is_not_enlarged() -> None:
    assert insets_of(drawn_shapes([box(0, 2, 0.01, 2.01)]), WIDTH, 3).windows == ()


def test_frames_are_four_at_most_and_lie_apart() -> None:
    cities = [city(x, y) for x in (-5, -3, 0, 3) for y in (0.5, 4.5)]
    found = insets_of(drawn_shapes(*cities), WIDTH, 3)
    assert [window.letter for window in found.windows] == list("ABCD")[:MOST]
    for number, window in enumerate(found.windows):
        for other in found.windows[number + 1 :]:
            apart = (window.bounds[0] >= other.bounds[2]) | (window.bounds[2] <= other.bounds[0])
            assert apart | (window.bounds[1] >= other.bounds[3]) | (window.bounds[3] <= other.bounds[1])


def test_the_densest_city_comes_first_where_there_is_room_for_four_only() -> None:
    sparse = [city(x, 5, size=0.2, side=2) for x in (-5, -3, -1, 1, 3)]
    found = insets_of(drawn_shapes(*sparse, city(0, 1, size=0.05)), WIDTH, 3)
    assert any(low < 1 and high > 1.2 for _, low, _, high in (window.bounds for window in found.windows))


def test_an_enlargement_has_the_colours_of_the_map_and_a_frame_on_it() -> None:
    figure = prevalence_map(with_city(), "bonded")
    maps = [axes for axes in figure.axes if [a for a in axes.get_children() if a.get_label() == "frame"]]
    assert len(maps) == 3
    (column,) = enlargements(figure).values()
    for whole, inset in zip(maps, column, strict=True):
        frame_ = layer(whole, "frame")
        assert inset.get_xlim() == pytest.approx((frame_.get_x(), frame_.get_x() + frame_.get_width()))
        large = [to_hex(colour) for colour in layer(inset, "areas").get_facecolor()]
        assert large == [to_hex(colour) for colour in layer(whole, "areas").get_facecolor()[:16]]
    assert "Frame A is enlarged below the map" in " ".join(text.get_text() for text in figure.texts).replace("\n", " ")


@pytest.mark.parametrize(
    "draw",
    [
        lambda given: prevalence_map(given, "bonded", threshold=0.005),
        lambda given: value_by_uncertainty_map(given, "bonded"),
        lambda given: change_map(in_waves(given), "bonded", "2023", "2025"),
    ],
)
def test_withheld_districts_are_blank_and_striped_in_an_enlargement_and_change_no_frame(draw) -> None:
    shown, hidden = (enlargements(draw(with_city(few)))["A"] for few in (False, True))
    assert [axes.get_xlim() for axes in shown] == [axes.get_xlim() for axes in hidden]
    for axes in hidden:
        assert {to_hex(colour) for colour in layer(axes, "areas").get_facecolor()} == {"#ffffff"}
        assert layer(axes, "suppressed").get_hatch()
        assert not [artist for artist in axes.get_children() if artist.get_label() in ("hatched", "unsurveyed")]


def in_waves(given: Estimates) -> Estimates:
    drift = given.draws["prevalence"].isel(area=0, drop=True) * 0
    drifting = replace(given, draws=given.draws.assign(drift=drift))
    return replace(drifting, wave="2025", earlier={"2023": replace(drifting, wave="2023")})


def test_the_footnote_says_how_much() -> None:
    found = insets_of(drawn_shapes(city(0, 2)), WIDTH, 3)
    times = round(found.windows[0].scale / found.scale)
    assert found.sentences == [f"Frame A is enlarged below the map, {times} times."]
    window = found.windows[0]
    more = Insets((window, replace(window, letter="B", scale=2 * window.scale)), found.side, found.scale)
    twice = round(2 * window.scale / found.scale)
    assert more.sentences == [f"Frames A to B are enlarged below the map, {times} to {twice} times."]


@pytest.mark.skipif(not shared_data().is_dir(), reason="needs the shared data")
def test_the_capital_of_the_philippines_is_enlarged() -> None:
    frame_ = philippine_areas(geometry=True)
    given = fixtures.estimates(replace(frame_, denominators=("adults",), table=frame_.table.assign(adults=1000.0)))
    figure = prevalence_map(given.noting(fictional_places=True), "bonded")
    assert len(enlargements(figure)) == MOST
    manila = shapes_of(frame_)
    assert manila is not None
    middle = manila.geometry[list(frame_.codes).index("1380600000")].centroid
    spans = [(axes.get_xlim(), axes.get_ylim()) for (axes, *_) in enlargements(figure).values()]
    assert any(x[0] < middle.x < x[1] and y[0] < middle.y < y[1] for x, y in spans)
