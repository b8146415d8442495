"""Log likelihood of the counts in the form that makes national studies fast.

Nearly all of a model's cost is here, and nearly all answers are zeros. With mean μ_ik = d_i θ_{a(i)k}:

- Poisson:   Σ y log μ − Σ μ.  The second sum is a product of a respondent and an (area, group) part, so it is summed by
             area first.
- nb1:       the log probability of a zero is linear in μ: −μ log ω / (ω − 1). Non-zero answers need one logarithm of a
             product: log Γ(s + y)/Γ(s) = log [s (s+1) … (s+y−1)], s = μ/(ω − 1).
- nb2:       the Γ terms depend on (group, answer) only: a histogram. What is left is one log1p a cell.
- binomial:  zeros are linear in d, the rest is the log of the falling product d (d−1) … (d−y+1).

Answers are listed by value so that each list is one dense loop; Γ itself is used only above `LARGEST_PRODUCT`. Every
list is in the graph, if need be empty and of no stated length: other answers then have the same graph, which is
compiled once (`inference.compiled`).
Each form equals PyMC's own distribution in value and gradient (tests/unit/test_fast_counts.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable
from scipy.special import gammaln

from nsum_bayes.model.count_terms import beta_shapes
from nsum_bayes.model.inputs import MISSING
from nsum_bayes.model.listed import listed
from nsum_bayes.model.log_gamma import log_rising

LARGEST_PRODUCT = 8


@dataclass(frozen=True)
class AnswerLists:
    """Answers (respondent, group) taken apart for the fast forms.

    Parameters
    ----------
    answers, area
        The answers with `MISSING` where absent, and each respondent's surveyed area.
    """

    answers: np.ndarray
    area: np.ndarray
    n_areas: int

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return self.answers.shape[1]

    @property
    def present(self) -> np.ndarray:
        """Whether an answer is there (respondent, group)."""
        return self.answers != MISSING

    def cells(self, chosen: np.ndarray) -> tuple[TensorVariable, TensorVariable]:
        """Respondent and flat (area, group) position of the chosen cells."""
        respondent, group = np.nonzero(chosen)
        return listed(respondent), listed(self.area[respondent] * self.n_groups + group)

    def by_value(self) -> list[tuple[int, TensorVariable, TensorVariable]]:
        """(value, respondent, flat position) for each answer value from one to `LARGEST_PRODUCT`."""
        return [(v, *self.cells(self.answers == v)) for v in range(1, LARGEST_PRODUCT + 1)]

    def large(self) -> tuple[TensorVariable, TensorVariable, TensorVariable]:
        """Value, respondent and flat position of the answers above `LARGEST_PRODUCT`."""
        chosen = self.answers > LARGEST_PRODUCT
        return (listed(self.answers[chosen].astype(float)), *self.cells(chosen))

    def totals_by_respondent(self) -> np.ndarray:
        """Sum of a respondent's answers (respondent,)."""
        return np.where(self.present, self.answers, 0).sum(axis=1).astype(float)

    def totals_by_area(self) -> np.ndarray:
        """Sum of answers (area, group)."""
        totals = np.zeros((self.n_areas, self.n_groups))
        np.add.at(totals, self.area, np.where(self.present, self.answers, 0))
        return totals

    def tails(self) -> tuple[TensorVariable, TensorVariable, TensorVariable]:
        """Group, j and number of answers above j, for every j below the group's largest answer."""
        rows = []
        for group in range(self.n_groups):
            counts = np.bincount(self.answers[self.present[:, group], group], minlength=1)
            above = counts[::-1].cumsum()[::-1][1:]
            rows += [(group, j, number) for j, number in enumerate(above)]
        table = np.array(rows, dtype=float).reshape(-1, 3)
        return listed(table[:, 0].astype(np.int64)), listed(table[:, 1]), listed(table[:, 2])

    def log_factorials(self) -> TensorVariable:
        """Σ log y! over all answers."""
        return pt.as_tensor_variable(gammaln(np.where(self.present, self.answers, 0) + 1.0).sum(axis=0)).sum()


def _linear(lists: AnswerLists, degree: TensorVariable, by_area: TensorVariable) -> TensorVariable:
    """Σ d_i · by_area[a(i), k] over all answers that are there."""
    degree_by_area = pt.zeros(lists.n_areas)[lists.area].inc(degree)
    total = (degree_by_area * by_area.sum(axis=1)).sum()
    respondent, flat = lists.cells(~lists.present)
    return total - (degree[respondent] * by_area.flatten()[flat]).sum()


def _weighted_log_mean(lists: AnswerLists, log_degree: TensorVariable, log_theta: TensorVariable) -> TensorVariable:
    """Σ y log μ."""
    return (lists.totals_by_respondent() * log_degree).sum() + (lists.totals_by_area() * log_theta).sum()


