"""Tables: columns, codes, suppression, formulas, and the rule about invented figures for real places."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
import report_fixtures as fixtures
import xarray as xr

from nsum_bayes import Estimates
from nsum_bayes.errors import ReleaseError
from nsum_bayes.estimates.summaries import Suppression
from nsum_bayes.report.release import replacing
from nsum_bayes.report.tables import defused, write_csv, write_estimates

CONTRACT = [
    *("area", "name", "level", "province", "region", "group", "wave", "denominator", "population", "respondents"),
    *("prevalence_mean", "prevalence_median", "prevalence_lower", "prevalence_upper"),
    *("count_median", "count_lower", "count_upper", "cv", "estimate_type"),
]
FIGURES = [name for name in CONTRACT if name.startswith(("prevalence", "count", "cv"))]
STEMS = ["areas", "province", "region", "nation"]


@pytest.fixture(scope="module")
def suppress() -> Suppression:
    return Suppression()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, suppress: Suppression) -> Path:
    out = tmp_path_factory.mktemp("estimates")
    write_estimates(fixtures.estimates(), out, suppress=suppress)
    return out


def text_table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_every_file_is_written_and_nothing_else(folder: Path) -> None:
    tables = {f"{stem}.{suffix}" for stem in STEMS for suffix in ("csv", "parquet")}
    assert {path.name for path in folder.iterdir()} == tables | {"estimates.nc", "areas.gpkg"}


def test_the_paths_returned_are_the_files_written(tmp_path: Path, suppress: Suppression) -> None:
    written = write_estimates(fixtures.estimates(), tmp_path / "new" / "folder", suppress=suppress)
    assert sorted(written) == sorted((tmp_path / "new" / "folder").iterdir())


@pytest.mark.parametrize("stem", STEMS)
def test_columns_begin_as_the_contract_says_and_end_with_the_stamp(folder: Path, stem: str) -> None:
    for table in (text_table(folder / f"{stem}.csv"), pd.read_parquet(folder / f"{stem}.parquet")):
        columns = list(table.columns)
        assert columns[: len(CONTRACT)] == CONTRACT
        assert columns[-1] == "simulated"
        assert set(table["simulated"].astype(str).str.lower()) == {"true"}


def test_real_answers_carry_no_stamp(tmp_path: Path, suppress: Suppression) -> None:
    write_estimates(fixtures.estimates(synthetic=False), tmp_path, suppress=suppress)
    assert "simulated" not in text_table(tmp_path / "areas.csv").columns
    assert "simulated" not in geopandas.read_file(tmp_path / "areas.gpkg").columns


def test_leading_zeros_are_kept(folder: Path) -> None:
    codes = fixtures.areas(*fixtures.squares()).codes.tolist()
    assert text_table(folder / "areas.csv")["area"].tolist() == codes
    assert pd.read_parquet(folder / "areas.parquet")["area"].tolist() == codes
    assert geopandas.read_file(folder / "areas.gpkg")["area"].tolist() == codes
    assert codes[0].startswith("0")


def test_codes_are_quoted_and_numbers_are_not(folder: Path) -> None:
    header, first, _, _, fourth, *_ = (folder / "areas.csv").read_text(encoding="utf-8").splitlines()
    assert header.startswith('"area","name"')
    assert first.startswith('"0100","\'=1+1","area","West","Main","bonded",')
    assert ',"adults",600,6,,,,,,,,,"suppressed",,,,,"' in first
    assert first.endswith('"transmission beta, mean 0.6, sd 0.15 (awareness study, table 4)",true')
    assert ',"adults",2400,20,0.00' in fourth


def test_a_level_has_one_row_a_unit_and_group(folder: Path) -> None:
    assert len(text_table(folder / "areas.csv")) == 21
    assert sorted(text_table(folder / "province.csv")["area"]) == ["East", "Outer", "West"]
    assert sorted(text_table(folder / "region.csv")["area"]) == ["Main", "Sea"]
    assert len(text_table(folder / "nation.csv")) == 1


@pytest.mark.parametrize("name", ["areas.csv", "areas.parquet", "areas.gpkg"])
def test_withheld_figures_are_withheld_in_every_file(folder: Path, suppress: Suppression, name: str) -> None:
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet, "gpkg": geopandas.read_file}[name.split(".")[1]]
    table = read(folder / name)
    withheld = (table["estimate_type"] == "suppressed").to_numpy()
    expected = fixtures.estimates().table("area", suppress)["estimate_type"] == "suppressed"
    assert withheld.tolist() == expected.tolist()
    assert 0 < withheld.sum() < len(table)
    figures = [*FIGURES, *(column for column in table.columns if column.startswith("per_100k"))]
    assert table.loc[withheld, figures].isna().all(axis=None)
    assert table.loc[~withheld, FIGURES].notna().all(axis=None)


def test_the_file_of_draws_tells_no_more_than_the_tables(folder: Path, suppress: Suppression) -> None:
    given, stored = fixtures.estimates(), Estimates.load(folder / "estimates.nc")
    withheld = stored.draws["prevalence"].isnull().all(("draw", "group")).values
    assert withheld.tolist() == suppress.hides(given.respondents).tolist()
    assert 0 < withheld.sum() < len(withheld)
    for level in given.levels:
        pd.testing.assert_frame_equal(stored.table(level), given.table(level, suppress))


def test_csv_figures_are_those_of_the_parquet_file(folder: Path) -> None:
    for stem in STEMS:
        csv, parquet = pd.read_csv(folder / f"{stem}.csv"), pd.read_parquet(folder / f"{stem}.parquet")
        np.testing.assert_allclose(csv[FIGURES].to_numpy(float), parquet[FIGURES].to_numpy(float), rtol=1e-10)


def test_the_geopackage_has_the_polygons_of_the_frame(folder: Path) -> None:
    layer = geopandas.read_file(folder / "areas.gpkg", layer="bonded")
    shapes, _ = fixtures.squares()
    assert layer.crs.to_epsg() == 4326
    assert set(layer.geom_type) == {"MultiPolygon"}
    np.testing.assert_allclose(layer.to_crs(3857).area, geopandas.GeoSeries(shapes, crs=4326).to_crs(3857).area)


def test_no_geometry_no_geopackage(tmp_path: Path, suppress: Suppression) -> None:
    given = fixtures.without_geometry(fixtures.estimates())
    assert "areas.gpkg" not in {path.name for path in write_estimates(given, tmp_path, suppress=suppress)}


def test_no_file_has_a_row_for_each_respondent(folder: Path) -> None:
    given = fixtures.estimates()
    allowed = {len(given.areas), 3, 2, 1}
    for stem in STEMS:
        table = text_table(folder / f"{stem}.csv")
        assert len(table) in allowed
        assert not {"respondent", "id", "degree", "answer"} & set(table.columns)
    with xr.open_dataset(folder / "estimates.nc", engine="h5netcdf") as stored:
        assert "respondent" not in stored.dims
        assert int(given.respondents.sum()) not in stored.sizes.values()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", " =1", "\t=1", "\r=1", "\n=1", "＝1"])
def test_text_that_a_spreadsheet_would_run_is_defused(text: str) -> None:
    assert defused(text) == "'" + text


@pytest.mark.parametrize("text", ["0100", "San José", "a=b", "St-Jean", "'tis", ""])
def test_other_text_is_left_alone(text: str) -> None:
    assert defused(text) == text


def test_quotes_commas_and_large_numbers_survive(tmp_path: Path) -> None:
    table = pd.DataFrame({"area": ["01"], "name": ['The "Isle", new'], "population": [123_456_789.0], "cv": [np.nan]})
    write_csv(table, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == (
        '"area","name","population","cv"\n"01","The ""Isle"", new",123456789,\n'
    )


def test_invented_figures_for_real_places_are_given_for_the_nation_only(tmp_path: Path, suppress: Suppression) -> None:
    written = write_estimates(fixtures.estimates(fictional_places=False), tmp_path, suppress=suppress)
    names = {"nation.csv", "nation.parquet"}
    assert {path.name for path in written} == names == {path.name for path in tmp_path.iterdir()}
    everything = "".join(path.read_text(encoding="utf-8") for path in tmp_path.glob("*.csv"))
    assert "Isle" not in everything
    assert not {"0100", "West", "Main"} & set(re.findall(r"\w+", everything))


def test_a_failed_write_replaces_nothing_and_leaves_no_rubbish(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("old")

    def half_a_file() -> None:
        with replacing(tmp_path / "t.csv") as temporary:
            temporary.write_text("half")
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        half_a_file()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("t.csv", "old")]


def test_one_failed_file_keeps_every_old_one(
    tmp_path: Path, suppress: Suppression, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "areas.csv").write_text("old")
    given = fixtures.estimates()

    def broken(*_: object) -> None:
        raise OSError("disk")

    monkeypatch.setattr(type(given), "to_netcdf", broken)
    with pytest.raises(OSError, match="disk"):
        write_estimates(given, tmp_path, suppress=suppress)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("areas.csv", "old")]


@pytest.mark.parametrize("level", ["../secret", "nation", "Areas", "a/b", ".hidden", "exceedance"])
def test_a_level_that_is_no_file_name_is_refused(tmp_path: Path, suppress: Suppression, level: str) -> None:
    given = fixtures.estimates(fixtures.areas(*fixtures.squares(), province=level))
    with pytest.raises(ReleaseError, match="cannot be the name of a file"):
        write_estimates(given, tmp_path, suppress=suppress)
    assert not list(tmp_path.iterdir())
