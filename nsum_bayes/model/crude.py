"""Crude estimates from the answers: where the sampler starts, and which of two equal forms it samples in.

Nothing here enters a posterior. An effect that stands out from its sampling error is sampled itself; one that does not
is sampled in units of its spread, which keeps the sampler out of the funnel towards a spread of zero. Both forms are
the same distribution.
"""

from __future__ import annotations

import numpy as np

from nsum_bayes.model.inputs import MISSING, Inputs

STANDS_OUT = 10.0
"""Variance of crude effects over their sampling variance from which they are sampled themselves."""
MOSTLY = 0.5
"""Share of areas with an inexact covariate above which they do not stand out, however their rates vary."""


def shares(inputs: Inputs) -> np.ndarray:
    """Share of each known group in each surveyed area (surveyed_area, known_group), errors of sizes ignored."""
    sizes = inputs.sizes
    share = np.exp(sizes.log_share)
    share[sizes.roster] = (sizes.members + 0.5) / (sizes.rostered + 1.0)
    return share[sizes.row]


def log_degree(inputs: Inputs) -> np.ndarray:
    """Log of Killworth's degree estimate with half an answer added (respondent); without known groups, as reported."""
    if inputs.n_known == 0:
        told = np.log(inputs.reported_degree)
        return np.where(np.isnan(told), np.nanmedian(told), told)
    known = inputs.answers[:, : inputs.n_known]
    present = known != MISSING
    ties = np.where(present, known, 0).sum(axis=1) + 0.5
    covered = np.where(present, shares(inputs)[inputs.area], 0.0).sum(axis=1)
    typical = np.where(covered > 0, covered, np.median(covered[covered > 0]))
    return np.log(ties) - np.log(typical)


def degree_precision(inputs: Inputs, beyond: float) -> np.ndarray:
    """One over the sampling variance of the crude log degree from counts (respondent,); 0 where none was answered.

    ``beyond`` is the variance that known groups' counts have beyond a Poisson's, in units of log degree.
    """
    known = inputs.answers[:, : inputs.n_known]
    present = known != MISSING
    ties = np.where(present, known, 0).sum(axis=1) + 0.5
    return np.where(present.any(axis=1), 1.0 / (1.0 / ties + beyond), 0.0)


def log_rate(inputs: Inputs) -> np.ndarray:
    """Log of the plain scale-up rate of each hidden group with half an answer added (hidden_group)."""
    answers, ties = _hidden(inputs)
    total = ties.sum(axis=0)
    rate = (answers.sum(axis=0) + 0.5) / np.where(total > 0, total, 50.0)  # one in a hundred where nobody answered
    return np.minimum(np.log(rate), -0.1)


def biases_stand_out(inputs: Inputs) -> bool:
    """Whether the known groups' crude biases vary more than their sampling error explains."""
    known = inputs.answers[:, : inputs.n_known]
    present = known != MISSING
    expected = np.where(present, np.exp(log_degree(inputs))[:, None] * shares(inputs)[inputs.area], 0.0)
    everyone = np.zeros(len(known), dtype=int)
    logs, variances = _log_ratio(np.where(present, known, 0), expected, everyone, 1)
    return bool(logs.var() > STANDS_OUT * np.median(variances))


def areas_stand_out(inputs: Inputs) -> bool:
    """Whether the hidden groups' crude rates vary more over areas than their sampling error explains.

    Where most areas have a covariate that is not exact they do not: what is open of it may be all that areas differ by,
    and the spread of their own effects zero.
    """
    inexact = np.diagonal(inputs.covariate_factors, axis1=1, axis2=2).any(axis=1)
    if inexact.mean() > MOSTLY:
        return False
    answers, ties = _hidden(inputs)
    logs, variances = _log_ratio(answers, ties * np.exp(log_rate(inputs)), inputs.area, inputs.n_surveyed)
    return bool(logs.var(axis=0).mean() > STANDS_OUT * variances.mean())


def degrees_stand_out(inputs: Inputs) -> bool:
    """Whether the areas' mean log degrees vary more than the sampling error of those means explains."""
    logs = log_degree(inputs)
    count = np.bincount(inputs.area, minlength=inputs.n_surveyed)
    mean = np.bincount(inputs.area, logs) / count
    within = ((logs - mean[inputs.area]) ** 2).sum() / max(len(logs) - inputs.n_surveyed, 1)
    return bool(mean.var() > STANDS_OUT * np.median(within / count))


def groups_stand_out(inputs: Inputs) -> np.ndarray:
    """Whether a group's crude rates vary more over areas than their sampling error explains (group,)."""
    present = inputs.answers != MISSING
    answers = np.where(present, inputs.answers, 0)
    ties = np.where(present, np.exp(log_degree(inputs))[:, None], 0.0)
    rate = (answers.sum(axis=0) + 0.5) / ties.sum(axis=0)
    logs, variances = _log_ratio(answers, ties * rate, inputs.area, inputs.n_surveyed)
    return np.asarray(logs.var(axis=0) > STANDS_OUT * np.median(variances, axis=0))


def _hidden(inputs: Inputs) -> tuple[np.ndarray, np.ndarray]:
    """Answers on hidden groups and ties to their denominators (respondent, hidden_group), zero where missing."""
    hidden = inputs.answers[:, inputs.n_known :]
    present = hidden != MISSING
    ties = np.exp(log_degree(inputs))[:, None] * np.exp(inputs.log_denominator_share)[inputs.area]
    return np.where(present, hidden, 0), np.where(present, ties, 0.0)


def _log_ratio(
    answers: np.ndarray, expected: np.ndarray, part: np.ndarray, parts: int
) -> tuple[np.ndarray, np.ndarray]:
    """Log of answers over expected by part (part, group), half an answer added, and its sampling variance."""
    member = (part[:, None] == np.arange(parts)).astype(float)
    total, mean = member.T @ answers + 0.5, member.T @ expected + 0.5
    ratio = total / mean
    residual = answers - ratio[part] * expected
    return np.log(ratio), (member.T @ residual**2 + 0.25) / total**2
