"""The ledger of releases: one line each, in a chain of hashes, so that none can be changed or taken out unnoticed.

It is kept in the house, beside the fits: it names what was hidden. A new release is checked against it, because two
releases together may tell what neither tells alone.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsum_bayes.errors import ReleaseError

if TYPE_CHECKING:
    from nsum_bayes.estimates.estimates import Estimates

FIRST = "0" * 64
"""What the first entry names as the one before it."""


def read_ledger(path: str | Path) -> list[dict[str, Any]]:
    """Entries of a ledger, in order; none where there is no file yet.

    Raises
    ------
    ReleaseError
        A line is no entry, was changed, or one between was taken out.
    """
    file = Path(path)
    if not file.exists():
        return []
    entries: list[dict[str, Any]] = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        entry = _entry(line)
        before = entries[-1]["hash"] if entries else FIRST
        if entry is None or entry.get("previous") != before or entry.get("hash") != _hash(entry):
            raise ReleaseError(
                "The ledger of releases is broken: this line is not what was written after the one before it.",
                where=f"{file}, line {number}",
                advice="Restore the ledger from a backup; a release without its history cannot be checked.",
            )
        entries.append(entry)
    return entries


def append_entry(path: str | Path, entry: Mapping[str, Any], number: int | None = None) -> dict[str, Any]:
    """Add an entry at the end; earlier lines are never written again.

    Parameters
    ----------
    number
        That the entry must get; another one means that somebody else has released meanwhile.

    Returns
    -------
    dict
        The entry with its ``number``, ``previous`` and ``hash``.
    """
    entries = read_ledger(path)
    if number not in (None, len(entries) + 1):
        what = "Another release was entered into the ledger meanwhile, and this one was not checked against it."
        raise ReleaseError(what, where=str(path), advice="Release again.")
    whole = {**entry, "number": len(entries) + 1, "previous": entries[-1]["hash"] if entries else FIRST}
    whole["hash"] = _hash(whole)
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8", newline="\n") as ledger:
        ledger.write(json.dumps(whole, sort_keys=True, ensure_ascii=False) + "\n")
        ledger.flush()
        os.fsync(ledger.fileno())
    return whole


def shown_before(
    entries: Sequence[Mapping[str, Any]], estimates: Estimates, *, restricted: bool
) -> dict[str, list[tuple[int, ...]]]:
    """Sets of positions of areas whose totals earlier releases have shown, by wave.

    Readers of a public release know the public ones; readers of a restricted one may know both.

    Raises
    ------
    ReleaseError
        An earlier release has areas that this frame does not have.
    """
    place = {code: position for position, code in enumerate(estimates.areas.codes)}
    # A survey of one wave has the name of its period once there are others.
    period = str(estimates.meta.get("period", ""))
    names = {wave or period: wave for wave in estimates.waves or ("",)}
    found: dict[str, list[tuple[int, ...]]] = {}
    for entry in entries:
        if (entry["restricted"] and not restricted) or not set(entry["groups"]) & set(estimates.groups):
            continue
        for wave, levels in entry["shown"].items():
            if (name := wave or entry["period"]) in names:
                found.setdefault(names[name], []).extend(_positions(entry, levels, place))
    return found


def _positions(
    entry: Mapping[str, Any], levels: Mapping[str, Sequence[str]], place: Mapping[str, int]
) -> list[tuple[int, ...]]:
    sets = []
    for level, units in levels.items():
        for unit in units:
            codes = entry["members"][level][unit] if level != "area" else [unit]
            if missing := [code for code in codes if code not in place]:
                raise ReleaseError(
                    f"Release {entry['number']} in the ledger has areas that this frame does not have.",
                    where=f"area '{missing[0]}', {level} '{unit}'",
                    advice="Keep a ledger for each frame; a release over other boundaries is another series.",
                )
            sets.append(tuple(sorted(place[code] for code in codes)))
    return sets


def _entry(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except json.JSONDecodeError:
        return None
    return entry if isinstance(entry, dict) else None


def _hash(entry: Mapping[str, Any]) -> str:
    """SHA-256 of an entry without its own hash."""
    rest = {name: value for name, value in entry.items() if name != "hash"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
