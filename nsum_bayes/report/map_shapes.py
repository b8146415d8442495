"""Polygons as compact vector paths for a page: simplified together, on a grid of whole numbers, one path a unit.

Neighbours are simplified as one coverage, so that a border shared by two areas stays one line. Wider units are
dissolved from what is left, which makes their borders the very lines of the areas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nsum_bayes.report.polygons import TOUCHING, flat, has_polygons, inland

if TYPE_CHECKING:
    from nsum_bayes.data.areas import Areas

GRID = 20_000
"""Steps of the grid along the longer side of the frame."""
MOST_VERTICES = 60_000
"""About 400 kB of text, and few enough for a browser to redraw while the reader moves the map."""
COARSEST = 64.0
"""Steps within which a border may be moved, at most."""
SPECK = 3.0
"""Pieces smaller than this many steps are left out, unless a unit has nothing else."""
DOT = 4.0
"""Half the side of the square drawn where a place has no extent of its own."""


@dataclass(frozen=True)
class MapShapes:
    """Paths on a grid whose y runs downwards, as in SVG.

    Attributes
    ----------
    width, height
        Of the frame, in steps of the grid.
    paths
        By level, one path (unit,) in the order of `Estimates.level_draws`; empty where a unit cannot be drawn.
    lines
        By wider level, the boundaries between its units in one path; the coast is no boundary.
    """

    width: int
    height: int
    paths: Mapping[str, list[str]]
    lines: Mapping[str, str]


def map_shapes(areas: Areas, most_vertices: int = MOST_VERTICES) -> MapShapes | None:
    """The frame's polygons as paths at every level, or None where no area has one.

    Parameters
    ----------
    areas
        The frame.
    most_vertices
        Borders are simplified until no more are left of the areas, but never beyond recognition.
    """
    if not has_polygons(areas) or areas.geometry is None:
        return None
    scaled, (width, height) = _on_grid(flat(areas.geometry.reindex(areas.codes)))
    simple = _simplified(scaled, most_vertices)
    paths, lines = {}, {}
    for level in ("area", *areas.levels):
        units = _dissolved(simple, areas.level_of(level))
        paths[level] = [_path(unit) for unit in units]
        if level != "area":
            lines[level] = _lines(inland(units, TOUCHING * GRID))
    return MapShapes(width, height, paths, lines)


# --- geometry -------------------------------------------------------------------------------------------------------


def _on_grid(geometry: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
    """Polygons scaled to the grid and turned upside down, places without extent as small squares; and its size."""
    import shapely

    left, low, right, high = shapely.total_bounds(geometry)
    scale = (GRID - 2 * DOT) / max(right - left, high - low, 1e-9)

    def to_grid(points: np.ndarray) -> np.ndarray:
        return (points - (left, high)) * (scale, -scale) + DOT

    scaled = np.array([_polygonal(one) for one in shapely.transform(geometry, to_grid)], dtype=object)
    size = (np.array([right - left, high - low]) * scale + 2 * DOT).round().astype(int)
    return scaled, (int(size[0]), int(size[1]))


def _polygonal(shape: object) -> object:
    """What a shape covers, valid; a point or line as a square about its middle, nothing as nothing."""
    import shapely

    if shapely.is_empty(shape):
        return shapely.MultiPolygon()
    parts = shapely.get_parts(shapely.make_valid(shape))
    polygons = [part for part in _flattened(parts) if shapely.area(part) > 0]
    if polygons:
        return shapely.multipolygons(polygons)
    x, y = shapely.get_coordinates(shapely.centroid(shape))[0]
    return shapely.multipolygons([shapely.box(x - DOT, y - DOT, x + DOT, y + DOT)])


def _flattened(parts: np.ndarray) -> np.ndarray:
    """Polygons inside multipolygons taken out; a repaired polygon may come as a collection of both."""
    import shapely

    return np.asarray(shapely.get_parts(parts))


def _simplified(geometry: np.ndarray, most_vertices: int) -> np.ndarray:
    """Simplify as little as leaves few enough vertices, and no further than to `COARSEST`."""
    import shapely

    tolerance = 1.0
    simple = _simplify(geometry, tolerance)
    while shapely.get_num_coordinates(simple).sum() > most_vertices and tolerance < COARSEST:
        tolerance *= 2
        simple = _simplify(geometry, tolerance)
    return simple


def _simplify(geometry: np.ndarray, tolerance: float) -> np.ndarray:
    """Borders simplified together; each on its own where the polygons are too broken for that."""
    import shapely

    try:
        simple = shapely.coverage_simplify(geometry, tolerance)
    except shapely.errors.GEOSException:
        simple = shapely.simplify(geometry, tolerance, preserve_topology=True)
    return np.asarray(shapely.make_valid(simple))


def _dissolved(geometry: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """One shape a unit, in the order of sorted labels."""
    import shapely

    units, of_area = np.unique(labels, return_inverse=True)
    return np.array([shapely.union_all(geometry[of_area == number]) for number in range(len(units))], dtype=object)


# --- text -----------------------------------------------------------------------------------------------------------


def _path(shape: object) -> str:
    """A unit's rings as one path; specks only where there is nothing else."""
    import shapely

    parts = [part for part in _flattened(shapely.get_parts(shape)) if part.geom_type == "Polygon"]
    if not parts:
        return ""
    bounds = np.atleast_2d(shapely.bounds(parts))
    extents = (bounds[:, 2:] - bounds[:, :2]).max(axis=1)
    kept = [part for part, extent in zip(parts, extents, strict=True) if extent >= SPECK]
    rings = [text for part in kept for ring in shapely.get_rings(part) if (text := _ring(ring))]
    return "".join(rings) or _square(*bounds[int(extents.argmax())])


def _square(left: float, low: float, right: float, high: float) -> str:
    """A square in place of a piece that the grid would swallow."""
    side = int(2 * DOT)
    x, y = round((left + right - side) / 2), round((low + high - side) / 2)
    return f"M{x} {y}h{side}v{side}h{-side}z"


def _ring(ring: object) -> str:
    """A closed ring in whole steps, or nothing where fewer than three corners are left."""
    points = _corners(ring)
    points = points[:-1] if len(points) > 1 and (points[0] == points[-1]).all() else points
    return f"{_steps(points)}z" if len(points) > 2 else ""


def _lines(lines: np.ndarray) -> str:
    return "".join(_steps(points) for line in lines if len(points := _corners(line)) > 1)


def _corners(line: object) -> np.ndarray:
    """Coordinates (point, 2) on the grid, each different from the one before."""
    import shapely

    points = np.rint(shapely.get_coordinates(line)).astype(int)
    moved = np.ones(len(points), dtype=bool)
    moved[1:] = (np.diff(points, axis=0) != 0).any(axis=1)
    return points[moved]


def _steps(points: np.ndarray) -> str:
    """An SVG path: where it begins, then one step after the other, with no blank that is not needed."""
    steps = " ".join(map(str, np.diff(points, axis=0).ravel().tolist()))
    return f"M{points[0, 0]} {points[0, 1]}l{steps}".replace(" -", "-")
