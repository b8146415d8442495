"""Polygons ready to draw: one matplotlib path an area, province outlines, and the islands too small to be seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

if TYPE_CHECKING:
    import geopandas
    from matplotlib.path import Path

    from nsum_bayes.data.areas import Areas

Bounds = tuple[float, float, float, float]
TOUCHING = 5e-4
"""Share of the frame's extent, a quarter of a point on paper, up to which units touch: simplified polygons gape."""


@dataclass(frozen=True)
class Shapes:
    """Drawable areas in flat coordinates: longitude times the cosine of the frame's middle latitude, and latitude.

    Attributes
    ----------
    geometry
        Shapely geometry (area,), in the order of the frame; empty where an area has no polygon.
    paths
        One path (area,), holes included.
    outlines
        Boundaries between units of the smallest level, each line (point, 2). The coast is no boundary: a thick coast
        would bury small islands.
    bounds
        Smallest x, smallest y, largest x, largest y.
    wider
        Boundaries as `outlines`, between units of the next level, where there is one.
    """

    geometry: np.ndarray
    paths: list[Path]
    outlines: list[np.ndarray]
    bounds: Bounds
    wider: list[np.ndarray] = field(default_factory=list)

    @property
    def missing(self) -> np.ndarray:
        """Areas (area,) without a polygon."""
        import shapely

        return np.asarray(shapely.is_empty(self.geometry))


def has_polygons(areas: Areas) -> bool:
    """Whether any area of the frame can be drawn."""
    series = areas.geometry
    return series is not None and bool((~(series.isna() | series.is_empty)).any())


_drawn: WeakKeyDictionary[Areas, Shapes] = WeakKeyDictionary()
"""The figures of a run share a frame, and finding its boundaries takes seconds."""


def shapes_of(areas: Areas) -> Shapes | None:
    """The frame's polygons, or None where no area has one."""
    if areas.geometry is None or not has_polygons(areas):
        return None
    if areas not in _drawn:
        _drawn[areas] = _made(areas, areas.geometry)
    return _drawn[areas]


def _made(areas: Areas, series: geopandas.GeoSeries) -> Shapes:
    import shapely

    geometry = flat(series.reindex(areas.codes))
    bounds = tuple(float(edge) for edge in shapely.total_bounds(geometry))
    smallest, wider = _boundaries(geometry, [areas.level_of(level) for level in areas.levels[:2]])
    return Shapes(geometry, paths_of(geometry), smallest, bounds, wider)  # type: ignore[arg-type]


def flat(series: geopandas.GeoSeries) -> np.ndarray:
    """Scale longitudes by the cosine of the middle latitude, and keep a frame across the date line in one piece."""
    import shapely

    geometry = np.array([shape or shapely.Polygon() for shape in series], dtype=object)
    where = shapely.get_coordinates(geometry)
    if not len(where):
        return geometry
    eastward = np.where(where[:, 0] < 0, where[:, 0] + 360.0, where[:, 0])
    crosses = np.ptp(where[:, 0]) > 180.0 > np.ptp(eastward)
    squeeze = np.cos(np.radians((where[:, 1].min() + where[:, 1].max()) / 2))
    x = np.where(crosses, eastward, where[:, 0]) * squeeze
    return np.asarray(shapely.set_coordinates(geometry.copy(), np.column_stack([x, where[:, 1]])))


def _boundaries(geometry: np.ndarray, levels: list[np.ndarray]) -> list[list[np.ndarray]]:
    """Inland boundaries at up to two levels, given each area's unit."""
    import shapely

    units, first = shapely.make_valid(geometry), np.arange(len(geometry))  # units so far, and an area of each
    box = shapely.total_bounds(geometry)
    near, found = TOUCHING * float(max(box[2] - box[0], box[3] - box[1])), []
    for labels in levels:
        names, unit_of = np.unique(labels.astype(str), return_inverse=True)
        units = np.array([shapely.union_all(units[unit_of[first] == number]) for number in range(len(names))])
        first = np.unique(unit_of, return_index=True)[1]
        found.append([shapely.get_coordinates(line) for line in inland(units, near)])
    return [*found, [], []][:2]


