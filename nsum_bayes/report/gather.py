"""The 18 items of GATHER, answered from the run.

Guidelines for Accurate and Transparent Health Estimates Reporting: Stevens et al. (2016),
doi:10.1371/journal.pmed.1002056. Items are told in few words of our own; what only the authors know is left to them.
"""

from __future__ import annotations

from collections.abc import Callable

from nsum_bayes.report.checklist import TO_SUPPLY, Point, checks_said, sources_said
from nsum_bayes.report.material import Material
from nsum_bayes.report.survey_sections import answers_said, exclusions
from nsum_bayes.report.wording import INTERVAL_WORDS, assumptions_of, sources_of, title_of

REFERENCE = (
    "Stevens GA, Alkema L, Black RE, et al. (2016). Guidelines for Accurate and Transparent Health Estimates "
    "Reporting: the GATHER statement. PLoS Medicine 13(6), e1002056. doi:10.1371/journal.pmed.1002056"
)


def gather_points(material: Material) -> tuple[Point, ...]:
    """All 18 items with their answers."""
    return tuple(Point(str(number), asked, answer(material)) for number, (asked, answer) in enumerate(ITEMS, start=1))


def _indicator(material: Material) -> str:
    estimates, said = material.estimates, material.described
    groups = "; ".join(
        f"{title_of(estimates, group)}, as a share of {estimates.denominator[group]}" for group in material.groups
    )
    return (
        f"{groups}. Places: {said['areas']['count']:,} areas, levels {', '.join(estimates.levels)}. "
        f"{TO_SUPPLY}sex and ages of the denominators, if their names do not tell."
    )


def _funding(_: Material) -> str:
    return f"{TO_SUPPLY}who paid for the survey and the analysis, and what part they had in it."


def _identified(material: Material) -> str:
    files = ", ".join(material.study.hashes)
    return (
        f"{TO_SUPPLY}how known sizes and secondary data were found and obtained. The inputs were {files}; their "
        "checksums stand in section 10."
    )


def _inclusion(material: Material) -> str:
    notes = exclusions(material)
    told = f"Noted when reading: {' '.join(notes)}" if notes else "Nothing was left out when reading the files."
    return (
        f"All respondents of the survey file are used: {material.all_asked}; answers: {answers_said(material)}. {told} "
        f"{TO_SUPPLY}who was eligible, and what was excluded before the files were made."
    )


def _sources(material: Material) -> str:
    said = material.described
    return (
        f"Survey: {said['title']}, {said['period']}, {material.all_asked} respondents in "
        f"{said['areas']['surveyed']:,} areas (section 1). {sources_said(material)} {TO_SUPPLY}contact, sampling and "
        "mode of the interviews."
    )


def _biased(material: Material) -> str:
    bias = material.estimates.meta.get("bias") or "not modelled"
    found = material.hold_out("group")
    missed = f" Held out, these known groups miss: {', '.join(found.missed)}." if found and found.missed else ""
    return (
        f"Reports of members of groups: {bias}; transmission and degree ratio are not told by answers (section 1)."
        f"{missed} {TO_SUPPLY}what is known of refusals and of the survey's frame."
    )


def _other(material: Material) -> str:
    stated = material.each({group: assumptions_of(material.estimates, group) for group in material.groups})
    return f"Not learned from the answers: {stated}."


def _shared(_: Material) -> str:
    return (
        f"{TO_SUPPLY}where the known sizes, populations and secondary data can be had. Answers of respondents are "
        "restricted and in no file that this report comes with; name who keeps them."
    )


def _overview(material: Material) -> str:
    return (
        f"{material.spec.title} (model {material.spec.name}). Answers on groups of known size give network sizes; "
        "answers on hidden groups then give reported rates by area, and these are divided by bias, transmission and "
        "degree ratio, draw by draw (section 3)."
    )


def _detailed(material: Material) -> str:
    return "Equations, components and priors with their reasons: section 3. Weights and design: section 1."


def _candidates(_: Material) -> str:
    return (
        f"{TO_SUPPLY}which models were compared and how this one was chosen (`nsum compare` gives the figures). The "
        "run does not tell."
    )


def _performance(material: Material) -> str:
    return f"Sampler: {material.diagnosis.verdict} (section 4). {checks_said(material)}"


def _uncertainty(material: Material) -> str:
    sources = material.each({group: sources_of(material.estimates, group) for group in material.groups})
    return (
        f"Posterior draws, carried to every sum. Share of the variance of the log national figure: {sources}. Not "
        "in the interval: what is fixed among the statements, errors of populations, and what section 7 names."
    )


def _code(material: Material) -> str:
    version = material.estimates.meta.get("version", "not told")
    return f"The package nsum_bayes, version {version}; versions of all else and the seed: section 10."


def _extractable(_: Material) -> str:
    return "`nsum estimate RUN --out DIR` writes every estimate that is shown here as CSV, Parquet and netCDF."


def _quantified(_: Material) -> str:
    return (
        f"Every figure has a {INTERVAL_WORDS} equal-tailed posterior interval; areas also a coefficient of variation."
    )


def _interpreted(material: Material) -> str:
    if material.estimates.earlier:
        return (
            "Changes between waves, with transmission drifting as stated and as if it had stayed: section 5. "
            f"{TO_SUPPLY}how the figures stand beside other evidence."
        )
    return f"{TO_SUPPLY}how the figures stand beside other evidence and beside earlier ones, if there are any."


def _limits(_: Material) -> str:
    return (
        "The three weakest assumptions, found from this run, stand at the head; what the method cannot tell: section 7."
    )


ITEMS: tuple[tuple[str, Callable[[Material], str]], ...] = (
    ("indicator, populations, places and time", _indicator),
    ("funding", _funding),
    ("how data were found and obtained", _identified),
    ("rules of inclusion and exclusion", _inclusion),
    ("every data source with its main features", _sources),
    ("input data with important biases", _biased),
    ("other inputs that were not synthesised", _other),
    ("all inputs in a file that can be read, or who keeps them", _shared),
    ("overview of the method", _overview),
    ("all steps with formulae", _detailed),
    ("how models were compared and chosen", _candidates),
    ("performance and sensitivity", _performance),
    ("how uncertainty was computed, and what is not in it", _uncertainty),
    ("how to get the code", _code),
    ("estimates in a file that can be read", _extractable),
    ("a measure of uncertainty with each figure", _quantified),
    ("figures beside other evidence; reasons for changes", _interpreted),
    ("limitations", _limits),
)
