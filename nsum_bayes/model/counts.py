"""Counts: how answers scatter around their mean d_i θ_ik.

    poisson   variance = mean
    nb1       variance = ω · mean             (Zheng et al. 2006)
    nb2       variance = mean + mean² / r
    binomial  y of d ties, d continuous       (Maltiel et al. 2015)
    beta_binomial  the same with a chance that varies between respondents (Maltiel et al. 2015)

The likelihood is one `pm.CustomDist` over the whole matrix: log density in the fast form, random draws in NumPy, so
that PyMC's own prior and posterior predictive work. Missing answers are absent from it; answers that are not plain
counts go through the measurement layer (`measurement`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.errors import ModelError
from nsum_bayes.model import fast_counts
from nsum_bayes.model.inputs import MISSING, Inputs
from nsum_bayes.model.listed import listed
from nsum_bayes.model.measurement import Cells, cells_of, draw_reports, irregular_logp, is_irregular
from nsum_bayes.model.priors import add_prior
from nsum_bayes.model.spec import (
    BetaBinomial,
    Binomial,
    Counts,
    Measurement,
    NegativeBinomial1,
    NegativeBinomial2,
    Poisson,
)

LARGEST_MEAN = 1e15
"""No more than this is drawn in a prior predictive; a computer's whole numbers end soon after."""


def add_dispersion(part: Counts) -> TensorVariable | None:
    """Register the counts' dispersion (group) in the open model; None for counts that have none."""
    match part:
        case NegativeBinomial1(overdispersion=prior):
            return add_prior("overdispersion", prior, dims="group")
        case NegativeBinomial2(size=prior):
            return add_prior("size", prior, dims="group")
        case BetaBinomial(correlation=prior):
            return add_prior("correlation_within", prior, dims="group")
    return None


def add_counts(
    part: Counts,
    measurement: Measurement,
    log_degree: TensorVariable,
    log_theta: TensorVariable,
    dispersion: TensorVariable | None,
    inputs: Inputs,
) -> TensorVariable:
    """Add the answers (respondent, group) to the open model.

    Parameters
    ----------
    log_degree
        (respondent,)
    log_theta
        (visit, group), known groups first; without waves a visit is a surveyed area.
    dispersion
        (group,), None for counts that have none.
    """
    arguments = {"degree": (log_degree, "(n)"), "theta": (log_theta, "(a,k)")}
    if dispersion is not None:
        arguments["dispersion"] = (dispersion, "(k)")
    if inputs.heaped.any():
        arguments["heaping"] = (add_prior("heaping", measurement.heaping, dims="heap"), "(h)")
    if inputs.zero_inflated.any():
        share = add_prior("zero_inflation", measurement.zero_inflation, dims="zero_inflated_group")
        arguments["zero_inflation"] = (share, "(z)")
    names = tuple(arguments)
    return pm.CustomDist(
        "answers",
        *[tensor for tensor, _ in arguments.values()],
        logp=_log_probability(part, inputs, names),
        random=_random(part, inputs, names),
        signature=f"{','.join(core for _, core in arguments.values())}->(n,k)",
        observed=inputs.answers,
        dims=("respondent", "group"),
        dtype="int64",
    )


def add_stock_counts(
    part: Counts,
    log_degree: TensorVariable,
    log_theta: TensorVariable,
    dispersion: TensorVariable | None,
    inputs: Inputs,
    multiplier: TensorVariable | None = None,
) -> TensorVariable:
    """Add the answers with PyMC's own distributions, cell by cell: the fast form's reference, many times slower."""
    if regular_answers(inputs)[1].any():
        raise ModelError(
            "PyMC's own distributions take exact answers only.", where="answers", advice="Use the fast form."
        )
    respondent, group = np.nonzero(inputs.answers != MISSING)
    observed = inputs.answers[respondent, group]
    log_mean = log_degree[respondent] + log_theta[inputs.visits.of[respondent], group]
    spread = pt.ones(len(inputs.coords["group"])) if dispersion is None else dispersion
    if multiplier is not None:
        log_mean = log_mean + multiplier[respondent, group]
    match part:
        case Poisson():
            return pm.Poisson("answers", pt.exp(log_mean), observed=observed)
        case NegativeBinomial1():
            size = pt.exp(log_mean) / spread[group]
            return pm.NegativeBinomial("answers", mu=pt.exp(log_mean), alpha=size, observed=observed)
        case NegativeBinomial2():
            return pm.NegativeBinomial("answers", mu=pt.exp(log_mean), alpha=spread[group], observed=observed)
    raise ModelError(
        "PyMC has no binomial with a continuous number of trials.",
        where=f"counts of kind {part.kind}",
        advice="Use the fast form.",
    )


