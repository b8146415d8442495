"""Log probability of every answer under every draw, computed after sampling and in blocks.

Written in NumPy from the definitions (`model.components`, `model.measurement`), apart from the model's own tensors:
tails are incomplete gamma and beta functions, which hold for a continuous degree too.

    poisson   P(Y ≥ t) = P(t, μ)                    regularised incomplete gamma
    nb1, nb2  P(Y ≥ t) = I_q(t, size)               regularised incomplete beta, q = μ / (μ + size)
    binomial  P(Y ≥ t) = I_θ(t, d − t + 1)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.special import betainc, gammainc, gammaln, logsumexp

from nsum_bayes.errors import FitError
from nsum_bayes.model.inputs import MISSING, OPEN, Inputs
from nsum_bayes.model.spec import (
    BetaBinomial,
    Binomial,
    Counts,
    ModelSpec,
    NegativeBinomial1,
    Poisson,
)

if TYPE_CHECKING:
    import pymc as pm

DRAWS_IN_A_BLOCK = 50
DISPERSIONS = {"nb1": "overdispersion", "nb2": "size", "beta_binomial": "correlation_within"}
BASES = (1, 5, 10)
"""What heaped reports are rounded to, in the order of the shares ``heaping``."""
CANCELLED = 1e-6
"""Part of P(Y ≥ 1) below which a beta-binomial tail is summed from its own terms."""

type Floats = np.ndarray


def log_probability(
    part: Counts, answers: np.ndarray, degree: Floats, theta: Floats, dispersion: Floats | None
) -> Floats:
    """Log probability of exact counts; all arguments broadcast to (…, respondent, group). NaN where one is missing."""
    y = np.where(answers == MISSING, np.nan, answers)
    mean = degree * theta
    match part:
        case Poisson():
            return y * np.log(mean) - mean - gammaln(y + 1)
        case Binomial():
            return _log_choose(degree, y) + y * np.log(theta) + (degree - y) * np.log1p(-theta)
        case BetaBinomial():
            return _log_choose(degree, y) + _log_beta_moment(y, degree, theta, dispersion)
    size = _size(part, mean, dispersion)
    log_rest = -np.log1p(mean / size)
    return _log_rising(size, y) - gammaln(y + 1) + size * log_rest + y * (np.log(mean / size) + log_rest)


def _log_choose(degree: Floats, y: Floats) -> Floats:
    return gammaln(degree + 1) - gammaln(degree - y + 1) - gammaln(y + 1)


def _log_beta_moment(y: Floats, degree: Floats, theta: Floats, correlation: Floats | None) -> Floats:
    """Log of E[q^y (1 − q)^(d − y)] = B(a + y, b + d − y) / B(a, b), q ~ Beta(a, b)."""
    size = 1.0 / np.asarray(correlation) - 1.0
    a, b = theta * size, (1.0 - theta) * size
    return _log_rising(a, y) + _log_rising(b, degree - y) - _log_rising(size, degree)


def _log_rising(x: Floats, n: Floats) -> Floats:
    """Log of Γ(x + n) / Γ(x): two log gammas alone lose what is left where x is large or n next to nothing."""
    x, n = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(n, dtype=float))
    rising = np.zeros(x.shape)  # where n is
    easy = (n >= 0.5) & (x < 20.0)
    small = ~easy & (n != 0) & (x < 20.0)
    large = ~easy & (n != 0) & ~small
    rising[easy] = gammaln(x[easy] + n[easy]) - gammaln(x[easy])
    rising[large] = _rising_series(x[large], n[large])
    steps = sum(np.log1p(n[small] / (x[small] + j)) for j in range(20))
    rising[small] = _rising_series(x[small] + 20.0, n[small]) - steps
    return rising


def _rising_series(x: Floats, n: Floats) -> Floats:
    """The same by Stirling's series, for x of twenty or more."""
    series = (x + n - 0.5) * np.log1p(n / x) + n * (np.log(x) - 1.0)
    for power, weight in ((1, 1 / 12), (3, -1 / 360), (5, 1 / 1260), (7, -1 / 1680)):
        series = series + weight * ((x + n) ** -power - x**-power)
    return series


