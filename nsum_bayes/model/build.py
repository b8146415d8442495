"""From a specification and a study to a plain PyMC model.

A user can open the model, look at it, and change it: it holds nothing but PyMC variables with named dims
(respondent, group, known_group, hidden_group, surveyed_area, province, region, covariate).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pymc as pm
import pytensor.tensor as pt

from nsum_bayes.model.bias import add_bias
from nsum_bayes.model.counts import add_counts, add_stock_counts
from nsum_bayes.model.degree import add_degree
from nsum_bayes.model.inputs import Inputs, read_inputs
from nsum_bayes.model.known_sizes import add_known_sizes
from nsum_bayes.model.prevalence import add_prevalence
from nsum_bayes.model.spec import ModelSpec

if TYPE_CHECKING:
    from nsum_bayes.data.study import Study


def build_model(spec: ModelSpec, study: Study) -> pm.Model:
    """Build the PyMC model of a specification on a study.

        log θ_ak (known)  = log share_ak + b_k
        log θ_ah (hidden) = log reported rate_ah + log denominator share_a
        y_ik              ~ counts(mean d_i θ_a(i)k)

    Returns
    -------
    pymc.Model
        With the answers as observed variable ``answers`` (respondent, group).

    Raises
    ------
    ModelError
        The model and the study do not fit together.

    Examples
    --------
    >>> from nsum_bayes import Study, build_model, load_model
    >>> model = build_model(load_model("municipal"), Study.load("data_samples/study.toml"))  # doctest: +SKIP
    """
    return build_from_inputs(spec, read_inputs(spec, study))


def build_from_inputs(spec: ModelSpec, inputs: Inputs, *, stock: bool = False) -> pm.Model:
    """The same from inputs already extracted; ``stock`` takes PyMC's own count distributions, as a slow reference."""
    add = add_stock_counts if stock else add_counts
    with pm.Model(coords={name: values for name, values in inputs.coords.items() if values}) as model:
        log_degree = add_degree(spec.degree, inputs, above_answers=spec.counts.kind == "binomial")
        log_known = add_known_sizes(spec.known_sizes, inputs) + add_bias(spec.bias, inputs)
        log_hidden = add_prevalence(spec.prevalence, inputs)
        log_theta = pt.concatenate([log_known, log_hidden], axis=1)
        pm.Deterministic("log_theta", log_theta, dims=("surveyed_area", "group"))
        add(spec.counts, log_degree, log_theta, inputs)
    return model