def poisson_logp(lists: AnswerLists, log_degree: TensorVariable, log_theta: TensorVariable) -> TensorVariable:
    """Log probability of all answers, y ~ Poisson(d θ)."""
    mean = _linear(lists, pt.exp(log_degree), pt.exp(log_theta))
    return _weighted_log_mean(lists, log_degree, log_theta) - mean - lists.log_factorials()


def nb1_logp(
    lists: AnswerLists, log_degree: TensorVariable, log_theta: TensorVariable, overdispersion: TensorVariable
) -> TensorVariable:
    """Log probability of all answers, y ~ NB with variance ω · mean, ω − 1 = overdispersion (group).

    Zheng, Salganik, Gelman (2006), doi:10.1198/016214505000001168.
    """
    # log1p(e)/e, not log(ω)/(ω − 1): ω − 1 loses its digits near the Poisson limit.
    zero_rate = pt.exp(log_theta) * (pt.log1p(overdispersion) / overdispersion)
    total = -_linear(lists, pt.exp(log_degree), zero_rate)
    log_size = (log_theta - pt.log(overdispersion)).flatten()
    for value, respondent, flat in lists.by_value():
        size = pt.exp(log_degree[respondent] + log_size[flat])
        product = size
        for j in range(1, value):
            product = product * (size + j)
        total = total + pt.log(product).sum()
    large, respondent, flat = lists.large()
    size = pt.exp(log_degree[respondent] + log_size[flat])
    total = total + (pt.gammaln(size + large) - pt.gammaln(size)).sum()
    answers_by_group = lists.totals_by_area().sum(axis=0)
    share = pt.log(overdispersion) - pt.log1p(overdispersion)
    return total + (answers_by_group * share).sum() - lists.log_factorials()


def nb2_logp(
    lists: AnswerLists, log_degree: TensorVariable, log_theta: TensorVariable, size: TensorVariable
) -> TensorVariable:
    """Log probability of all answers, y ~ NB with variance μ + μ²/size, size (group)."""
    group, j, number = lists.tails()
    # Γ(r + y) / (Γ(r) r^y) as a product of (1 + j/r): stable for any r.
    total = (number * pt.log1p(j / size[group])).sum()
    ratio = pt.exp(log_degree)[:, None] * (pt.exp(log_theta) / size)[lists.area]
    answers = np.where(lists.present, lists.answers, 0).astype(float)
    weight = lists.present * size + answers
    total = total + _weighted_log_mean(lists, log_degree, log_theta) - (weight * pt.log1p(ratio)).sum()
    return total - lists.log_factorials()


def binomial_logp(lists: AnswerLists, log_degree: TensorVariable, log_theta: TensorVariable) -> TensorVariable:
    """Log probability of all answers, y ~ Binomial(d, θ) with a continuous degree above every answer.

    Maltiel, Raftery, McCormick, Baraff (2015), doi:10.1214/15-AOAS827.
    """
    degree, theta = pt.exp(log_degree), pt.exp(log_theta)
    log_rest = pt.log1p(-theta)
    total = _linear(lists, degree, log_rest) + (lists.totals_by_area() * (log_theta - log_rest)).sum()
    for value, respondent, _ in lists.by_value():
        ties = degree[respondent]
        product = ties
        for j in range(1, value):
            product = product * (ties - j)
        total = total + pt.log(product).sum()
    large, respondent, _ = lists.large()
    ties = degree[respondent]
    total = total + (pt.gammaln(ties + 1.0) - pt.gammaln(ties - large + 1.0)).sum()
    return total - lists.log_factorials()


def beta_binomial_logp(
    lists: AnswerLists, log_degree: TensorVariable, log_theta: TensorVariable, correlation: TensorVariable
) -> TensorVariable:
    """Log probability of all answers, y ~ BetaBinomial with a continuous degree above every answer.

        C(d, y) B(y + a, d − y + b) / B(a, b),   a = θ s, b = (1 − θ) s, s = 1/ρ − 1

    Maltiel, Raftery, McCormick, Baraff (2015), doi:10.1214/15-AOAS827. The chance of knowing members is integrated out.
    """
    degree = pt.exp(log_degree)
    a, b, size = beta_shapes(pt.exp(log_theta), correlation)
    answers = np.where(lists.present, lists.answers, 0).astype(float)
    unknown = log_rising(b[lists.area], degree[:, None] - answers) - log_rising(size[None, :], degree[:, None])
    total = pt.switch(lists.present, unknown, 0.0).sum()
    shape = a.flatten()
    for value, respondent, flat in lists.by_value():
        ties, known = degree[respondent], shape[flat]
        product = pt.log(ties * known)
        for j in range(1, value):
            product = product + pt.log((ties - j) * (known + j))
        total = total + product.sum()
    large, respondent, flat = lists.large()
    ties = degree[respondent]
    choose = pt.gammaln(ties + 1.0) - pt.gammaln(ties - large + 1.0)
    total = total + (choose + log_rising(shape[flat], large)).sum()
    return total - lists.log_factorials()
