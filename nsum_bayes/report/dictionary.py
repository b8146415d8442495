"""What every column of the tables means: for the workbook's dictionary and whoever reads a table without its report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from nsum_bayes.estimates.summaries import INTERVAL

LIMITS = f"{100 * INTERVAL:g} % equal-tailed posterior interval"

COLUMNS: Mapping[str, tuple[str, str]] = {
    "area": ("code of the area, or name of the unit of a wider level; text, leading zeros count", ""),
    "name": ("name of the area or unit", ""),
    "level": ("area, a level of the frame, or nation", ""),
    "group": ("hidden group", ""),
    "wave": ("wave of the survey; empty where there is one", ""),
    "denominator": ("whom the prevalence is a share of", ""),
    "population": ("people in the denominator", "persons"),
    "respondents": (
        "people interviewed there; in a release the lower limit of their class, empty where the figure is withheld; "
        "0: the figure is a model's prediction",
        "persons",
    ),
    "prevalence_mean": ("posterior mean of the prevalence; means times populations add up over units", "share"),
    "prevalence_median": ("posterior median of the prevalence; the figure to quote, with its limits", "share"),
    "prevalence_lower": (f"lower limit of the {LIMITS}", "share"),
    "prevalence_upper": (f"upper limit of the {LIMITS}", "share"),
    "count_median": ("posterior median of the number of members; medians do not add up over units", "persons"),
    "count_lower": (f"lower limit of the {LIMITS}", "persons"),
    "count_upper": (f"upper limit of the {LIMITS}", "persons"),
    "cv": ("posterior standard deviation over posterior mean", "ratio"),
    "estimate_type": (
        "survey: all of the unit's areas have respondents; mixed: some have; synthetic: none has, the model predicts "
        "from all others; suppressed: withheld",
        "",
    ),
    "per_100k_median": ("prevalence_median × 100,000", "per 100,000"),
    "per_100k_lower": ("prevalence_lower × 100,000", "per 100,000"),
    "per_100k_upper": ("prevalence_upper × 100,000", "per 100,000"),
    "own_information": ("share of what is known of the unit's own deviation that its own respondents tell", "0 to 1"),
    "reliability": ("under the release rules: usable, with caution and why, or withheld", ""),
    "model": ("name of the model", ""),
    "assumed": ("what no answer of the survey tells, as stated: transmission, degree ratio, own bias", ""),
    "benchmark": ("totals from outside that the draws were brought in agreement with", ""),
    "simulated": ("true: the answers are simulated and describe nobody", ""),
    "restricted": ("this file is not for the public", ""),
    "unit": ("code of the area, or name of the unit", ""),
    "before": ("earlier wave", ""),
    "after": ("later wave", ""),
    "ratio_median": ("prevalence of the later wave over that of the earlier, posterior median", "ratio"),
    "ratio_lower": (f"lower limit of its {LIMITS}", "ratio"),
    "ratio_upper": (f"upper limit of its {LIMITS}", "ratio"),
    "chance_of_decrease": ("posterior probability that prevalence fell, transmission drifting as stated", "0 to 1"),
    "same_transmission_ratio_median": ("the same ratio as if transmission had stayed", "ratio"),
    "same_transmission_ratio_lower": (f"lower limit of its {LIMITS}", "ratio"),
    "same_transmission_ratio_upper": (f"upper limit of its {LIMITS}", "ratio"),
    "same_transmission_chance_of_decrease": ("the same probability as if transmission had stayed", "0 to 1"),
    "reading": ("the change in words: one only where it is one both ways", ""),
    "transmission_drift": ("how far transmission may drift from wave to wave, as stated", ""),
}  # fmt: skip

CHECKLIST = (
    "The construct, the period and the denominator stand beside the figure.",
    "The interval stands beside the figure, and is read as wide as it is.",
    "The figure is marked as a prediction where the place has no respondents (estimate_type: synthetic).",
    "Transmission and degree ratio are quoted as assumptions with their reasons: half the transmission doubles all.",
    "Places are not ranked by their medians: intervals that overlap say that the order is not known.",
    "Medians of areas are not added up; the figure of the wider level is used.",
    "A change between waves is called one only where the reading says so.",
    "No withheld figure is worked out from others, and none is asked for.",
    "A high figure for a small place can harm people there: somebody has asked who reads it, and what for.",
)

CANNOT = (
    "Transmission, degree ratio and prevalence enter as a product: only knowledge from outside separates them.",
    "The hidden group's own reporting bias is taken to be of the size seen among the known groups.",
    "A bias that all known groups share is taken for network size, and moves every prevalence.",
    "Known groups that are common in some places and rare in others, with national sizes only, make intervals of areas "
    "too narrow.",
    "Transmission that differs between places looks like prevalence that differs between places.",
)


def dictionary_of(columns: Iterable[str], levels: Iterable[str]) -> pd.DataFrame:
    """Meaning and unit of each column that a set of tables has, once each, in order."""
    known = {**COLUMNS, **{level: (f"{level} of the area", "") for level in levels}}
    rows = [(name, *known.get(name, ("", ""))) for name in dict.fromkeys(columns)]
    return pd.DataFrame(rows, columns=["column", "meaning", "unit"])
