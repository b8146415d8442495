"""The fictional archipelago and the sample study made from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from nsum_bayes.data.archipelago import archipelago
from nsum_bayes.data.areas import Areas
from nsum_bayes.data.bundled import sample_folder
from nsum_bayes.data.study import Study
from nsum_bayes.model.sample import make_sample

SEEDS = (2025, 1, 2)
FILES = ("study.toml", "survey.csv", "groups.csv", "areas.csv", "areas.geojson", "truth.csv", "truth.json", "README.md")


@pytest.fixture(scope="module", params=SEEDS)
def areas(request) -> Areas:
    return archipelago(request.param)


def touching(areas: Areas) -> list[set[int]]:
    shapes = areas.geometry.to_numpy()
    pairs = shapely.STRtree(shapes).query(shapes, predicate="intersects").T
    return [{int(other) for one, other in pairs if one == area and other != area} for area in range(len(areas))]


def islands(areas: Areas) -> list[set[int]]:
    neighbours = touching(areas)
    left, found = set(range(len(areas))), []
    while left:
        here, edge = set(), {min(left)}
        while edge:
            here |= edge
            edge = set().union(*(neighbours[area] for area in edge)) - here
        found.append(here)
        left -= here
    return found


def test_frame(areas):
    assert len(areas) == 120
    assert areas.codes.tolist() == sorted(set(areas.codes))
    assert all(len(code) == 6 and code.isdigit() and code.startswith("0") for code in areas.codes)
    assert areas.table["province"].nunique() == 12
    assert areas.table["region"].nunique() == 4
    assert areas.table["name"].is_unique
    names = pd.concat([areas.table["name"], *(areas.table[level].drop_duplicates() for level in areas.levels)])
    assert names.is_unique


def test_codes_follow_the_hierarchy(areas):
    codes = pd.Series(areas.codes, index=areas.table.index)
    for level, digits in (("region", 2), ("province", 4)):
        pairs = pd.DataFrame({"code": codes.str[:digits], "unit": areas.table[level]}).drop_duplicates()
        assert pairs["code"].is_unique
        assert pairs["unit"].is_unique


def test_people(areas):
    table = areas.table
    assert (table["adults"] + table["children"] == table["population"]).all()
    assert (table["children"] > 500).all()
    assert 2e6 < table["population"].sum() < 8e6
    assert table["population"].max() > 3 * table["population"].median()


def test_secondary_data(areas):
    assert [category.category for category in areas.covariates] == ["poverty", "finance", "telecoms"]
    assert areas.table["poverty_rate"].between(0.001, 0.999).all()
    assert (areas.table["remittances"] > 0).all()
    assert (areas.table["mobile_towers"] == 0).any()
    matrix = areas.design_matrix()
    np.testing.assert_allclose(matrix.mean("area"), 0.0, atol=1e-12)
    assert np.abs(np.corrcoef(matrix.to_numpy().T)[np.triu_indices(3, 1)]).max() < 0.9


def test_polygons_are_valid_and_do_not_overlap(areas):
    shapes = areas.geometry.to_numpy()
    assert areas.geometry.crs.to_epsg() == 4326
    assert shapely.is_valid(shapes).all()
    assert set(shapely.get_type_id(shapes)) <= {3, 6}
    assert shapely.coverage_is_valid(shapes)
    np.testing.assert_allclose(shapely.union_all(shapes).area, shapely.area(shapes).sum(), rtol=1e-9)


def test_it_lies_in_open_ocean(areas):
    west, south, east, north = areas.geometry.total_bounds
    assert -150.2 < west < east < -145.5
    assert -38.2 < south < north < -34.8


def test_coordinates_are_short(areas):
    points = shapely.get_coordinates(areas.geometry.to_numpy())
    np.testing.assert_array_equal(points, np.round(points, 5))


def test_outer_rings_turn_anticlockwise(areas):
    parts = shapely.get_parts(areas.geometry.to_numpy())
    assert shapely.is_ccw(shapely.get_exterior_ring(parts)).all()


def test_islands_and_isolate(areas):
    sizes = sorted(len(island) for island in islands(areas))
    assert sizes == [1, 7, 9, 12, 16, 31, 44]
    assert (shapely.get_num_geometries(areas.geometry.to_numpy()) > 1).any(), "some municipality owns an islet"


def test_a_neighbour_shares_a_border_not_a_point_only(areas):
    shapes = areas.geometry.to_numpy()
    for area, others in enumerate(touching(areas)):
        borders = [shapely.intersection(shapes[area], shapes[other]).length for other in others]
        assert not others or max(borders) > 0


def test_only_the_isolates_province_spans_islands(areas):
    found = islands(areas)
    province = areas.table["province"].to_numpy()
    spans = {name: sum(name in set(province[list(island)]) for island in found) for name in set(province)}
    assert sorted(spans.values()) == [1] * 11 + [2]


def test_same_seed_same_archipelago():
    one, two, other = archipelago(1), archipelago(1), archipelago(3)
    pd.testing.assert_frame_equal(one.table, two.table)
    assert shapely.equals_identical(one.geometry.to_numpy(), two.geometry.to_numpy()).all()
    assert not one.table["name"].equals(other.table["name"])


# --- the sample study -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    make_sample(folder)
    return folder


def test_sample_files(folder):
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 2_000_000


@pytest.mark.parametrize("name", FILES)
def test_sample_in_the_repository_is_what_the_command_makes(folder, name):
    assert (sample_folder() / name).read_bytes() == (folder / name).read_bytes()


def test_sample_loads_without_notes(folder):
    study = Study.load(folder)
    assert study.notes == ()
    assert study.synthetic
    assert study.fictional_places
    assert (len(study.known_groups), study.hidden_groups) == (10, ("bonded", "trafficked"))
    assert {study.kind_of(group) for group in study.known_groups} == {"name", "occupation", "event"}
    assert 1150 < len(study.survey) < 1300
    assert len(study.survey.surveyed_areas) == 60
    assert set(study.survey.design.columns) == {"stratum", "unit", "weight"}
    assert list(study.survey.covariates.columns) == ["urban", "sex"]
    assert 0.005 < np.isnan(study.survey.answers).mean() < 0.015
    np.testing.assert_allclose(study.survey.design["weight"].mean(), 1.0, atol=1e-3)


def test_sample_has_an_isolate_and_islands_with_unvisited_areas(folder):
    study = Study.load(folder)
    found = islands(study.areas)
    assert min(len(island) for island in found) == 1
    respondents = study.survey.respondents_by_area(study.areas.codes)
    partly = [island for island in found if (respondents[list(island)] == 0).any()]
    assert len(partly) >= 5


def test_sample_truth_is_plausible_and_fits_the_areas(folder):
    truth = pd.read_csv(folder / "truth.csv", dtype={"unit": str})
    national = truth[truth["level"] == "nation"].set_index("group")["prevalence"]
    assert 0.005 < national["bonded"] < 0.012
    assert 0.002 < national["trafficked"] < 0.005
    by_area = truth[truth["level"] == "area"]
    assert set(by_area["unit"]) == set(Study.load(folder).areas.codes)
    total = by_area.groupby("group")["count"].sum()
    stated = truth[truth["level"] == "nation"].set_index("group")["count"]
    np.testing.assert_allclose(total, stated.loc[total.index], rtol=1e-6)
