"""Log probability of a respondent's answers with the degree integrated out, draw by draw.

Given the parameters s, one respondent's answers depend on each other through the degree alone:

    p(y_i | s) = ∫ Π_k p(y_ik | d, s) p(R_i | d, s) p(log d | s) d(log d)

by an even sum over seven posterior sd of log degree to both sides of each respondent's posterior mean. On smooth
functions that fall off at both ends it errs exponentially little (Trefethen, Weideman 2014, doi:10.1137/130932132),
skewed ones included, where Gauss–Hermite needs many more points. Left in place, a latent degree per respondent makes
leave-one-out ill-posed: it is learned from the very answers left out, and importance weights have no variance (Merkle,
Furr, Rabe-Hesketh 2019, doi:10.1007/s11336-019-09679-0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.special import logsumexp, ndtr
from scipy.stats import norm

from nsum_bayes.inference.likelihood import cell_log_probability, check_available, thinned, with_log_theta
from nsum_bayes.model.build import build_model
from nsum_bayes.model.inputs import MISSING, Inputs, read_inputs
from nsum_bayes.model.reported_degree import rounding_interval
from nsum_bayes.model.spec import BetaBinomial, Binomial

if TYPE_CHECKING:
    from nsum_bayes.data.study import Study
    from nsum_bayes.inference.fit import Fit

NODES = 35
REACH = 7.0
"""In posterior sd."""
CELLS_IN_A_BLOCK = 4_000_000

type Floats = np.ndarray


@dataclass(frozen=True)
class Integrated:
    """Log probabilities by respondent, degree integrated out.

    Parameters
    ----------
    everything
        Of all answers and the reported network size (chain, draw, respondent).
    known
        Of the answers on known groups and the reported network size.
    """

    everything: xr.DataArray
    known: xr.DataArray

    @property
    def hidden(self) -> xr.DataArray:
        """Of the answers on hidden groups, given the others (chain, draw, respondent)."""
        return self.everything - self.known


def integrated_log_likelihood(
    run: Fit,
    *,
    study: Study | None = None,
    respondents: np.ndarray | None = None,
    draws: int | None = None,
    around: tuple[Floats, Floats] | None = None,
    nodes: int = NODES,
) -> Integrated:
    """Log probabilities of each respondent's answers under each draw.

    Parameters
    ----------
    study
        Whose answers; by default those that were fitted. A study of the same respondents, where some answers were
        blanked for the fit.
    respondents
        Positions of the respondents; all by default.
    draws
        Draws of each chain to use, evenly spaced; all by default.
    around
        Mean and sd of the log degrees (respondent,) that the quadrature is laid around; by default those of the draws.
        They are to be told by the answers that are scored, or nearly so.
    nodes
        Points of the quadrature.

    Raises
    ------
    FitError
        A model with residuals of each answer: they are not kept.
    """
    check_available(run.spec)
    inputs = read_inputs(run.spec, run.study if study is None else study)
    some = run.posterior if draws is None else thinned(run.posterior, draws)
    posterior = with_log_theta(some, lambda: build_model(run.spec, run.study))
    chosen = np.arange(len(inputs.area)) if respondents is None else np.asarray(respondents)
    part = _of_respondents(inputs, chosen)
    points = _Quadrature.around(*(degree_moments(run, chosen) if around is None else around), nodes)
    shape = (posterior.sizes["chain"], posterior.sizes["draw"], len(chosen))
    found = np.empty((2, *shape))
    step = max(1, CELLS_IN_A_BLOCK // max(len(chosen) * inputs.answers.shape[1], 1))
    for chain in range(shape[0]):
        for start in range(0, shape[1], step):
            block = slice(start, start + step)
            found[:, chain, block] = _block(run, part, posterior.isel(chain=chain, draw=block), points)
    coords = {"chain": posterior["chain"], "draw": posterior["draw"], "respondent": posterior["respondent"][chosen]}
    arrays = [xr.DataArray(values, dims=("chain", "draw", "respondent"), coords=coords) for values in found]
    return Integrated(*arrays)


def degree_moments(run: Fit, respondents: np.ndarray) -> tuple[Floats, Floats]:
    """Posterior mean and sd of some respondents' log degrees (respondent,)."""
    log_degree = run.posterior["log_degree"].isel(respondent=respondents).astype(float)
    return log_degree.mean(("chain", "draw")).values, log_degree.std(("chain", "draw")).values


