"""Which areas are neighbours: borders that touch, links such as ferries, and distance for islands.

Great-circle distances are between centroids, in kilometres.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from nsum_bayes.data.columns import Table, as_codes
from nsum_bayes.data.faults import Fault, counted, joined, listing
from nsum_bayes.errors import ModelError

if TYPE_CHECKING:
    import geopandas as gpd

    from nsum_bayes.data.areas import Areas
    from nsum_bayes.data.settings import NeighbourSettings

EARTH_KM = 6371.0088
KM_PER_DEGREE = 111.2
"""Of latitude; of longitude less, so that a tolerance of borders is at most this."""


@dataclass(frozen=True)
class Neighbourhood:
    """How neighbours are found.

    Parameters
    ----------
    links
        Pairs of area codes that are neighbours whatever their borders say, such as ports of a ferry.
    join_islands
        Whether groups of areas without a border in common are joined, each to the nearest area of another group.
    within_km
        Borders closer than this touch: outlines drawn apart leave gaps.
    contiguity
        Whether areas whose borders touch are neighbours.
    """

    links: tuple[tuple[str, str], ...] = ()
    join_islands: bool = False
    within_km: float = 0.1
    contiguity: bool = True


BY_BORDERS = Neighbourhood()


@lru_cache(maxsize=8)
def neighbours(areas: Areas) -> np.ndarray:
    """Pairs of neighbours by position in the frame, (edge, 2), each once, the smaller position first.

    Raises
    ------
    ModelError
        The areas have no polygons and no links.
    """
    rules, polygons = areas.neighbourhood, areas.geometry
    if polygons is None and (not rules.links or rules.join_islands):
        raise ModelError(
            "A spatial model needs neighbours, and the study has no polygons of its areas.",
            where="study.toml, [areas]",
            advice="Name them under [areas.geometry], list pairs of codes under [areas.neighbours], key links, "
            "or use a model without a spatial term.",
        )
    position = {code: number for number, code in enumerate(areas.codes)}
    edges = [(position[one], position[other]) for one, other in rules.links]
    if polygons is not None and rules.contiguity:
        edges += _touching(polygons, rules.within_km / KM_PER_DEGREE)
    found = _unique(edges)
    if polygons is not None and rules.join_islands:
        found = _unique([*map(tuple, found), *_bridges(found, centroids(polygons))])
    return found


def _unique(edges: Sequence[tuple[int, int]]) -> np.ndarray:
    pairs = np.sort(np.array(edges, dtype=int).reshape(-1, 2), axis=1)
    return np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)


def _touching(polygons: gpd.GeoSeries, tolerance: float) -> list[tuple[int, int]]:
    from shapely import STRtree

    shapes = polygons.to_numpy()
    one, other = STRtree(shapes).query(shapes, predicate="dwithin", distance=tolerance)
    return list(zip(one[one < other].tolist(), other[one < other].tolist(), strict=True))


def centroids(polygons: gpd.GeoSeries) -> np.ndarray:
    """Longitude and latitude of a point in the middle of each area, (area, 2)."""
    from shapely import centroid, get_x, get_y

    points = centroid(polygons.to_numpy())
    return np.column_stack([get_x(points), get_y(points)])


def distances_km(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Great-circle distances between points given by longitude and latitude, (point, other)."""
    (lon, lat), (lon2, lat2) = np.radians(points).T[:, :, None], np.radians(others).T[:, None, :]
    half = np.sin((lat - lat2) / 2) ** 2 + np.cos(lat) * np.cos(lat2) * np.sin((lon - lon2) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0))))


def plane_km(points: np.ndarray) -> np.ndarray:
    """Points on a plane, east and north in km, whose distances are all but great circles (azimuthal equidistant).

    Distances from the middle of the points are exact; between any two in a country of 2,000 km they err by less than
    one in a hundred.
    """
    middle = np.radians((points.min(axis=0) + points.max(axis=0)) / 2)
    (lon, lat), (lon0, lat0) = np.radians(points).T, middle
    east = np.cos(lat) * np.sin(lon - lon0)
    north = np.cos(lat0) * np.sin(lat) - np.sin(lat0) * np.cos(lat) * np.cos(lon - lon0)
    ahead = np.sin(lat0) * np.sin(lat) + np.cos(lat0) * np.cos(lat) * np.cos(lon - lon0)
    flat = np.hypot(east, north)
    angle = np.arctan2(flat, ahead)
    stretch = np.where(flat > 0, angle / np.where(flat > 0, flat, 1.0), 1.0)
    return EARTH_KM * stretch[:, None] * np.column_stack([east, north])


def components(edges: np.ndarray, count: int) -> np.ndarray:
    """Number of the connected group that each area belongs to (area,)."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(len(edges))
    graph = coo_matrix((ones, (edges[:, 0], edges[:, 1])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1])


def _bridges(edges: np.ndarray, points: np.ndarray) -> list[tuple[int, int]]:
    """The shortest links that make one group of all groups, by a spanning tree over them."""
    from scipy.sparse.csgraph import minimum_spanning_tree

    label = components(edges, len(points))
    groups = label.max() + 1
    length = np.full((groups, groups), np.inf)
    ends: dict[tuple[int, int], tuple[int, int]] = {}
    for one in range(groups - 1):
        here, rest = np.flatnonzero(label == one), np.flatnonzero(label > one)
        apart = distances_km(points[here], points[rest])
        nearest = apart.argmin(axis=0)
        for number, place in enumerate(rest):
            other, far = label[place], apart[nearest[number], number]
            if far < length[one, other]:
                length[one, other] = far
                ends[one, other] = (int(here[nearest[number]]), int(place))
    tree = minimum_spanning_tree(np.where(np.isfinite(length), length, 0.0)).tocoo()
    return [ends[int(min(pair)), int(max(pair))] for pair in zip(tree.row, tree.col, strict=True)]


def neighbourhood_of(
    rules: NeighbourSettings, links: Table | None, codes: np.ndarray | None, faults: list[Fault]
) -> Neighbourhood:
    """How neighbours are found, by the study file and the table of links."""
    pairs = read_links(links, codes, faults) if links is not None and codes is not None else ()
    return Neighbourhood(pairs, rules.join_islands, rules.within_km, rules.contiguity)


def read_links(table: Table, codes: np.ndarray, faults: list[Fault]) -> tuple[tuple[str, str], ...]:
    """Pairs of codes from the columns ``from`` and ``to`` of a table; codes that no area has are faults."""
    absent = [name for name in ("from", "to") if not table.has(name)]
    if absent:
        advice = "Give two columns of area codes, 'from' and 'to', one row a link."
        faults.append((f"{table.name} has no column {listing(absent)}.", table.name, advice))
        return ()
    pairs = [as_codes(table, name, faults) for name in ("from", "to")]
    unknown = sorted({code for column in pairs for code in column} - set(codes.tolist()))
    if unknown:
        what = f"{counted(len(unknown), 'code')} of the links that no area has: {joined(unknown)}."
        faults.append((what, table.name, "Use the codes of the areas file."))
        return ()
    return tuple(zip(pairs[0].tolist(), pairs[1].tolist(), strict=True))
