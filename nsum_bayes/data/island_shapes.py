"""Shapes for a fictional archipelago: fractal coasts cut into cells that share their edges exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]
GRID = 2e-4


@dataclass(frozen=True)
class Island:
    """Where an island lies and how large it is, in degrees of latitude from the archipelago's south-west corner.

    Attributes
    ----------
    centre
        East and north.
    half_length, half_width
        Half axes of the ellipse that the coast is grown from.
    turn
        Direction of the long axis, radians anticlockwise from east.
    cells
        Municipalities on it.
    islets
        Small islets off its coast, each part of the nearest municipality.
    """

    centre: tuple[float, float]
    half_length: float
    half_width: float
    turn: float
    cells: int
    islets: int = 0


def grow_coast(island: Island, rng: np.random.Generator) -> BaseGeometry:
    """Grow a closed fractal coast from the island's ellipse."""
    import shapely

    angle = np.linspace(0, 2 * np.pi, 37)[:-1]
    radius = np.ones_like(angle)
    for wave in range(2, 11):
        radius += rng.normal(0, 0.42 / wave) * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    radius = np.clip(radius, 0.45, 1.35)
    along, across = island.half_length * radius * np.cos(angle), island.half_width * radius * np.sin(angle)
    cosine, sine = np.cos(island.turn), np.sin(island.turn)
    ring = np.column_stack([cosine * along - sine * across, sine * along + cosine * across]) + island.centre
    rough = roughen(np.vstack([ring, ring[:1]]), 0.16, 3, rng)
    return _largest(shapely.make_valid(shapely.polygons(rough)))


def roughen(line: Floats, amplitude: float, rounds: int, rng: np.random.Generator) -> Floats:
    """Displace the midpoint of every segment sideways, several times over; the given points stay where they are."""
    for _ in range(rounds):
        step = np.diff(line, axis=0)
        sideways = np.column_stack([-step[:, 1], step[:, 0]])
        middle = line[:-1] + step / 2 + sideways * rng.normal(0, amplitude, (len(step), 1))
        longer = np.empty((2 * len(line) - 1, 2))
        longer[::2], longer[1::2] = line, middle
        line = longer
    return line


def grow_islets(island: Island, coast: BaseGeometry, rng: np.random.Generator) -> list[BaseGeometry]:
    """Grow small islets at a little distance from the coast, none of them overlapping."""
    import shapely

    islets: list[BaseGeometry] = []
    ring = coast.buffer(0.045).exterior
    while len(islets) < island.islets:
        point = ring.interpolate(rng.uniform(), normalized=True)
        size = rng.uniform(0.012, 0.022)
        shape = grow_coast(Island((point.x, point.y), size, 0.7 * size, rng.uniform(0, np.pi), 1), rng)
        if shape.distance(shapely.union_all([coast, *islets])) > 0.012:
            islets.append(shape)
    return islets


def spread_sites(coast: BaseGeometry, count: int, rng: np.random.Generator) -> Floats:
    """Spread sites over an island, closer together around its main harbour: the centres of a weighted k-means."""
    points = _points_inside(coast, 150 * count, rng)
    harbour = points[rng.integers(len(points))]
    reach = 0.35 * np.sqrt(coast.area)
    weight = 1 + 4 * np.exp(-(((points - harbour) / reach) ** 2).sum(axis=1))
    sites = points[rng.choice(len(points), count, replace=False, p=weight / weight.sum())]
    for _ in range(25):
        owner = nearest(points, sites)
        total = np.bincount(owner, weight, count)
        sites = np.column_stack([np.bincount(owner, weight * points[:, axis], count) / total for axis in (0, 1)])
    return sites


def nearest(points: Floats, sites: Floats) -> NDArray[np.intp]:
    """Index of the nearest site of every point."""
    return ((points[:, None, :] - sites[None, :, :]) ** 2).sum(axis=2).argmin(axis=1)


def cut_cells(coast: BaseGeometry, sites: Floats, rng: np.random.Generator) -> list[BaseGeometry]:
    """Cut an island into one cell a site; neighbours share their edges vertex by vertex.

    Edges between the Voronoi cells of the sites are roughened and noded together with the coast on one grid, so a
    border is one line that both its cells are built from.
    """
    import shapely

    land = shapely.set_precision(coast, GRID)
    while True:
        noded = shapely.union_all([shapely.boundary(coast), *_borders(coast, sites, rng)], grid_size=GRID)
        faces = [face for face in shapely.get_parts(shapely.polygonize([*shapely.get_parts(noded)])) if face.area > 0]
        faces = [face for face in faces if land.contains(face.representative_point())]
        home = [[n for n, face in enumerate(faces) if face.contains(shapely.points(site))] for site in sites]
        # A roughened border may stray across a site; then the borders are drawn anew.
        if all(home) and len({own[0] for own in home}) == len(sites):
            break
    owner = nearest(np.array([face.representative_point().coords[0] for face in faces]), sites)
    owner[[own[0] for own in home]] = np.arange(len(sites))
    owner = _without_exclaves(faces, owner)
    return [
        shapely.union_all([face for face, own in zip(faces, owner, strict=True) if own == site])
        for site in range(len(sites))
    ]


def _borders(coast: BaseGeometry, sites: Floats, rng: np.random.Generator) -> list[Any]:
    import shapely
    from scipy.spatial import Voronoi

    if len(sites) == 1:
        return []
    far = 50.0 * np.array([(1, 1), (1, -1), (-1, 1), (-1, -1)]) + sites.mean(axis=0)
    diagram = Voronoi(np.vstack([sites, far]))
    around = shapely.convex_hull(coast).buffer(0.05)
    lines = []
    for pair, ends in zip(diagram.ridge_points, diagram.ridge_vertices, strict=True):
        if max(pair) >= len(sites) or min(ends) < 0:
            continue
        straight = shapely.intersection(shapely.linestrings(diagram.vertices[ends]), around)
        if straight.geom_type == "LineString" and not straight.is_empty:
            lines.append(shapely.linestrings(roughen(shapely.get_coordinates(straight), 0.09, 3, rng)))
    return lines


def _without_exclaves(faces: list[BaseGeometry], owner: NDArray[np.intp]) -> NDArray[np.intp]:
    """Give every face but a site's largest to the site it has the longest border with."""
    owner = owner.copy()
    area = np.array([face.area for face in faces])
    for small in np.argsort(area, kind="stable"):
        if area[small] == area[owner == owner[small]].max():
            continue
        border = np.array([faces[small].intersection(face).length for face in faces])
        border[small] = 0.0
        if border.max() > 0:
            owner[small] = owner[border.argmax()]
    return owner


def _points_inside(shape: BaseGeometry, count: int, rng: np.random.Generator) -> Floats:
    import shapely

    west, south, east, north = shape.bounds
    found = np.empty((0, 2))
    while len(found) < count:
        points = rng.uniform((west, south), (east, north), (2 * count, 2))
        found = np.vstack([found, points[shapely.contains_xy(shape, points[:, 0], points[:, 1])]])
    return found[:count]


def _largest(shape: Any) -> BaseGeometry:
    import shapely

    parts = shapely.get_parts(shapely.get_parts(shape))
    return shapely.polygons(shapely.get_exterior_ring(parts[shapely.area(parts).argmax()]))