def inland(units: np.ndarray, near: float) -> np.ndarray:
    """Boundaries between units, each drawn along one of the two; neighbours may gape or overlap by ``near``."""
    import shapely

    coarse = near / 4  # a coast of many points takes seconds to widen
    widened = shapely.buffer(shapely.simplify(units, coarse), near + coarse, quad_segs=2)
    one, other = shapely.STRtree(units).query(widened, predicate="intersects")[::-1]
    pairs = one < other
    shared = shapely.intersection(shapely.boundary(units)[one[pairs]], widened[other[pairs]])
    merged = [shapely.line_merge(shapely.multilinestrings(_lines_in(part))) for part in shared]
    whole = shapely.union_all([_trimmed(line, near + coarse) for line in shapely.get_parts(merged)])
    return np.array(_lines_in(shapely.line_merge(whole)), dtype=object)


def _lines_in(shape: object) -> list[Any]:
    """The lines of a collection, without its points."""
    import shapely

    return [part for part in shapely.get_parts(shape) if part.geom_type == "LineString" and not part.is_empty]


def _trimmed(line: Any, ends: float) -> Any:
    """A line without its ends, which run on along the coast; nothing where that is all of it, and rings as they are."""
    import shapely
    from shapely.ops import substring

    if line.is_closed:
        return line
    return substring(line, ends, line.length - ends) if line.length > 2 * ends else shapely.LineString()


def paths_of(geometry: np.ndarray) -> list[Path]:
    """One compound path for each geometry; holes run the other way round so that they stay empty."""
    import shapely
    from matplotlib.path import Path

    parts, part_of = shapely.get_parts(shapely.orient_polygons(geometry), return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    vertices, vertex_of = shapely.get_coordinates(rings, return_index=True)
    codes = np.full(len(vertices), Path.LINETO, dtype=Path.code_type)
    first = np.flatnonzero(np.diff(vertex_of, prepend=-1))
    codes[first] = Path.MOVETO
    codes[np.append(first[1:], len(vertices))[: len(first)] - 1] = Path.CLOSEPOLY
    cuts = np.searchsorted(part_of[ring_of][vertex_of], np.arange(1, len(geometry)))
    pieces = zip(np.split(vertices, cuts), np.split(codes, cuts), strict=True)
    return [Path(points, kinds) for points, kinds in pieces]


@dataclass(frozen=True)
class Small:
    """Areas that a page of this size shows badly.

    Attributes
    ----------
    isolates, centres
        Positions in the frame (small,) of islands too small to be seen with no neighbour near, and where they are
        (small, 2).
    narrow
        Areas (area,) that a pattern of dots may miss.
    inside
        A point inside each area's largest piece (area, 2); not a number where there is no polygon.
    """

    isolates: np.ndarray
    centres: np.ndarray
    narrow: np.ndarray
    inside: np.ndarray


def small_areas(shapes: Shapes, scale: float, *, visible: float, ring: float, narrow: float) -> Small:
    """Find areas that a page of this size shows badly.

    Parameters
    ----------
    shapes
        The drawable areas.
    scale
        Points on the page per map unit.
    visible, ring, narrow
        In points: extent below which an area's largest piece cannot be made out; radius of the ring drawn instead (an
        area with another one inside its ring is no isolate and gets none); square root of the area below which a
        pattern may miss it.
    """
    import shapely

    largest = largest_pieces(shapes.geometry)
    box: Any = shapely.bounds(largest)
    extents = np.maximum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1])
    small = np.flatnonzero(extents * scale < visible)
    centres = _points(shapely.centroid(largest))
    tree = shapely.STRtree(shapes.geometry)
    asked, met = tree.query(shapely.buffer(shapely.points(centres[small]), ring / scale), predicate="intersects")
    alone = np.delete(small, np.unique(asked[met != small[asked]]))
    size = np.sqrt(shapely.area(largest)) * scale
    return Small(alone, centres[alone], size < narrow, _points(shapely.point_on_surface(largest)))


def _points(points: np.ndarray) -> np.ndarray:
    """Coordinates (point, 2), not a number for empty points."""
    import shapely

    found = np.full((len(points), 2), np.nan)
    filled = ~shapely.is_empty(points)
    found[filled] = shapely.get_coordinates(points[filled])
    return found


def largest_pieces(geometry: np.ndarray) -> np.ndarray:
    """Each area's largest piece (area,); an empty polygon where there is none."""
    import shapely

    largest = np.full(len(geometry), shapely.Polygon(), dtype=object)
    parts, part_of = shapely.get_parts(geometry, return_index=True)
    order = np.argsort(shapely.area(parts), kind="stable")
    largest[part_of[order]] = parts[order]
    return largest
