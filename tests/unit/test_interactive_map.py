"""The interactive map as a file: what it tells, and what it must not."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import report_fixtures as fixtures
import shapely
from shapely.geometry import Point, Polygon, box

from nsum_bayes.errors import ReleaseError
from nsum_bayes.estimates.estimates import Estimates
from nsum_bayes.estimates.summaries import Suppression
from nsum_bayes.report import map_shapes as shapes_module
from nsum_bayes.report.interactive import map_data, write_interactive_map
from nsum_bayes.report.map_figures import PER, PROBABILITIES
from nsum_bayes.report.map_shapes import map_shapes

WITHHELD = 3
FIGURES = ("median", "lower", "upper", "count_median", "count_lower", "count_upper", "cv", "asked", "quantiles")


def page_of(estimates: Estimates, tmp_path: Path, **choices: Any) -> str:
    return write_interactive_map(estimates, tmp_path / "map.html", **choices).read_text(encoding="utf-8")


def data_in(page: str) -> dict[str, Any]:
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, flags=re.S)
    return json.loads(found)


def data_of(estimates: Estimates, rule: Suppression | None = None, **choices: Any) -> dict[str, Any]:
    return map_data(estimates, rule or Suppression(), **choices)


def numbers_in(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for one in value.values() for number in numbers_in(one)]
    if isinstance(value, list):
        return [number for one in value for number in numbers_in(one)]
    return [] if isinstance(value, bool | str) or value is None else [float(value)]


def many_draws(draws: int = 4000) -> Estimates:
    given = fixtures.estimates()
    rng = np.random.default_rng(3)
    centre = np.log(given.draws["prevalence"].median("draw").values)
    spread = np.where(given.respondents > 0, 0.25, 0.9)[:, None]
    skew = rng.gamma(2.0, 1.0, size=(draws, *centre.shape))
    values = np.exp(centre + spread * (rng.normal(size=skew.shape) + 0.5 * skew))
    fresh = given.draws.drop_vars("prevalence").assign(prevalence=(("draw", "area", "group"), values))
    return replace(given, draws=fresh)


def waves() -> Estimates:
    """Two waves; prevalence doubles from the first, in which more areas are withheld, to the second."""
    one, two = fixtures.estimates(), fixtures.estimates(seed=2)
    doubled = replace(two, draws=two.draws * 2, wave="2025", meta={**two.meta, "wave": "2025"})
    fewer = np.where(one.respondents == 20, 5, one.respondents)
    earlier = replace(one, wave="2023", meta={**one.meta, "wave": "2023"}, respondents=fewer)
    return replace(doubled, earlier={"2023": earlier})


# --- what it tells --------------------------------------------------------------------------------------------------


def test_one_file_names_no_address_and_forbids_all(tmp_path: Path) -> None:
    page = page_of(fixtures.estimates(), tmp_path)
    assert "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:" in page
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", page))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a namespace; nothing is fetched from it
    assert not re.findall(r"<(?:link|img|iframe)\b|\bsrc=|@import|url\((?!#)", page)


def test_the_page_says_what_whom_when_and_what_was_assumed(tmp_path: Path) -> None:
    page = page_of(fixtures.estimates(), tmp_path)
    seen = page[: page.index('<script type="application/json"')]
    for part in ("People held in debt bondage, 2025", "Share of adults", "Model: municipal.", fixtures.TRANSMISSION):
        assert part in seen
    assert seen.count("SIMULATED DATA") == 3  # above the map, on it, and on every sheet of paper
    assert "SIMULATED" not in page_of(fixtures.estimates(synthetic=False), tmp_path)
    assert "RESTRICTED · SIMULATED DATA" in page_of(fixtures.estimates(restricted=True), tmp_path)


def test_figures_are_those_of_the_tables_at_every_level() -> None:
    given = fixtures.estimates(groups=("bonded", "sold"))
    data = data_of(given)
    assert [level["name"] for level in data["levels"]] == ["area", "province", "region", "nation"]
    for number, level in enumerate(given.levels):
        table = given.table(level)
        for group in data["groups"]:
            rows = table[table["group"] == group["name"]]
            told = group["waves"][0]["figures"][number]
            for part in ("median", "lower", "upper"):
                found = np.array(told[part], dtype=float)
                np.testing.assert_allclose(found, PER * rows[f"prevalence_{part}"], rtol=1e-4)
                np.testing.assert_allclose(np.array(told[f"count_{part}"], float), rows[f"count_{part}"], rtol=1e-4)
            assert group["population"][number] == rows["population"].tolist()
            assert data["levels"][number]["names"] == rows["name"].tolist()


def test_wider_units_stand_beside_each_unit() -> None:
    levels = data_of(fixtures.estimates())["levels"]
    assert [len(level["wider"]) for level in levels] == [2, 1, 0, 0]
    assert levels[0]["wider"][0][0] == "West"
    assert dict(zip(levels[1]["names"], levels[1]["wider"][0], strict=True)) == {
        "East": "Main", "Outer": "Sea", "West": "Main",
    }  # fmt: skip


def test_a_place_keeps_its_shape_and_figures_whatever_the_order_of_the_frame() -> None:
    given = fixtures.estimates()
    order = np.random.default_rng(5).permutation(len(given.areas))
    moved = replace(
        given,
        areas=replace(given.areas, table=given.areas.table.iloc[order]),
        draws=given.draws.isel(area=order),
        respondents=given.respondents[order],
        own_information=given.own_information.isel(area=order),
    )
    one, other = data_of(given), data_of(moved)
    assert one["groups"] == other["groups"]
    (first, *_), (second, *_) = one["levels"], other["levels"]
    assert [first[part] for part in ("codes", "names", "wider")] == [
        second[part] for part in ("codes", "names", "wider")
    ]
    assert [sorted(map(sorted, corners(path))) for path in first["paths"]] == [
        sorted(map(sorted, corners(path))) for path in second["paths"]
    ]
    assert (12019, 24) in corners(first["paths"][first["codes"].index("0120")])[0]  # the speck at the top


@pytest.mark.parametrize("level", ["area", "province", "nation"])
def test_chances_from_the_quantiles_are_those_of_the_draws(level: str) -> None:
    given = many_draws()
    data = data_of(given)
    (group,) = data["groups"]
    told = group["waves"][0]["figures"][given.levels.index(level)]
    shown = [i for i, kind in enumerate(told["kind"]) if kind != WITHHELD]
    assert shown
    for threshold in group["thresholds"]:
        exact = given.exceedance(threshold, level).sel(group="bonded").values
        read = [1 - np.interp(PER * threshold, told["quantiles"][i], data["probabilities"]) for i in shown]
        np.testing.assert_allclose(read, exact[shown], atol=0.01)
    assert len(PROBABILITIES) == 41
    assert (np.diff(PROBABILITIES) > 0).all()


def test_class_limits_hold_for_all_waves() -> None:
    data = data_of(waves())
    assert data["waves"] == ["2023", "2025"]
    (group,) = data["groups"]
    for number in range(len(data["levels"])):
        told = [wave["figures"][number] for wave in group["waves"]]
        medians = [m * group["factor"] / PER for one in told for m in one["median"] if m is not None]
        limits = group["classes"][number]["median"]["limits"]
        assert limits[0] <= min(medians) * 1.0001
        assert limits[-1] >= max(medians) * 0.9999
    assert "2023" in group["waves"][0]["title"]
    assert "2025" in group["waves"][1]["title"]


def test_the_threshold_begins_at_the_national_median_and_is_meant_as_it_is_said() -> None:
    given = fixtures.estimates()
    national = float(given.level_draws("nation")["prevalence"].median())
    (group,) = data_of(given)["groups"]
    begin = group["thresholds"][group["threshold"]]
    assert begin == float(f"{national:.3g}")
    assert group["origin"] == "the national median"
    (group,) = data_of(given, threshold=0.01234)["groups"]
    assert group["thresholds"][group["threshold"]] == 0.01234
    with pytest.raises(ReleaseError, match="share of the denominator"):
        data_of(given, threshold=1.5)


def test_a_group_may_be_the_only_one() -> None:
    given = fixtures.estimates(groups=("bonded", "sold"))
    assert [group["name"] for group in data_of(given)["groups"]] == ["bonded", "sold"]
    assert [group["name"] for group in data_of(given, group="sold")["groups"]] == ["sold"]
    with pytest.raises(ReleaseError, match="no estimates of a group 'sole'"):
        data_of(given, group="sole")


def test_without_polygons_there_is_a_list_and_no_map() -> None:
    data = data_of(fixtures.without_geometry(fixtures.estimates()))
    assert data["frame"] is None
    assert data["levels"][0]["paths"] == []
    assert len(data["levels"][0]["names"]) == 21
    assert "There is no geometry in this study" in data["notes"][0]


def test_a_limit_of_zero_is_not_infinity_in_the_file(tmp_path: Path) -> None:
    given = fixtures.estimates()
    values = given.draws["prevalence"].values.copy()
    values[:100, 1] = 0.0
    page = page_of(replace(given, draws=given.draws.assign(prevalence=(("draw", "area", "group"), values))), tmp_path)
    told = data_in(page)["groups"][0]["waves"][0]["figures"][0]
    assert told["lower"][1] == 0
    assert not re.search(r"\b(NaN|Infinity)\b", page[page.index('id="data"') : page.index("</script>")])


# --- what it must not tell ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("from_file", [False, True])
def test_a_withheld_unit_has_a_name_and_nothing_else(from_file: bool) -> None:
    given = fixtures.estimates().withhold() if from_file else fixtures.estimates()
    for number, level in enumerate(given.levels):
        hidden = np.flatnonzero(given.table(level)["estimate_type"] == "suppressed")
        told = data_of(given)["groups"][0]["waves"][0]["figures"][number]
        assert [i for i, kind in enumerate(told["kind"]) if kind == WITHHELD] == hidden.tolist()
        for name in FIGURES:
            assert [told[name][i] for i in hidden] == [None] * len(hidden)
    assert len(np.flatnonzero(given.table("area")["estimate_type"] == "suppressed")) == 3


def test_a_withheld_figure_moves_nothing_on_the_page() -> None:
    """Whatever the hidden areas' figures are, the file is the same but for wider units that they are part of."""
    given = fixtures.estimates()
    hidden = np.flatnonzero(Suppression().hides(given.respondents))
    values = given.draws["prevalence"].values.copy()
    values[:, hidden] *= 40.0
    wider = {level: given.level_draws(level)[["prevalence"]].assign(own_information=given.level_information(level))
             for level in given.levels[1:]}  # fmt: skip
    one = replace(given, wider=wider)
    other = replace(one, draws=one.draws.assign(prevalence=(("draw", "area", "group"), values)))
    assert data_of(one) == data_of(other)


