"""The classical estimators, each as one ratio of weighted sums over respondents.

A prevalence is estimated by Σ w u / Σ w v, and a number of members by that times the population and a factor. What the
methods differ in is u, v and the factor; the design-based errors are then the same for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nsum_bayes.classical.degrees import estimated_degree, exact_answers
from nsum_bayes.data.faults import counted
from nsum_bayes.data.study import Study
from nsum_bayes.errors import ModelError, suggestion

METHODS = ("killworth_mle", "killworth_pimle", "mean_of_sums", "summation", "generalised")
MEANS_OF_RATIOS = ("killworth_pimle", "mean_of_sums")
DEGREE_OF = {
    "killworth_mle": "killworth",
    "killworth_pimle": "killworth",
    "mean_of_sums": "mean_of_sums",
    "summation": "reported",
}


@dataclass(frozen=True)
class Adjustment:
    """What stands between reports and members in the generalised scale-up of Feehan and Salganik (2016).

    Parameters
    ----------
    degree_ratio
        Members' mean degree over everyone's, above zero.
    true_positive_rate
        Share of the ties to members that are reported, above zero, at most one.
    precision
        Share of the reports that concern true members: one minus the share of false positives; above zero, at most one.

    Raises
    ------
    ModelError
        A number out of its range.
    """

    degree_ratio: float = 1.0
    true_positive_rate: float = 1.0
    precision: float = 1.0

    def __post_init__(self) -> None:
        for name, highest in (("degree_ratio", np.inf), ("true_positive_rate", 1.0), ("precision", 1.0)):
            value = getattr(self, name)
            if not 0 < value <= highest or value == np.inf:
                limits = "above zero" if highest == np.inf else "above zero and at most one"
                raise ModelError(
                    f"The {name.replace('_', ' ')} is {value:g}, and must be {limits}.",
                    where="adjustment of the generalised scale-up",
                    advice="Correct it; leave it out where nothing is known about it and say so.",
                )

    @property
    def factor(self) -> float:
        """What a plain scale-up estimate is multiplied by."""
        return self.precision / (self.degree_ratio * self.true_positive_rate)


@dataclass(frozen=True, eq=False)
class Ratio:
    """One method on one study.

    Attributes
    ----------
    numerator, denominator
        u and v, shape (respondent, hidden_group); zero where ``used`` is false.
    used
        Whether a respondent enters a group's sums, shape (respondent, hidden_group).
    degree
        Degree by this method, shape (respondent,); NaN where not told.
    factor
        Shape (hidden_group,).
    rules
        Who was left out or kept, one sentence each.
    """

    numerator: np.ndarray
    denominator: np.ndarray
    used: np.ndarray
    degree: np.ndarray
    factor: np.ndarray
    rules: tuple[str, ...]


def available_methods(study: Study) -> tuple[str, ...]:
    """The methods that need nothing beyond the study's answers."""
    by_known = METHODS[:3] if study.known_groups else ()
    return (*by_known, *(("summation",) if study.reports_degree else ()))


def check_methods(methods: tuple[str, ...]) -> None:
    """Stop at a method that there is not.

    Raises
    ------
    ModelError
        An unknown method, or none.
    """
    for method in methods:
        if method not in METHODS:
            what = f"There is no classical method '{method}'.{suggestion(method, METHODS)}"
            raise ModelError(what, where="methods", advice=f"Choose among: {', '.join(METHODS)}.")
    if not methods:
        raise ModelError(
            "No classical method fits the study: it has neither known groups nor reported degrees.",
            where="study.toml, [[question]]",
            advice="Ask about groups of known size, or how many people respondents know.",
        )


def ratio_of(
    method: str, study: Study, adjust: Mapping[str, Adjustment] | None = None, *, treat_as_exact: bool = False
) -> Ratio:
    """The sums that a method divides by one another.

    Parameters
    ----------
    method
        One of `METHODS`.
    study
        The study.
    adjust
        For ``generalised``, by hidden group; groups left out take what the study states.
    treat_as_exact
        See `exact_answers`.

    Raises
    ------
    ModelError
        The study has not what the method needs.
    """
    kind = DEGREE_OF.get(method, "killworth" if study.known_groups else "reported")
    degree = estimated_degree(study, kind, treat_as_exact=treat_as_exact)[:, None]
    answers, _ = exact_answers(study, study.hidden_groups, treat_as_exact)
    told = ~np.isnan(degree)
    used = ~np.isnan(answers) & told
    zeros = int((degree == 0).sum())
    rules = _gaps(method, "without an answer that tells a degree", int((~told).sum()), "left out")
    if method in MEANS_OF_RATIOS:
        rules += _gaps(method, "with an estimated degree of zero", zeros, "left out")
        used &= degree > 0
        numerator = np.divide(answers, degree, out=np.zeros_like(answers), where=used)
        denominator = used.astype(float)
    else:
        rules += _gaps(method, "with an estimated degree of zero", zeros, "kept: the answers about hidden groups count")
        numerator, denominator = np.where(used, answers, 0.0), np.where(used, degree, 0.0)
    factor = np.ones(len(study.hidden_groups))
    if method == "generalised":
        stated, more = _adjustments(study, adjust or {})
        factor, rules = np.array([one.factor for one in stated]), rules + more
    return Ratio(numerator, denominator, used, degree[:, 0], factor, tuple(rules))


def _gaps(method: str, which: str, number: int, treatment: str) -> list[str]:
    who = counted(number, "respondent")
    return [f"{method}: {who} {which} {'was' if number == 1 else 'were'} {treatment}."] if number else []


def _adjustments(study: Study, adjust: Mapping[str, Adjustment]) -> tuple[list[Adjustment], list[str]]:
    """By hidden group in order, and in words."""
    for group in adjust:
        if group not in study.hidden_groups:
            what = f"'{group}' is not a hidden group of the study.{suggestion(group, study.hidden_groups)}"
            raise ModelError(what, where="adjust", advice=f"Those are: {', '.join(study.hidden_groups)}.")
    used = [adjust.get(group) or _stated(study, group) for group in study.hidden_groups]
    rules = []
    for group, one in zip(study.hidden_groups, used, strict=True):
        source = "given" if group in adjust else "centres of what the study states; precision assumed"
        rules.append(
            f"generalised, {group}: degree ratio {one.degree_ratio:g}, true positive rate {one.true_positive_rate:g}, "
            f"precision {one.precision:g} ({source}), taken as exact: what is unknown about them is not in the errors."
        )
    return used, rules


def _stated(study: Study, group: str) -> Adjustment:
    """The fixed values of the study's statements, or the centres of their priors."""
    hidden = study.hidden(group)
    ratio, rate = hidden.degree_ratio, hidden.transmission
    degree_ratio = ratio.median if ratio.fixed is None else ratio.fixed
    true_positive_rate = rate.mean if rate.fixed is None else rate.fixed
    if ratio.side_data or rate.side_data or degree_ratio is None or true_positive_rate is None:
        raise ModelError(
            f"What the study states about '{group}' rests on side data, which only a model can use.",
            where="generalised scale-up",
            advice="Give the group's degree ratio, true positive rate and precision in adjust.",
        )
    return Adjustment(degree_ratio, true_positive_rate)
