"""What is kept in the house about a release: its entry for the ledger, and a report of what was hidden and why."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsum_bayes.report.manifest import NAME
from nsum_bayes.report.release import releasable_levels
from nsum_bayes.report.rules import ReleaseRules
from nsum_bayes.report.wording import rows_of

if TYPE_CHECKING:
    from nsum_bayes.estimates.estimates import Estimates
    from nsum_bayes.report.public import Cleared

FIGURES = ("count_median", "count_lower", "count_upper", "prevalence_median", "prevalence_lower", "prevalence_upper")
SETTINGS = ("model", "seed", "transmission", "degree_ratio", "benchmark")


def entry_of(cleared: Cleared, rules: ReleaseRules, folder: str) -> dict[str, Any]:
    """What the ledger keeps of a release: which units have a figure, the nation's figures, settings and rules."""
    estimates = cleared.estimates
    levels = releasable_levels(estimates)
    units: dict[str, dict[str, list[str]]] = {
        level: {str(unit): [] for unit in sorted(set(estimates.unit_of(level)))} for level in levels
    }
    for level in levels:
        for code, unit in zip(estimates.areas.codes, estimates.unit_of(level), strict=True):
            units[level][str(unit)].append(str(code))
    shown = {
        wave: {level: [unit for unit in units[level] if (level, unit) not in decision.hidden] for level in levels}
        for wave, decision in cleared.decisions.items()
    }
    meta = estimates.meta
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "title": str(meta.get("title", "")),
        "period": str(meta.get("period", "")),
        "folder": folder,
        "restricted": rules.restricted,
        "rules": rules.model_dump(),
        "groups": list(estimates.groups),
        "settings": {name: meta[name] for name in SETTINGS if name in meta},
        "shown": shown,
        "members": {level: held for level, held in units.items() if level != "area"},
        "nation": _nation(estimates),
    }


def sealed(entry: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The entry with the hash of the manifest that lies in the folder."""
    return {**entry, "manifest": hashlib.sha256((folder / NAME).read_bytes()).hexdigest()}


def _nation(estimates: Estimates) -> dict[str, dict[str, dict[str, float]]]:
    """National figures as shown, by wave and group; those withheld are left out."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for wave, one in estimates.by_wave.items():
        rows = {group: rows_of(one, group, "nation", None).iloc[0] for group in one.groups}
        found[wave] = {
            group: {name: float(row[name]) for name in FIGURES}
            for group, row in rows.items()
            if row["estimate_type"] != "suppressed"
        }
    return found


def previous_of(entries: Sequence[Mapping[str, Any]], *, restricted: bool) -> Mapping[str, Any] | None:
    """The release before, of those that a reader of this one may know of."""
    known = [entry for entry in entries if restricted or not entry["restricted"]]
    return known[-1] if known else None


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two releases, in sentences that tell nothing that either of them hides."""
    said = [
        f"{name}: {before.get(name)} before, {now[name]} now"
        for name in ("title", "period")
        if before.get(name) != now[name]
    ]
    for name in sorted({*before["settings"], *now["settings"]}):
        if before["settings"].get(name) != now["settings"].get(name):
            said.append(f"{name}: {before['settings'].get(name)} before, {now['settings'].get(name)} now")
    changed = [name for name, value in now["rules"].items() if before["rules"].get(name) != value]
    said += [f"rule {name}: {before['rules'].get(name)} before, {now['rules'][name]} now" for name in changed]
    said += [line for wave in now["shown"] for line in _wave_differences(before, now, wave)]
    return said


def _wave_differences(before: Mapping[str, Any], now: Mapping[str, Any], wave: str) -> list[str]:
    label = f"wave {wave}, " if wave else ""
    if wave not in before["shown"]:
        return [f"{label}not in the release before"]
    said = []
    for level, units in now["shown"][wave].items():
        earlier = before["shown"][wave].get(level, [])
        new, gone = len(set(units) - set(earlier)), len(set(earlier) - set(units))
        if new or gone:
            said.append(f"{label}level {level}: {new} units have a figure that had none, {gone} have one no more")
    for group, figures in now["nation"][wave].items():
        old = before["nation"].get(wave, {}).get(group)
        if old is not None and old != figures:
            said.append(f"{label}{group}, nation: {_span(old)} before, {_span(figures)} now")
    return said


def _span(figures: Mapping[str, float]) -> str:
    median, lower, upper = (figures[f"count_{part}"] for part in ("median", "lower", "upper"))
    return f"{median:,.0f} persons ({lower:,.0f} to {upper:,.0f})"


# --- the report -----------------------------------------------------------------------------------------------------


def disclosure_report(cleared: Cleared, entry: Mapping[str, Any], searched: int, said: Sequence[str]) -> str:
    """The report in Markdown. It names what was hidden: not for the public.

    Parameters
    ----------
    cleared
        The estimates that went out and the decisions about them.
    entry
        Of the ledger.
    searched
        For how many words the files were searched; none was found.
    said
        Differences from the release before.
    """
    lines = [
        f"# Disclosure report of release {entry['number']}: {entry['title']}, {entry['period']}",
        "",
        "**Not for the public.** It names what was hidden and why.",
        "",
        f"- written {entry['date']} into folder `{entry['folder']}`; manifest {entry['manifest']}",
        f"- for {'named readers only (RESTRICTED)' if entry['restricted'] else 'the public'}, rules "
        f"`{entry['rules']['name']}`",
        f"- files searched for {searched} words that must not be in them: none found",
        f"- entry in the ledger {entry['hash']}",
        "",
        "## Rules",
        "",
        *_grid(("rule", "value"), [(name, str(value)) for name, value in entry["rules"].items()]),
    ]
    for wave in cleared.decisions:
        lines += _wave_report(cleared, wave)
    lines += ["", "## Beside the release before", "", *[f"- {line}" for line in said or ["nothing to compare with"]]]
    return "\n".join(lines) + "\n"


def _wave_report(cleared: Cleared, wave: str) -> list[str]:
    decision, estimates = cleared.decisions[wave], cleared.estimates
    hidden = Counter((level, why) for (level, _), why in decision.hidden.items())
    levels = releasable_levels(estimates)
    units = {level: len(set(estimates.unit_of(level))) for level in levels}
    reasons = sorted({why for _, why in hidden})
    counts = [(level, str(units[level]), *(str(hidden.get((level, why), 0)) for why in reasons)) for level in levels]
    tightest = "nothing hidden" if decision.tightest == float("inf") else f"{decision.tightest:.0%} of itself"
    poor = [cell for cell in cleared.unreliable if cell[0] == wave and cell[1] in levels]
    named = [(level, unit, why) for (level, unit), why in decision.hidden.items() if level in levels]
    lines = ["", f"## {'Wave ' + wave if wave else 'Hidden'}", ""]
    lines += _grid(("level", "units", *reasons), counts)
    lines += [
        "",
        f"- closest that a hidden count can be told from all that is shown: {tightest}",
        f"- figures not shown for quality: {len(poor)}",
    ]
    if decision.known_before:
        told = ", ".join(f"{level} {unit}" for level, unit in decision.known_before)
        lines.append(f"- **follow from earlier releases and cannot be taken back:** {told}")
    if named:
        lines += ["", *_grid(("level", "unit", "reason"), named)]
    if poor:
        lines += ["", *_grid(("level", "unit", "group", "reason"), [cell[1:] for cell in poor])]
    return lines


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    cells = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in (head, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return [lines[0], f"|{'---|' * len(head)}", *lines[1:]]
