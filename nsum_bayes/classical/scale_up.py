"""Network scale-up without a model: numbers of members, standard errors and intervals from the answers alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from nsum_bayes.classical.degrees import exact_answers, frame_is_wide
from nsum_bayes.classical.methods import (
    MEANS_OF_RATIOS,
    Adjustment,
    Ratio,
    available_methods,
    check_methods,
    ratio_of,
)
from nsum_bayes.classical.results import COLUMNS, ClassicalEstimates
from nsum_bayes.data.faults import counted, listing
from nsum_bayes.data.sampling import SamplingDesign, sampling_design
from nsum_bayes.data.study import Study
from nsum_bayes.errors import ModelError, suggestion
from nsum_bayes.estimates.summaries import INTERVAL

__all__ = ["Adjustment", "ClassicalEstimates", "killworth_from_totals", "scale_up"]

FEWEST_REPLICATES = 100
FEW_UNITS = 5
"""Below this many sampling units a row says that its error is rough."""


def scale_up(
    study: Study,
    methods: Sequence[str] | None = None,
    levels: Sequence[str] = ("nation",),
    *,
    adjust: Mapping[str, Adjustment] | None = None,
    replicates: int = 1000,
    seed: int = 1,
    lone_units: str = "collapse",
    shorthand: bool = False,
    treat_as_exact: bool = False,
) -> ClassicalEstimates:
    """Estimate how many members each hidden group has, by classical estimators.

    Parameters
    ----------
    study
        The study.
    methods
        Among ``killworth_mle``, ``killworth_pimle``, ``mean_of_sums``, ``summation`` and ``generalised``; all but the
        last that the study allows if left out.
    levels
        ``area``, levels of the study and ``nation``; none narrower than the frame of the question. Units without
        respondents get no row.
    adjust
        For ``generalised``, by hidden group; groups left out take what the study states.
    replicates
        Of the rescaled bootstrap, at least 100; 0 gives no interval.
    seed
        Of the bootstrap; the same seed gives the same interval.
    lone_units
        Strata of one sampling unit: ``collapse`` or ``certainty``; see `sampling_design`.
    shorthand
        Give √(N N_h / Σ d) instead of √(N_h (N − N_h) / Σ d) as the binomial standard error.
    treat_as_exact
        Take answers that name an interval for its middle (its lowest number where open above); refused otherwise.

    Returns
    -------
    ClassicalEstimates
        Estimates in persons, with the rules they were made by.

    Raises
    ------
    ModelError
        An unknown method, level or rule, or one that the study does not allow.
    StudyError
        An area without a known size.

    Notes
    -----
    Killworth et al. 1998 (doi 10.1177/0193841X9802200205 and 10.1016/S0378-8733(96)00305-X); Habecker, Dombrowski and
    Khan 2015 (doi 10.1371/journal.pone.0143406); Feehan and Salganik 2016 (doi 10.1177/0081175016665425). Equations,
    assumptions and errors stand in docs/classical.md.

    Examples
    --------
    >>> from nsum_bayes import Study, sample_folder, scale_up
    >>> estimates = scale_up(Study.load(sample_folder()), ["killworth_mle"])
    >>> estimates.table("nation")[["group", "estimate", "lower", "upper"]]  # doctest: +SKIP
    """
    chosen = available_methods(study) if methods is None else tuple(dict.fromkeys(methods))
    check_methods(chosen)
    _check_levels(study, levels)
    _check_replicates(replicates)
    # Before the methods, each of which would refuse only its own share of the inexact answers.
    rules = tuple(_rules(study, chosen, treat_as_exact))
    ratios = {name: ratio_of(name, study, adjust, treat_as_exact=treat_as_exact) for name in chosen}
    design = sampling_design(study.survey, lone_units)
    drawn = design.multipliers(replicates, np.random.default_rng(seed)) if replicates else None
    sampling = _Sampling(design, drawn, shorthand)
    rows = [row for name, ratio in ratios.items() for row in _rows(study, name, ratio, tuple(levels), sampling)]
    rules = (*rules, *(rule for ratio in ratios.values() for rule in ratio.rules))
    rules = (*rules, *design.rules, _interval_rule(replicates, seed), *_unknown(study))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return ClassicalEstimates(table, tuple(dict.fromkeys(rules)), study.title, study.synthetic, study.fictional_places)


def killworth_from_totals(
    totals: Mapping[str, float], known: Sequence[str], sizes: Mapping[str, float], population: float
) -> pd.DataFrame:
    """Killworth's estimate where only the sums of the answers are known: N_h = y_h Σ N_k / Σ y_k.

    Parameters
    ----------
    totals
        Sum of the answers of all respondents, by group.
    known
        Groups of known size.
    sizes
        Members of these, persons; other groups' are not used.
    population
        Everyone in the frame of the question, persons.

    Returns
    -------
    pandas.DataFrame
        Index ``group``, those of ``totals`` not known; ``estimate`` and ``se_binomial``, √(N_h (N − N_h) / Σ d), in
        persons.

    Raises
    ------
    ModelError
        A known group without total or size, or nobody who knows a member of any.

    Notes
    -----
    Killworth, McCarty, Bernard, Shelley and Johnsen 1998, doi 10.1177/0193841X9802200205.

    Examples
    --------
    >>> killworth_from_totals({"nurses": 30, "hidden": 6}, ["nurses"], {"nurses": 500}, 100_000)["estimate"].item()
    100.0
    """
    for name, given in (("total", totals), ("size", sizes)):
        absent = [group for group in known if group not in given]
        if absent or not known:
            what = f"There is no {name} of {listing(absent)}." if absent else "There is no known group."
            raise ModelError(what, where="known", advice="Name groups that have both a total and a size.")
    known_sum, size_sum = sum(totals[group] for group in known), sum(sizes[group] for group in known)
    if known_sum <= 0 or size_sum <= 0 or population <= 0:
        raise ModelError(
            "Degree cannot be told: totals of the known groups, their sizes or the population are zero.",
            where="totals, sizes, population",
            advice="Give numbers above zero.",
        )
    hidden = [group for group in totals if group not in known]
    estimate = np.array([totals[group] for group in hidden], dtype=float) * size_sum / known_sum
    error = np.sqrt(np.maximum(estimate * (population - estimate), 0) * size_sum / (population * known_sum))
    return pd.DataFrame({"estimate": estimate, "se_binomial": error}, index=pd.Index(hidden, name="group"))


# --- what is asked for ----------------------------------------------------------------------------------------------


def _check_levels(study: Study, levels: Sequence[str]) -> None:
    every = ("area", *study.areas.levels, "nation")
    for level in levels:
        if level not in every:
            what = f"The study has no level '{level}'.{suggestion(level, every)}"
            raise ModelError(what, where="levels", advice=f"Choose among: {', '.join(every)}.")
        if frame_is_wide(study) and every.index(level) < every.index(study.frame):
            raise ModelError(
                f"Answers about the frame '{study.frame}' do not tell of a single {level} by classical estimators.",
                where="levels",
                advice=f"Ask for {' or '.join(every[every.index(study.frame) :])}, or use a model.",
            )
    if not levels:
        raise ModelError("No level is asked for.", where="levels", advice=f"Choose among: {', '.join(every)}.")


def _check_replicates(replicates: int) -> None:
    if replicates and replicates < FEWEST_REPLICATES:
        raise ModelError(
            f"{replicates} replicates are too few for a 95 % interval.",
            where="replicates",
            advice=f"Give {FEWEST_REPLICATES} or more, or 0 for no interval.",
        )


# --- one row a unit and group ---------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Sampling:
    """What all errors rest on: the design, its bootstrap multipliers (replicate, unit) and the binomial form."""

    design: SamplingDesign
    multipliers: np.ndarray | None
    shorthand: bool


def _rows(
    study: Study, method: str, ratio: Ratio, levels: tuple[str, ...], sampling: _Sampling
) -> Iterator[dict[str, Any]]:
    position = study.areas.table.index.get_indexer(pd.Index(study.survey.area))
    for level in levels:
        labels = study.areas.level_of(level)
        unit_of = labels[position]
        people = pd.Series(study.areas.population).groupby(labels).sum()
        names = dict(zip(study.areas.codes, study.areas.table["name"], strict=True)) if level == "area" else {}
        for unit in np.unique(unit_of):
            inside = np.flatnonzero(unit_of == unit)
            population = float(people[unit])
            columns = _domain(method, ratio, inside, population, sampling)
            for number, group in enumerate(study.hidden_groups):
                where = {"group": group, "method": method, "level": level, "unit": unit, "name": names.get(unit, unit)}
                yield {**where, "population": population, **{key: values[number] for key, values in columns.items()}}


def _domain(
    method: str, ratio: Ratio, inside: np.ndarray, population: float, sampling: _Sampling
) -> dict[str, np.ndarray]:
    """Columns of figures (hidden_group,) of the respondents ``inside`` one unit."""
    design = sampling.design
    weight = design.weight[inside, None]
    top, bottom, used = weight * ratio.numerator[inside], weight * ratio.denominator[inside], ratio.used[inside]
    share = _divided(top.sum(axis=0), bottom.sum(axis=0))
    members = population * ratio.factor
    degree = np.nan_to_num(ratio.degree[inside])[:, None] * weight
    columns = {
        "respondents": used.sum(axis=0),
        "estimate": members * share,
        "degree_mean": _divided((degree * used).sum(axis=0), (weight * used).sum(axis=0)),
    }
    units, local = np.unique(design.unit[inside], return_inverse=True)
    unit_count = np.array([np.unique(local[column]).size for column in used.T])
    tells = (unit_count > 1) & (top.sum(axis=0) > 0)
    residual = _divided(top - share * bottom, bottom.sum(axis=0))
    totals = np.zeros((len(design.stratum), residual.shape[1]))
    np.add.at(totals, design.unit[inside], residual)
    columns["se"] = np.where(tells, members * np.sqrt(design.variance(totals)), np.nan)
    columns |= _bootstrap(top, bottom, local, units, members, tells, sampling)
    columns["se_binomial"] = _binomial(method, share, weight, bottom, members, sampling.shorthand)
    columns["note"] = np.array(
        [_note(*row) for row in zip(used.sum(axis=0), unit_count, top.sum(axis=0), share * ratio.factor, strict=True)]
    )
    return columns


def _bootstrap(
    top: np.ndarray,
    bottom: np.ndarray,
    local: np.ndarray,
    units: np.ndarray,
    members: np.ndarray,
    tells: np.ndarray,
    sampling: _Sampling,
) -> dict[str, np.ndarray]:
    """Standard error and percentile interval (hidden_group,); replicates that drew nobody of the unit are left out."""
    nothing = np.full(len(members), np.nan)
    columns = {"se_bootstrap": nothing, "lower": nothing, "upper": nothing}
    if sampling.multipliers is None or not sampling.design.has_error or not tells.any():
        return columns
    sums = np.zeros((2, len(units), len(members)))
    np.add.at(sums[0], local, top)
    np.add.at(sums[1], local, bottom)
    above, below = sampling.multipliers[:, units] @ sums
    replicates = members * _divided(above, below)
    replicates[:, ~tells] = 0.0  # no figure is taken from these, and NaN throughout would warn
    lower, upper = np.nanquantile(replicates, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2], axis=0)
    told = {"se_bootstrap": np.nanstd(replicates, axis=0, ddof=1), "lower": lower, "upper": upper}
    return {name: np.where(tells, values, np.nan) for name, values in told.items()}


def _binomial(
    method: str, share: np.ndarray, weight: np.ndarray, bottom: np.ndarray, members: np.ndarray, shorthand: bool
) -> np.ndarray:
    """Standard error were every tie drawn by itself.

    It is N √(p (1 − p) Σ w² d) / Σ w d, and without weights √(N_h (N − N_h) / Σ d).
    """
    if method in MEANS_OF_RATIOS:
        return np.full(len(share), np.nan)
    spread = share if shorthand else share * np.maximum(1 - share, 0)
    error = members * _divided(np.sqrt(spread * (weight * bottom).sum(axis=0)), bottom.sum(axis=0))
    return np.where(share > 0, error, np.nan)


def _divided(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Their ratio, NaN where the denominator is zero."""
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    return np.divide(numerator, denominator, out=np.full(numerator.shape, np.nan), where=denominator > 0)


