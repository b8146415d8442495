"""The weakest assumptions of a run, found from what the run itself says.

Each assumption has a doubt: the standard deviation of the log of the national figure that it carries (what the split
of the uncertainty says), or that it may well carry where it is fixed and the interval therefore holds nothing of it.
The three with the largest doubt are told, each with what would happen if it were wrong, computed from the draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from nsum_bayes.checks.holdout import FAR
from nsum_bayes.estimates.rates import flat_draws
from nsum_bayes.report.material import WITHHELD, Material

WEAKEST = 3
WITHOUT_DATA: Mapping[str, float] = {"transmission": 0.35, "degree ratio": 0.2, "own bias": 0.5, "failed": FAR}
"""Doubt of what is fixed or left out: a judgement that ranks, and nothing else. A fixed transmission may well be off by
a third, a degree ratio by a fifth; known groups held out in published surveys miss by a factor of 1.5 to 3."""
LEAST = 1e-9
HALF, FIFTH, TENTH = 0.5, 0.8, 0.9


@dataclass(frozen=True)
class Assumption:
    """An assumption: what is taken for true, why that is weak, what follows if it is wrong, and its doubt."""

    title: str
    why: str
    consequence: str
    doubt: float


def weakest(material: Material) -> tuple[Assumption, ...]:
    """The three assumptions with the largest doubt, the weakest first."""
    found = [*_sampler(material), *_stated(material), *_bias(material), *_checked(material), *_survey(material)]
    return tuple(sorted(found, key=lambda one: one.doubt, reverse=True)[:WEAKEST])


def shares(material: Material, group: str) -> dict[str, float]:
    """Share of the variance of the log national figure by source."""
    variance = {name: sd**2 for name, sd in _split(material, group).items() if name != "total"}
    total = sum(variance.values()) or 1.0
    return {name: value / total for name, value in variance.items()}


def _split(material: Material, group: str) -> Mapping[str, float]:
    split: Mapping[str, float] = material.estimates.meta.get("uncertainty", {}).get(group, {})
    return split


def nation_if(material: Material, group: str, factor: float) -> tuple[float, float]:
    """Median of the national prevalence, and its ratio to that reported, if reports were ``factor`` times as complete.

    With a recall slope a group's bias depends on its size, so that the figure moves less than reports do.
    """
    draws = material.estimates.level_draws("nation")["prevalence"].sel(group=group).values.reshape(-1)
    draws = np.where(np.isnan(draws), LEAST, draws)  # withheld in a release: the ratio is told alone
    slope = flat_draws(material.run.posterior, "recall") if "recall" in material.run.posterior else 0.0
    moved = np.minimum(draws * factor ** (-1.0 / (1.0 + slope)), 1.0)
    median = float(np.median(moved))
    return median, median / float(np.median(draws))


def _moved(material: Material, factor: float) -> str:
    """The national figures if reports were so many times as complete as is taken for true."""
    sayings = {}
    for group in material.groups:
        median, ratio = nation_if(material, group, factor)
        limits = material.nation[group]
        figures = WITHHELD if limits is None else f"{median:.3%} instead of {limits[1]:.3%}"
        sayings[group] = f"{figures}, {ratio:.2f} times as much"
    return material.each(sayings)


def _weight(material: Material, source: str) -> dict[str, str]:
    """What a source carries, in words, by group."""
    return {
        group: f"{shares(material, group).get(source, 0.0):.0%} of the variance of the log national figure"
        for group in material.groups
    }


def _doubt(material: Material, source: str, fixed: float = 0.0) -> float:
    """The largest doubt over groups; ``fixed`` where a source does not vary."""
    spreads = [_split(material, group).get(source, 0.0) for group in material.groups]
    return max(spread if spread > LEAST else fixed for spread in spreads)


# --- what was stated ------------------------------------------------------------------------------------------------


def _stated(material: Material) -> Iterator[Assumption]:
    yield _factor(
        material, "transmission", "transmission", "That ties to members are known and told as often as is stated",
        HALF, "If only half as many ties were told as is stated",
    )  # fmt: skip
    yield _factor(
        material, "degree_ratio", "degree ratio", "That members are known by as many people as is stated",
        FIFTH, "If members were known by a fifth fewer people than is stated",
    )  # fmt: skip
    drift = _doubt(material, "transmission drift")
    if drift > LEAST:
        said = material.each(dict(material.estimates.meta.get("drift", {})))
        weight = material.each(_weight(material, "transmission drift"))
        why = f"Stated, not learned: {said}. It carries {weight}."
        told = (
            f"If transmission had fallen by a fifth since the first wave without being seen: {_moved(material, FIFTH)}."
        )
        yield Assumption("How far transmission drifted from wave to wave", why, told, drift)


def _factor(material: Material, key: str, source: str, title: str, factor: float, wrong: str) -> Assumption:
    """Transmission or degree ratio: what was stated, what it carries, and the figure if it is wrong."""
    said, sayings = material.estimates.meta.get(key) or {}, {}
    weights = _weight(material, source)
    for group in material.groups:
        carried = _split(material, group).get(source, 0.0) > LEAST
        known = " rests on side data" if str(said.get(group, "")).startswith("told by") else " is stated, not learned"
        counted = (
            f"it carries {weights[group]}" if carried else "it is fixed, so the interval holds nothing of its error"
        )
        sayings[group] = f"it{known} ({said.get(group, 'not stated')}); {counted}"
    why = material.each(sayings)
    consequence = f"{wrong}: {_moved(material, factor)}."
    return Assumption(
        title, f"{why[:1].upper()}{why[1:]}.", consequence, _doubt(material, source, WITHOUT_DATA[source])
    )


# --- bias -----------------------------------------------------------------------------------------------------------


def _bias(material: Material) -> Iterator[Assumption]:
    known, spread = len(material.study.known_groups), _doubt(material, "own bias")
    if spread <= LEAST:
        why = "The model has no reporting bias, so the interval holds nothing of it."
        told = f"If members were told of a fifth less than known groups are: {_moved(material, FIFTH)}."
        yield Assumption("That hidden groups are reported as known groups are", why, told, WITHOUT_DATA["own bias"])
    else:
        factor = float(np.exp(-spread))
        origin = (
            f"the spread seen among {known} known groups" if known else "the error taken for reported network sizes"
        )
        weight = material.each(_weight(material, "own bias"))
        why = f"No answer tells it; it is drawn from {origin}, and carries {weight}."
        told = (
            f"If its bias were one standard deviation lower (reports {1 - factor:.0%} less complete): "
            f"{_moved(material, factor)}."
        )
        yield Assumption(
            "That the hidden group's own reporting bias is of the size seen among known groups",
            f"{why} {_tested(material)}",
            told,
            spread,
        )
    if known:
        common = max(spread, WITHOUT_DATA["own bias"] if spread <= LEAST else 0.0) / np.sqrt(known)
        why = (
            f"The biases of the {known} known groups are taken to cancel; one that all share is taken for network "
            "size, and no answer tells the two apart."
        )
        told = f"If all known groups were told of a tenth less than is thought: {_moved(material, 1 / TENTH)}."
        yield Assumption("That the known groups together are reported without bias", why, told, float(common))


def _tested(material: Material) -> str:
    found = material.hold_out("group")
    if found is None:
        return "Whether such intervals hold known groups was not tested (no hold-out)."
    return f"Held out, {found.held} of {len(found.table)} known groups lie in their intervals."


# --- what the checks said -------------------------------------------------------------------------------------------


def _sampler(material: Material) -> Iterator[Assumption]:
    if material.diagnosis.verdict == "stop":
        said = " ".join(one.message for one in material.diagnosis.findings if one.severity == "stop")
        told = "No figure of this report should be quoted until the fit is mended."
        yield Assumption(
            "That the draws are those of the model", f"The sampler has not converged. {said}", told, np.inf
        )


def _checked(material: Material) -> Iterator[Assumption]:
    for found in material.hold_outs:
        if not found.passed:
            missed = f" Missed: {', '.join(found.missed[:5])}." if found.what == "group" and found.missed else ""
            why = (
                f"Held out by {found.what}, {found.held} of {len(found.table)} intervals hold the truth; at least "
                f"{found.wanted} should.{missed}"
            )
            error = found.error if np.isfinite(found.error) else WITHOUT_DATA["failed"]
            factor = float(np.exp(-error))
            told = (
                f"With an error as large as the median one (a factor of {1 / factor:.2f}): {_moved(material, factor)}."
            )
            yield Assumption("That the intervals are wide enough", why, told, max(error, WITHOUT_DATA["failed"]))
    yield from _hanging(material)


def _hanging(material: Material) -> Iterator[Assumption]:
    """The refit that moved a reported figure the furthest."""
    if material.sensitivity is None:
        return
    table = material.sensitivity.table
    rows = table[table["group"].isin(material.groups) & table["what"].isin(["known group", "top code"])]
    rows = rows[rows["ratio"] > 0]
    if rows.empty:
        return
    doubt = np.abs(np.log(rows["ratio"].to_numpy(dtype=float)))
    row = rows.iloc[int(doubt.argmax())]
    why = f"Of all refits with something changed, this one moved the figure of {row['group']} the furthest."
    told = f"{str(row['setting']).capitalize()}: {row['ratio']:.2f} times as much."
    title = "That each known group's size is right" if row["what"] == "known group" else "That large answers are right"
    yield Assumption(title, why, told, float(doubt.max()))


def _survey(material: Material) -> Iterator[Assumption]:
    study, spread = material.study, _doubt(material, "survey")
    visited, total = len(study.survey.surveyed_areas), len(study.areas)
    unseen = material.estimates.respondents == 0
    people = material.estimates.denominators()
    elsewhere = material.each(
        {
            group: f"{people[unseen, number].sum() / people[:, number].sum():.0%}"
            for number, group in enumerate(material.estimates.groups)
            if group in material.groups
        }
    )
    why = (
        f"{material.all_asked} respondents in {visited:,} of {total:,} areas; {elsewhere} of the "
        f"denominator live where nobody was asked. It carries {material.each(_weight(material, 'survey'))}."
    )
    factor = float(np.exp(-spread))
    told = f"If the survey missed by one standard deviation of its part: {_moved(material, factor)}."
    yield Assumption("That those asked stand for those not asked", why, told, spread)
