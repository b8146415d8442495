"""Waves in the story: the frame's walk, areas beside it, networks that shift, and transmission that drifts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nsum_bayes.model import spec as sp
from nsum_bayes.model.story_areas import several_areas
from nsum_bayes.model.story_draws import Floats, Values, draw_prior
from nsum_bayes.model.story_draws import value as _value
from nsum_bayes.model.study_design import StudyDesign


def draw_waves(
    part: sp.Waves | None, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any]
) -> Values:
    """Effects of waves (wave, hidden group) and of areas in a wave (wave, area, hidden group); shifts of log degree
    (wave,) and of log transmission (wave, hidden group). All but the areas' are zero in the first wave.
    """
    waves, hidden = len(design.waves), len(design.hidden)
    if part is None or waves < 2:
        return {}
    step_sd = _value(given, "wave_step_sd", draw_prior(part.step_sd, rng, (hidden,)))
    own_sd = draw_prior(several_areas(part.deviation_sd, design), rng, (hidden,))
    own_sd = _value(given, "wave_deviation_sd", own_sd)
    own = own_sd * rng.standard_normal((waves, design.area_count, hidden))
    shift = np.append(0.0, part.degree_shift_sd * rng.standard_normal(waves - 1))
    sd = [part.transmission_step_sd if h.drift is None else h.drift.sd for h in design.hidden]
    own = _value(given, "area_wave_effect", own)
    return {
        "wave_step_sd": step_sd,
        "wave_effect": _value(given, "wave_effect", _walk(step_sd, waves, hidden, rng)),
        "wave_deviation_sd": own_sd,
        "area_wave_effect": own,
        "visit_effect": own[design.visit_wave, design.surveyed[design.visit_area]],
        "degree_wave": _value(given, "degree_wave", shift),
        "transmission_drift": _value(given, "transmission_drift", _walk(np.array(sd), waves, hidden, rng)),
    }


def _walk(sd: Floats, waves: int, hidden: int, rng: np.random.Generator) -> Floats:
    """Steps from wave to wave added up (wave, hidden group), zero in the first."""
    steps = sd * rng.standard_normal((waves - 1, hidden))
    return np.vstack([np.zeros((1, hidden)), np.cumsum(steps, axis=0)])


def log_rates_by_wave(log_rate: Floats, values: Mapping[str, Any]) -> Floats:
    """Log reported rate (wave, area, hidden group) from that without waves (area, hidden group)."""
    return np.asarray(log_rate + values["wave_effect"][:, None, :] + values["area_wave_effect"])