@dataclass(frozen=True)
class _Quadrature:
    """Log degrees and log weights (node, respondent): Σ exp(log weight) f(log d) ≈ ∫ f."""

    log_degree: Floats
    log_weight: Floats

    @classmethod
    def around(cls, mean: Floats, sd: Floats, nodes: int) -> _Quadrature:
        at = np.linspace(-REACH, REACH, nodes)[:, None]
        scale = np.maximum(sd, 1e-3)
        return cls(mean + at * scale, np.broadcast_to(np.log(scale * 2 * REACH / (nodes - 1)), (nodes, len(scale))))


def _of_respondents(inputs: Inputs, chosen: np.ndarray) -> Inputs:
    """The inputs of some respondents."""
    from dataclasses import replace

    names = ("answers", "upper", "area", "respondent_covariates", "mixing_covariates", "respect", "reported_degree")
    visits = replace(inputs.visits, of=inputs.visits.of[chosen])
    return replace(inputs, visits=visits, **{name: getattr(inputs, name)[chosen] for name in names})


def _block(run: Fit, inputs: Inputs, drawn: xr.Dataset, points: _Quadrature) -> Floats:
    """Log probabilities of all and of the known groups' answers (2, draw, respondent)."""
    log_theta = drawn["log_theta"].transpose("draw", ..., "group").values
    centre, spread = _prior(inputs, drawn)
    total = []
    for log_degree, log_weight in zip(points.log_degree, points.log_weight, strict=True):
        degree = np.broadcast_to(np.exp(log_degree), centre.shape)
        cells = cell_log_probability(run.spec, inputs, drawn, log_theta, degree)
        cells[:, inputs.answers == MISSING] = 0.0
        known = cells[:, :, : inputs.n_known].sum(axis=2) + _report(inputs, drawn, log_degree)
        known = known + log_weight + _log_density(run, inputs, log_degree, centre, spread)
        total.append((known + cells[:, :, inputs.n_known :].sum(axis=2), known))
    return np.asarray(logsumexp(np.array(total), axis=0))


def _prior(inputs: Inputs, drawn: xr.Dataset) -> tuple[Floats, Floats]:
    """Mean (draw, respondent) and sd (draw, 1) of log degree before any answer."""
    centre = np.repeat(drawn["degree_mean"].values[:, None], len(inputs.area), axis=1)
    if "degree_area" in drawn:
        centre = centre + drawn["degree_area"].values[:, inputs.area]
    if "degree_unit" in drawn:
        centre = centre + drawn["degree_unit"].values[:, inputs.visits.unit[inputs.visits.of]]
    if "degree_wave" in drawn:
        centre = centre + drawn["degree_wave"].values[:, inputs.visits.wave[inputs.visits.of]]
    if "degree_coefficient" in drawn:
        centre = centre + drawn["degree_coefficient"].values @ inputs.respondent_covariates.T
    return centre, drawn["degree_sd"].values[:, None]


def _log_density(run: Fit, inputs: Inputs, log_degree: Floats, centre: Floats, spread: Floats) -> Floats:
    """Log density of the degrees' prior (draw, respondent); y of d ties needs d > y (Maltiel et al. 2015)."""
    density = norm.logpdf(log_degree, centre, spread)
    if isinstance(run.spec.counts, Binomial | BetaBinomial):
        density = np.where(np.exp(log_degree) > inputs.answers.max(axis=1), density, -np.inf)
    lower = run.spec.degree.lower
    if lower is None:
        return density
    inside = density - np.log(ndtr((centre - lower) / spread))
    return np.where(log_degree > lower, inside, -np.inf)


def _report(inputs: Inputs, drawn: xr.Dataset, log_degree: Floats) -> Floats | float:
    """Log probability of the reported network sizes (draw, respondent), zero where there is none."""
    if "report_sd" not in drawn:
        return 0.0
    told = ~np.isnan(inputs.reported_degree)
    reported = np.where(told, inputs.reported_degree, 1.0)
    centre = log_degree[None, :]
    if "report_bias" in drawn:
        centre = centre + drawn["report_bias"].values[:, None]
    spread = drawn["report_sd"].values[:, None]
    if inputs.degree_heaped:
        low, high = (np.log(edge) for edge in rounding_interval(reported))
        # By the nearer tail: two numbers close to one would lose their difference.
        flip = np.where(centre > (low + high) / 2, 1.0, -1.0)
        ends = [flip * (edge - centre) / spread for edge in (low, high)]
        density = np.log(np.maximum(np.abs(ndtr(ends[1]) - ndtr(ends[0])), 1e-300))
    else:
        density = norm.logpdf(np.log(reported), centre, spread) - np.log(reported)
    return np.where(told, density, 0.0)
