"""The words on every picture: what is counted, whose, when, by which model, and what was assumed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nsum_bayes.errors import ReleaseError, suggestion
from nsum_bayes.estimates.summaries import FEWEST_RESPONDENTS, INTERVAL
from nsum_bayes.report.classes import spoken

if TYPE_CHECKING:
    import pandas as pd

    from nsum_bayes.estimates.estimates import Estimates, Suppression

SIMULATED, RESTRICTED = "SIMULATED DATA", "RESTRICTED"
UNRELIABLE_CV = 0.5
STATEMENTS = {"transmission": "transmission", "degree_ratio": "degree ratio"}
PARTS = ("median", "lower", "upper")
INTERVAL_WORDS = f"{100 * INTERVAL:g} %"


def stamp_of(estimates: Estimates) -> str:
    """What every picture, page and table is stamped with; empty for real answers that anyone may see."""
    return stamped_words(estimates.meta)


def stamped_words(meta: Mapping[str, Any]) -> str:
    """The same from ``meta``."""
    said = [RESTRICTED] * bool(meta.get("restricted")) + [SIMULATED] * bool(meta.get("synthetic"))
    return " · ".join(said)


def unreliable_above(estimates: Estimates) -> float:
    """Coefficient of variation above which a figure is marked as unreliable; the release rules' where there are any."""
    return float((estimates.meta.get("release") or {}).get("caution_cv", UNRELIABLE_CV))


def check_group(estimates: Estimates, group: str) -> None:
    """Stop at a group that was not estimated."""
    if group in estimates.groups:
        return
    raise ReleaseError(
        f"There are no estimates of a group '{group}'.{suggestion(group, estimates.groups)}",
        where="group of the figure",
        advice=f"Choose one of: {', '.join(estimates.groups)}.",
    )


def rows_of(estimates: Estimates, group: str, level: str, suppress: Suppression | None) -> pd.DataFrame:
    """The group's rows of a level's table, by the code of the area or unit."""
    check_group(estimates, group)
    table = estimates.table(level) if suppress is None else estimates.table(level, suppress)
    return table[table["group"] == group].set_index("area")


def national_interval(
    estimates: Estimates, group: str, suppress: Suppression | None = None
) -> tuple[float, float, float] | None:
    """Lower limit, median and upper limit of the national prevalence, shares of the denominator; none if withheld."""
    row = rows_of(estimates, group, "nation", suppress).iloc[0]
    if row["estimate_type"] == "suppressed":
        return None
    return float(row["prevalence_lower"]), float(row["prevalence_median"]), float(row["prevalence_upper"])


def typical_share(
    estimates: Estimates, group: str, rows: pd.DataFrame, suppress: Suppression | None = None
) -> tuple[float, str]:
    """A share that scales a figure, and what it is: the national median or, where that is withheld, one of ``rows``.

    Parameters
    ----------
    rows
        Rows of the figure (`rows_of`). The median of those that are shown stands in for a withheld national median,
        so that neither a threshold nor the unit of a scale tells what the tables withhold; not a number where none is.
    """
    nation = national_interval(estimates, group, suppress)
    if nation is not None:
        return nation[1], "the national median"
    level = str(rows["level"].iloc[0])
    units = "areas shown" if level == "area" else f"units shown of level {level}"
    return float(rows["prevalence_median"].median()), f"the median of the {units}"


def rate_of(share: float) -> tuple[float, str]:
    """The rate that spares a reader leading zeros: factor and words."""
    return (1_000.0, "per 1,000") if share >= 0.001 else (100_000.0, "per 100,000")


def title_of(estimates: Estimates, group: str) -> str:
    """What is counted, the group where it is one of several, and the period."""
    meta = estimates.meta
    own = (meta.get("constructs") or {}).get(group)
    shared = meta.get("construct") or group
    construct = str(own or shared)
    several = f" – {group}" if len(estimates.groups) > 1 and construct == shared else ""
    period = f", {meta['period']}" if meta.get("period") else ""
    period += f", wave {meta['wave']}" if meta.get("wave") else ""
    return f"{construct[:1].upper()}{construct[1:]}{several}{period}"


def subtitle_of(estimates: Estimates, group: str) -> str:
    """Study, denominator and how much of the frame was surveyed; no exact number of a handful of respondents."""
    surveyed, total = int((estimates.respondents > 0).sum()), int(estimates.level_respondents("nation")[0])
    people = f"fewer than {FEWEST_RESPONDENTS}" if 0 < total < FEWEST_RESPONDENTS else f"{total:,}"
    who = f"Share of {estimates.denominator[group]}"
    asked = f"{people} respondents in {surveyed:,} of {len(estimates.areas):,} areas"
    return " · ".join(part for part in (str(estimates.meta.get("title", "")), who, asked) if part)


