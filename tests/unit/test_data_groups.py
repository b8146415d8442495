"""Known sizes: shares, and which size counts for which area."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nsum_bayes.data.study import Study
from nsum_bayes.errors import StudyError
from tests.small_study import CODES, edit_cells, write_small_study


def _with_rows(folder: Path, *rows: str) -> Study:
    file = write_small_study(folder)
    with (folder / "groups.csv").open("a", encoding="utf-8") as groups:
        groups.writelines(f"{row}\n" for row in rows)
    return Study.load(file)


def test_shares_are_over_the_population_of_their_unit(tmp_path: Path) -> None:
    table = Study.load(write_small_study(tmp_path)).known.table
    assert table["level"].tolist() == ["nation", "area", "area", "area", "area", "province", "province"]
    assert table["unit"].tolist() == ["", *CODES, "North", "South"]
    assert table["population"].tolist() == [52000, 10000, 12000, 14000, 16000, 22000, 30000]
    expected = [600 / 52000, 50 / 10000, 60 / 12000, 70 / 14000, 80 / 16000, 60 / 500, 50 / 400]
    np.testing.assert_array_equal(table["share"], expected)
    assert table["se"].notna().tolist() == [False, True, True, True, True, False, False]
    assert table["size"].notna().tolist() == [True] * 5 + [False] * 2
    assert table["members"].notna().tolist() == [False] * 5 + [True] * 2
    assert table["year"].tolist() == ["2024"] * 7


def test_the_most_specific_size_counts(tmp_path: Path) -> None:
    study = _with_rows(tmp_path, "teachers,South,300,,,,,", "teachers,0202,90,,,,,")
    rows = study.known.row_of(study.areas.codes, study.areas)
    assert rows.shape == (4, 3)
    units = study.known.table["unit"].to_numpy()[rows]
    assert units[:, 0].tolist() == ["", "", "South", "0202"]
    assert units[:, 1].tolist() == list(CODES)
    assert units[:, 2].tolist() == ["North", "North", "South", "South"]


def test_an_area_of_the_frame_without_a_size_is_an_error_when_asked_for(tmp_path: Path) -> None:
    file = write_small_study(tmp_path)
    edit_cells("survey.csv", "code", dict.fromkeys(range(7, 13), "0101"))(tmp_path)
    edit_cells("groups.csv", "area", {})(tmp_path)
    groups = (tmp_path / "groups.csv").read_text().splitlines()
    (tmp_path / "groups.csv").write_text("\n".join(row for row in groups if "nurses,0102" not in row))
    study = Study.load(file)
    assert study.known.row_of(study.survey.surveyed_areas, study.areas).shape == (3, 3)
    with pytest.raises(StudyError, match="Areas without a known size of 'nurses' at any level"):
        study.known.row_of(study.areas.codes, study.areas)


def test_a_unit_of_two_levels_needs_its_level_said(tmp_path: Path) -> None:
    file = write_small_study(tmp_path)
    edit_cells("areas.csv", "province", {1: "0101", 2: "0101"})(tmp_path)
    edit_cells("groups.csv", "area", {6: "0101"})(tmp_path)
    with pytest.raises(StudyError, match="'0101' could be a unit of more than one level"):
        Study.load(file)
    levels = ["", "area", "area", "area", "area", "province", "province"]
    edit_cells("groups.csv", "level", dict(enumerate(levels, start=1)))(tmp_path)
    assert Study.load(file).known.table["level"].tolist() == ["nation", *levels[1:]]


def test_a_standard_error_of_zero_is_an_exact_size(tmp_path: Path) -> None:
    file = write_small_study(tmp_path)
    edit_cells("groups.csv", "se", {2: 0})(tmp_path)
    assert np.isnan(Study.load(file).known.table["se"][1])
