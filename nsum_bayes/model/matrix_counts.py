"""Counts whose mean is no product of a respondent's and an area's part: cell by cell, in PyTensor's own operations.

Mixing terms differ by respondent and group, so nothing can be summed by area first. What is left of the fast form is
that the factorials are constants and that each cell needs one exponential.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable
from scipy.special import gammaln

from nsum_bayes.errors import ModelError
from nsum_bayes.model.counts import draw_counts, regular_answers
from nsum_bayes.model.inputs import MISSING, Inputs
from nsum_bayes.model.log_gamma import log_rising
from nsum_bayes.model.spec import Counts, NegativeBinomial1, NegativeBinomial2, Poisson


def add_matrix_counts(
    part: Counts,
    log_degree: TensorVariable,
    log_theta: TensorVariable,
    dispersion: TensorVariable | None,
    multiplier: TensorVariable,
    inputs: Inputs,
) -> TensorVariable:
    """Add the answers (respondent, group) to the open model, with log mean log d + log θ + ``multiplier``.

    Raises
    ------
    ModelError
        Answers that are not plain counts.
    """
    if regular_answers(inputs)[1].any():
        raise ModelError(
            "A model with mixing takes plain counts only, and some questions are recorded otherwise.",
            where="answers",
            advice="Use a model without [mixing], such as `municipal`, which takes every kind of answer.",
        )
    log_mean = log_degree[:, None] + log_theta[inputs.visits.of] + multiplier
    arguments = [log_mean] if dispersion is None else [log_mean, dispersion]
    return pm.CustomDist(
        "answers",
        *arguments,
        logp=_log_probability(part, inputs),
        random=_random(part),
        signature="(n,k)->(n,k)" if dispersion is None else "(n,k),(k)->(n,k)",
        observed=inputs.answers,
        dims=("respondent", "group"),
        dtype="int64",
    )


def _log_probability(part: Counts, inputs: Inputs) -> Callable[..., TensorVariable]:
    present = inputs.answers != MISSING
    answers = np.where(present, inputs.answers, 0).astype(float)
    factorials = gammaln(answers + 1.0).sum(axis=0)

    def logp(value: TensorVariable, log_mean: TensorVariable, *dispersion: TensorVariable) -> TensorVariable:
        cells = cell_logp(part, answers, log_mean, dispersion[0] if dispersion else None)
        return pt.switch(present, cells, 0.0).sum() - pt.as_tensor_variable(factorials).sum()

    return logp


def cell_logp(
    part: Counts, answers: np.ndarray, log_mean: TensorVariable, dispersion: TensorVariable | None
) -> TensorVariable:
    """Log probability of answers (respondent, group) less that of their factorials, given the log mean of each."""
    mean = pt.exp(log_mean)
    spread = pt.ones((1, 1)) if dispersion is None else dispersion[None, :]
    match part:
        case Poisson():
            return answers * log_mean - mean
        case NegativeBinomial1():
            size = mean / spread
            return log_rising(size, answers) + answers * pt.log(spread) - (answers + size) * pt.log1p(spread)
        case NegativeBinomial2():
            told = answers * (log_mean - pt.log(spread))
            return log_rising(spread, answers) + told - (answers + spread) * pt.log1p(mean / spread)
    raise TypeError(f"no matrix form for counts of kind {part.kind}")


def _random(part: Counts) -> Callable[..., np.ndarray]:
    def random(
        log_mean: np.ndarray, *dispersion: np.ndarray, rng: np.random.Generator, size: tuple[int, ...] | None = None
    ) -> np.ndarray:
        # The mean stands whole in place of degree times share; wide priors draw more than can be counted.
        spread = dispersion[0][..., None, :] if dispersion else None
        return draw_counts(part, np.exp(np.minimum(log_mean, 100.0)), np.ones(1), spread, rng)

    return random
