"""Counts: how answers scatter around their mean d_i θ_ik.

    poisson   variance = mean
    nb1       variance = ω · mean             (Zheng et al. 2006)
    nb2       variance = mean + mean² / r
    binomial  y of d ties, d continuous       (Maltiel et al. 2015)

The likelihood is one `pm.CustomDist` over the whole matrix: log density in the fast form, random draws in NumPy, so
that PyMC's own prior and posterior predictive work. Missing answers are absent from it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.errors import ModelError
from nsum_bayes.model import fast_counts
from nsum_bayes.model.inputs import MISSING, Inputs
from nsum_bayes.model.priors import add_prior
from nsum_bayes.model.spec import Binomial, Counts, NegativeBinomial1, NegativeBinomial2, Poisson


def add_counts(part: Counts, log_degree: TensorVariable, log_theta: TensorVariable, inputs: Inputs) -> TensorVariable:
    """Add the answers (respondent, group) to the open model.

    Parameters
    ----------
    log_degree
        (respondent,)
    log_theta
        (surveyed_area, group), known groups first.
    """
    lists = fast_counts.AnswerLists(inputs.answers, inputs.area, inputs.n_surveyed)
    dispersion = _dispersion(part)
    logp = _log_probability(part, lists)
    arguments = [log_degree, log_theta, *dispersion]
    return pm.CustomDist(
        "answers",
        *arguments,
        logp=logp,
        random=_random(part, inputs.area),
        signature="(n),(a,k),(k)->(n,k)" if dispersion else "(n),(a,k)->(n,k)",
        observed=inputs.answers,
        dims=("respondent", "group"),
        dtype="int64",
    )


def add_stock_counts(
    part: Counts, log_degree: TensorVariable, log_theta: TensorVariable, inputs: Inputs
) -> TensorVariable:
    """Add the answers with PyMC's own distributions, cell by cell: the fast form's reference, many times slower."""
    respondent, group = np.nonzero(inputs.answers != MISSING)
    observed = inputs.answers[respondent, group]
    log_mean = log_degree[respondent] + log_theta[inputs.area[respondent], group]
    match part, _dispersion(part):
        case Poisson(), _:
            return pm.Poisson("answers", pt.exp(log_mean), observed=observed)
        case NegativeBinomial1(), [overdispersion]:
            size = pt.exp(log_mean) / overdispersion[group]
            return pm.NegativeBinomial("answers", mu=pt.exp(log_mean), alpha=size, observed=observed)
        case NegativeBinomial2(), [size]:
            return pm.NegativeBinomial("answers", mu=pt.exp(log_mean), alpha=size[group], observed=observed)
    raise ModelError(
        "PyMC has no binomial with a continuous number of trials.",
        where=f"counts of kind {part.kind}",
        advice="Use the fast form.",
    )


def _dispersion(part: Counts) -> list[TensorVariable]:
    match part:
        case NegativeBinomial1(overdispersion=prior):
            return [add_prior("overdispersion", prior, dims="group")]
        case NegativeBinomial2(size=prior):
            return [add_prior("size", prior, dims="group")]
    return []


def _log_probability(part: Counts, lists: fast_counts.AnswerLists) -> Callable[..., TensorVariable]:
    forms: dict[type, Callable[..., TensorVariable]] = {
        Poisson: fast_counts.poisson_logp,
        NegativeBinomial1: fast_counts.nb1_logp,
        NegativeBinomial2: fast_counts.nb2_logp,
        Binomial: fast_counts.binomial_logp,
    }
    form = forms[type(part)]

    def logp(value: TensorVariable, *arguments: TensorVariable) -> TensorVariable:
        # The lists hold the same answers as `value`, taken apart once.
        return form(lists, *[pt.as_tensor_variable(argument) for argument in arguments])

    return logp


def _random(part: Counts, area: np.ndarray) -> Callable[..., np.ndarray]:
    def random(
        log_degree: np.ndarray,
        log_theta: np.ndarray,
        *dispersion: np.ndarray,
        rng: np.random.Generator,
        size: tuple[int, ...] | None = None,
    ) -> np.ndarray:
        theta = np.exp(log_theta)[..., area, :]
        degree = np.exp(log_degree)[..., :, None]
        return draw_counts(part, degree, theta, dispersion[0][..., None, :] if dispersion else None, rng)

    return random


def draw_counts(
    part: Counts, degree: np.ndarray, theta: np.ndarray, dispersion: np.ndarray | None, rng: np.random.Generator
) -> np.ndarray:
    """Draw answers (…, respondent, group) given degrees and θ that broadcast to that shape."""
    mean = np.asarray(degree * theta)
    spread = np.ones(1) if dispersion is None else dispersion
    match part:
        case Poisson():
            return np.asarray(rng.poisson(mean))
        case Binomial():
            return rng.binomial(np.rint(np.broadcast_to(degree, mean.shape)).astype(np.int64), np.minimum(theta, 1.0))
        case NegativeBinomial1():
            return rng.poisson(rng.gamma(np.maximum(mean / spread, 1e-300), 1.0) * spread)
        case NegativeBinomial2():
            return rng.poisson(rng.gamma(np.broadcast_to(spread, mean.shape), 1.0) * (mean / spread))
    raise TypeError(f"no random draws for counts of kind {part.kind}")
