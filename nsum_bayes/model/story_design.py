"""The survey's design in the story: strata and sampling units that are alike within."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import logsumexp

from nsum_bayes.model import spec as sp
from nsum_bayes.model.story_draws import Floats, Values, draw_prior
from nsum_bayes.model.story_draws import value as _value
from nsum_bayes.model.study_design import StudyDesign


def draw_design(part: Any, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any]) -> Values:
    """Effects of strata (stratum, hidden group) and units (unit, hidden group), of units on log degree (unit,).

    With them goes what they add to each log mean, ``design_multiplier`` (respondent, group).
    """
    if not isinstance(part, sp.DesignEffects):
        return {}
    hidden, strata = len(design.hidden), design.strata
    values: Values = {}
    own = np.zeros((len(design.area), hidden))
    for name, prior, labels, of in (
        ("stratum", part.stratum_sd, strata.strata, strata.stratum),
        ("unit", part.unit_sd, strata.units, strata.unit),
    ):
        if prior is None or len(labels) < (2 if name == "stratum" else 1):
            continue
        sd = _value(given, f"{name}_sd", draw_prior(prior, rng, (hidden,)))
        effect = _value(given, f"{name}_effect", sd * rng.standard_normal((len(labels), hidden)))
        values |= {f"{name}_sd": sd, f"{name}_effect": effect}
        own += effect[of]
    if part.degree_unit_sd is not None and strata.units:
        sd = _value(given, "degree_unit_sd", draw_prior(part.degree_unit_sd, rng))
        effect = _value(given, "degree_unit", sd * rng.standard_normal(len(strata.units)))
        values |= {"degree_unit_sd": sd, "degree_unit": effect}
    multiplier = np.concatenate([np.zeros((len(own), len(design.known_groups))), own], axis=1)
    return values | {"design_multiplier": multiplier}


def of_the_people(design: StudyDesign, values: Mapping[str, Any]) -> Floats | float:
    """Log of an area's mean over its strata and units (area, hidden group), over its rate without their effects."""
    shift: Floats | float = 0.0
    if "stratum_effect" in values:
        effect = values["stratum_effect"][None, :, :]
        shift = shift + logsumexp(effect, axis=1, b=design.strata.share[:, :, None])
    if "unit_sd" in values:
        shift = shift + values["unit_sd"] ** 2 / 2
    return shift
