"""One Excel workbook: what it is about, a sheet of estimates a level, what the columns mean, the method and its limits.

Codes and names are text cells, whatever they look like; nothing in them can run as a formula. A withheld figure is a
word and has no value behind it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from nsum_bayes.report.dictionary import CANNOT, CHECKLIST, dictionary_of
from nsum_bayes.report.release import releasable_levels, replacing
from nsum_bayes.report.tables import changes_table, defused, level_table
from nsum_bayes.report.wording import (
    INTERVAL_WORDS,
    assumptions_of,
    footnote_of,
    nation_of,
    sources_of,
    stamp_of,
    subtitle_of,
    title_of,
)

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

    from nsum_bayes.estimates.estimates import Estimates, Suppression

WITHHELD = "withheld"
FORMATS = {
    "prevalence": "0.000%", "count": "#,##0", "population": "#,##0", "respondents": "#,##0", "per_100k": "#,##0.0",
    "cv": "0.00", "own_information": "0.00", "ratio": "0.00", "chance": "0.00", "same_transmission": "0.00",
}  # fmt: skip
WIDEST, NARROWEST = 110, 9
LINE, CHARACTERS = 15.0, 96  # height of a line in points, and how many characters fit into one of wrapped text
FONT = "Calibri"
SAID_ELSEWHERE = ("model", "assumed", "benchmark")
"""The same for all rows of a group; on the first sheet once, not in every row."""
MADE = datetime.datetime(2000, 1, 1)
"""The same estimates give the same file, so no clock is looked at."""
_NO_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

Rows = Sequence[tuple[str, str]]


def write_workbook(estimates: Estimates, path: str | Path, *, suppress: Suppression | None = None) -> Path:
    """Write the workbook.

    Parameters
    ----------
    estimates
        What to write; simulated answers about real places give the nation only.
    path
        The file (.xlsx), replaced when whole.
    suppress
        Disclosure rule; by default that of `Estimates.table`.

    Returns
    -------
    pathlib.Path
        The file.
    """
    book = workbook_of(estimates, suppress)
    target = Path(path)
    with replacing(target) as temporary:
        book.save(temporary)
    return target


def workbook_of(estimates: Estimates, suppress: Suppression | None = None) -> Workbook:
    """The workbook, not yet written."""
    from openpyxl import Workbook

    from nsum_bayes.estimates.summaries import Suppression as Rule

    rule = suppress or Rule()
    book = Workbook()
    book.remove(book.active)
    book.properties.created = book.properties.modified = MADE
    book.properties.title, book.properties.creator = str(estimates.meta.get("title", "")), "nsum_bayes"
    _words(book, "Read me", _about(estimates, rule))
    tables = {level: level_table(estimates, level, rule) for level in reversed(releasable_levels(estimates))}
    if estimates.earlier:
        tables["changes"] = changes_table(estimates, releasable_levels(estimates), rule)
    for level, table in tables.items():
        tables[level] = _kept(table)
        _table(book, "areas" if level == "area" else level, tables[level])
    columns = [name for table in tables.values() for name in table.columns]
    _table(book, "Columns", dictionary_of(columns, estimates.areas.levels))
    _words(book, "Method", _method(estimates))
    _words(book, "Limits", [("", text) for text in CANNOT])
    _words(book, "Checklist", [("☐", text) for text in CHECKLIST])
    for sheet in book.worksheets:
        _stamped(sheet, estimates)
    return book


def _kept(table: pd.DataFrame) -> pd.DataFrame:
    """The table without what the first sheet says, and without columns that say nothing."""
    empty = [name for name in table.columns if table[name].isna().all() or table[name].eq("").all()]
    return table.drop(columns=[name for name in table.columns if name in (*SAID_ELSEWHERE, *empty)])


# --- what is said ---------------------------------------------------------------------------------------------------


def _about(estimates: Estimates, rule: Suppression) -> Rows:
    meta = estimates.meta
    rows = [("Study", str(meta.get("title", ""))), ("Period", str(meta.get("period", "")))]
    for group in estimates.groups:
        rows += [
            ("", ""),
            ("Counted", title_of(estimates, group)),
            ("Per", subtitle_of(estimates, group)),
            ("Nation", nation_of(estimates, group, rule)),
            ("Assumed", assumptions_of(estimates, group)),
        ]
    marks = f"Figures are posterior medians with {INTERVAL_WORDS} equal-tailed intervals; '{WITHHELD}': not shown."
    return [
        *rows,
        ("", ""),
        ("How to read", marks),
        ("", "Sheets: one a level, Columns for what the columns mean, Method, Limits, and a Checklist before quoting."),
    ]


def _method(estimates: Estimates) -> Rows:
    meta = estimates.meta
    rows = [
        ("Model", str(meta.get("model", ""))),
        ("Tie", str(meta.get("tie", ""))),
        ("Frame", str(meta.get("frame", ""))),
    ]
    rows += [("Draws", f"{estimates.draws.sizes['draw']:,}"), ("Seed", str(meta.get("seed", "")))]
    for group in estimates.groups:
        rows += [("", ""), ("Group", group), ("Notes", footnote_of(estimates, group))]
        if meta.get("uncertainty"):
            rows.append(("Uncertainty", sources_of(estimates, group)))
    return rows


# --- sheets ---------------------------------------------------------------------------------------------------------


def _sheet(book: Workbook, title: str) -> Worksheet:
    name, taken = _NO_SHEET_NAME.sub("-", title)[:31] or "sheet", {sheet.title.lower() for sheet in book.worksheets}
    number = 2
    while name.lower() in taken:
        name, number = f"{name[:28]} {number}", number + 1
    return book.create_sheet(name)


def _words(book: Workbook, title: str, rows: Rows) -> None:
    """A sheet of labels and wrapped text."""
    from openpyxl.styles import Alignment, Font

    sheet = _sheet(book, title)
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 14, 100
    _put(sheet, 1, 1, title).font = Font(name=FONT, bold=True, size=14)
    for number, (label, text) in enumerate(rows, start=3):
        _put(sheet, number, 1, label).font = Font(name=FONT, bold=True)
        _put(sheet, number, 2, text).alignment = Alignment(wrap_text=True, vertical="top")
        sheet.cell(number, 1).alignment = Alignment(vertical="top")
        sheet.row_dimensions[number].height = LINE * max(1, -(-len(text) // CHARACTERS))
    _on_one_width(sheet)


def _table(book: Workbook, title: str, table: pd.DataFrame) -> None:
    """A sheet with a table: header frozen, filters, formats by column."""
    from openpyxl.styles import Alignment, Font, PatternFill

    sheet = _sheet(book, title)
    hidden = _withheld(table)
    for place, name in enumerate(table.columns, start=1):
        header = _put(sheet, 1, place, str(name))
        header.font, header.fill = Font(name=FONT, bold=True), PatternFill("solid", fgColor="E8E8E8")
        header.alignment = Alignment(wrap_text=True, vertical="top")
        shown = next((code for start, code in FORMATS.items() if str(name).startswith(start)), None)
        for row, (value, blank) in enumerate(zip(table[name], hidden, strict=True), start=2):
            _fill(sheet, row, place, value, bool(blank) and shown is not None, shown)
        sheet.column_dimensions[header.column_letter].width = _width(str(name), table[name], shown)
    sheet.freeze_panes = "C2" if "name" in table.columns else "A2"
    sheet.auto_filter.ref = sheet.dimensions
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    _on_one_width(sheet)


def _on_one_width(sheet: Worksheet) -> None:
    """Printed one page wide, as many long as it takes."""
    sheet.page_setup.paperSize, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 9, 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def _withheld(table: pd.DataFrame) -> Iterable[bool]:
    if "estimate_type" in table.columns:
        return (table["estimate_type"] == "suppressed").tolist()
    if "reading" in table.columns:
        return table["ratio_median"].isna().tolist()
    return [False] * len(table)


def _fill(sheet: Worksheet, row: int, column: int, value: Any, withheld: bool, shown: str | None) -> None:
    """A cell: a number in its format, text as text; a missing figure of a withheld row is a word."""
    if pd.isna(value):
        if withheld:
            _put(sheet, row, column, WITHHELD)
        return
    if isinstance(value, str):
        _put(sheet, row, column, value)
        return
    cell = sheet.cell(row, column, value.item() if hasattr(value, "item") else value)
    if shown is not None:
        cell.number_format = shown


def _put(sheet: Worksheet, row: int, column: int, text: str) -> Any:
    """A cell of text that stays text: no formula, no number, leading zeros kept."""
    cell = sheet.cell(row, column)
    cell.value = _NO_XML.sub("", defused(text))
    cell.data_type, cell.number_format = "s", "@"
    return cell


def _width(name: str, values: pd.Series, shown: str | None) -> float:
    longest = 11 if shown else max((len(str(value)) for value in values.dropna()), default=0)
    return float(min(WIDEST, max(NARROWEST, longest + 2, min(len(name), 14) + 3)))


def _stamped(sheet: Worksheet, estimates: Estimates) -> None:
    """Construct and stamp on every printed page, and the stamp as the first thing on the screen's tab."""
    meta = estimates.meta
    words = [f"{meta.get('construct', '')}, {meta.get('period', '')}"]
    line = " – ".join([*words, stamp_of(estimates)] if stamp_of(estimates) else words).replace("&", "&&")
    sheet.oddHeader.center.text = line[:200]
    sheet.oddFooter.center.text = "&A, page &P of &N"
    if stamp_of(estimates):
        sheet.sheet_properties.tabColor = "B00020"
