"""Sections on what was observed: the survey with its design, and the groups of known size."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, isnan
from typing import TYPE_CHECKING, Any

import pandas as pd

from nsum_bayes.checks.convergence import STOP_RHAT
from nsum_bayes.model.components import DesignEffects, DesignWeights
from nsum_bayes.report.material import Material
from nsum_bayes.report.network_tables import network_size_said
from nsum_bayes.report.pieces import Grid, empty_columns, facts, without
from nsum_bayes.report.wording import INTERVAL_WORDS

if TYPE_CHECKING:
    from nsum_bayes.checks.holdout import HoldOut

HOLD_OUT_COMMAND = "nsum holdout STUDY --model {model} --out held.jsonl, then nsum report RUN --holdout held.jsonl"


def survey_facts(material: Material) -> Grid:
    """Who was asked, where, how, and in which words."""
    said, study = material.described, material.study
    areas, each = said["areas"], said["areas"]["respondents_per_surveyed_area"]
    least, most = (material.people_asked(each[end]) for end in ("min", "max"))
    covariates = ", ".join(said["respondent_covariates"])
    return facts(
        "The survey",
        {
            "Study": said["title"],
            "Counted": said["construct"],
            "Period": said["period"],
            "Waves": ", ".join(study.waves),
            "A tie": said["tie"],
            "People asked about live in": {"area": "the respondent's own area", "nation": "the whole nation"}.get(
                said["frame"], f"the respondent's own {said['frame']}"
            ),
            "Share of ties in the own area": said["local_share"],
            "Respondents": material.all_asked,
            "Areas visited": f"{areas['surveyed']:,} of {areas['count']:,}",
            "Respondents per visited area": f"fewest: {least}; most: {most}"
            + ("" if material.coarse else f"; median {each['median']:g}"),
            "Levels": ", ".join(f"{number:,} of level {level}" for level, number in areas["levels"].items()),
            "Vintage of the area codes": areas["vintage"],
            "Design": _design(material),
            "Respondents' covariates": covariates,
            "Respondents' kinds in the people": ", ".join(said["respondent_cells"]),
            "Reported network size": _reported(said["reported_degree"]),
            "Mean network size": network_size_said(material.run, material.suppress),
            "Answers": answers_said(material),
            "Answers are": "simulated: nothing here describes real people" if said["synthetic"] else "",
        },
        name="survey-facts",
    )


def answers_said(material: Material) -> str:
    """How many answers there are and how many are missing; not where that would tell a handful of respondents."""
    if not material.all_asked[:1].isdigit():
        return ""
    return "{answers:,}, of which {missing_answers:,} missing".format(**material.described)


def _design(material: Material) -> str:
    """Strata, units and weights, and what the model does with them."""
    design = material.study.survey.design
    parts = [
        f"{design[column].astype(str).nunique():,} {words}"
        for column, words in (("stratum", "strata"), ("unit", "sampling units"))
        if column in design
    ]
    parts += ["weights"] if "weight" in design else []
    if not parts:
        return "no strata, sampling units or weights given"
    match material.spec.design:
        case DesignEffects():
            used = "effects of strata and units are part of the model"
        case DesignWeights():
            used = "weights enter as a pseudo-likelihood"
        case _:
            used = f"the model {material.spec.name} uses none of them: areas enter by their own effects"
    return f"{', '.join(parts)}; {used}"


def _reported(said: Mapping[str, Any] | None) -> str:
    if said is None:
        return ""
    return f"asked; mean {said['mean']:.1f}, {said['missing']:,} missing{', heaped' if said['heaped'] else ''}"


def question_table(material: Material) -> Grid:
    """Every question: its group, its kind, the kind of answer with top codes, and how many answers are missing."""
    said, rows = material.described, []
    for role, groups in (("known size", said["known_groups"]), ("hidden", said["hidden_groups"])):
        for row in groups:
            zeros, mean = f"{row['share_of_zeros']:.0%}", f"{row['mean_answer']:.2f}"
            told = (zeros, mean) if material.shows_nation else ("withheld", "withheld")
            rows.append((row["group"], role, row["kind"] or "", row["answer"], f"{row['missing']:,}", *told))
    headings = ("Group", "Role", "Kind", "Answer", "Missing", "Zeros", "Mean answer")
    grid = Grid("The questions", headings, tuple(rows), ("Missing", "Zeros", "Mean answer"), "question-table")
    return without(grid, *empty_columns(grid, ("Kind",)))


def hidden_table(material: Material) -> Grid:
    """What is stated of each hidden group."""
    meta, rows = material.estimates.meta, []
    for row in (row for row in material.described["hidden_groups"] if row["group"] in material.groups):
        group, members = row["group"], row.get("members_asked")
        rows.append(
            (
                group, row["construct"], row["denominator"], str(meta["transmission"][group]),
                str(meta["degree_ratio"][group]), "" if members is None else material.people_asked(members),
            )
        )  # fmt: skip
    headings = ("Group", "Counted", "Share of", "Transmission", "Degree ratio", "Members asked")
    grid = Grid("Hidden groups, and what is stated of them", headings, tuple(rows), name="hidden-table")
    return without(grid, *empty_columns(grid, ("Members asked",)))


def secondary_table(material: Material) -> Grid:
    """Secondary data on the areas, by category."""
    rows = tuple(
        (one.category, ", ".join(one.columns), one.transform, one.source or "not stated", str(one.year or "not stated"))
        for one in material.study.areas.covariates
    )
    return Grid("Secondary data on areas", ("Category", "Columns", "Scale", "Source", "Year"), rows)


def exclusions(material: Material) -> list[str]:
    """What reading the data left out or set missing, and other things it noticed."""
    return list(material.described["notes"])


# --- known groups ---------------------------------------------------------------------------------------------------


def known_table(material: Material) -> Grid:
    """Size, source and year of each known group, and what became of it when it was held out."""
    found = material.hold_out("group")
    held = {} if found is None else {str(row["unit"]): row for row in found.table.to_dict("records")}
    rows = []
    for group in material.study.known_groups:
        sizes = material.study.known.table
        sizes = sizes[sizes["group"] == group]
        rows.append((group, *_size(sizes), *_sources(sizes), *_held(held.get(group))))
    headings = ("Group", "Size", "Share", "Standard error", "Source", "Year", "Estimate when held out", "Interval")
    grid = Grid("Groups of known size", headings, tuple(rows), ("Size", "Share", "Standard error"), "known-table")
    nothing = ("Standard error", *(("Estimate when held out", "Interval") if found is None else ()))
    return without(grid, *empty_columns(grid, nothing))


def _size(sizes: pd.DataFrame) -> tuple[str, str, str]:
    """Persons, share of everyone, and standard error; of many sizes their number and range of shares."""
    shares = 100 * sizes["share"]
    if len(sizes) == 1:
        row = sizes.iloc[0]
        roster = f"{row['members']:,.0f} of {row['rostered']:,.0f} on rosters"
        size = roster if pd.isna(row["size"]) else f"{row['size']:,.0f}"
        return size, f"{shares.iloc[0]:.3g}%", "" if pd.isna(row["se"]) else f"{row['se']:,.0f}"
    levels = ", ".join(sorted(set(sizes["level"])))
    with_error = int(sizes["se"].notna().sum())
    span = f"{shares.min():.3g}% to {shares.max():.3g}%"
    return f"{len(sizes):,} sizes ({levels})", span, f"of {with_error:,} sizes" if with_error else ""


def _sources(sizes: pd.DataFrame) -> tuple[str, str]:
    """Sources and years, once each."""
    told = [", ".join(sorted({str(value) for value in sizes[column]} - {"", "nan"})) for column in ("source", "year")]
    return told[0] or "not stated", told[1] or "not stated"


def _held(row: Mapping[Any, Any] | None) -> tuple[str, str]:
    if row is None:
        return "", ""
    if row["median"] != row["median"]:  # not a number: the refit failed
        return "the refit failed", "counts as missed"
    figures = f"{row['median']:.3%} ({row['lower']:.3%} to {row['upper']:.3%})"
    return figures, "holds" if row["inside"] else "misses"


def hold_out_sentences(material: Material) -> list[str]:
    """What the hold-outs found; or that none was run, and how to."""
    said = []
    for found in material.hold_outs:
        what = {"group": "known groups", "area": "visited areas", "wave": "waves"}[found.what]
        verdict = "That is enough." if found.passed else "That is too few, or too far off: intervals are too narrow."
        said.append(
            f"Hold-out of {what}: {found.held} of {len(found.table)} {INTERVAL_WORDS} intervals hold the truth "
            f"({found.held / len(found.table):.0%}); at least {found.wanted} should. The median error is a factor of "
            f"{_factor(found.error)}. {verdict}"
        )
        said += _faults_of(found, material)
    if material.hold_out("group") is None:
        command = HOLD_OUT_COMMAND.format(model=material.spec.name)
        said.append(f"Hold-out of known groups: not run. To run it: {command}.")
    return said


def _faults_of(found: HoldOut, material: Material) -> list[str]:
    """What stands against the refits themselves: too few, failed, or not converged."""
    study, said = material.study, []
    everything = {"group": study.known_groups, "wave": study.waves, "area": ()}[found.what]
    done = found.table["unit"].nunique()
    if done < len(everything):
        said.append(f"Only {done:,} of {len(everything):,} were held out.")
    if found.failures:
        said.append(f"{len(found.failures):,} refits failed and count as missed.")
    unsettled = int((found.table["rhat"] > STOP_RHAT).sum())
    if unsettled:
        said.append(f"{unsettled:,} of the results come from refits that did not converge (R-hat over {STOP_RHAT:g}).")
    return said


def _factor(error: float) -> str:
    return "unknown size" if isnan(error) else f"{exp(error):.2f}"
