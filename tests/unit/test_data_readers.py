"""Files into tables: the same study from CSV, Parquet and Excel, leading zeros kept."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from nsum_bayes.data.readers import read_table
from nsum_bayes.data.study import Study
from nsum_bayes.errors import StudyError
from tests.small_study import edit_text, write_small_study


def _as_numbers(frame: pd.DataFrame, text_columns: set[str]) -> pd.DataFrame:
    return frame.assign(**{c: pd.to_numeric(frame[c]) for c in frame.columns if c not in text_columns})


TEXT = {"id", "code", "stratum", "urban", "name", "province", "group", "area", "source"}


def _convert(folder: Path, suffix: str) -> None:
    for stem in ("survey", "groups", "areas"):
        frame = pd.read_csv(folder / f"{stem}.csv", dtype=str, na_filter=False)
        frame = _as_numbers(frame, TEXT)
        target = folder / f"{stem}{suffix}"
        if suffix == ".parquet":
            frame.to_parquet(target)
        else:
            frame.to_excel(target, index=False)
        edit_text(f'"{stem}.csv"', f'"{stem}{suffix}"')(folder)


@pytest.mark.parametrize("suffix", [".parquet", ".xlsx"])
def test_the_kind_of_file_makes_no_difference(suffix: str, tmp_path: Path) -> None:
    file = write_small_study(tmp_path)
    expected = Study.load(file).to_payload()
    _convert(tmp_path, suffix)
    read = Study.load(file).to_payload()
    for part in ("survey", "known", "areas"):
        assert read[part] == expected[part]


def test_excel_codes_stored_as_numbers_are_refused(tmp_path: Path) -> None:
    file = write_small_study(tmp_path)
    frame = pd.read_csv(tmp_path / "survey.csv")
    frame.to_excel(tmp_path / "survey.xlsx", index=False)
    edit_text('"survey.csv"', '"survey.xlsx"')(tmp_path)
    with pytest.raises(StudyError) as caught:
        Study.load(file)
    assert str(caught.value) == (
        "1 fault in the study:\n"
        "1. The codes in column 'code' are stored as numbers, so leading zeros may be lost.\n"
        "   where: survey.xlsx, column code, rows 1, 2, 3, 4, 5, 6, 7, 8 and 16 more\n"
        "   to do: Store the column as text and write the codes with their leading zeros."
    )


def test_csv_cells_are_text_with_leading_zeros_and_without_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("code,name\r\n007,Ñuñoa\r\nNA,\r\n".encode("utf-8-sig"))
    faults: list = []
    table = read_table(tmp_path / "a.csv", faults)
    assert table is not None
    assert faults == []
    assert table.frame.to_dict("list") == {"code": ["007", "NA"], "name": ["Ñuñoa", ""]}


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("a.csv", b""),
        ("a.csv", b"\xff\xfe\x00bad"),
        ("a.xlsx", b"no workbook"),
        ("a.parquet", b"none"),
        ("a.txt", b"x"),
    ],
)
def test_what_cannot_be_read_is_one_fault(file: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / file).write_bytes(content)
    faults: list = []
    assert read_table(tmp_path / file, faults) is None
    assert len(faults) == 1
    assert f"'{file}'" in faults[0][0]
