"""What may leave the house, and how a file gets to its place; and `release`, the only way to a public folder.

Two rules live here. A study of simulated answers about *real* places shows the nation and nothing below: a figure for
a named place would be invented, and a reader could take it for a finding. And a reader of a folder never meets half a
file: each is written beside its place under another name and renamed when whole.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsum_bayes.errors import ReleaseError

if TYPE_CHECKING:
    from nsum_bayes.estimates.estimates import Estimates
    from nsum_bayes.inference.fit import Fit
    from nsum_bayes.report.public import Cleared
    from nsum_bayes.report.rules import ReleaseRules

REMAINDERS, REPORT = "remainders.csv", "report.html"


def invents_places(estimates: Estimates) -> bool:
    """Whether the estimates come from simulated answers about places that are not said to be fictional."""
    return bool(estimates.meta.get("synthetic", False)) and not bool(estimates.meta.get("fictional_places", False))


def releasable_levels(estimates: Estimates) -> tuple[str, ...]:
    """Levels whose figures may be shown: all of them, or the nation alone for simulated answers about real places."""
    return ("nation",) if invents_places(estimates) else tuple(estimates.levels)


def refuse_invented_places(estimates: Estimates, level: str = "area") -> None:
    """Stop where figures of ``level`` would put an invented prevalence on a real, named place.

    Raises
    ------
    ReleaseError
        The answers are simulated, the places are not said to be fictional, and ``level`` is not the nation.
    """
    if level in releasable_levels(estimates):
        return
    raise ReleaseError(
        "This would show an invented prevalence for real places: the answers are simulated, the places are not.",
        where=f"study '{estimates.meta.get('title', '')}', level '{level}'",
        advice="Show the nation only; if the places are invented too, say fictional_places = true under [study].",
    )


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder; rename it to ``path`` when the block ends well, remove it otherwise.

    The suffix is kept, since writers such as GDAL look at it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.part{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


# --- the door -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Release:
    """What `release` did.

    Attributes
    ----------
    number
        In the ledger.
    folder
        Where the files lie, for its readers.
    files
        What is in it, the manifest last.
    report
        The disclosure report, for the house.
    cleared
        The estimates as shown, and the decisions about them.
    differences
        From the release before.
    """

    number: int
    folder: Path
    files: tuple[Path, ...]
    report: Path
    cleared: Cleared
    differences: tuple[str, ...]


def release(
    estimates: Estimates,
    out: str | Path,
    *,
    ledger: str | Path,
    rules: ReleaseRules | str | Path = "statistics-office",
    formats: Iterable[str] = (),
    scan_for: Iterable[str] = (),
    report_on: Fit | None = None,
    checks: Mapping[str, Any] | None = None,
) -> Release:
    """Write estimates into a folder for readers, under release rules and against the ledger of earlier releases.

    Everything is written and searched beside its place first; the ledger has its entry before the folder appears, so
    that nothing is ever out that the ledger does not know of.

    Parameters
    ----------
    estimates
        As `estimate` gives them, with the draws of every area and the verdict of `diagnose` noted.
    out
        Folder that is not there yet, or empty.
    ledger
        File of earlier releases of this series; made if it is not there. Keep it in the house, with a backup.
    rules
        Rules, the name of a preset, or a TOML file.
    formats
        As of `write_exports`.
    report_on
        The fit, to put its report (`nsum_bayes.report.html`) with the figures of the release among the files.
    checks
        What more `write_report` takes: ``hold_outs``, ``sensitivity``.
    scan_for
        Words that must not be in any file, such as identifiers of respondents or names of villages.

    Raises
    ------
    ReleaseError
        Not fit to publish, or not known whether; withheld before; a folder with files in it; a broken ledger; a word
        that was found. Nothing is left behind then.

    Examples
    --------
    >>> release(estimates, "public/2025", ledger="house/releases.jsonl")  # doctest: +SKIP
    """
    from nsum_bayes.report.disclosure import differences, disclosure_report, entry_of, previous_of, sealed
    from nsum_bayes.report.html import write_report
    from nsum_bayes.report.ledger import append_entry, read_ledger, shown_before
    from nsum_bayes.report.public import clear
    from nsum_bayes.report.rules import ReleaseRules, load_rules

    rules = rules if isinstance(rules, ReleaseRules) else load_rules(rules)
    folder, words = Path(out), tuple(dict.fromkeys(str(word).strip() for word in scan_for))
    _check_fit_to_release(estimates, folder)
    entries = read_ledger(ledger)
    cleared = clear(estimates, rules, shown_before(entries, estimates, restricted=rules.restricted))
    entry = entry_of(cleared, rules, folder.name)
    before = previous_of(entries, restricted=rules.restricted)
    said = differences(before, entry) if before else []
    number = len(entries) + 1
    more = {"release": number, "previous_release": _named(before), "differences": said}
    with _folder_beside(folder) as draft:
        if report_on is not None:
            write_report(report_on, draft / REPORT, cleared=cleared.estimates, **(checks or {}))
        names = _write(estimates, cleared, draft, formats, more)
        _refuse_words(draft, words)
        entry = append_entry(ledger, sealed(entry, draft), number=number)
        report = Path(ledger).with_name(f"disclosure_{entry['number']:04d}.md")
        report.write_text(disclosure_report(cleared, entry, len(words), said), encoding="utf-8")
    return Release(entry["number"], folder, tuple(folder / name for name in names), report, cleared, tuple(said))


def _check_fit_to_release(estimates: Estimates, folder: Path) -> None:
    verdict = estimates.meta.get("verdict")
    if verdict not in ("publish", "review"):
        known = "The fit's verdict is 'stop'" if verdict == "stop" else "It is not known whether the fit can be trusted"
        advice = "`nsum diagnose` says why and what to do." if verdict == "stop" else "Note the verdict of `diagnose`."
        raise ReleaseError(f"{known}: these figures are not fit to publish.", where="verdict", advice=advice)
    if estimates.wider:
        what = "Draws of some areas are withheld already, so nobody can tell what follows from the others."
        raise ReleaseError(what, where="estimates", advice="Release from the fit, or from estimates with all draws.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        what = "There is something in this folder already, and a release is never mixed with another."
        raise ReleaseError(what, where=str(folder), advice="Name a folder that is not there yet.")


def _write(
    estimates: Estimates, cleared: Cleared, draft: Path, formats: Iterable[str], more: dict[str, Any]
) -> list[str]:
    """Write the files of a release; gives their names."""
    from nsum_bayes.estimates.summaries import Suppression
    from nsum_bayes.report.exports import write_exports
    from nsum_bayes.report.manifest import write_manifest
    from nsum_bayes.report.public import remainder_table
    from nsum_bayes.report.tables import stamped, write_csv

    files = [*draft.glob(REPORT), *write_exports(cleared.estimates, draft, formats, suppress=Suppression())]
    remainders = remainder_table(estimates, cleared)
    remainders = remainders[remainders["level"].isin(releasable_levels(estimates))]
    if len(remainders) and not invents_places(estimates):
        write_csv(stamped(remainders, cleared.estimates), draft / REMAINDERS)
        files.append(draft / REMAINDERS)
    files.append(write_manifest(cleared.estimates, draft, files, **more))
    return [path.relative_to(draft).as_posix() for path in files]


def _refuse_words(draft: Path, words: Sequence[str]) -> None:
    from nsum_bayes.report.canaries import SHORTEST, found_in

    if short := sum(len(word) < SHORTEST for word in words):
        what = (
            f"{short} of the words to search for are shorter than {SHORTEST} characters and would be found everywhere."
        )
        raise ReleaseError(what, where="words to search for", advice="Give longer ones.")
    if found := found_in(draft, words):
        files = ", ".join(f"{name} ({hits})" for name, hits in found)
        raise ReleaseError(
            "Words that must not go out were found, so nothing was released.",
            where=f"files with how many of the words: {files}",
            advice="Find where they come from: names of areas, or reasons and sources in the study file.",
        )


def _named(entry: Any) -> dict[str, Any] | None:
    return entry and {name: entry[name] for name in ("number", "date", "title", "period", "manifest")}


@contextmanager
def _folder_beside(folder: Path) -> Iterator[Path]:
    """A folder beside its place, renamed when the block ends well and taken away otherwise."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
    draft.mkdir()
    try:
        yield draft
        if folder.exists():
            folder.rmdir()
        os.replace(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
