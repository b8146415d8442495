"""How many people each respondent knows, told by the answers about groups of known size or by the respondent."""

from __future__ import annotations

import numpy as np
import pandas as pd

from nsum_bayes.data.faults import counted, listing
from nsum_bayes.data.study import Study
from nsum_bayes.errors import ModelError, suggestion

DEGREES = ("killworth", "mean_of_sums", "reported")


def exact_answers(study: Study, groups: tuple[str, ...], treat_as_exact: bool) -> tuple[np.ndarray, list[str]]:
    """Answers (respondent, group) as numbers, NaN where missing, and what was done to get them.

    Parameters
    ----------
    study
        The study.
    groups
        Columns to give.
    treat_as_exact
        Take an answer that names an interval for its middle, or for its lowest number where it is open above.

    Raises
    ------
    ModelError
        Some answer names an interval and ``treat_as_exact`` is not set.
    """
    columns = [study.survey.groups.index(group) for group in groups]
    lowest, highest = study.survey.answers[:, columns], study.survey.upper[:, columns]
    inexact = ~np.isnan(lowest) & (highest != lowest)
    if not inexact.any():
        return lowest, []
    concerned = listing([group for group, some in zip(groups, inexact.any(axis=0), strict=True) if some])
    what = f"{counted(int(inexact.sum()), 'answer')} about {concerned}"
    if not treat_as_exact:
        raise ModelError(
            f"{what} are intervals, not counts, and classical estimators need counts.",
            where="answers that are binned, top-coded or yes/no",
            advice="Use a model, which takes intervals as they are; or set treat_as_exact=True (--treat-as-exact), "
            "which takes their middle, or the lowest number where they are open above.",
        )
    middle = np.where(np.isinf(highest), lowest, (lowest + highest) / 2)
    told = f"{what} name an interval and were treated as exact: its middle, or its lowest number where open above."
    return np.where(inexact, middle, lowest), [told]


def known_shares(study: Study) -> np.ndarray:
    """Share of each known group among the people a respondent was asked about, shape (respondent, known_group).

    That is the share in the respondent's own area by the most specific size there is; where the frame of the question
    is wider, the share in the frame: its own figure, or else the mean over its areas, weighted by population.
    """
    areas, survey = study.areas, study.survey
    codes = areas.codes if frame_is_wide(study) else survey.surveyed_areas
    shares = study.known.table["share"].to_numpy(float)[study.known.row_of(codes, areas)]
    if not frame_is_wide(study):
        return shares[np.searchsorted(codes, survey.area)]
    units, unit_of = np.unique(areas.level_of(study.frame), return_inverse=True)
    member = (unit_of == np.arange(len(units))[:, None]) * areas.population
    of_unit = member @ shares / member.sum(axis=1, keepdims=True)
    table = study.known.table[study.known.table["level"] == study.frame]
    for row in table.itertuples():
        unit = 0 if study.frame == "nation" else int(np.searchsorted(units, str(row.unit)))
        of_unit[unit, study.known_groups.index(str(row.group))] = row.share
    return of_unit[unit_of[areas.table.index.get_indexer(pd.Index(survey.area))]]


def frame_is_wide(study: Study) -> bool:
    """Whether people outside the respondent's own area were asked about."""
    return study.frame != "area" and len(study.areas) > 1


def estimated_degree(study: Study, kind: str = "killworth", *, treat_as_exact: bool = False) -> np.ndarray:
    """How many people in the frame of the question each respondent knows, shape (respondent,).

    Groups whose answer is missing are left out of a respondent's sums; NaN where nothing is left. With answers y and
    known shares s of the population:

    ``killworth``: Σ y / Σ s (Killworth et al. 1998, doi 10.1016/S0378-8733(96)00305-X).
    ``mean_of_sums``: the mean of y / s, so that each group counts the same; groups without any member are left out
    (Habecker, Dombrowski and Khan 2015, doi 10.1371/journal.pone.0143406).
    ``reported``: the respondent's own answer to "how many people do you know?", or the sum over kinds of
    relationship (McCarty et al. 2001, Human Organization 60, 28-39).

    Parameters
    ----------
    study
        The study.
    kind
        One of the three.
    treat_as_exact
        See `exact_answers`.

    Raises
    ------
    ModelError
        The study has not what this kind needs, or some answers are not exact.

    Examples
    --------
    >>> estimated_degree(study).mean()  # doctest: +SKIP
    """
    if kind not in DEGREES:
        what = f"There is no degree estimate '{kind}'.{suggestion(kind, DEGREES)}"
        raise ModelError(what, where="kind", advice=f"Choose one of: {', '.join(DEGREES)}.")
    if kind == "reported":
        return _reported(study)
    if not study.known_groups:
        raise ModelError(
            "The study asks about no group of known size, so degree cannot be told from the answers.",
            where="study.toml, [[question]]",
            advice="Where respondents were asked how many people they know, use the summation method.",
        )
    answers, _ = exact_answers(study, study.known_groups, treat_as_exact)
    shares = known_shares(study)
    present = ~np.isnan(answers)
    if kind == "mean_of_sums":
        present &= shares > 0
        each = np.divide(answers, shares, out=np.zeros_like(shares), where=present)
        return _over(each.sum(axis=1), present.sum(axis=1).astype(float))
    return _over(np.where(present, answers, 0).sum(axis=1), np.where(present, shares, 0).sum(axis=1))


def _reported(study: Study) -> np.ndarray:
    if np.isnan(study.survey.reported_degree).all():
        raise ModelError(
            "Respondents were not asked how many people they know, which the summation method needs.",
            where="study.toml, [[question]]",
            advice='Name the column with answer = { type = "degree" }, or choose another method.',
        )
    return study.survey.reported_degree


def _over(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Their ratio, NaN where there is nothing to divide by."""
    return np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator > 0)
