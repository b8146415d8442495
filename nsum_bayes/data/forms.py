"""Exports of KoboToolbox and ODK: read with the form they were asked by.

An export names a question by its name, its path (`household/q_teachers`) or its text, and a choice by its name or its
label; the form (XLSForm, sheets `survey` and `choices`) tells which is which. Questions that were repeated, once for
each group asked about, become a column each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from nsum_bayes.data.columns import Table
from nsum_bayes.data.faults import Fault, counted, joined, listing
from nsum_bayes.data.readers import find_file, read_table
from nsum_bayes.errors import suggestion

if TYPE_CHECKING:
    from nsum_bayes.data.settings import RepeatSettings, StudySettings

KEYS = (("_index", "_parent_index"), ("KEY", "PARENT_KEY"), ("_uuid", "_submission__uuid"))
"""Columns that a row and its repeats share, as Kobo and ODK name them."""


@dataclass(frozen=True)
class Form:
    """An XLSForm.

    Parameters
    ----------
    names
        Name of a question by its name and by each of its texts.
    choices
        Name of a choice by its labels, by question.
    """

    names: Mapping[str, str]
    choices: Mapping[str, Mapping[str, str]]


def read_form(path: Path, faults: list[Fault]) -> Form | None:
    """Read an XLSForm; None and a fault where it is none."""
    sheets = [_sheet(path, name) for name in ("survey", "choices")]
    survey, choices = sheets
    if survey is None or not {"type", "name"} <= set(survey.columns):
        what = f"'{path.name}' is no XLSForm: it has no sheet 'survey' with columns 'type' and 'name'."
        faults.append((what, "study.toml, [survey], key form", "Give the .xlsx file that the form was made from."))
        return None
    labels = [column for column in survey.columns if column == "label" or column.startswith("label::")]
    names: dict[str, str] = {}
    lists: dict[str, str] = {}
    for row in survey.to_dict("records"):
        name, kind = str(row["name"]), str(row["type"]).split()
        if not name:
            continue
        names[name] = name
        names |= {_plain(row[label]): name for label in labels if row[label]}
        if kind and kind[0] in ("select_one", "select_multiple") and len(kind) > 1:
            lists[name] = kind[1]
    return Form(names, {name: _labels_of(choices, listed) for name, listed in lists.items()})


def _labels_of(choices: pd.DataFrame | None, listed: str) -> dict[str, str]:
    column = next((c for c in ("list_name", "list name") if choices is not None and c in choices), None)
    if choices is None or column is None or "name" not in choices:
        return {}
    rows = choices[choices[column] == listed]
    labels = [c for c in choices.columns if c == "label" or c.startswith("label::")]
    return {_plain(row[label]): str(row["name"]) for row in rows.to_dict("records") for label in labels if row[label]}


def _plain(text: object) -> str:
    """A text without markup and line breaks, as exports write it."""
    return " ".join(re.sub(r"<[^>]*>|\*\*|__", "", str(text)).split())


def _sheet(path: Path, name: str) -> pd.DataFrame | None:
    """One sheet of a workbook as text, headings trimmed; None where it is not there."""
    try:
        frame = pd.read_excel(path, sheet_name=name, dtype=str, na_filter=False)
    except (OSError, ValueError, KeyError):
        return None
    return frame.rename(columns=lambda column: str(column).strip())


def with_form(table: Table, form: Form, faults: list[Fault]) -> Table:
    """The table with columns by the names of the form's questions, and choices by their names."""
    renamed = {column: _name_of(str(column), form) for column in table.frame.columns}
    names = pd.Series(renamed)
    twice = sorted(set(names[names.duplicated(keep=False)]))
    if twice:
        what = f"{table.name} has several columns for {listing(twice)}, in different parts of the form."
        faults.append((what, f"{table.name}, header", "Keep one of them, or give the questions names of their own."))
        return table
    frame = table.frame.rename(columns=renamed)
    for name, choices in form.choices.items():
        if name in frame.columns and choices:
            frame[name] = [choices.get(_plain(cell), cell) if isinstance(cell, str) else cell for cell in frame[name]]
    return replace(table, frame=frame)


def _name_of(column: str, form: Form) -> str:
    """A question's name; a column of something else, or of one round of a repeat, keeps its own."""
    if "[" in column:
        return column
    last = re.split(r"[/:]", column)[-1] if column not in form.names else column
    return form.names.get(_plain(column)) or form.names.get(_plain(last)) or column


def with_repeat(
    table: Table, rule: RepeatSettings, folder: Path, named: list[str], hashed: dict[str, Path], faults: list[Fault]
) -> Table:
    """The table with one column for each group that a repeated question was about.

    The rounds are columns of the table (`groups[1]/name`, `groups[1]/number`, or `name_1`, `number_1`), or rows of a
    sheet or file of their own.
    """
    if not (rule.file or rule.sheet):
        return _from_columns(table, rule, faults)
    source = _rounds(table, rule, folder, named, hashed, faults)
    return table if source is None else _from_rows(table, source, rule, faults)


