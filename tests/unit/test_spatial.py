"""Neighbours on a map: who they are, the field they share, and what it says of areas nobody visited."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pymc as pm
import pytest
from shapely.geometry import box

from nsum_bayes import ModelError, Study, StudyError
from nsum_bayes.data.areas import Areas
from nsum_bayes.data.neighbours import Neighbourhood, centroids, components, distances_km, neighbours, plane_km
from nsum_bayes.model.intrinsic import field_of, intrinsic_field
from nsum_bayes.model.spatial import add_spatial_effects
from nsum_bayes.model.spatial_basis import conditional_effects, spatial_basis
from nsum_bayes.model.spec import Bym2, Hsgp
from nsum_bayes.model.surface import surface_basis
from tests.made_up import frame_of
from tests.three_areas import three_areas


def lattice_edges(rows: int, columns: int) -> list[tuple[int, int]]:
    """Pairs of neighbours in a lattice, numbered along its rows."""
    number = np.arange(rows * columns).reshape(rows, columns)
    across = zip(number[:, :-1].ravel(), number[:, 1:].ravel(), strict=True)
    down = zip(number[:-1].ravel(), number[1:].ravel(), strict=True)
    return [(int(one), int(other)) for one, other in (*across, *down)]


SQUARES = [(x, y) for y in range(3) for x in range(3)]


def on_squares(corners: list[tuple[float, float]], **rules: object) -> Areas:
    """Areas that are unit squares (degrees) with these lower left corners."""
    frame = frame_of(len(corners))
    shapes = [box(x, y, x + 1, y + 1) for x, y in corners]
    polygons = gpd.GeoSeries(shapes, index=frame.table.index, crs=4326)
    return replace(frame, geometry=polygons, neighbourhood=Neighbourhood(**rules))  # type: ignore[arg-type]


def pairs(areas: Areas) -> set[tuple[int, int]]:
    return {(int(one), int(other)) for one, other in neighbours(areas)}


# --- neighbours -----------------------------------------------------------------------------------------------------


def test_borders_and_corners_that_touch_make_neighbours() -> None:
    found = pairs(on_squares(SQUARES))
    assert len(found) == 12 + 8
    assert {pair for pair in found if 4 in pair} == {(0, 4), (1, 4), (2, 4), (3, 4), (4, 5), (4, 6), (4, 7), (4, 8)}


def test_outlines_drawn_apart_touch_within_the_tolerance() -> None:
    apart = [(0.0, 0.0), (1.0005, 0.0), (2.1, 0.0)]
    assert pairs(on_squares(apart)) == {(0, 1)}
    assert pairs(on_squares(apart, within_km=20.0)) == {(0, 1), (1, 2)}
    assert pairs(on_squares(apart, within_km=0.0)) == set()


def test_links_join_and_islands_are_joined_to_the_nearest_only_if_asked() -> None:
    islands = [(0.0, 0.0), (1.0, 0.0), (3.0, 0.0), (9.0, 0.0)]
    assert pairs(on_squares(islands)) == {(0, 1)}
    assert pairs(on_squares(islands, links=(("0003", "0000"),))) == {(0, 1), (0, 3)}
    assert pairs(on_squares(islands, links=(("0003", "0000"),), contiguity=False)) == {(0, 3)}
    assert pairs(on_squares(islands, join_islands=True)) == {(0, 1), (1, 2), (2, 3)}
    joined = on_squares(islands, links=(("0003", "0000"),), join_islands=True)
    assert pairs(joined) == {(0, 1), (0, 3), (1, 2)}


def test_distances_are_great_circles() -> None:
    quarter = np.pi / 2 * 6371.0088
    found = distances_km(np.array([[0.0, 0.0], [30.0, 60.0]]), np.array([[90.0, 0.0], [0.0, 90.0], [30.0, 61.0]]))
    np.testing.assert_allclose(found[0, :2], quarter, rtol=1e-9)
    np.testing.assert_allclose(found[1, 1:], [30 * 111.195, 111.195], rtol=1e-5)


def test_without_polygons_or_links_the_message_says_what_to_do() -> None:
    with pytest.raises(ModelError, match=r"\[areas.geometry\].*\[areas.neighbours\]"):
        neighbours(replace(frame_of(4), neighbourhood=Neighbourhood()))


# --- the field ------------------------------------------------------------------------------------------------------

ARCHIPELAGO = np.array([*lattice_edges(3, 4), (12, 13), (14, 15), (15, 16), (14, 16)])
COUNT = 18  # the last one lies alone


def test_the_covariance_is_the_scaled_pseudo_inverse_of_the_laplacian() -> None:
    laplacian = np.zeros((COUNT, COUNT))
    for one, other in ARCHIPELAGO:
        laplacian[[one, other], [one, other]] += 1
        laplacian[[one, other], [other, one]] -= 1
    expected = np.linalg.pinv(laplacian)
    for part in (range(12), (12, 13), (14, 15, 16)):
        here = np.ix_(part, part)
        expected[here] /= np.exp(np.log(np.diag(expected[here])).mean())
    expected[17, 17] = 1.0
    field = field_of(ARCHIPELAGO, COUNT)
    np.testing.assert_allclose(field.covariance(np.arange(COUNT)), expected, atol=1e-12)
    np.testing.assert_allclose(field.covariance(np.array([17, 3, 14])), expected[:, [17, 3, 14]], atol=1e-12)
    assert components(ARCHIPELAGO, COUNT).max() + 1 == 4


def test_forward_draws_have_that_covariance() -> None:
    field = field_of(ARCHIPELAGO, COUNT)
    expected, draws = field.covariance(np.arange(COUNT)), 20_000
    drawn = field.draw(np.random.default_rng(1), draws)
    error = np.sqrt((expected**2 + np.outer(np.diag(expected), np.diag(expected))) / draws)
    assert (np.abs(drawn.T @ drawn / draws - expected) < 5 * error + 1e-12).all()
    np.testing.assert_allclose(drawn[:, :12].sum(axis=1), 0.0, atol=1e-10)


def mapped() -> Areas:
    """The archipelago as a frame joined by links."""
    frame = frame_of(COUNT)
    links = tuple((f"{one:04d}", f"{other:04d}") for one, other in ARCHIPELAGO)
    return replace(frame, neighbourhood=Neighbourhood(links, contiguity=False))


@pytest.mark.parametrize("rows", [np.arange(COUNT), np.array([17, 0, 5, 6, 12, 14, 15])], ids=["all", "some"])
def test_effects_of_the_model_have_the_analytical_covariance(rows: np.ndarray) -> None:
    areas, share, draws = mapped(), 0.7, 20_000
    with pm.Model() as model:
        raw = pm.Normal("raw", 0.0, 1.0, shape=(len(rows), 1))
        part = Bym2(share={"prior": "beta", "mean": 0.5, "sd": 0.2})  # type: ignore[arg-type]
        pm.Deterministic("effect", add_spatial_effects(part, spatial_basis(areas, rows), raw))
    with pm.do(model, {"spatial_share": share}) as fixed:
        drawn = pm.draw(fixed["effect"], draws=draws, random_seed=1, mode="FAST_COMPILE")[:, :, 0]
    own = intrinsic_field(areas).covariance(rows)[rows]
    expected = (1 - share) * np.eye(len(rows)) + share * own
    error = np.sqrt((expected**2 + np.outer(np.diag(expected), np.diag(expected))) / draws)
    assert (np.abs(drawn.T @ drawn / draws - expected) < 5 * error).all()


def test_areas_nobody_visited_follow_the_conditional_normal() -> None:
    areas, share, draws = mapped(), 0.8, 20_000
    rows = np.array([17, 0, 5, 6, 12, 14])
    rest = np.setdiff1d(np.arange(COUNT), rows)
    total = (1 - share) * np.eye(COUNT) + share * intrinsic_field(areas).covariance(np.arange(COUNT))
    seen = np.array([0.3, 1.0, -0.5, 2.0, 0.7, -1.1])
    rng = np.random.default_rng(2)
    fresh = rng.standard_normal((draws, COUNT, 1))
    field = intrinsic_field(areas).draw(rng, draws)[:, :, None]
    given = np.broadcast_to(seen[:, None], (draws, len(rows), 1))
    drawn = conditional_effects(areas, rows, np.full(draws, share), given, fresh, field)[:, :, 0]
    np.testing.assert_allclose(drawn[:, rows], np.broadcast_to(seen, (draws, len(rows))))
    weights = np.linalg.solve(total[np.ix_(rows, rows)], total[np.ix_(rows, rest)]).T
    mean = weights @ seen
    left = total[np.ix_(rest, rest)] - weights @ total[np.ix_(rows, rest)]
    deviation = drawn[:, rest] - mean
    assert (np.abs(deviation.mean(axis=0)) < 5 * np.sqrt(np.diag(left) / draws)).all()
    error = np.sqrt((left**2 + np.outer(np.diag(left), np.diag(left))) / draws)
    assert (np.abs(deviation.T @ deviation / draws - left) < 5 * error).all()
    # The other half of a pair of islands is all but told, an area far from all others is not.
    assert left[list(rest).index(13), list(rest).index(13)] < 0.4 < left[list(rest).index(11), list(rest).index(11)]


# --- a surface by distance ------------------------------------------------------------------------------------------


def scattered(count: int = 25, side: float = 6.0) -> Areas:
    """Small squares scattered over some degrees."""
    rng = np.random.default_rng(3)
    corners = [(120 + x, 10 + y) for x, y in rng.uniform(0, side, (count, 2))]
    frame = frame_of(count)
    polygons = gpd.GeoSeries([box(x, y, x + 0.1, y + 0.1) for x, y in corners], index=frame.table.index, crs=4326)
    return replace(frame, geometry=polygons)


def test_the_plane_keeps_great_circle_distances() -> None:
    rng = np.random.default_rng(1)
    points = rng.uniform((117, 5), (127, 20), (200, 2))
    plane = plane_km(points)
    apart = np.linalg.norm(plane[:, None] - plane[None], axis=2)
    true = distances_km(points, points)
    far = true > 1.0
    assert (np.abs(apart - true)[far] / true[far]).max() < 0.01


LENGTH = {"prior": "lognormal", "median": 250.0, "log_sd": 0.3, "reason": "test"}


def test_the_surface_has_the_covariance_of_its_length() -> None:
    areas = scattered()
    part = Hsgp(share={"prior": "beta", "mean": 0.5, "sd": 0.2}, length_km=LENGTH)  # type: ignore[arg-type]
    basis = surface_basis(part, areas)
    apart = distances_km(centroids(areas.geometry), centroids(areas.geometry))
    for length in (185.0, 250.0, 340.0):
        density = pm.gp.cov.Matern32(2, ls=length).power_spectral_density(basis.frequencies).eval()
        made = (basis.waves * density) @ basis.waves.T
        scaled = np.sqrt(3) * apart / length
        assert np.abs(made - (1 + scaled) * np.exp(-scaled)).max() < 0.05


def test_lengths_too_short_for_the_frame_are_refused() -> None:
    short = {**LENGTH, "median": 5.0}
    part = Hsgp(share={"prior": "beta", "mean": 0.5, "sd": 0.2}, length_km=short)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"too short for a frame of"):
        surface_basis(part, scattered())
    with pytest.raises(ModelError, match=r"(?s)places of the areas.*\[areas.geometry\]"):
        surface_basis(part, frame_of(4))


# --- the study file -------------------------------------------------------------------------------------------------


def test_links_of_the_study_survive_saving() -> None:
    study = three_areas(links=pd.DataFrame({"from": ["a", "b"], "to": ["b", "c"]}))
    assert pairs(study.areas) == {(0, 1), (1, 2)}
    again = Study.from_payload(study.to_payload())
    assert again.areas.neighbourhood == study.areas.neighbourhood


def test_links_of_codes_that_no_area_has_are_refused() -> None:
    with pytest.raises(StudyError, match="1 code of the links that no area has: x"):
        three_areas(links=pd.DataFrame({"from": ["a"], "to": ["x"]}))
    with pytest.raises(StudyError, match="no column 'to'"):
        three_areas(links=pd.DataFrame({"from": ["a"]}))