def test_numbers_of_respondents_are_classes_where_any_is_withheld() -> None:
    given = fixtures.estimates()
    asked = np.where(given.respondents == 20, 23, given.respondents)
    data = data_of(replace(given, respondents=asked))
    (wave,) = data["groups"][0]["waves"]
    assert wave["classed"]
    told = {number for figures in wave["figures"] for number in figures["asked"]} - {None}
    assert 10 in told
    assert 23 not in told  # with the total of its province it would tell how many were asked in a withheld area
    (wave,) = data_of(replace(given, respondents=np.where(given.respondents > 0, 23, 0)))["groups"][0]["waves"]
    assert not wave["classed"]
    assert 23 in wave["figures"][0]["asked"]


def test_the_threshold_does_not_tell_a_withheld_nation() -> None:
    given = fixtures.estimates()
    few = np.zeros(len(given.areas), dtype=int)
    few[-1] = 4
    given = replace(given, respondents=few)
    national = float(given.level_draws("nation")["prevalence"].median())
    data = data_of(given)
    (group,) = data["groups"]
    assert group["waves"][0]["nation"] == "withheld, too few respondents"
    assert group["origin"] == "the median of the areas shown"
    assert float(f"{national:.3g}") not in [group["thresholds"][group["threshold"]]]
    assert group["waves"][0]["figures"][-1]["median"] == [None]


