"""Side data: members of a hidden group, the contacts they were asked about and how many of those are aware of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from nsum_bayes.data.answers import count_answers
from nsum_bayes.data.columns import Table, as_labels, as_numbers
from nsum_bayes.data.faults import Fault, counted, listing, rows_text
from nsum_bayes.data.readers import find_file, read_table, sha256
from nsum_bayes.data.settings import HiddenSettings, StudySettings
from nsum_bayes.errors import suggestion

MEMBER = "member"
COUNTS = ("contacts", "aware")
RATIO_ADVICE = "Add one named by the group, or state the degree ratio as a fixed value or a prior."

Named = tuple[str, str]
"""The name of a table of side data and the place in the study file that names it first."""


def side_data_named(settings: StudySettings) -> list[Named]:
    """The tables that the hidden groups' statements name, each once, in their order."""
    named: dict[str, str] = {}
    for number, row in enumerate(settings.hidden, start=1):
        for key in ("transmission", "degree_ratio"):
            statement = getattr(row, key)
            if statement is not None and statement.side_data is not None:
                named.setdefault(statement.side_data, f"study.toml, [[hidden]] number {number}, {key}")
    return list(named.items())


def side_data_of(row: HiddenSettings) -> str | None:
    """The table that a hidden group's statements rest on; None where there is none."""
    statement = row.transmission
    of_transmission = statement.side_data if statement is not None else None
    return of_transmission or row.degree_ratio.side_data


def read_side_data(
    settings: StudySettings, folder: Path, named: list[str], faults: list[Fault]
) -> tuple[dict[str, Table], dict[str, str]]:
    """Tables of side data by name, and their hashes.

    Parameters
    ----------
    settings
        The study file.
    folder
        Where it lies.
    named
        Files that it names elsewhere; they are not suggested for a misspelt one.
    faults
        Takes what is wrong.
    """
    tables: dict[str, Table] = {}
    hashes: dict[str, str] = {}
    wanted = side_data_named(settings)
    for name, where in wanted:
        path = find_file(
            folder, name, [*named, *(other for other, _ in wanted)], "side data", where, faults, "side_data"
        )
        table = read_table(path, faults) if path else None
        if path:
            hashes[name] = sha256(path)
        if table is not None:
            tables[name] = table
    return tables, hashes


def given_side_data(
    settings: StudySettings, frames: Mapping[str, pd.DataFrame], faults: list[Fault]
) -> dict[str, Table]:
    """Tables of side data given as frames by the name that the statements use; one that is missing is a fault."""
    tables = {name: Table(name, frame.reset_index(drop=True)) for name, frame in frames.items()}
    wanted = side_data_named(settings)
    for name, where in ((name, where) for name, where in wanted if name not in tables):
        what = f"The side data '{name}' are not given.{suggestion(name, tables)}"
        faults.append((what, where, "Give the frame in side_data, by this name."))
    for name in (name for name in tables if name not in dict(wanted)):
        what = f"The side data '{name}' are given, and no statement names them."
        advice = 'Name them in the study: transmission = { side_data = "…", reason = "…" }.'
        faults.append((what, "side_data", advice))
    return {name: table for name, table in tables.items() if name in dict(wanted)}


def build_contacts(
    tables: Mapping[str, Table],
    settings: StudySettings,
    known: tuple[str, ...],
    faults: list[Fault],
    notes: list[str],
) -> dict[str, pd.DataFrame]:
    """The checked side data of each hidden group that rests on some.

    Parameters
    ----------
    tables
        Side data by name.
    settings
        The study file.
    known
        The known groups; columns of these names hold the members' own answers about them.
    faults, notes
        Take what is wrong, and what is only reported.

    Returns
    -------
    dict
        By hidden group, one row a member: ``contacts``, ``aware`` and a column for each known group asked about, whole
        numbers as floats, NaN where an answer is missing. Identifiers of members are left out.
    """
    checked: dict[str, pd.DataFrame] = {}
    contacts: dict[str, pd.DataFrame] = {}
    for row in settings.hidden:
        name = side_data_of(row)
        if name is None or name not in tables:
            continue
        if name not in checked:
            checked[name] = _checked(tables[name], settings, known, faults, notes)
        contacts[row.group] = checked[name].copy()
        if row.degree_ratio.side_data is not None and not set(known) & set(checked[name].columns):
            what = f"{name} has no column of a known group, so it tells nothing of the degree ratio of '{row.group}'."
            faults.append((what, f"{name}, header", RATIO_ADVICE))
    return contacts


def _checked(
    table: Table, settings: StudySettings, known: tuple[str, ...], faults: list[Fault], notes: list[str]
) -> pd.DataFrame:
    columns = [str(column) for column in table.frame.columns]
    lacking = [column for column in COUNTS if not table.has(column)]
    for column in lacking:
        what = f"{table.name} has no column '{column}'.{suggestion(column, columns)}"
        faults.append((what, f"{table.name}, header", f"Name the columns {' and '.join(COUNTS)}; one row a member."))
    if not len(table.frame):
        faults.append((f"{table.name} has no rows.", table.name, "Give one row a member."))
    if lacking or not len(table.frame):
        return pd.DataFrame()
    unused = [column for column in columns if column not in (MEMBER, *COUNTS, *known)]
    if unused:
        notes.append(f"{table.name}: columns not used: {listing(unused)}.")
    faults.extend(_repeated_members(table))
    read = {column: as_numbers(table, column, faults) for column in COUNTS}
    faults.extend(_contact_faults(table.name, read["contacts"], read["aware"]))
    survey = settings.survey
    for group in (group for group in known if table.has(group)):
        read[group] = count_answers(table, group, survey.missing_codes, survey.allowed_codes, faults)
    return pd.DataFrame(read)


def _repeated_members(table: Table) -> Iterator[Fault]:
    if not table.has(MEMBER):
        return
    members = pd.Series(as_labels(table, MEMBER))
    repeated = members.duplicated(keep=False) & (members != "")
    if repeated.any():
        number = members[repeated].nunique()
        what = f"{counted(number, 'member identifier')} {'is' if number == 1 else 'are'} used more than once."
        where = f"{table.name}, column {MEMBER}, {rows_text(np.flatnonzero(repeated))}"
        yield what, where, "Remove the repeated rows, or give each member an identifier of their own."


def _contact_faults(name: str, contacts: np.ndarray, aware: np.ndarray) -> Iterator[Fault]:
    advice = "Both are whole numbers, 0 ≤ aware ≤ contacts, contacts above zero; remove members who were not asked."
    whole = (contacts % 1 == 0) & (aware % 1 == 0)
    wrong = np.flatnonzero(~(whole & (contacts > 0) & (aware >= 0) & (aware <= contacts)))
    if wrong.size:
        noun = counted(wrong.size, "pair")
        what = f"{name} holds {noun} of contacts and aware that {'is' if wrong.size == 1 else 'are'} impossible."
        yield what, f"{name}, columns contacts and aware, {rows_text(wrong)}", advice
