"""From a specification and a study to a plain PyMC model.

A user can open the model, look at it, and change it: it holds nothing but PyMC variables with named dims
(respondent, group, known_group, hidden_group, surveyed_area, visit, wave, province, region, covariate).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.errors import ModelError
from nsum_bayes.model.bias import add_bias
from nsum_bayes.model.counts import add_counts, add_dispersion, add_stock_counts
from nsum_bayes.model.degree import DegreeTerms, add_degree
from nsum_bayes.model.design import add_design_effects, add_strata, add_unit_degrees, add_weights
from nsum_bayes.model.frame import add_frame
from nsum_bayes.model.free_rates import add_free_rates
from nsum_bayes.model.inputs import Inputs, read_inputs
from nsum_bayes.model.known_sizes import add_known_sizes
from nsum_bayes.model.link import add_links
from nsum_bayes.model.matrix_counts import add_matrix_counts
from nsum_bayes.model.mixing import add_mixing
from nsum_bayes.model.pooled_rates import add_pooled_rates
from nsum_bayes.model.prevalence import add_prevalence
from nsum_bayes.model.side_data import add_members
from nsum_bayes.model.spec import DesignEffects, DesignWeights, FreeRates, ModelSpec, PooledRates
from nsum_bayes.model.transmission import add_transmission
from nsum_bayes.model.waves import add_waves

if TYPE_CHECKING:
    from nsum_bayes.data.study import Study


def build_model(spec: ModelSpec, study: Study) -> pm.Model:
    """Build the PyMC model of a specification on a study.

        log θ_ak (known)  = log share_ak + b_k
        log θ_ah (hidden) = log reported rate_ah + log denominator share_a (+ wave)
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
    with pm.Model(coords={name: values for name, values in inputs.coords.items() if values}) as model:
        bounded = spec.counts.kind in ("binomial", "beta_binomial")
        units = add_unit_degrees(spec.design, inputs) if isinstance(spec.design, DesignEffects) else 0.0
        degree = add_degree(spec.degree, inputs, spec.measurement, spec.waves, more=units, above_answers=bounded)
        dispersion = add_dispersion(spec.counts)
        multiplier = add_mixing(spec.mixing, inputs)
        log_theta = _add_rates(spec, inputs, degree, dispersion)
        pm.Deterministic("log_theta", log_theta, dims=(inputs.visits.dim, "group"))
        if stock:
            add_stock_counts(spec.counts, degree.log_degree, log_theta, dispersion, inputs, multiplier)
        elif multiplier is None:
            add_counts(spec.counts, spec.measurement, degree.log_degree, log_theta, dispersion, inputs)
        else:
            add_matrix_counts(spec.counts, degree.log_degree, log_theta, dispersion, multiplier, inputs)
        if isinstance(spec.design, DesignWeights):
            add_weights(spec.counts, inputs, degree.log_degree, log_theta, dispersion)
    return model


def _add_rates(
    spec: ModelSpec, inputs: Inputs, degree: DegreeTerms, dispersion: TensorVariable | None
) -> TensorVariable:
    """Log θ (visit, group), known groups first."""
    match spec.rates:
        case FreeRates() as free:
            return add_free_rates(free, inputs, degree.log_degree)
        case PooledRates() as pooled:
            return add_pooled_rates(pooled, inputs)
    bias, bias_sd = add_bias(spec.bias, inputs)
    outside = add_transmission(spec.transmission, spec.bias, bias_sd, inputs, spec.measurement.report_bias_sd)
    if spec.prevalence is None:  # the specification does not allow it
        raise ModelError("The model has no [prevalence].", where=f"model {spec.name}", advice="Add it.")
    strata = add_strata(spec.design, inputs) if isinstance(spec.design, DesignEffects) else None
    free_rate = add_prevalence(
        spec.prevalence,
        inputs,
        outside,
        true_share=spec.transmission.prior is not None,
        beside=None if strata is None else strata.mean,
    )
    log_rate = add_links(spec.link, inputs, free_rate, outside)
    log_share, log_hidden = add_frame(
        inputs, add_known_sizes(spec.known_sizes, inputs), log_rate + inputs.log_denominator_share
    )
    if outside is not None and inputs.side_data:
        as_members = log_share.mean(axis=0) + bias
        groups = inputs.coords["hidden_group"]
        add_members(
            inputs.side_data, spec.counts, dispersion, as_members, outside.log_ratio, (degree.mean, degree.sd), groups
        )
    log_theta = pt.concatenate([log_share + bias, log_hidden], axis=1)
    shifts = []
    if spec.waves is not None and inputs.n_waves > 1:
        shifts.append(add_waves(spec.waves, inputs))
    if isinstance(spec.design, DesignEffects):
        shifts.append(add_design_effects(spec.design, strata, inputs))
    if not shifts:
        return log_theta
    shift = pt.concatenate([pt.zeros((len(inputs.visits), inputs.n_known)), sum(shifts[1:], shifts[0])], axis=1)
    return log_theta[inputs.visits.area] + shift