def test_where_all_is_withheld_a_threshold_has_to_be_given() -> None:
    given = fixtures.estimates()
    hidden = replace(given, respondents=np.ones(len(given.areas), dtype=int))
    rule = Suppression(30)
    with pytest.raises(ReleaseError, match="Every figure is withheld"):
        data_of(hidden, rule)
    (group,) = data_of(hidden, rule, threshold=0.004)["groups"]
    assert group["thresholds"] == [0.004]
    assert group["classes"][0]["median"]["limits"] == []


def test_simulated_answers_about_real_places_give_outlines_and_the_nation(tmp_path: Path) -> None:
    given = fixtures.estimates(fictional_places=False)
    page = page_of(given, tmp_path)
    data = data_in(page)
    assert [level["name"] for level in data["levels"]] == ["nation"]
    assert data["levels"][0]["paths"] == []
    assert data["frame"]["outlines"].count("z") > 20
    assert all(len(figures["median"]) == 1 for figures in data["groups"][0]["waves"][0]["figures"])
    assert page.count("SIMULATED DATA") >= 2
    assert "outlines only, no figure for any place" in page
    assert not [name for name in given.areas.table["name"] if name in page]
    table = given.table("area")
    medians = {round(PER * value, 3) for value in table["prevalence_median"].dropna()}
    assert not medians & {round(number, 3) for number in numbers_in(data["groups"])}