def _rounds(
    table: Table, rule: RepeatSettings, folder: Path, named: list[str], hashed: dict[str, Path], faults: list[Fault]
) -> Table | None:
    where = "study.toml, [survey.repeat]"
    file = rule.file or named[0]
    path = find_file(folder, file, named, "repeat", where, faults)
    if path is None:
        return None
    hashed[file] = path
    if not rule.sheet:
        return read_table(path, faults)
    frame = _sheet(path, rule.sheet)
    if frame is None:
        faults.append((f"'{path.name}' has no sheet '{rule.sheet}'.", where, "Name the sheet as the workbook does."))
        return None
    return Table(f"{path.name}, sheet {rule.sheet}", frame)


def _from_rows(table: Table, source: Table, rule: RepeatSettings, faults: list[Fault]) -> Table:
    pairs = [(rule.key, rule.parent)] if rule.key or rule.parent else KEYS
    key, parent = next(((k, p) for k, p in pairs if table.has(k) and source.has(p)), ("", ""))
    ends = {column: _ending(source, column) for column in (rule.item, rule.value)}
    absent = [column for column, found in ends.items() if found is None]
    if not key or absent:
        columns = joined([str(column) for column in source.frame.columns])
        what = f"{source.name} cannot be joined to the survey."
        what = f"{source.name} has no column '{absent[0]}'." if absent else what
        advice = f"Name 'key' (of the survey) and 'parent' (of the repeats); their columns are {columns}."
        faults.append((what, "study.toml, [survey.repeat]", advice))
        return table
    rounds = source.frame[[parent, ends[rule.item], ends[rule.value]]].set_axis(["key", "item", "value"], axis=1)
    return _pivoted(table, rounds, table.frame[key].astype(str).tolist(), faults)


def _ending(table: Table, name: str) -> str | None:
    """The column whose last part is a name."""
    return next((str(c) for c in table.frame.columns if re.split(r"[/:]", str(c))[-1] == name), None)


def _from_columns(table: Table, rule: RepeatSettings, faults: list[Fault]) -> Table:
    forms = (r"^(?:.*/)?[^/\[\]]+\[(\d+)\]/(?:.*/)?{}$", r"^(?:.*/)?{}_?(\d+)$")
    found: dict[str, dict[str, str]] = {}
    for name in (rule.item, rule.value):
        for form in forms:
            matches = {str(c): re.match(form.format(re.escape(name)), str(c)) for c in table.frame.columns}
            found.setdefault(name, {}).update({m.group(1): column for column, m in matches.items() if m})
    rounds = [(found[rule.item][n], found[rule.value][n]) for n in found[rule.item] if n in found[rule.value]]
    if not rounds:
        near = suggestion(f"{rule.item}_1", map(str, table.frame.columns))
        what = f"{table.name} has no columns '{rule.item}_1', '{rule.value}_1' … or '…[1]/{rule.item}'.{near}"
        faults.append((what, "study.toml, [survey.repeat]", "Name 'item' and 'value', or the file with the repeats."))
        return table
    keys = [str(row) for row in range(len(table.frame))]
    parts = [
        pd.DataFrame({"key": keys, "item": table.frame[item].to_numpy(), "value": table.frame[value].to_numpy()})
        for item, value in rounds
    ]
    used = {column for pair in rounds for column in pair}
    kept = replace(table, frame=table.frame[[c for c in table.frame.columns if c not in used]])
    return _pivoted(kept, pd.concat(parts, ignore_index=True), keys, faults)


def _pivoted(table: Table, rounds: pd.DataFrame, keys: list[str], faults: list[Fault]) -> Table:
    """One column an item; what was not asked of a respondent is empty."""
    there = rounds["item"].notna() & (rounds["item"].astype(str).str.strip() != "")
    rounds = rounds[there].assign(key=lambda t: t["key"].astype(str), item=lambda t: t["item"].astype(str).str.strip())
    again = rounds.duplicated(["key", "item"])
    if again.any():
        what = f"{counted(int(again.sum()), 'answer')} repeated for one respondent and group."
        faults.append((what, "study.toml, [survey.repeat]", "Keep one answer of each respondent on each group."))
        return table
    clash = sorted(set(rounds["item"]) & set(map(str, table.frame.columns)))
    if clash:
        what = f"The repeats are about {listing(clash)}, and the survey has a column of that name."
        faults.append((what, "study.toml, [survey.repeat]", "Rename the column of the survey."))
        return table
    wide = rounds.pivot(index="key", columns="item", values="value").reindex(keys).reset_index(drop=True)
    cells = wide.astype(object).where(wide.notna(), "")
    return replace(table, frame=pd.concat([table.frame.reset_index(drop=True), cells], axis=1))


def as_asked(
    table: Table | None, settings: StudySettings, folder: Path, hashed: dict[str, Path], faults: list[Fault]
) -> Table | None:
    """The survey's table with its form and its repeats; ``hashed`` takes the further files read."""
    survey = settings.survey
    if table is None:
        return None
    named = [survey.file]
    if survey.form:
        path = find_file(folder, survey.form, named, "form", "study.toml, [survey]", faults, "form")
        form = read_form(path, faults) if path else None
        if path is None or form is None:
            return None
        hashed[survey.form] = path
        table = with_form(table, form, faults)
    if survey.repeat is not None:
        table = with_repeat(table, survey.repeat, folder, named, hashed, faults)
    return table
