"""A fictional archipelago: places, people and secondary data to try everything on.

Nothing in it exists. Coasts, borders, names and figures are drawn from a seed, and the coordinates lie in open ocean.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsum_bayes.data.areas import Areas
from nsum_bayes.data.covariates import CovariateCategory
from nsum_bayes.data.island_shapes import Island, cut_cells, grow_coast, grow_islets, nearest, spread_sites

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]

SOUTH_WEST = (-149.9, -37.9)
LONGITUDE_STRETCH = 1.25
DECIMALS = 5
CHANNEL = 0.16

ISLANDS = (
    Island((0.90, 2.00), 0.78, 0.36, -0.65, 44, islets=4),
    Island((2.00, 0.90), 0.60, 0.32, 0.55, 31, islets=3),
    Island((2.20, 2.30), 0.40, 0.24, 0.15, 16, islets=2),
    Island((0.68, 0.72), 0.34, 0.20, 1.20, 12, islets=1),
    Island((1.20, 0.05), 0.26, 0.14, -0.15, 9),
    Island((2.95, 1.65), 0.22, 0.14, 1.30, 7, islets=1),
    Island((0.10, 0.05), 0.07, 0.05, 0.40, 1),
)
PROVINCES_OF_ISLAND = (4, 3, 2, 1, 1, 1, 0)
REGION_OF_PROVINCE = (0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3)

CATEGORIES = (
    CovariateCategory("poverty", ("poverty_rate",), "logit", "invented: household budget survey", 2023),
    CovariateCategory("finance", ("remittances",), "log", "invented: central bank, thousands per household", 2024),
    CovariateCategory("telecoms", ("mobile_towers",), "log1p", "invented: telecoms authority, towers", 2024),
)


def archipelago(seed: int) -> Areas:
    """Make a fictional archipelago of 120 municipalities on seven islands, in 12 provinces and 4 regions.

    One island is a single municipality without neighbours; some municipalities own an islet off their coast.

    Parameters
    ----------
    seed
        The same seed gives the same archipelago.

    Returns
    -------
    Areas
        Codes of six digits (region, province, municipality), denominators `adults` and `children`, covariates in three
        categories, polygons that share their borders vertex by vertex.

    Examples
    --------
    >>> from nsum_bayes.data.archipelago import archipelago
    >>> len(archipelago(seed=1))
    120
    """
    shapes, names, people, secondary = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(4))
    sites, cells, island = _make_islands(shapes)
    places = _make_places(sites, island, names)
    table = places.join(_make_people(places, sites, island, cells, people))
    table = table.join(_make_secondary(table, secondary))
    order = np.argsort(table.index.to_numpy(), kind="stable")
    return Areas(
        table=table.iloc[order].drop(columns=["urbanity"]),
        levels=("province", "region"),
        denominators=("adults", "children"),
        covariates=CATEGORIES,
        geometry=_geometry(table.index, cells).iloc[order],
        vintage="invented",
    )


# --- islands --------------------------------------------------------------------------------------------------------


def _make_islands(rng: np.random.Generator) -> tuple[Floats, list[BaseGeometry], NDArray[np.intp]]:
    import shapely

    sites, cells, island = [], [], []
    occupied: BaseGeometry = shapely.Polygon()
    for number, plan in enumerate(ISLANDS):
        coast = _grow_apart(plan, occupied, rng)
        occupied = occupied.union(coast.buffer(CHANNEL))
        own_sites = spread_sites(coast, plan.cells, rng)
        own_cells = cut_cells(coast, own_sites, rng)
        for islet in grow_islets(plan, coast, rng):
            owner = nearest(np.array(islet.centroid.coords), own_sites)[0]
            own_cells[owner] = own_cells[owner].union(islet)
        sites.append(own_sites)
        cells += own_cells
        island += [number] * plan.cells
    return np.vstack(sites), cells, np.array(island)


def _grow_apart(plan: Island, occupied: BaseGeometry, rng: np.random.Generator) -> BaseGeometry:
    """Grow coasts, a little smaller each time, until one keeps clear of the waters of the islands already there."""
    coast = grow_coast(plan, rng)
    while coast.intersects(occupied):
        plan = replace(plan, half_length=0.99 * plan.half_length, half_width=0.99 * plan.half_width)
        coast = grow_coast(plan, rng)
    return coast


def _geometry(codes: pd.Index, cells: list[BaseGeometry]) -> Any:
    import geopandas
    import shapely

    def to_degrees(points: Floats) -> Floats:
        return np.round(points * (LONGITUDE_STRETCH, 1.0) + SOUTH_WEST, DECIMALS)

    # Normal form turns outer rings clockwise; GeoJSON wants them the other way round.
    shapes = shapely.reverse(shapely.normalize(shapely.transform(np.array(cells), to_degrees)))
    return geopandas.GeoSeries(shapes, index=codes, crs="EPSG:4326")


# --- places ---------------------------------------------------------------------------------------------------------


def _make_places(sites: Floats, island: NDArray[np.intp], rng: np.random.Generator) -> pd.DataFrame:
    """Codes, names, province and region of every municipality; provinces are runs of neighbouring sites."""
    province = _provinces(sites, island)
    region = np.array(REGION_OF_PROVINCE)[province]
    names = invent_names(len(sites) + len(REGION_OF_PROVINCE) + 4, rng)
    municipal, provincial, regional = np.split(np.array(names), [len(sites), len(sites) + len(REGION_OF_PROVINCE)])
    frame = pd.DataFrame({"name": municipal, "province": provincial[province], "region": regional[region]})
    frame["rank"] = pd.Series(-sites[:, 1]).groupby(province).rank().astype(int)
    within_region = [REGION_OF_PROVINCE[:p].count(r) + 1 for p, r in enumerate(REGION_OF_PROVINCE)]
    codes = [f"{region[i] + 1:02d}{within_region[province[i]]:02d}{frame['rank'][i]:02d}" for i in range(len(sites))]
    return frame.drop(columns="rank").set_index(pd.Index(codes, name="area", dtype=object))


def _provinces(sites: Floats, island: NDArray[np.intp]) -> NDArray[np.intp]:
    """Cut every island into provinces of like size along its long axis; a lone isolate joins the nearest province."""
    province = np.full(len(sites), -1)
    first = 0
    for number, count in enumerate(PROVINCES_OF_ISLAND):
        here = np.flatnonzero(island == number)
        if count == 0:
            continue
        centred = sites[here] - sites[here].mean(axis=0)
        axis = np.linalg.svd(centred)[2][0]
        rank = np.argsort(np.argsort(centred @ (axis * np.sign(axis[0]))))
        province[here] = first + rank * count // len(here)
        first += count
    alone = np.flatnonzero(province < 0)
    settled = np.flatnonzero(province >= 0)
    province[alone] = province[settled[nearest(sites[alone], sites[settled])]]
    return province


ONSETS = ("v", "br", "th", "k", "dr", "m", "l", "z", "fr", "s", "n", "gl", "t", "qu", "h", "j", "p", "")
VOWELS = ("a", "e", "i", "o", "u", "ae", "ei", "ou", "y")
MIDDLES = ("lm", "rv", "sk", "nd", "th", "l", "r", "ss", "mb", "v", "rz", "lk", "n", "gr", "zh")
ENDINGS = ("ash", "oune", "eth", "imar", "oven", "usk", "arra", "iel", "ond", "uvia", "isse", "ombe", "yr", "acht")


def invent_names(count: int, rng: np.random.Generator) -> list[str]:
    """Invent pronounceable place names, all different."""
    names: list[str] = []
    while len(names) < count:
        parts = [str(rng.choice(syllable)) for syllable in (ONSETS, VOWELS, MIDDLES, ENDINGS)]
        name = "".join(parts).capitalize()
        if name not in names:
            names.append(name)
    return names


# --- people and secondary data --------------------------------------------------------------------------------------


def _make_people(
    places: pd.DataFrame,
    sites: Floats,
    island: NDArray[np.intp],
    cells: list[BaseGeometry],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Populations: larger near each island's main town and on larger islands; fewer children where it is urban."""
    size_of_island = np.array([plan.cells for plan in ISLANDS])[island]
    urbanity = 0.35 * np.log(size_of_island / 10) + 0.4 * rng.standard_normal(len(sites))
    for number in range(len(ISLANDS)):
        here = np.flatnonzero(island == number)
        town = sites[rng.choice(here)]
        urbanity[here] += 1.6 * np.exp(-((sites[here] - town) ** 2).sum(axis=1) / 0.2**2)
    area = np.array([cell.area for cell in cells])
    log_population = 9.5 + 0.95 * urbanity + 0.25 * np.log(area / area.mean()) + 0.45 * rng.standard_normal(len(sites))
    population = np.round(np.exp(log_population))
    young = 1 / (1 + np.exp(0.62 + 0.15 * urbanity + 0.08 * rng.standard_normal(len(sites))))
    children = np.round(young * population)
    columns = {"population": population, "adults": population - children, "children": children, "urbanity": urbanity}
    return pd.DataFrame(columns, index=places.index)


def _make_secondary(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Covariates that hang together: urban places are less poor and have more towers, poor ones get less money sent."""
    urbanity = ((table["urbanity"] - table["urbanity"].mean()) / table["urbanity"].std()).to_numpy()
    noise = rng.standard_normal((2, len(table)))
    poverty = -1.15 - 0.45 * urbanity + 0.4 * noise[0]
    money = np.exp(3.4 - 0.25 * poverty + 0.35 * noise[1])
    towers = rng.poisson(table["population"].to_numpy() / 6000 * np.exp(0.3 * urbanity))
    columns = {"poverty_rate": np.round(1 / (1 + np.exp(-poverty)), 4), "remittances": np.round(money, 1)}
    return pd.DataFrame({**columns, "mobile_towers": towers.astype(float)}, index=table.index)