def _size(part: Counts, mean: Floats, dispersion: Floats | None) -> Floats:
    """Size of a negative binomial."""
    return mean / dispersion if isinstance(part, NegativeBinomial1) else np.asarray(dispersion)


# --- answers that are not exact -------------------------------------------------------------------------------------


def log_report_probability(
    part: Counts,
    lower: int,
    upper: int,
    degree: Floats,
    theta: Floats,
    dispersion: Floats | None,
    heaping: Floats | None = None,
) -> Floats:
    """Log probability that a report is between ``lower`` and ``upper``, of any shape that the rest broadcasts to.

    Parameters
    ----------
    upper
        `OPEN` where there is none.
    heaping
        Shares exact, to the nearest five, to the nearest ten (…, heap); None for a question that is not heaped.
    """
    if heaping is None:
        return _log_interval(part, lower, upper, degree, theta, dispersion)
    parts = []
    for habit, base in enumerate(BASES):
        behind = _counts_behind(lower, upper, base)
        if behind is not None:
            parts.append(np.log(heaping[..., habit]) + _log_interval(part, *behind, degree, theta, dispersion))
    return logsumexp(np.stack(np.broadcast_arrays(*parts)), axis=0)


def _counts_behind(lower: int, upper: int, base: int) -> tuple[int, int] | None:
    """First and last count whose report to the nearest ``base`` is between two bounds; None where no count's is."""
    last = (lower if upper == OPEN else upper) + base
    inside = [j for j in range(last + 1) if lower <= _report(j, base) <= upper]
    if not inside:
        return None
    return inside[0], OPEN if upper == OPEN else inside[-1]


def _report(count: int, base: int) -> int:
    """To the nearest multiple, halves up; exactly where that would be zero."""
    return int(np.floor(count / base + 0.5)) * base or count


def _log_interval(
    part: Counts, lower: int, upper: int, degree: Floats, theta: Floats, dispersion: Floats | None
) -> Floats:
    if upper == OPEN:
        return _log_tail(part, lower, degree, theta, dispersion)
    terms = [_log_count(part, j, degree, theta, dispersion) for j in range(lower, upper + 1)]
    return logsumexp(np.stack(np.broadcast_arrays(*terms)), axis=0)


def _log_count(part: Counts, count: int, degree: Floats, theta: Floats, dispersion: Floats | None) -> Floats:
    """Log probability of one count, which may lie above a continuous degree: by one or more, it is impossible.

    With less than one above, the binomial formula holds; that of the beta-binomial has poles, and in its place stands
    a share of what it is at the whole number, p(count − 1) (d − count + 1) (a + count − 1) / (count b).
    """
    if count == 0 or not isinstance(part, Binomial | BetaBinomial):
        return log_probability(part, np.array(count), degree, theta, dispersion)
    above, impossible = degree < count, degree <= count - 1.0
    degree = np.where(impossible, float(count), degree)
    found = log_probability(part, np.array(count), degree, theta, dispersion)
    if isinstance(part, BetaBinomial) and above.any():
        size = 1.0 / np.asarray(dispersion) - 1.0
        share = np.where(above, degree - count + 1.0, 1.0)
        step = np.log(share * (theta * size + count - 1.0) / (count * (1.0 - theta) * size))
        found = np.where(above, log_probability(part, np.array(count - 1), degree, theta, dispersion) + step, found)
    return np.where(impossible, -np.inf, found)


