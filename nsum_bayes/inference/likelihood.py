"""Log probability of every answer under every draw, computed after sampling and in blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.special import gammaln

from nsum_bayes.model.inputs import MISSING, Inputs
from nsum_bayes.model.spec import Binomial, Counts, ModelSpec, NegativeBinomial1, NegativeBinomial2, Poisson

if TYPE_CHECKING:
    import pymc as pm

DRAWS_IN_A_BLOCK = 50


def log_probability(
    part: Counts, answers: np.ndarray, degree: np.ndarray, theta: np.ndarray, dispersion: np.ndarray | None
) -> np.ndarray:
    """Log probability of answers; all arguments broadcast to (…, respondent, group). NaN where an answer is missing."""
    y = np.where(answers == MISSING, np.nan, answers)
    mean = degree * theta
    match part:
        case Poisson():
            return y * np.log(mean) - mean - gammaln(y + 1)
        case Binomial():
            choose = gammaln(degree + 1) - gammaln(degree - y + 1) - gammaln(y + 1)
            return choose + y * np.log(theta) + (degree - y) * np.log1p(-theta)
        case NegativeBinomial1():
            size = mean / dispersion
        case NegativeBinomial2():
            size = dispersion
    log_rest = -np.log1p(mean / size)
    return gammaln(y + size) - gammaln(size) - gammaln(y + 1) + size * log_rest + y * (np.log(mean / size) + log_rest)


def add_log_likelihood(tree: xr.DataTree, spec: ModelSpec, inputs: Inputs, model: pm.Model) -> xr.DataTree:
    """Return the tree with group ``log_likelihood``: ``answers`` (chain, draw, respondent, group), single precision."""
    import pymc as pm

    posterior = tree["posterior"].to_dataset()
    with model:
        theta = pm.compute_deterministics(posterior, var_names=["log_theta"], progressbar=False)["log_theta"]
    log_theta = theta.transpose("chain", "draw", "surveyed_area", "group").values
    name = {"nb1": "overdispersion", "nb2": "size"}.get(spec.counts.kind)
    sizes = posterior.sizes
    cells = np.empty((sizes["chain"], sizes["draw"], *inputs.answers.shape), dtype=np.float32)
    for chain in range(sizes["chain"]):
        for start in range(0, sizes["draw"], DRAWS_IN_A_BLOCK):
            block = slice(start, start + DRAWS_IN_A_BLOCK)
            degree = np.exp(posterior["log_degree"].values[chain, block].astype(float))[:, :, None]
            dispersion = posterior[name].values[chain, block][:, None, :] if name else None
            rate = np.exp(log_theta[chain, block][:, inputs.area, :])
            cells[chain, block] = log_probability(spec.counts, inputs.answers, degree, rate, dispersion)
    dims = ("chain", "draw", "respondent", "group")
    coords = {name: posterior.coords[name] for name in ("chain", "draw", "respondent")}
    group = xr.Dataset({"answers": (dims, cells)}, coords={**coords, "group": tree["observed_data"].coords["group"]})
    datasets = {key: node.to_dataset() for key, node in tree.children.items()}
    return xr.DataTree.from_dict({**datasets, "log_likelihood": group})