def _note(respondents: int, units: int, reported: float, prevalence: float) -> str:
    if respondents == 0:
        return "no usable answer"
    if np.isnan(prevalence):
        return "every degree is zero"
    if reported == 0:
        return "no member reported: zero says little, and has no error"
    if prevalence > 1:
        return "above the population"
    if units < 2:
        return "one sampling unit: no error can be told"
    return f"{units} sampling units only: the error is rough" if units < FEW_UNITS else ""


# --- in words -------------------------------------------------------------------------------------------------------


def _rules(study: Study, methods: tuple[str, ...], treat_as_exact: bool) -> Iterator[str]:
    yield "Estimates are persons: answers over degree, times everyone in the frame of the question in the unit."
    if frame_is_wide(study):
        yield (
            f"The frame '{study.frame}' is wider than the area: known sizes are those of the frame, as if ties were "
            "spread over it evenly."
        )
    elif len(study.areas) > 1:
        yield "Degree uses the known sizes of the respondent's own area, the most specific there are."
    yield "Areas without respondents get no estimate of their own; wider units are told by those with respondents."
    groups = (study.known_groups if set(methods) != {"summation"} else ()) + study.hidden_groups
    answers, told = exact_answers(study, groups, treat_as_exact)
    yield from told
    missing = np.isnan(answers)
    known = len(groups) - len(study.hidden_groups)
    if missing[:, :known].any():
        cells = counted(int(missing[:, :known].sum()), "answer")
        yield f"{cells} about known groups missing: a respondent's degree uses the groups answered."
    for group, number in zip(study.hidden_groups, missing[:, known:].sum(axis=0), strict=True):
        if number:
            yield f"{group}: {counted(int(number), 'missing answer')} left out of this group's sums."
    if "wave" in study.survey.design and study.survey.design["wave"].nunique() > 1:
        yield "All waves are pooled, as if nothing had changed between them."


def _interval_rule(replicates: int, seed: int) -> str:
    if not replicates:
        return "No interval: no bootstrap was asked for."
    return (
        f"Intervals: 95 %, percentiles of {replicates} replicates of the Rao-Wu rescaled bootstrap of sampling units, "
        f"seed {seed}."
    )


def _unknown(study: Study) -> Iterator[str]:
    table = study.known.table
    if len(table) and (table["se"].notna() | table["rostered"].notna()).any():
        yield "Known sizes are taken as exact, though some are stated with an error or from a roster."
    yield (
        "Errors are of sampling only: reporting bias, transmission, degree ratio and false reports are not in them, "
        "and the plain methods take all of these as absent."
    )