def _log_tail(part: Counts, lower: int, degree: Floats, theta: Floats, dispersion: Floats | None) -> Floats:
    """Log P(Y ≥ ``lower``)."""
    mean = degree * theta
    if lower == 0:
        return np.zeros_like(mean)
    match part:
        case Poisson():
            tail = gammainc(lower, mean)
        case Binomial():
            tail = betainc(lower, degree - lower + 1.0, theta)
        case BetaBinomial():
            return _log_beta_binomial_tail(part, lower, degree, theta, dispersion)
        case _:
            size = _size(part, mean, dispersion)
            tail = betainc(lower, size, mean / (mean + size))
    with np.errstate(divide="ignore"):
        return np.log(tail)


def _log_beta_binomial_tail(
    part: BetaBinomial, lower: int, degree: Floats, theta: Floats, dispersion: Floats | None
) -> Floats:
    """One minus the rest, or, where that is nearly nothing, the first terms of the tail: then they fall fast."""

    def terms(first: int, number: int) -> Floats:
        found = [_log_count(part, j, degree, theta, dispersion) for j in range(first, first + number)]
        return np.stack(np.broadcast_arrays(*found))

    size = 1.0 / np.asarray(dispersion) - 1.0
    a, b = theta * size, (1.0 - theta) * size
    # The same as by `log_probability`, but for the digits of one minus it.
    fewer, more = np.minimum(a, degree), np.maximum(a, degree)
    some = -np.expm1(_log_rising(b, fewer) - _log_rising(b + more, fewer))
    left = some - (np.exp(terms(1, lower - 1)).sum(axis=0) if lower > 1 else 0.0)
    sound = left > CANCELLED * some
    by_difference = np.log(np.where(sound, left, 1.0))
    return (
        by_difference if sound.all() else np.where(sound, by_difference, logsumexp(terms(lower, 8 + 2 * lower), axis=0))
    )


# --- a whole fit ----------------------------------------------------------------------------------------------------


def is_available(spec: ModelSpec) -> bool:
    """Whether all that the log probability of each answer needs is kept."""
    return spec.mixing is None or spec.mixing.residual is None


def check_available(spec: ModelSpec) -> None:
    """Refuse a model whose answers depend on numbers that are not kept.

    Raises
    ------
    FitError
        A model with residuals of each answer.
    """
    if not is_available(spec):
        raise FitError(
            "The log probability of each answer needs the residual of each answer, and residuals are not kept.",
            where=f"model {spec.name}, [mixing] residual",
            advice="Fit without log_likelihood, or a model without residuals, such as `respect`.",
        )


def thinned(posterior: xr.Dataset, each: int) -> xr.Dataset:
    """So many draws of each chain, evenly spaced; all where there are no more."""
    draws = posterior.sizes["draw"]
    return posterior.isel(draw=np.unique(np.linspace(0, draws - 1, min(each, draws)).round().astype(int)))


def with_log_theta(posterior: xr.Dataset, build: Callable[[], pm.Model]) -> xr.Dataset:
    """The posterior with ``log_theta`` (chain, draw, visit, group): as drawn, or computed by the model."""
    import pymc as pm

    if "log_theta" in posterior:
        return posterior
    with build():
        computed = pm.compute_deterministics(posterior, var_names=["log_theta"], progressbar=False)
    return posterior.assign(log_theta=computed["log_theta"])