def regular_answers(inputs: Inputs) -> tuple[np.ndarray, np.ndarray]:
    """Answers with the irregular ones taken out, and which those are (respondent, group)."""
    odd = is_irregular(inputs.answers, inputs.upper, inputs.heaped, inputs.zero_inflated, MISSING)
    return np.where(odd, MISSING, inputs.answers), odd


def _log_probability(part: Counts, inputs: Inputs, names: tuple[str, ...]) -> Callable[..., TensorVariable]:
    forms: dict[type, Callable[..., TensorVariable]] = {
        Poisson: fast_counts.poisson_logp,
        NegativeBinomial1: fast_counts.nb1_logp,
        NegativeBinomial2: fast_counts.nb2_logp,
        Binomial: fast_counts.binomial_logp,
        BetaBinomial: fast_counts.beta_binomial_logp,
    }
    form = forms[type(part)]
    regular, odd = regular_answers(inputs)
    lists = fast_counts.AnswerLists(regular, inputs.visits.of, len(inputs.visits))
    classes = cells_of(inputs.answers, inputs.upper, inputs.heaped, inputs.zero_inflated, odd)
    # Zero-inflated answers above zero are told by those who do tell.
    telling = ((inputs.answers > 0) & inputs.zero_inflated).sum(axis=0)[inputs.zero_inflated].astype(float)

    def logp(value: TensorVariable, *tensors: TensorVariable) -> TensorVariable:
        # The lists hold the same answers as `value`, taken apart once.
        given = dict(zip(names, [pt.as_tensor_variable(tensor) for tensor in tensors], strict=True))
        plain = [given[name] for name in ("degree", "theta", "dispersion") if name in given]
        total = form(lists, *plain)
        for cells in classes:
            total = total + _irregular(part, cells, inputs, given).sum()
        if "zero_inflation" in given:
            total = total + (telling * pt.log1p(-given["zero_inflation"])).sum()
        return total

    return logp


def _irregular(part: Counts, cells: Cells, inputs: Inputs, given: Mapping[str, TensorVariable]) -> TensorVariable:
    respondent, area, group = (listed(c) for c in (cells.respondent, inputs.visits.of[cells.respondent], cells.group))
    degree = pt.exp(given["degree"][respondent])
    theta = pt.exp(given["theta"][area, group])
    spread = given["dispersion"][group] if "dispersion" in given else None
    return irregular_logp(cells, part, degree, theta, spread, given.get("heaping"), given.get("zero_inflation"))


def _random(part: Counts, inputs: Inputs, names: tuple[str, ...]) -> Callable[..., np.ndarray]:
    def random(*arrays: np.ndarray, rng: np.random.Generator, size: tuple[int, ...] | None = None) -> np.ndarray:
        given = dict(zip(names, arrays, strict=True))
        theta = np.exp(given["theta"])[..., inputs.visits.of, :]
        degree = np.exp(given["degree"])[..., :, None]
        spread = given["dispersion"][..., None, :] if "dispersion" in given else None
        counts = draw_counts(part, degree, theta, spread, rng)
        habits = (given.get("heaping"), given.get("zero_inflation"))
        reports = draw_reports(counts, inputs.heaped, inputs.zero_inflated, *habits, rng)
        for column, recording in enumerate(inputs.recorded):
            reports[..., column] = recording.record(reports[..., column])
        return reports

    return random


def draw_counts(
    part: Counts, degree: np.ndarray, theta: np.ndarray, dispersion: np.ndarray | None, rng: np.random.Generator
) -> np.ndarray:
    """Draw answers (…, respondent, group) given degrees and θ that broadcast to that shape."""
    degree = np.minimum(degree, LARGEST_MEAN)
    mean = np.minimum(degree * theta, LARGEST_MEAN)
    spread = np.ones(1) if dispersion is None else dispersion
    match part:
        case Poisson():
            return np.asarray(rng.poisson(mean))
        case Binomial():
            return rng.binomial(np.rint(np.broadcast_to(degree, mean.shape)).astype(np.int64), np.minimum(theta, 1.0))
        case BetaBinomial():
            share = np.clip(np.broadcast_to(theta, mean.shape), 1e-12, 1 - 1e-12)
            size = 1.0 / spread - 1.0
            chance = rng.beta(np.maximum(share * size, 1e-300), np.maximum((1 - share) * size, 1e-300))
            ties = np.rint(np.minimum(np.broadcast_to(degree, mean.shape), LARGEST_MEAN)).astype(np.int64)
            return rng.binomial(ties, chance)
        case NegativeBinomial1():
            return rng.poisson(np.minimum(rng.gamma(np.maximum(mean / spread, 1e-300), 1.0) * spread, LARGEST_MEAN))
        case NegativeBinomial2():
            return rng.poisson(
                np.minimum(rng.gamma(np.broadcast_to(spread, mean.shape), 1.0) * (mean / spread), LARGEST_MEAN)
            )
    raise TypeError(f"no random draws for counts of kind {part.kind}")
