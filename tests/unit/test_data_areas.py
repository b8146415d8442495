"""Areas: levels, shares, standardised covariates and polygons."""

from __future__ import annotations

import gzip
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import Point

from nsum_bayes.data.areas import Areas
from nsum_bayes.data.study import Study
from nsum_bayes.errors import StudyError
from tests.small_study import CODES, edit_text, geometry_text, write_small_study


@pytest.fixture
def areas(tmp_path: Path) -> Areas:
    return Study.load(write_small_study(tmp_path)).areas


def test_codes_levels_and_shares(areas: Areas) -> None:
    assert len(areas) == 4
    assert areas.codes.tolist() == list(CODES)
    assert areas.table.index.name == "area"
    assert areas.level_of("province").tolist() == ["North", "North", "South", "South"]
    assert areas.level_of("area").tolist() == list(CODES)
    assert set(areas.level_of("nation")) == {"nation"}
    np.testing.assert_array_equal(
        areas.denominator_share("adults"), np.array([6000, 7000, 8000, 9000]) / [10000, 12000, 14000, 16000]
    )


def test_covariates_are_transformed_and_standardised_over_the_frame(areas: Areas) -> None:
    matrix = areas.design_matrix()
    assert matrix.dims == ("area", "covariate")
    assert matrix.coords["covariate"].values.tolist() == ["poverty_rate", "road_km"]
    assert matrix.coords["category"].values.tolist() == ["poverty", "access"]
    roads = np.log([10, 20, 30, 45])
    np.testing.assert_allclose(matrix.sel(covariate="road_km"), (roads - roads.mean()) / roads.std(), rtol=1e-12)
    poverty = matrix.sel(covariate="poverty_rate").values
    assert np.isnan(poverty).tolist() == [False, False, False, True]
    assert np.nanmean(poverty) == pytest.approx(0, abs=1e-12)
    assert np.nanstd(poverty) == pytest.approx(1, rel=1e-12)


def test_categories_say_their_source(areas: Areas) -> None:
    poverty, access = areas.covariates
    assert (poverty.category, poverty.columns, poverty.transform) == ("poverty", ("poverty_rate",), "logit")
    assert (poverty.source, poverty.year, access.year) == ("statistics office", 2023, None)


def test_no_covariates_make_a_matrix_without_columns(tmp_path: Path) -> None:
    file = write_small_study(tmp_path)
    text = file.read_text()
    file.write_text(text[: text.index("[areas.covariates.poverty]")])
    assert Study.load(file).areas.design_matrix().shape == (4, 0)


def test_polygons_follow_the_areas(tmp_path: Path) -> None:
    file = write_small_study(tmp_path)
    (tmp_path / "areas.geojson").write_text(geometry_text(CODES[::-1]))
    geometry = Study.load(file).areas.geometry
    assert geometry is not None
    assert geometry.index.tolist() == list(CODES)
    assert geometry.bounds["minx"].tolist() == [3, 2, 1, 0]
    assert geometry.crs.to_epsg() == 4326


def test_gzipped_polygons(tmp_path: Path) -> None:
    file = write_small_study(tmp_path)
    (tmp_path / "areas.geojson.gz").write_bytes(gzip.compress(geometry_text().encode()))
    edit_text('"areas.geojson"', '"areas.geojson.gz"')(tmp_path)
    assert len(Study.load(file).areas.geometry) == 4


def test_a_geopackage_in_metres_becomes_wgs84(tmp_path: Path) -> None:
    file = write_small_study(tmp_path)
    frame = gpd.read_file(tmp_path / "areas.geojson").to_crs(3857)
    frame.to_file(tmp_path / "areas.gpkg", driver="GPKG")
    edit_text('"areas.geojson"', '"areas.gpkg"')(tmp_path)
    geometry = Study.load(file).areas.geometry
    assert geometry.crs.to_epsg() == 4326
    np.testing.assert_allclose(geometry.bounds["minx"], [0, 1, 2, 3], atol=1e-9)


def test_a_broken_geometry_file(tmp_path: Path) -> None:
    file = write_small_study(tmp_path)
    (tmp_path / "areas.geojson").write_text("{}")
    with pytest.raises(StudyError, match=r"'areas.geojson' cannot be read"):
        Study.load(file)


def test_polygons_without_a_coordinate_system_are_refused(tmp_path: Path) -> None:
    study = Study.load(write_small_study(tmp_path))
    shapes = gpd.GeoSeries([Point(x, 0).buffer(0.4) for x in range(4)], index=list(CODES))
    from nsum_bayes.data.areas import match_geometry

    faults: list = []
    assert match_geometry(shapes, "the geometry frame", study.areas.codes, faults) is None
    assert [what for what, *_ in faults] == ["The geometry does not say its coordinate system."]