def footnote_of(estimates: Estimates, group: str, *more: str) -> str:
    """Model, interval, what was assumed about transmission, and what more there is to say."""
    meta = estimates.meta
    parts = [f"Model: {meta.get('model', 'not stated')}.", f"{INTERVAL_WORDS} equal-tailed posterior intervals."]
    parts.append(f"Not learned from the answers: {assumptions_of(estimates, group)}.")
    parts.extend(more)
    if meta.get("benchmark"):
        parts.append(benchmark_of(estimates, group))
    if meta.get("one_rate"):
        parts.append("This model gives every area the same prevalence.")
    if meta.get("interrupted"):
        parts.append("Sampling was interrupted before its end.")
    if meta.get("verdict") not in (None, "", "publish"):
        parts.append(f"Verdict of the checks: {meta['verdict']}.")
    if meta.get("synthetic"):
        parts.append("The answers are simulated: nothing here describes real people.")
    return " ".join(parts)


def benchmark_of(estimates: Estimates, group: str) -> str:
    """What was done to agree with totals from outside, in a sentence; empty for a group without any."""
    done = estimates.meta["benchmark"]
    rows = [row for row in done["totals"] if row["group"] == group]
    if not rows:
        return ""
    named = [f"{row['unit']} {row['estimate']:,.0f} (SE {row['se']:,.0f}{_source(row)})" for row in rows]
    return f"Draws {done['how']}: {', '.join(named)}."


def _source(row: Mapping[str, Any]) -> str:
    return f"; {row['source']}" if row.get("source") else ""


def nation_of(estimates: Estimates, group: str, suppress: Suppression) -> str:
    """The national figure with its interval, as share and as count."""
    row = rows_of(estimates, group, "nation", suppress).iloc[0]
    if row["estimate_type"] == "suppressed":
        return "withheld, too few respondents"
    share = "{:.3%} of {} ({} interval {:.3%} to {:.3%})"
    count = "{:,.0f} people ({:,.0f} to {:,.0f})"
    middle, *limits = (row[f"prevalence_{part}"] for part in PARTS)
    shares = share.format(middle, row["denominator"], INTERVAL_WORDS, *limits)
    return f"{shares}, {count.format(*(row[f'count_{part}'] for part in PARTS))}"


def assumptions_of(estimates: Estimates, group: str) -> str:
    """What no answer of the survey told: transmission, degree ratio, and where the group's own bias comes from."""
    bias = estimates.meta.get("bias")
    return "; ".join((_stated(estimates, group), *([bias] if bias else [])))


def sources_of(estimates: Estimates, group: str) -> str:
    """Each source's share of the variance of the log national figure, largest first."""
    if "uncertainty" not in estimates.meta:
        return "not split: the draws agree with totals from outside"
    split = estimates.meta["uncertainty"][group]
    variance = {name: sd**2 for name, sd in split.items() if name != "total"}
    total = sum(variance.values()) or 1.0
    largest = sorted(variance, key=variance.__getitem__, reverse=True)
    return ", ".join(f"{name} {variance[name] / total:.0%}" for name in largest)


def _stated(estimates: Estimates, group: str) -> str:
    """Transmission and degree ratio in the words of the study."""
    said = {words: (estimates.meta.get(key) or {}).get(group) for key, words in STATEMENTS.items()}
    said["drift of transmission"] = (estimates.meta.get("drift") or {}).get(group)
    said["number"] = (estimates.meta.get("links") or {}).get(group)
    said["share of ties in the own area"] = estimates.meta.get("local_share")
    return "; ".join(f"{words} {str(text).rstrip('.')}" for words, text in said.items() if text) or "nothing"


def threshold_of(
    estimates: Estimates, group: str, threshold: float | None, rows: pd.DataFrame, suppress: Suppression | None = None
) -> tuple[float, str]:
    """The threshold as a share, and what to call it; where none is given, the share that `typical_share` finds."""
    share, origin = typical_share(estimates, group, rows, suppress) if threshold is None else (float(threshold), "")
    if np.isnan(share) and threshold is None:
        raise ReleaseError(
            "Every figure is withheld, the nation's too: there is none to set a threshold by.",
            where=f"group '{group}'",
            advice="Give a threshold, or loosen the suppression rule if the data allow it.",
        )
    if not 0 < share < 1:
        raise ReleaseError(
            "A threshold is a share of the denominator, above 0 and below 1.",
            where=f"threshold = {threshold}",
            advice="Give 0.005 for 5 per 1,000.",
        )
    factor, words = rate_of(share)
    said = f" ({origin})" if origin else ""
    return share, f"{spoken(float(f'{share * factor:.3g}'))} {words} {estimates.denominator[group]}{said}"