def add_log_likelihood(tree: xr.DataTree, spec: ModelSpec, inputs: Inputs, model: pm.Model) -> xr.DataTree:
    """Return the tree with group ``log_likelihood``: ``answers`` (chain, draw, respondent, group), single precision.

    Draws of ``log_theta``, where the tree has them, are used up; they are as large as the answers.

    Raises
    ------
    FitError
        A model with residuals of each answer.
    """
    check_available(spec)
    posterior = with_log_theta(tree["posterior"].to_dataset(), lambda: model)
    log_theta = posterior["log_theta"].transpose("chain", "draw", ..., "group").values
    posterior = posterior[[name for name in posterior.data_vars if name != "log_theta"]]  # its labels go too
    sizes = posterior.sizes
    cells = np.empty((sizes["chain"], sizes["draw"], *inputs.answers.shape), dtype=np.float32)
    for chain in range(sizes["chain"]):
        for start in range(0, sizes["draw"], DRAWS_IN_A_BLOCK):
            block = slice(start, start + DRAWS_IN_A_BLOCK)
            drawn = posterior.isel(chain=chain, draw=block)
            degree = np.exp(drawn["log_degree"].values.astype(float))
            cells[chain, block] = cell_log_probability(spec, inputs, drawn, log_theta[chain, block], degree)
    dims = ("chain", "draw", "respondent", "group")
    coords = {name: posterior.coords[name] for name in ("chain", "draw", "respondent")}
    group = xr.Dataset({"answers": (dims, cells)}, coords={**coords, "group": tree["observed_data"].coords["group"]})
    datasets = {key: node.to_dataset() for key, node in tree.children.items()}
    return xr.DataTree.from_dict({**datasets, "posterior": posterior, "log_likelihood": group})


def cell_log_probability(
    spec: ModelSpec, inputs: Inputs, drawn: xr.Dataset, log_theta: Floats, degree: Floats
) -> Floats:
    """Log probabilities (draw, respondent, group) of some draws of one chain, NaN where there is no answer.

    Parameters
    ----------
    drawn
        Draws of the parameters (draw, …).
    log_theta, degree
        (draw, visit, group) and (draw, respondent).
    """
    degree = degree[:, :, None]
    theta = np.exp(log_theta[:, inputs.visits.of, :] + log_multiplier(inputs, drawn))
    name = DISPERSIONS.get(spec.counts.kind)
    dispersion = drawn[name].values[:, None, :] if name else None
    cells = log_probability(spec.counts, inputs.answers, degree, theta, dispersion)
    heaping = drawn["heaping"].values if inputs.heaped.any() else None
    for group in np.flatnonzero(inputs.heaped | (inputs.upper != inputs.answers).any(axis=0)):
        bounds = np.column_stack([inputs.answers[:, group], inputs.upper[:, group]])
        habits = heaping[:, None, :] if heaping is not None and inputs.heaped[group] else None
        spread = None if dispersion is None else dispersion[:, :, group]
        for lower, upper in np.unique(bounds[bounds[:, 0] != MISSING], axis=0):
            here = (bounds == (lower, upper)).all(axis=1)
            given = (degree[:, here, 0], theta[:, here, group], spread, habits)
            cells[:, here, group] = log_report_probability(spec.counts, int(lower), int(upper), *given)
    return _with_silence(cells, inputs, drawn)


def log_multiplier(inputs: Inputs, drawn: xr.Dataset) -> Floats | float:
    """What mixing adds to the log mean (draw, respondent, group), here and not by the model: in blocks."""
    total: Floats | float = 0.0
    if "respect_slope" in drawn:
        columns = [inputs.coords["group"].index(group) for group in inputs.coords["respect_group"]]
        slope = np.zeros((drawn.sizes["draw"], inputs.answers.shape[1]))
        slope[:, columns] = drawn["respect_slope"].values
        total = total + inputs.respect * slope[:, None, :]
    if "mixing_coefficient" in drawn:
        total = total + np.einsum("ic,dck->dik", inputs.mixing_covariates, drawn["mixing_coefficient"].values)
    return total


def _with_silence(cells: Floats, inputs: Inputs, drawn: xr.Dataset) -> Floats:
    """The same where a zero-inflated question is answered with zero whatever the truth."""
    if not inputs.zero_inflated.any():
        return cells
    silent = drawn["zero_inflation"].values[:, None, :]
    telling = np.log1p(-silent) + cells[:, :, inputs.zero_inflated]
    zero = inputs.answers[:, inputs.zero_inflated] == 0
    # A missing answer is no number, and NumPy warns where those are added.
    either = np.logaddexp(np.log(silent), np.where(zero, telling, 0.0))
    cells[:, :, inputs.zero_inflated] = np.where(zero, either, telling)
    return cells
