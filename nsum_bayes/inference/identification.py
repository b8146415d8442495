"""Which parameters did the answers say nothing about? Those whose posterior just repeats the prior.

A posterior is held against draws of the prior by its median and its middle half. Where the middle half is hardly
narrower and the median has hardly moved, what the output says of that parameter is what was put in.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

if TYPE_CHECKING:
    from nsum_bayes.inference.fit import Fit

PRIOR_DRAWS = 400
NARROWER = 0.85
"""Middle half of the posterior over that of the prior, from which it counts as unchanged …"""
MOVED = 0.2
"""… if the median has moved by less than this share of the prior's middle half."""
NEVER_LOOKED_AT = ("log_degree", "covariate_missing")
LARGEST = 50
"""A parameter with more elements is one of areas or respondents, and is told by its spread."""


class IdentificationWarning(UserWarning):
    """The posterior of a parameter repeats its prior: the survey says nothing about it."""


@dataclass(frozen=True)
class Repeated:
    """A parameter whose posterior repeats its prior.

    Parameters
    ----------
    parameter
        Name, with its label in brackets where it has several elements.
    width
        Middle half of the posterior over that of the prior.
    """

    parameter: str
    width: float

    def __str__(self) -> str:
        return f"the posterior of {self.parameter} repeats its prior ({self.width:.2f} of the prior's width)"


def repeated_priors(fit: Fit) -> list[Repeated]:
    """Parameters of a fit whose posterior repeats the prior."""
    prior = _prior_draws(fit)
    found: list[Repeated] = []
    for name, values in fit.posterior.data_vars.items():
        if str(name) in prior and str(name) not in NEVER_LOOKED_AT:
            found += _repeated(str(name), values, prior[str(name)])
    return found


def warn_of_repeated_priors(fit: Fit) -> None:
    """Warn of them, in one warning."""
    found = repeated_priors(fit)
    if found:
        names = ", ".join(one.parameter for one in found)
        text = (
            f"The survey says nothing about {names}: the posterior repeats the prior. State the prior with the result."
        )
        warnings.warn(text, IdentificationWarning, stacklevel=3)


def _prior_draws(fit: Fit) -> dict[str, np.ndarray]:
    """Draws of the story's parameters (draw, …), small ones only."""
    from nsum_bayes.model.story import draw_parameters
    from nsum_bayes.model.study_design import design_of

    design = design_of(fit.study)
    rng = np.random.default_rng(np.random.SeedSequence((fit.seed, 3)))
    rows = [draw_parameters(fit.spec, design, rng) for _ in range(PRIOR_DRAWS)]
    small = [name for name, value in rows[0].items() if np.size(value) <= LARGEST]
    return {name: np.stack([np.asarray(row[name], dtype=float) for row in rows]) for name in small}


def _repeated(name: str, values: xr.DataArray, prior: np.ndarray) -> Iterator[Repeated]:
    draws = values.transpose("chain", "draw", ...)
    posterior = draws.values.reshape(-1, *draws.shape[2:])
    if posterior.shape[1:] != prior.shape[1:]:
        return
    told = _told_once(posterior)
    for label, after, before, own in zip(_labels(name, draws), _columns(posterior), _columns(prior), told, strict=True):
        low, middle, high = np.quantile(before, [0.25, 0.5, 0.75])
        if not own or not high > low:
            continue
        lower, centre, upper = np.quantile(after, [0.25, 0.5, 0.75])
        width, moved = (upper - lower) / (high - low), abs(centre - middle) / (high - low)
        if width > NARROWER and moved < MOVED:
            yield Repeated(label, float(width))


def _told_once(posterior: np.ndarray) -> np.ndarray:
    """Which elements (element,) to look at: of a correlation matrix, those above its diagonal of ones."""
    shape = posterior.shape[1:]
    if len(shape) == 2 and shape[0] == shape[1] > 1 and np.allclose(posterior, posterior.swapaxes(1, 2)):
        return np.triu(np.ones(shape, dtype=bool), 1).ravel()
    return np.ones(posterior[0].size, dtype=bool)


def _columns(draws: np.ndarray) -> np.ndarray:
    return draws.reshape(len(draws), -1).T


def _labels(name: str, draws: xr.DataArray) -> list[str]:
    """One label an element, in the order of the flattened array."""
    dims = draws.dims[2:]
    if not dims:
        return [name]
    stacked = draws.isel(chain=0, draw=0, drop=True).stack(element=dims)
    keys = [key if isinstance(key, tuple) else (key,) for key in stacked.coords["element"].values.tolist()]
    return [f"{name}[{', '.join(map(str, key))}]" for key in keys]
