"""Faults planted in a model, each of which calibration has to call out.

A fault is in the fitted model alone: the simulator that makes the answers is right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import numpy as np

from nsum_bayes.checks.calibration import Design, default_design, ranked_fit
from nsum_bayes.estimates import from_fit
from nsum_bayes.model import build, counts, free_rates, inputs
from nsum_bayes.model.spec import ModelSpec, dumps, load_model

Plant = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Bug:
    """A fault: the model it is planted in, how, and the survey if another than that model's own."""

    model: str
    plant: Plant
    design: Design | None = None


def _likelihood_times(factor: float) -> Plant:
    right = counts._log_probability

    def wrong(*arguments: Any) -> Callable[..., Any]:
        logp = right(*arguments)
        return lambda value, *tensors: factor * logp(value, *tensors)

    return lambda: patch.object(counts, "_log_probability", wrong)


def _inputs(change: Callable[[inputs.Inputs], dict[str, Any]]) -> Plant:
    right = inputs.read_inputs

    def wrong(*arguments: Any) -> inputs.Inputs:
        read = right(*arguments)
        return replace(read, **change(read))

    return lambda: patch.object(inputs, "read_inputs", wrong)


def _swapped(read: inputs.Inputs) -> dict[str, Any]:
    order = np.arange(read.answers.shape[1])
    order[[0, read.n_known - 1]] = order[[read.n_known - 1, 0]]
    return {"answers": read.answers[:, order], "upper": read.upper[:, order]}


def _next_area(read: inputs.Inputs) -> dict[str, Any]:
    moved = (read.area + 1) % read.n_surveyed
    return {"area": moved, "visits": replace(read.visits, of=moved)}


def _inverted_dispersion() -> AbstractContextManager[Any]:
    right = build.add_counts

    def wrong(part: Any, measurement: Any, log_degree: Any, log_theta: Any, dispersion: Any, read: Any) -> Any:
        return right(part, measurement, log_degree, log_theta, 1.0 / dispersion, read)

    return patch.object(build, "add_counts", wrong)


def _inverted_transmission() -> AbstractContextManager[Any]:
    """Reported rates are multiplied by transmission, which they should be divided by."""
    right = from_fit._assumed_draws

    def wrong(*arguments: Any) -> Any:
        parts = right(*arguments)
        return {**parts, "transmission": -parts["transmission"]}

    return patch.object(from_fit, "_assumed_draws", wrong)


def _unscaled() -> AbstractContextManager[Any]:
    right = free_rates._constant
    return patch.object(free_rates, "_constant", lambda *arguments: 0.0 * right(*arguments))


def _one_wave_effect() -> AbstractContextManager[Any]:
    """All waves share one effect on the hidden groups."""
    right = build.add_waves

    def wrong(part: Any, read: inputs.Inputs) -> Any:
        return right(part, replace(read, visits=replace(read.visits, wave=np.ones_like(read.visits.wave))))

    return patch.object(build, "add_waves", wrong)


def _wider_prior() -> AbstractContextManager[Any]:
    """The scale of the biases has a prior three times as wide as the simulator's."""
    right = build.build_from_inputs

    def wrong(spec: ModelSpec, read: inputs.Inputs, **keywords: Any) -> Any:
        parts = spec.model_dump(exclude_none=True)
        parts["bias"]["sd"]["sd"] *= 3.0
        return right(ModelSpec.model_validate(parts), read, **keywords)

    return patch.object(build, "build_from_inputs", wrong)


WEIGHTED = Design(weight_log_sd=0.7)

BUGS: dict[str, Bug] = {
    "no likelihood": Bug("municipal", _likelihood_times(0.0)),
    "half the likelihood": Bug("municipal", _likelihood_times(0.5)),
    "area index off by one": Bug("municipal", _inputs(_next_area)),
    "groups swapped": Bug("municipal", _inputs(_swapped)),
    "scaling omitted": Bug("overdispersed", _unscaled),
    "log10 for log": Bug(
        "municipal",
        _inputs(lambda read: {"sizes": replace(read.sizes, log_share=read.sizes.log_share / np.log(10.0))}),
    ),
    "dispersion inverted": Bug("municipal", _inverted_dispersion),
    "transmission inverted": Bug("municipal", _inverted_transmission, Design(transmission=(0.6, 0.1))),
    "zero inflation dropped": Bug(
        "overdispersed_known",
        _inputs(lambda read: {"zero_inflated": np.zeros_like(read.zero_inflated)}),
        Design(areas=1, surveyed=1, respondents=60, zero_inflated=True),
    ),
    "weights squared": Bug("municipal_weighted", _inputs(lambda read: {"weights": read.weights**2}), WEIGHTED),
    "shared wave effect": Bug("municipal_waves", _one_wave_effect),
    "prior three times wider": Bug("municipal", _wider_prior),
}


def calibrated_spec(name: str) -> ModelSpec:
    """A named model with priors under which simulated answers are answers.

    Where a published prior is flat the simulator draws rates and networks that no survey has. Calibration holds for any
    prior, so such a prior is narrowed, for simulator and model alike.
    """
    spec = load_model(name)
    parts = spec.model_dump(exclude_none=True)
    for component, priors in NARROWED.get(name, {}).items():
        parts[component] |= priors
    return ModelSpec.model_validate(parts)


def _normal(mean: float, sd: float) -> dict[str, Any]:
    return {"prior": "normal", "mean": mean, "sd": sd, "reason": "narrowed for calibration"}


def _lognormal(median: float, log_sd: float) -> dict[str, Any]:
    return {"prior": "lognormal", "median": median, "log_sd": log_sd, "reason": "narrowed for calibration"}


def _uniform(upper: float) -> dict[str, Any]:
    return {"prior": "uniform", "lower": 0.0, "upper": upper, "reason": "narrowed for calibration"}


NARROWED: dict[str, dict[str, dict[str, Any]]] = {
    "overdispersed": {"degree": {"sd": _uniform(1.0)}, "rates": {"mean": _normal(-4.5, 0.5), "sd": _uniform(1.5)}},
    # As published a tie in two may be to a member, or none in a million: answers in tens of thousands, and all zero.
    "partially_pooled": {"rates": {"mean": _lognormal(5.0, 0.25)}},
}


def design_of(name: str) -> Design:
    """The survey that a bug is looked for in."""
    bug = BUGS[name]
    return bug.design or default_design(load_model(bug.model))


def ranked_with(
    name: str, text: str, design: Design, seed: int, number: int, settings: Mapping[str, int]
) -> dict[str, float]:
    """One simulation of calibration with a bug in the fitted model."""
    with BUGS[name].plant():
        return ranked_fit(text, design, seed, number, settings)


def model_text(name: str) -> str:
    """The model that a bug is planted in, as TOML."""
    return dumps(calibrated_spec(BUGS[name].model))


__all__ = ["BUGS", "calibrated_spec", "design_of", "model_text", "ranked_with"]
