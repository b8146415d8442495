"""Workbook, GeoJSON, LaTeX and Word: text stays text, what is withheld stays withheld, and no figure goes alone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from nsum_bayes import ReleaseError
from nsum_bayes.estimates.estimates import Estimates
from nsum_bayes.report.dictionary import COLUMNS
from nsum_bayes.report.documents import KINDS, WITHHELD, Table, escaped, estimates_table, latex, write_word
from nsum_bayes.report.exports import WRITERS, write_exports
from nsum_bayes.report.geojson import write_geojson
from nsum_bayes.report.workbook import write_workbook
from tests.unit.report_fixtures import areas, estimates, squares, without_geometry

HIDDEN = [0, 9, 18]  # every ninth area has six respondents


def in_waves() -> Estimates:
    """Estimates of two waves."""
    drift = xr.DataArray(np.zeros((200, 1)), dims=("draw", "group"), coords={"group": ["bonded"]})
    first, second = (estimates(seed=seed) for seed in (1, 2))
    first = replace(first, draws=first.draws.assign(drift=drift), wave="2023")
    return replace(second, draws=second.draws.assign(drift=drift), wave="2025", earlier={"2023": first})


def with_name(name: str) -> Estimates:
    frame = areas(*squares())
    table = frame.table.assign(name=[name, *frame.table["name"].iloc[1:]])
    return estimates(replace(frame, table=table))


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory):
    return load_workbook(write_workbook(estimates(), tmp_path_factory.mktemp("book") / "e.xlsx"))


# --- workbook -------------------------------------------------------------------------------------------------------


def test_a_sheet_a_level_and_the_words_round_them(book):
    levels = ["nation", "region", "province", "areas"]
    assert book.sheetnames == ["Read me", *levels, "Columns", "Method", "Limits", "Checklist"]
    words = " ".join(str(cell.value) for row in book["Read me"].iter_rows() for cell in row)
    assert "People held in debt bondage, 2025" in words
    assert "95 % interval" in words
    assert "awareness study, table 4" in words


def test_codes_and_names_are_text_and_run_nothing(book):
    rows = list(book["areas"].iter_rows(min_row=2))
    codes, names = [row[0] for row in rows], [row[1] for row in rows]
    assert codes[0].value == "0100"
    assert {cell.data_type for cell in codes + names} == {"s"}
    assert {cell.number_format for cell in codes} == {"@"}
    assert names[0].value == "'=1+1"


def test_what_is_withheld_is_a_word_without_a_value(book):
    header = {cell.value: place for place, cell in enumerate(book["areas"][1])}
    for number, row in enumerate(book["areas"].iter_rows(min_row=2, values_only=True)):
        figures = [row[header[name]] for name in ("prevalence_mean", "prevalence_median", "count_upper", "cv")]
        if number in HIDDEN:
            assert set(figures) == {WITHHELD}
        else:
            assert all(isinstance(figure, float) for figure in figures)


def test_every_column_is_explained(book):
    told = {row[0]: row[1] for row in book["Columns"].iter_rows(min_row=2, values_only=True)}
    for level in ("nation", "province", "areas"):
        for cell in book[level][1]:
            assert told[cell.value], cell.value


def test_each_sheet_is_stamped_and_says_what_it_is_of(book):
    for sheet in book.worksheets:
        assert "SIMULATED DATA" in sheet.oddHeader.center.text
        assert "people held in debt bondage, 2025" in sheet.oddHeader.center.text


def test_the_same_estimates_give_the_same_cells(tmp_path):
    books = [load_workbook(write_workbook(estimates(), tmp_path / name)) for name in ("a.xlsx", "b.xlsx")]
    values = [[list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets] for book in books]
    assert values[0] == values[1]


def test_waves_have_their_rows_and_changes_a_sheet(tmp_path):
    book = load_workbook(write_workbook(in_waves(), tmp_path / "w.xlsx"))
    changes = list(book["changes"].iter_rows(values_only=True))
    header = {name: place for place, name in enumerate(changes[0])}
    area = [row for row in changes[1:] if row[header["level"]] == "area"]
    withheld = [row[header["ratio_median"]] == WITHHELD for row in area]
    assert [number for number, hidden in enumerate(withheld) if hidden] == HIDDEN
    places = [cell.value for cell in book["areas"][1]]
    assert {row[places.index("wave")] for row in book["areas"].iter_rows(min_row=2, values_only=True)} == {
        "2023",
        "2025",
    }


@settings(max_examples=25, deadline=None)
@given(st.one_of(st.text(max_size=30), st.from_regex(r"[=+\-@\t][A-Z(1-9]{1,8}", fullmatch=True)))
def test_no_name_becomes_a_formula_or_breaks_the_file(tmp_path_factory, name):
    path = write_workbook(with_name(name), tmp_path_factory.mktemp("names") / "n.xlsx")
    cell = load_workbook(path)["areas"]["B2"]
    assert cell.data_type != "f"
    assert not str(cell.value or "").lstrip().startswith(("=", "+", "@"))


def test_libreoffice_opens_it_as_it_was_meant(tmp_path):
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not here")
    path = write_workbook(estimates(), tmp_path / "e.xlsx")
    options = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    command = [
        office,
        f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
        "--headless",
        "--convert-to",
        options,
    ]
    subprocess.run([*command, "--outdir", str(tmp_path), str(path)], check=True, capture_output=True, timeout=180)
    table = pd.read_csv(tmp_path / "e-areas.csv", dtype=str, keep_default_na=False)
    assert table["area"].str.startswith("01").all()
    assert table["name"].iloc[0] == "'=1+1"
    assert set(table["prevalence_median"].iloc[HIDDEN]) == {WITHHELD}


def test_the_dictionary_has_no_empty_meaning():
    assert all(meaning for meaning, _ in COLUMNS.values())


# --- GeoJSON --------------------------------------------------------------------------------------------------------


def test_geojson_has_codes_as_text_and_nothing_for_what_is_withheld(tmp_path):
    path = write_geojson(estimates(groups=("bonded", "sold")), tmp_path / "a.geojson")
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    assert len(features) == 2 * len(areas(*squares()))
    first = features[0]["properties"]
    assert (first["area"], first["estimate_type"], first["prevalence_median"]) == ("0100", "suppressed", None)
    assert first["simulated"] is True
    ring = np.array(features[1]["geometry"]["coordinates"][0])
    turn = np.sum(ring[:-1, 0] * ring[1:, 1] - ring[1:, 0] * ring[:-1, 1])
    assert turn > 0  # against the clock, as RFC 7946 asks of outer rings


@pytest.mark.parametrize("name", ["areas.geojson", "areas.gpkg"])
def test_a_gis_reads_codes_as_text(tmp_path, name):
    write_exports(estimates(), tmp_path, ["tables", "geojson"])
    layer = pyogrio.read_info(tmp_path / name)
    kinds = dict(zip(layer["fields"], layer["dtypes"], strict=True))
    assert kinds["area"] == "object"
    assert pyogrio.read_dataframe(tmp_path / name)["area"].iloc[0] == "0100"


# --- LaTeX and Word -------------------------------------------------------------------------------------------------


def test_a_set_table_says_what_of_whom_when_and_how_sure():
    table = estimates_table(estimates(), "bonded", "area")
    assert table.caption.startswith("People held in debt bondage, 2025: prevalence per 1,000 adults")
    assert table.caption.endswith("by area [SIMULATED DATA]")
    assert "95 % equal-tailed intervals" in table.notes
    assert "awareness study, table 4" in table.notes
    for number, cells in enumerate(table.cells):
        shown = [cell for cell in cells if " to " in cell]
        assert len(shown) == (0 if number in HIDDEN else 2)
        assert cells[-1] in KINDS.values()


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_latex_prints_any_text_as_it_is(text):
    written = escaped(text)
    bare = re.sub(r"\\(text\w+\{\}|[{}$&#%_])|\{[\[\]]\}", "", written)
    assert not set(bare) & set("\\{}$&#%_^~")


def test_latex_is_balanced_and_long_tables_repeat_their_head():
    short = latex(estimates_table(estimates(), "bonded", "area"))
    table = estimates_table(estimates(), "bonded", "area")
    long = latex(replace(table, cells=table.cells * 3))
    for text in (short, long):
        opened, closed = re.findall(r"\\begin\{(\w+)\}", text), re.findall(r"\\end\{(\w+)\}", text)
        assert opened == closed[::-1]
        rows = [line for line in text.splitlines() if line.endswith(r"\\") and "&" in line]
        assert {line.count("&") - line.count(r"\&") for line in rows} == {6}
    assert r"\endhead" in long
    assert "longtable" not in short


def test_word_repeats_the_head_and_cuts_no_row(tmp_path):
    from docx import Document

    table = estimates_table(estimates(), "bonded", "province")
    write_word([table], tmp_path / "t.docx")
    document = Document(str(tmp_path / "t.docx"))
    grid = document.tables[0]
    assert [cell.text for cell in grid.rows[0].cells] == list(table.headings)
    assert tuple(cell.text for cell in grid.rows[2].cells) == table.cells[1]
    assert "w:tblHeader" in grid.rows[0]._tr.xml
    assert all("w:cantSplit" in row._tr.xml for row in grid.rows)
    assert document.paragraphs[0].text == table.caption


def test_control_characters_do_not_break_word(tmp_path):
    write_word([Table("a\x00b", "n\x0c", ("h\x01",), (("c\x02",),), (False,))], tmp_path / "t.docx")
    assert (tmp_path / "t.docx").stat().st_size > 0


def test_without_python_docx_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(ReleaseError, match=r"nsum-bayes\[word\]"):
        write_word([], tmp_path / "t.docx")


# --- all of them ----------------------------------------------------------------------------------------------------


def test_by_default_everything_that_there_can_be(tmp_path):
    files = {path.name for path in write_exports(estimates(), tmp_path)}
    assert {"areas.csv", "estimates.xlsx", "areas.geojson", "estimates.tex", "estimates.docx"} <= files
    plain = {path.name for path in write_exports(without_geometry(estimates()), tmp_path / "plain")}
    assert "areas.geojson" not in plain
    assert "estimates.xlsx" in plain


def test_invented_figures_of_real_places_are_in_none_of_them(tmp_path):
    write_exports(estimates(fictional_places=False), tmp_path)
    assert load_workbook(tmp_path / "estimates.xlsx").sheetnames[1:3] == ["nation", "Columns"]
    assert "Isle" not in (tmp_path / "estimates.tex").read_text(encoding="utf-8")
    with pytest.raises(ReleaseError, match="invented prevalence"):
        write_geojson(estimates(fictional_places=False), tmp_path / "a.geojson")
    assert not Path(tmp_path / "a.geojson").exists()


def test_an_unknown_format_is_named(tmp_path):
    with pytest.raises(ReleaseError, match=r"no format 'xls'\. Did you mean 'xlsx'"):
        write_exports(estimates(), tmp_path, ["xls"])
    assert set(WRITERS) == {"tables", "xlsx", "geojson", "latex", "word", "maps", "page"}
