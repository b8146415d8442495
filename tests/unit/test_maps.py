"""Maps and ranked plots: what is drawn, what is said on the picture, and what is refused."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import geopandas
import numpy as np
import pytest
import report_fixtures as fixtures
from matplotlib.collections import Collection, LineCollection, PathCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from shapely import Point, Polygon, box

from nsum_bayes.errors import ReleaseError
from nsum_bayes.estimates.summaries import Suppression
from nsum_bayes.report.classes import class_colours, classify, lightness, quantile_limits, spoken
from nsum_bayes.report.figures import figure_for, ranked_intervals, save_figure
from nsum_bayes.report.maps import prevalence_map
from nsum_bayes.report.polygons import paths_of, shapes_of, small_areas

SURVEYED, TOO_FEW, UNSURVEYED, EVERY = 7, 3, 14, 21


@pytest.fixture(scope="module")
def figure() -> Figure:
    return prevalence_map(fixtures.estimates(), "bonded")


def words(figure: Figure) -> str:
    legends = [text.get_text() for axes in figure.axes if axes.get_legend() for text in axes.get_legend().get_texts()]
    return " ".join([*(text.get_text() for text in figure.texts), *legends]).replace("\n", " ")


def layers(figure: Figure, label: str) -> list:
    return [artist for axes in figure.axes for artist in axes.get_children() if artist.get_label() == label]


def with_shapes(shapes: list) -> fixtures.Estimates:
    return fixtures.estimates(fixtures.areas(shapes, ["West"] * len(shapes)))


# --- what is drawn --------------------------------------------------------------------------------------------------


def test_each_of_three_maps_draws_every_area(figure: Figure) -> None:
    drawn = layers(figure, "areas")
    assert len(drawn) == 3
    assert all(isinstance(layer, PathCollection) and len(layer.get_paths()) == EVERY for layer in drawn)
    assert all(len(path.vertices) for layer in drawn for path in layer.get_paths())


def test_unsurveyed_areas_are_dotted_in_every_map(figure: Figure) -> None:
    for axes in (layer.axes for layer in layers(figure, "areas")):
        hatched = [a for a in axes.get_children() if a.get_label() == "unsurveyed"]
        assert hatched
        assert all(set(artist.get_hatch()) == {"."} for artist in hatched)
        outlines = sum(int((artist.get_path().codes == 1).sum()) for artist in hatched)
        lone = sum(len(a.get_offsets()) for a in axes.collections if a.get_label() == "unsurveyed, narrow")
        assert outlines + lone == UNSURVEYED
    assert f"No respondents ({UNSURVEYED})" in words(figure)


def test_an_area_too_narrow_for_the_pattern_gets_a_dot_of_its_own() -> None:
    slivers = [box(x * 0.01, 0, (x + 1) * 0.01, 0.01) for x in range(3)]
    drawn = prevalence_map(with_shapes([*slivers, box(1, 0, 2, 1)]), "bonded")
    lone = [layer for layer in layers(drawn, "unsurveyed, narrow") if len(layer.get_offsets())]
    points = np.vstack([np.asarray(layer.get_offsets()) for layer in lone])
    assert len(points) == 2 * 3  # two of the slivers have no respondents, on three maps


def test_withheld_areas_are_blank_and_striped(figure: Figure) -> None:
    rows = fixtures.estimates().table("area")
    withheld = np.flatnonzero(rows["estimate_type"] == "suppressed")
    assert len(withheld) == TOO_FEW
    for layer in layers(figure, "areas"):
        fills = layer.get_facecolors()
        assert (fills[withheld, :3] == 1.0).all()
        assert not (np.delete(fills, withheld, axis=0)[:, :3] == 1.0).all(axis=1).any()
    assert {set(artist.get_hatch()).pop() for artist in layers(figure, "suppressed")} == {"/"}
    assert f"Figure withheld ({TOO_FEW})" in words(figure)


def test_unreliable_figures_are_hatched_but_not_on_the_map_of_uncertainty(figure: Figure) -> None:
    table = fixtures.estimates().table("area")
    unreliable = int((table["cv"] > 0.5).sum())
    assert 0 < unreliable < EVERY
    assert f"Unreliable: CV above 0.5 ({unreliable})" in words(figure)
    hatched = layers(figure, "hatched")
    assert {a.axes for a in hatched} == {
        layer.axes for number, layer in enumerate(layers(figure, "areas")) if number != 1
    }
    first = [a for a in hatched if a.axes is layers(figure, "areas")[0].axes]
    holes = 1 if table.set_index("area")["cv"]["0100"] > 0.5 else 0
    assert sum(int((a.get_path().codes == 1).sum()) for a in first) == unreliable + holes
    strict = prevalence_map(fixtures.estimates(release={"caution_cv": 9.0, "digits": 0}), "bonded")
    assert not layers(strict, "hatched")


def test_regions_have_heavier_boundaries_than_provinces() -> None:
    """West and East are one region, which touches no other: join the isles to make it touch."""
    frame = fixtures.areas([box(x, 0, x + 1, 1) for x in range(3)], ["West", "East", "Outer"])
    drawn = prevalence_map(fixtures.estimates(frame), "bonded")
    smaller, wider = layers(drawn, "outlines")[0], layers(drawn, "wider outlines")[0]
    assert len(smaller.get_segments()) == 2
    (line,) = wider.get_segments()
    assert wider.get_linewidth()[0] > smaller.get_linewidth()[0]
    assert np.ptp(line[:, 0]) == pytest.approx(0, abs=1e-9)
    assert "Boundary of a region" in words(drawn)


def test_classes_are_the_same_in_every_wave() -> None:
    first, second = fixtures.estimates(seed=1), fixtures.estimates(seed=2)
    first = replace(first, wave="2023", draws=first.draws.assign(prevalence=3 * first.draws["prevalence"]))
    both = replace(second, wave="2025", earlier={"2023": first})
    legends = [
        [
            text.get_text().split("  (")[0]
            for axes in drawn.axes
            if axes.get_legend()
            for text in axes.get_legend().get_texts()
        ]
        for drawn in (prevalence_map(both, "bonded", wave=wave) for wave in both.waves)
    ]
    limits = [[text for text in said if "–" in text] for said in legends]
    assert limits[0] == limits[1]
    assert (
        prevalence_map(both, "bonded").texts[0].get_text()
        == prevalence_map(both, "bonded", wave="2025").texts[0].get_text()
    )
    with pytest.raises(ReleaseError, match="no wave '2024'"):
        prevalence_map(both, "bonded", wave="2024")


def test_the_suppression_rule_given_is_the_one_used() -> None:
    drawn = prevalence_map(fixtures.estimates(), "bonded", suppress=Suppression(min_respondents=21))
    assert f"Figure withheld ({SURVEYED})" in words(drawn)


def test_areas_wear_the_colour_of_their_own_class_whatever_the_order_of_codes() -> None:
    shapes, provinces = fixtures.squares()
    frame = fixtures.areas(shapes, provinces)
    shuffled = np.random.default_rng(5).permutation(len(frame))
    moved = replace(frame, table=frame.table.iloc[shuffled])
    given = fixtures.estimates(frame)
    other = replace(
        given,
        areas=moved,
        draws=given.draws.isel(area=shuffled),
        respondents=given.respondents[shuffled],
        own_information=given.own_information.isel(area=shuffled),
    )
    for one, two in zip(
        layers(prevalence_map(given, "bonded"), "areas"), layers(prevalence_map(other, "bonded"), "areas"), strict=True
    ):
        np.testing.assert_array_equal(one.get_facecolors()[shuffled], two.get_facecolors())


def test_a_tiny_isolate_gets_a_ring_and_an_enclave_does_not(figure: Figure) -> None:
    rings = layers(figure, "rings")
    assert [len(layer.get_offsets()) for layer in rings] == [1, 1, 1]
    squeeze = np.cos(np.radians(6.01 / 2))
    np.testing.assert_allclose(rings[0].get_offsets()[0], [6.005 * squeeze, 6.005], rtol=1e-3)
    assert "Small island, enlarged (1)" in words(figure)


def test_province_boundaries_are_thicker_than_area_boundaries_and_leave_the_coast(figure: Figure) -> None:
    (first, *_), (areas, *_) = layers(figure, "outlines"), layers(figure, "areas")
    assert isinstance(first, LineCollection)
    assert min(first.get_linewidths()) > 2 * max(areas.get_linewidths())
    (line,) = first.get_segments()  # West meets East along one line; Outer meets nobody
    assert np.ptp(line[:, 0]) == pytest.approx(0, abs=1e-9)
    assert np.ptp(line[:, 1]) == pytest.approx(4)
    assert "Boundary of a province" in words(figure)


def test_longitudes_shrink_by_the_cosine_of_the_latitude() -> None:
    frame = fixtures.areas([box(0, 59, 1, 61), box(1, 59, 2, 61)], ["North", "North"])
    shapes = shapes_of(frame)
    assert shapes is not None
    assert shapes.bounds == pytest.approx((0, 59, 2 * 0.5, 61))
    (drawn, *_) = layers(prevalence_map(fixtures.estimates(frame), "bonded"), "areas")
    box_on_paper = drawn.axes.get_window_extent()
    span = np.ptp(drawn.axes.get_xlim()), np.ptp(drawn.axes.get_ylim())
    assert box_on_paper.width / span[0] == pytest.approx(box_on_paper.height / span[1], rel=1e-6)


def test_a_frame_across_the_date_line_stays_in_one_piece() -> None:
    shapes = shapes_of(fixtures.areas([box(179, -18, 179.9, -17), box(-180, -18, -179.2, -17)], ["Fiji", "Fiji"]))
    assert shapes is not None
    assert shapes.bounds[2] - shapes.bounds[0] < 2


def test_a_hole_stays_empty() -> None:
    shapes, _ = fixtures.squares()
    ring, _enclave = paths_of(np.array([shapes[0], shapes[16]]))
    assert (ring.codes == 1).sum() == 2
    outer, inner = Polygon(ring.vertices[:5]), Polygon(ring.vertices[5:])
    assert outer.exterior.is_ccw != inner.exterior.is_ccw
    assert not len(paths_of(np.array([Polygon()]))[0].vertices)


def test_an_area_without_a_polygon_is_said_to_be_missing() -> None:
    shapes, provinces = fixtures.squares()
    drawn = prevalence_map(fixtures.estimates(fixtures.areas([None, *shapes[1:]], provinces)), "bonded")
    assert "Not drawn, for want of a polygon: 1 of 21 areas." in words(drawn)
    assert len(layers(drawn, "areas")[0].get_paths()) == EVERY


@pytest.mark.parametrize(
    "shapes", [[box(0, 0, 1, 1)], [Point(3, 3)], [Polygon(), box(5, 5, 5.001, 5.001), box(0, 0, 1, 1)]]
)
def test_odd_frames_are_drawn(shapes: list) -> None:
    given = fixtures.estimates(fixtures.areas(shapes, ["West"] * len(shapes)))
    prevalence_map(replace(given, respondents=given.respondents * 0), "bonded").savefig(io.BytesIO(), dpi=40)


def test_a_frame_without_levels_has_no_boundaries() -> None:
    frame = replace(fixtures.areas(*fixtures.squares()), levels=())
    drawn = prevalence_map(fixtures.estimates(frame), "bonded")
    assert "Boundary" not in words(drawn)


def test_an_isolate_near_another_area_gets_no_ring() -> None:
    tiny = box(2.01, 0, 2.011, 0.001)
    shapes = shapes_of(fixtures.areas([box(0, 0, 2, 2), tiny, box(8, 8, 8.001, 8.001)], ["West"] * 3))
    assert shapes is not None
    found = small_areas(shapes, 30.0, visible=2.2, ring=3.2, narrow=7.0)
    assert found.isolates.tolist() == [2]


# --- what is said ---------------------------------------------------------------------------------------------------


def test_the_picture_says_what_whom_when_how_and_what_was_assumed(figure: Figure) -> None:
    said = words(figure)
    for part in ("People held in debt bondage, 2025", "adults", "Model: municipal.", "95 %", fixtures.TRANSMISSION):
        assert part in said


def test_simulated_data_are_stamped_on_the_page_and_on_each_map(figure: Figure) -> None:
    assert [text.get_text() for text in figure.texts].count("SIMULATED DATA") == 4
    plain = prevalence_map(fixtures.estimates(synthetic=False), "bonded")
    assert "SIMULATED" not in words(plain)


def test_legends_count_every_area_that_has_a_figure(figure: Figure) -> None:
    for axes in figure.axes:
        legend = axes.get_legend()
        if legend and legend.get_title().get_text().startswith("Class limits"):
            labels = [text.get_text() for text in legend.get_texts()]
            assert 5 <= len(labels) <= 6
            assert sum(int(label.split("(")[1].rstrip(")")) for label in labels) == EVERY - TOO_FEW


def test_the_default_threshold_is_the_national_median_and_named_so(figure: Figure) -> None:
    given = fixtures.estimates()
    median = float(given.level_draws("nation")["prevalence"].median())
    assert f"{1000 * median:.3g} per 1,000 adults (the national median)" in words(figure)
    assert "8 per 1,000 adults " in words(prevalence_map(given, "bonded", threshold=0.008)) + " "


def test_rare_groups_are_counted_per_hundred_thousand() -> None:
    given = fixtures.estimates()
    rare = replace(given, draws=given.draws / 100)
    assert "Posterior median, per 100,000 adults" in words(prevalence_map(rare, "bonded"))


def test_one_of_several_groups_is_named() -> None:
    given = fixtures.estimates(groups=("bonded", "trafficked"))
    assert "bondage – trafficked, 2025" in words(prevalence_map(given, "trafficked"))


def test_no_name_of_a_place_is_written_on_a_map(figure: Figure) -> None:
    assert "Isle" not in words(figure)


# --- classes and colours --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ramp", ["YlGnBu", "Purples", "YlOrBr"])
@pytest.mark.parametrize("count", [2, 5, 6])
def test_colours_darken_in_equal_steps_of_lightness(ramp: str, count: int) -> None:
    light = lightness(np.array([to_rgb(colour) for colour in class_colours(ramp, count)]))
    assert (np.diff(light) < 0).all()
    np.testing.assert_allclose(np.diff(light), (27.0 - 93.0) / (count - 1), atol=1.5)


def test_lightness_of_black_white_and_middle_grey() -> None:
    np.testing.assert_allclose(lightness(np.array([[0, 0, 0], [1, 1, 1], [119 / 255] * 3])), [0, 100, 50], atol=0.1)


def test_quantile_limits_hold_every_value_and_are_short() -> None:
    values = np.random.default_rng(3).lognormal(1, 1, 500)
    limits = quantile_limits(values)
    assert len(limits) == 7
    assert list(limits) == sorted(set(limits))
    assert limits[0] <= values.min()
    assert limits[-1] >= values.max()
    assert all(float(f"{limit:.2g}") == limit for limit in limits)
    counts = classify(values, limits, "Purples").counts
    assert sum(counts) == 500
    assert min(counts) > 40


@pytest.mark.parametrize("values", [[2.0], [2.0, 2.0], [0.0, 0.0, 1.0], [1.0, np.inf, np.nan], [0.0], [np.inf, np.inf]])
def test_every_finite_or_infinite_value_finds_a_class(values: list[float]) -> None:
    given = np.array(values)
    classes = classify(given, quantile_limits(given), "Purples")
    assert sum(classes.counts) == (~np.isnan(given)).sum()
    assert ((classes.member >= 0) == ~np.isnan(given)).all()


def test_an_interval_that_reaches_zero_is_in_the_widest_class() -> None:
    ratio = np.array([1.5, 2.0, 3.0, 4.0, 6.0, 8.0, np.inf])
    classes = classify(ratio, quantile_limits(ratio), "Purples")
    assert classes.member[-1] == len(classes.colours) - 1
    assert classes.labels[-1].endswith("or more")


@pytest.mark.parametrize(
    ("value", "text"), [(0.00012, "0.00012"), (3.0, "3"), (12345.6, "12,346"), (2.5, "2.5"), (0, "0")]
)
def test_numbers_are_written_as_they_are_said(value: float, text: str) -> None:
    assert spoken(value) == text


# --- ranked intervals -----------------------------------------------------------------------------------------------


def ranked(figure: Figure, label: str) -> list[Collection]:
    return [layer for axes in figure.axes for layer in axes.collections if layer.get_label() == label]


def test_ranked_medians_fall_and_lie_within_their_intervals() -> None:
    given = fixtures.estimates()
    drawn = ranked_intervals(given, "bonded")
    (intervals,), (medians,) = ranked(drawn, "intervals"), ranked(drawn, "medians")
    middle = np.asarray(medians.get_offsets())[:, 0]
    ends = np.array([segment[:, 0] for segment in intervals.get_segments()])
    assert len(middle) == EVERY - TOO_FEW
    assert (np.diff(middle) <= 0).all()
    assert ((ends[:, 0] < middle) & (middle < ends[:, 1])).all()
    assert "Ranks are uncertain" in words(drawn)
    assert f"Figures withheld: {TOO_FEW}." in words(drawn)
    assert "SIMULATED DATA" in words(drawn)


@pytest.mark.parametrize(("number", "columns", "shown"), [(60, 1, 60), (61, 2, 61), (180, 3, 180), (400, 2, 120)])
def test_many_units_stand_in_columns_and_too_many_show_both_ends(number: int, columns: int, shown: int) -> None:
    given = with_shapes([box(x, 0, x + 1, 1) for x in range(number)])
    given = replace(given, respondents=given.respondents * 0)
    drawn = ranked_intervals(given, "bonded")
    assert len(drawn.axes) == columns
    assert sum(len(layer.get_offsets()) for layer in ranked(drawn, "medians")) == shown
    assert ("280 between them are left out" in words(drawn)) == (number > 180)


def test_a_study_without_geometry_is_ranked_and_says_why() -> None:
    drawn, message = figure_for(fixtures.without_geometry(fixtures.estimates()), "bonded")
    assert ranked(drawn, "medians")
    assert "no geometry" in message


def test_a_study_with_geometry_is_mapped_without_a_message() -> None:
    drawn, message = figure_for(fixtures.estimates(), "bonded", threshold=0.01)
    assert len(layers(drawn, "areas")) == 3
    assert message == ""


def test_geometry_that_is_all_empty_is_no_geometry() -> None:
    given = fixtures.estimates()
    empty = geopandas.GeoSeries([Polygon()] * EVERY, index=given.areas.geometry.index, crs=4326)
    drawn, message = figure_for(replace(given, areas=replace(given.areas, geometry=empty)), "bonded")
    assert message
    assert not layers(drawn, "areas")


# --- refusals -------------------------------------------------------------------------------------------------------


def test_invented_prevalence_is_not_put_on_real_places() -> None:
    given = fixtures.estimates(fictional_places=False)
    for draw in (
        lambda: prevalence_map(given, "bonded"),
        lambda: figure_for(given, "bonded"),
        lambda: figure_for(fixtures.without_geometry(given), "bonded"),
        lambda: ranked_intervals(given, "bonded", "province"),
        lambda: ranked_intervals(given, "bonded", "region"),
    ):
        with pytest.raises(ReleaseError, match="invented prevalence for real places") as refused:
            draw()
        assert "fictional_places = true under [study]" in refused.value.advice
    assert ranked(ranked_intervals(given, "bonded", "nation"), "medians")


def test_places_are_taken_for_real_unless_the_study_says_otherwise() -> None:
    given = fixtures.estimates()
    silent = replace(given, meta={name: value for name, value in given.meta.items() if name != "fictional_places"})
    with pytest.raises(ReleaseError, match="invented prevalence for real places"):
        prevalence_map(silent, "bonded")


def test_real_answers_about_real_places_are_drawn() -> None:
    assert layers(prevalence_map(fixtures.estimates(synthetic=False, fictional_places=False), "bonded"), "areas")


def test_refusals_name_what_can_be_done() -> None:
    given = fixtures.estimates()
    with pytest.raises(ReleaseError, match="Did you mean 'bonded'"):
        prevalence_map(given, "bondd")
    with pytest.raises(ReleaseError, match="above 0 and below 1"):
        prevalence_map(given, "bonded", threshold=5)
    with pytest.raises(ReleaseError, match="no geometry"):
        prevalence_map(fixtures.without_geometry(given), "bonded")
    with pytest.raises(ReleaseError, match="Did you mean 'province'"):
        ranked_intervals(given, "bonded", "provinces")
    with pytest.raises(ReleaseError, match="Every figure of this level is withheld"):
        ranked_intervals(replace(given, respondents=np.full(EVERY, 4)), "bonded")


# --- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "start"), [("m.png", b"\x89PNG"), ("m.svg", b"<?xml"), ("m.PDF", b"%PDF")])
def test_figures_are_written_by_their_suffix_and_the_same_twice(tmp_path: Path, name: str, start: bytes) -> None:
    drawn = ranked_intervals(fixtures.estimates(), "bonded", "province")
    first = save_figure(drawn, tmp_path / name).read_bytes()
    assert first.startswith(start)
    assert save_figure(drawn, tmp_path / name).read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["map.jpg", "map", "map.html"])
def test_other_suffixes_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReleaseError, match="cannot be written as"):
        save_figure(Figure(), tmp_path / name)
    assert not list(tmp_path.iterdir())
