"""Tables for papers and reports: LaTeX and Word, each with a caption that says what, of whom, when and how sure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from nsum_bayes.errors import ReleaseError
from nsum_bayes.report.release import refuse_invented_places, replacing
from nsum_bayes.report.tables import level_table
from nsum_bayes.report.wording import INTERVAL_WORDS, assumptions_of, check_group, rate_of, stamp_of, title_of

if TYPE_CHECKING:
    from nsum_bayes.estimates.estimates import Estimates, Suppression

WITHHELD = "withheld"
KINDS = {"survey": "survey", "mixed": "in part survey", "synthetic": "prediction", "suppressed": WITHHELD}
LONG = 40
"""Rows from which a table in LaTeX may break over pages."""
_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "[": "{[}", "]": "{]}",
}  # fmt: skip


@dataclass(frozen=True)
class Table:
    """A table to be set: caption, notes below, column headings and cells, all of them plain text.

    ``numbers`` says of each column whether it is set to the right.
    """

    caption: str
    notes: str
    headings: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    numbers: tuple[bool, ...]


def estimates_table(estimates: Estimates, group: str, level: str, suppress: Suppression | None = None) -> Table:
    """A group's figures at one level, ready to be set: rate and count, each with its interval, and their kind.

    Raises
    ------
    ReleaseError
        Simulated answers about real places below the nation; no such group or level.
    """
    from nsum_bayes.estimates.summaries import Suppression as Rule

    check_group(estimates, group)
    refuse_invented_places(estimates, level)
    table = level_table(estimates, level, suppress or Rule())
    rows = table[table["group"] == group]
    factor, per = rate_of(float(rows["prevalence_median"].max() or 0.0))
    waves = bool(estimates.waves)
    headings = ("Wave",) * waves + ("Unit", "Respondents", per.capitalize(), "Interval", "Persons", "Interval", "Kind")
    cells = tuple(_cells(row, factor, waves) for _, row in rows.iterrows())
    by = "" if level == "nation" else f" by {level}"
    rate = f"prevalence {per} {estimates.denominator[group]}"
    caption = f"{title_of(estimates, group)}: {rate} and number of persons{by}"
    stamp = f" [{stamp_of(estimates)}]" if stamp_of(estimates) else ""
    notes = (
        f"Posterior medians with {INTERVAL_WORDS} equal-tailed intervals. Assumed: {assumptions_of(estimates, group)}."
    )
    numbers = (False,) * waves + (False, True, True, True, True, True, False)
    return Table(f"{caption}{stamp}", notes, headings, cells, numbers)


def _cells(row: pd.Series, factor: float, waves: bool) -> tuple[str, ...]:
    name = str(row["name"]) if row["level"] != "area" else f"{row['name']} ({row['area']})"
    first = (str(row["wave"]),) * waves + (name,)
    kind = KINDS[row["estimate_type"]]
    if row["estimate_type"] == "suppressed":
        return (*first, "", *(WITHHELD,) * 4, kind)
    rate = [f"{factor * row[f'prevalence_{part}']:.3g}" for part in ("median", "lower", "upper")]
    count = [f"{row[f'count_{part}']:,.0f}" for part in ("median", "lower", "upper")]
    between = [f"{low} to {high}" for _, low, high in (rate, count)]
    return (*first, f"{row['respondents']:,.0f}", rate[0], between[0], count[0], between[1], kind)


# --- LaTeX ----------------------------------------------------------------------------------------------------------


def escaped(text: str) -> str:
    """Text that LaTeX prints as it is."""
    return "".join(_TEX.get(letter, letter) for letter in " ".join(text.split()))


def latex(table: Table) -> str:
    """The table in LaTeX (packages booktabs, and longtable for a long one)."""
    columns = "".join("r" if number else "l" for number in table.numbers)
    head = rf"{' & '.join(map(escaped, table.headings))} \\"
    rows = [rf"{' & '.join(map(escaped, row))} \\" for row in table.cells]
    caption, notes = rf"\caption{{{escaped(table.caption)}}}", rf"\footnotesize {escaped(table.notes)}"
    if len(rows) < LONG:
        opened = [
            r"\begin{table}",
            r"\centering",
            caption,
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            head,
            r"\midrule",
        ]
        closed = [r"\bottomrule", r"\end{tabular}", r"\par\smallskip", notes, r"\end{table}"]
        return "\n".join([*opened, *rows, *closed]) + "\n"
    again = [r"\toprule", head, r"\midrule"]
    opened = [rf"\begin{{longtable}}{{{columns}}}", rf"{caption} \\", *again, r"\endfirsthead", *again, r"\endhead"]
    closed = [r"\bottomrule", r"\end{longtable}", rf"{{{notes}\par}}"]
    return "\n".join([*opened, r"\bottomrule", r"\endfoot", *rows, *closed[1:]]) + "\n"


def write_latex(tables: list[Table], path: Path) -> None:
    """Write tables one below the other, to be read by a document with its input command."""
    packages = "% Needs \\usepackage{booktabs,longtable} and a font with the letters used.\n\n"
    with replacing(path) as temporary:
        temporary.write_text(packages + "\n".join(latex(table) for table in tables), encoding="utf-8", newline="\n")


# --- Word -----------------------------------------------------------------------------------------------------------


def write_word(tables: list[Table], path: Path) -> None:
    """Write tables into a Word document (.docx), header rows repeated on each page and no row cut in two.

    Raises
    ------
    ReleaseError
        python-docx is not installed.
    """
    try:
        from docx import Document
        from docx.shared import Cm
    except ModuleNotFoundError:
        what = "The package 'python-docx' is not installed, and Word files need it."
        raise ReleaseError(what, where="format word", advice="pip install 'nsum-bayes[word]'") from None
    document = Document()
    section = document.sections[0]
    # Landscape A4: seven columns do not fit upright.
    section.page_width, section.page_height = Cm(29.7), Cm(21.0)
    section.left_margin = section.right_margin = Cm(2.0)
    for table in tables:
        document.add_paragraph(_printable(table.caption), style="Caption")
        _set(document.add_table(rows=1, cols=len(table.headings), style="Table Grid"), table)
        document.add_paragraph(_printable(table.notes)).runs[0].font.size = 101_600  # 8 points
    with replacing(path) as temporary:
        document.save(str(temporary))


def _set(grid: Any, table: Table) -> None:
    from docx.oxml import OxmlElement

    grid.autofit = True
    for row_number, cells in enumerate((table.headings, *table.cells)):
        row = grid.rows[0] if row_number == 0 else grid.add_row()
        properties = row._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if row_number == 0:
            properties.append(OxmlElement("w:tblHeader"))
        for cell, text, number in zip(row.cells, cells, table.numbers, strict=True):
            paragraph = cell.paragraphs[0]
            run = paragraph.add_run(_printable(text))
            run.bold, run.font.size = row_number == 0, 114_300  # 9 points
            paragraph.alignment = 2 if number else 0


def _printable(text: str) -> str:
    """Text without the control characters that XML does not hold."""
    return "".join(letter for letter in text if letter in "\t\n" or letter.isprintable())
