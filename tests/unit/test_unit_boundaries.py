"""Boundaries between provinces and regions: whole where polygons gape or overlap, drawn once, never along the coast."""

from __future__ import annotations

import numpy as np
import pytest
import report_fixtures as fixtures
import shapely
from shapely.geometry import Polygon, box

from nsum_bayes.report.polygons import TOUCHING, shapes_of

EXTENT = 10.0
SLIVER, STRAIT = 0.4 * TOUCHING * EXTENT, 4 * TOUCHING * EXTENT


def boundary(shapes: list, provinces: list[str]) -> np.ndarray:
    """Lines between provinces."""
    drawn = shapes_of(fixtures.areas(shapes, provinces))
    assert drawn is not None
    return np.array([shapely.LineString(line) for line in drawn.outlines], dtype=object)


def ragged(shift: float) -> Polygon:
    """Ten units wide in all with its neighbour; its western edge leaves the neighbour's and meets it again."""
    edge = [(5 + shift * (number % 2), 0.25 * number) for number in range(17)]
    return Polygon([*edge, (10, 4), (10, 0)])


@pytest.mark.parametrize("shift", [0.0, SLIVER, -SLIVER])
def test_a_boundary_is_whole_where_neighbours_touch_gape_or_overlap(shift: float) -> None:
    (line,) = boundary([box(0, 0, 5, 4), ragged(shift)], ["West", "East"])
    assert line.length == pytest.approx(4, abs=0.01)
    left, low, right, high = line.bounds
    assert (low, high) == pytest.approx((0, 4), abs=0.01)
    assert right - left <= SLIVER + 1e-9


def test_a_strait_is_no_boundary() -> None:
    assert not len(boundary([box(0, 0, 5, 4), box(5 + STRAIT, 0, 10, 4)], ["West", "East"]))


def test_provinces_that_meet_in_a_point_have_no_boundary() -> None:
    assert not len(boundary([box(0, 0, 5, 4), box(5, 4, 10, 8)], ["West", "East"]))


def test_three_provinces_meet_in_a_point() -> None:
    lines = boundary([box(0, 0, 5, 8), box(5, 4, 10, 8), box(5, 0, 10, 4)], ["West", "North", "South"])
    assert sum(shapely.length(lines)) == pytest.approx(13, abs=0.02)
    assert shapely.union_all(lines).distance(shapely.Point(5, 4)) < 2 * TOUCHING * EXTENT


def test_areas_of_one_province_have_no_boundary_between_them() -> None:
    assert not len(boundary([box(0, 0, 5, 4), ragged(SLIVER)], ["West", "West"]))


def test_a_province_within_another_has_a_boundary_all_round() -> None:
    hole = box(3, 1, 4, 2)
    lines = boundary([box(0, 0, 10, 4).difference(hole), hole], ["West", "East"])
    assert sum(shapely.length(lines)) == pytest.approx(4, abs=0.01)
