"""Biases, transmission and degree ratio in the story: what stands between a true share and a reported rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nsum_bayes.model import spec as sp
from nsum_bayes.model.story_draws import Floats, Values, draw_prior, draw_statement
from nsum_bayes.model.story_draws import value as _value
from nsum_bayes.model.study_design import StudyDesign


def draw_outside(spec: sp.ModelSpec, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any]) -> Values:
    """Biases by group, transmission and degree ratio by hidden group.

    ``hidden_bias`` is the part of a hidden group's bias that does not depend on its size; with a recall slope the whole
    is ``hidden_bias`` + recall · (log share − mean log share of the known groups).
    """
    known, hidden = len(design.known_groups), len(design.hidden)
    sd = _value(given, "bias_sd", draw_prior(spec.bias.sd, rng))
    own = sd * rng.standard_normal(known)
    relative = sd * (np.sqrt(1 + 1 / known) if known else 1.0) * rng.standard_normal(hidden)
    transmission = [_transmission(spec, h, rng) for h in design.hidden]
    ratio = [draw_statement(h.degree_ratio, rng) if spec.transmission.kind != "none" else 1.0 for h in design.hidden]
    kinds, recall, reports = rng.spawn(3)
    values, by_kind = _draw_kinds(spec.bias, design, kinds, given)
    if spec.bias.recall is not None and known:
        values["recall"] = _value(given, "recall", draw_prior(spec.bias.recall, recall))
    whole = own + by_kind[:known] + values.get("recall", 0.0) * _log_sizes(design)
    hidden_bias = relative + by_kind[known:] - (by_kind[:known].mean() if known else 0.0)
    if not known:
        # Nothing tells the common error of reported network sizes; it stands before every hidden group alike.
        hidden_bias = hidden_bias + spec.measurement.report_bias_sd * reports.standard_normal()
    return {
        **values,
        "bias_sd": sd,
        "known_bias": _value(given, "known_bias", whole - whole.mean() if known else whole),
        "hidden_bias": _value(given, "hidden_bias", hidden_bias),
        "transmission": _value(given, "transmission", np.array(transmission)),
        "degree_ratio": _value(given, "degree_ratio", np.array(ratio)),
    }


def _transmission(spec: sp.ModelSpec, hidden: Any, rng: np.random.Generator) -> float:
    if spec.transmission.kind == "none":
        return 1.0
    if spec.transmission.prior is not None:
        return float(draw_prior(spec.transmission.prior, rng))
    return draw_statement(hidden.transmission, rng)


def _draw_kinds(
    part: sp.Bias, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any]
) -> tuple[Values, Floats]:
    """Effects of kinds, and each group's (known, then hidden): none for a group without a kind, a fresh one for a
    hidden group of a kind that no known group is of.
    """
    known = len(design.known_groups)
    names = sorted({kind for kind in design.kinds[:known] if kind is not None})
    if part.kind_sd is None or not names:
        return {}, np.zeros(len(design.kinds))
    sd = _value(given, "kind_sd", draw_prior(part.kind_sd, rng))
    effect = _value(given, "kind_effect", sd * rng.standard_normal(len(names)))
    of = dict(zip(names, effect, strict=True))
    groups = [0.0 if kind is None else of.get(kind, sd * rng.standard_normal()) for kind in design.kinds]
    return {"kind_sd": sd, "kind_effect": effect}, np.array(groups)


def _log_sizes(design: StudyDesign) -> Floats:
    """Log share of each known group, mean over the surveyed areas."""
    return np.asarray(np.log(design.sizes.point_share[design.sizes.row]).mean(axis=0))


def mean_log_size(design: StudyDesign) -> float:
    """Mean log share of the known groups: where a recall slope has no effect."""
    return float(_log_sizes(design).mean())