NASTY = ["</script><script>alert(1)</script>", 'Bread & "Butter"', "<b>bold</b>", "O'Neill\u2028Isle"]


def test_names_cannot_run_or_break_the_page(tmp_path: Path) -> None:
    frame = fixtures.areas(*fixtures.squares())
    table = frame.table.assign(name=[*NASTY, *frame.table["name"].iloc[len(NASTY) :]])
    table["province"] = table["province"].replace("West", "W<est>")
    given = fixtures.estimates(replace(frame, table=table), title="<i>Survey</i> & more", construct="<u>people</u>")
    page = page_of(given, tmp_path)
    assert page.count("</script>") == 2
    assert "alert(1)</script>" not in page
    assert "&lt;i&gt;Survey&lt;/i&gt; &amp; more" in page
    assert "\u2028" not in page
    data = data_in(page)
    assert data["levels"][0]["names"][: len(NASTY)] == NASTY
    assert data["groups"][0]["waves"][0]["subtitle"].startswith("<i>Survey</i> & more")


# --- shapes ---------------------------------------------------------------------------------------------------------


def corners(path: str) -> list[set[tuple[int, int]]]:
    """Corners of each ring of a path."""
    rings = []
    for ring in re.findall(r"M([^M]*?)z", path):
        steps = [int(number) for number in re.findall(r"-?\d+", ring)]
        rings.append({tuple(point) for point in np.cumsum(np.reshape(steps, (-1, 2)), axis=0).tolist()})
    return rings


def test_neighbours_keep_their_shared_border_when_simplified() -> None:
    wave = [(1 + 0.05 * np.sin(40 * y), y) for y in np.linspace(0, 1, 400)]
    left, right = Polygon([(0, 1), (0, 0), *wave]), Polygon([(2, 0), (2, 1), *wave[::-1]])
    found = map_shapes(fixtures.areas([left, right], ["West", "East"]), most_vertices=120)
    assert found is not None
    (one,), (two,) = map(corners, found.paths["area"])
    assert 10 < len(one & two) < 120
    assert [len(one - two), len(two - one)] == [2, 2]  # the corners that are not on the border


def test_wider_units_are_dissolved_and_their_lines_leave_the_coast() -> None:
    found = map_shapes(fixtures.areas(*fixtures.squares()))
    assert found is not None
    assert [len(found.paths[level]) for level in ("area", "province", "region")] == [21, 3, 2]
    east, outer, west = found.paths["province"]
    assert east.count("M") == west.count("M") == 1  # the enclave is of the same province
    assert outer.count("M") == 2
    steps = [int(number) for number in re.findall(r"-?\d+", found.lines["province"])]
    assert set(steps[2::2]) == {0}  # one line, straight down, between West and East
    assert found.lines["region"] == ""


@pytest.mark.parametrize(
    "shapes", [[Point(3, 3)], [None, box(0, 0, 1, 1)], [box(5, 5, 5.00001, 5.00001), box(0, 0, 9, 9)]]
)
def test_odd_frames_are_drawn(shapes: list[Any]) -> None:
    found = map_shapes(fixtures.areas(shapes, ["West"] * len(shapes)))
    assert found is not None
    drawn = [bool(path) for path in found.paths["area"]]
    assert drawn == [shape is not None for shape in shapes]
    notes = data_of(fixtures.estimates(fixtures.areas([*shapes, box(20, 0, 21, 1)], ["West"] * (len(shapes) + 1))))[
        "notes"
    ]
    assert ("Not drawn, for want of a polygon: 1 of" in notes[0]) == (None in shapes)


def test_polygons_too_broken_to_simplify_together_are_simplified_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise shapely.errors.GEOSException("TopologyException")

    frame = fixtures.areas(*fixtures.squares())
    together = map_shapes(frame)
    monkeypatch.setattr(shapely, "coverage_simplify", broken)
    alone = map_shapes(frame)
    assert together is not None
    assert alone is not None
    assert [len(corners(path)) for path in alone.paths["area"]] == [
        len(corners(path)) for path in together.paths["area"]
    ]


def test_crossing_and_overlapping_polygons_are_drawn() -> None:
    bow_tie = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    found = map_shapes(fixtures.areas([bow_tie, box(1, 0, 3, 2)], ["West", "West"]))
    assert found is not None
    assert all(found.paths["area"])
    assert max(found.width, found.height) == shapes_module.GRID
