"""The two tellings of a model, by PyMC (`build_model`) and by NumPy (`simulate`), as draws by the same names."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from nsum_bayes.data.study import Study
from nsum_bayes.model.inputs import Inputs, read_inputs
from nsum_bayes.model.simulate import prior_predictive
from nsum_bayes.model.spec import ModelSpec
from nsum_bayes.model.story import reported_shares
from nsum_bayes.model.study_design import StudyDesign, design_of
from tests.two_samples import Draws, covariance
from tests.uncompiled import uncompiled

SAME_THING = {
    "degree_area": "degree_area_effect",
    "bias": "known_bias",
    "area_cholesky_corr": "area_correlation",
    "roster_members": "members",
}
"""Names in the PyMC model, and in the story."""

INNER = re.compile(
    r".*_raw|.*_free|size_error|area_rate|area_cholesky(_stds)?|residual_cholesky|bias_own|scaled_degree_mean|spatial_weight"
)
"""Variables of the PyMC model that only serve others; what they make is compared."""

OUTSIDE = (
    "hidden_bias",
    "transmission",
    "degree_ratio",
    "prevalence_intercept",
    "prevalence",
    "log_rate",
    "transmission_drift",
    "design_multiplier",
    "area_wave_effect",
    "local_share",
)
"""What the story tells always, and the PyMC model only where something ties it to the answers."""

OF_SHARES = (
    *("known_share", "known_bias", "deviation", "log_rate", "local_share", "group_rate", "pooled"),
    *("wave_effect", "area_wave_effect"),
)
BY_SURVEYED_AREA = ("degree_area_effect", "pooled", "area_log_rate")
OF_RESPONDENTS = ("residual", "log_multiplier")


EVERY = 5
"""Respondents are looked at one in so many, beside summaries of all."""


@dataclass(frozen=True)
class Telling:
    """Draws by the story's names, and the names of all variables of the telling."""

    draws: Draws
    names: frozenset[str]


def told_by_pymc(spec: ModelSpec, study: Study, draws: int, seed: int) -> Telling:
    """Prior predictive draws of the PyMC model."""
    import pymc as pm

    from nsum_bayes.model.build import build_model

    with uncompiled():
        model = build_model(spec, study)
        wanted = {v.name: v for v in [*model.basic_RVs, *model.deterministics] if not INNER.fullmatch(v.name)}
        drawn = pm.draw(list(wanted.values()), draws=draws, random_seed=seed, mode="FAST_COMPILE")
    values = {SAME_THING.get(name, name): value for name, value in zip(wanted, drawn, strict=True)}
    return Telling(with_summaries(values, read_inputs(spec, study)), frozenset(model.named_vars))


def told_by_numpy(spec: ModelSpec, study: Study, draws: int, seed: int) -> Telling:
    """The story's draws for the surveyed areas, in the order of their codes, and what they make of θ."""
    told, design = prior_predictive(spec, study, draws, seed), design_of(study)
    inputs = read_inputs(spec, study)
    order = np.argsort(study.areas.codes[design.surveyed])
    surveyed = design.surveyed[order]
    visits = np.lexsort((design.visit_wave, np.argsort(order)[design.visit_area]))
    values = {name: value for name, value in told.items() if name not in ("known_share", "deviation", "log_rate")}
    values["log_theta"] = np.log(_shares(design, told))[:, visits]
    values |= {name: told[name][:, visits] for name in ("visit_effect",) if name in told}
    if inputs.visits.split:
        values["log_theta"] = _within_areas(values["log_theta"], told, inputs)
    values |= {name: told[name][:, order] for name in BY_SURVEYED_AREA if name in told}
    if "pooled" in told:
        values["rescale"] = told["rescale"][:, order]
    by_area = [name for name in ("area_effect", "link_deviation") if name in told and inputs.frame is None]
    values |= {name: told[name][:, surveyed] for name in by_area}
    for level in inputs.levels if "area_effect" in told else ():
        seen = np.isin(np.unique(study.areas.level_of(level.name)), level.units)
        values[f"{level.name}_effect"] = told[f"{level.name}_effect"][:, seen]
    used = np.unique(study.known.row_of(study.survey.surveyed_areas, study.areas))
    values["members"] = told["members"][:, used[design.sizes.roster[used]]]
    if "covariate_missing" in told:
        gaps = np.diagonal(design.covariate_covariance, axis1=1, axis2=2) > 0
        cells = np.zeros((draws, *gaps.shape))
        cells[:, gaps] = told["covariate_missing"]
        seen = surveyed if inputs.frame is None else np.arange(len(gaps))
        values["covariate_missing"] = cells[:, seen][:, gaps[seen]]
    return Telling(with_summaries(values, inputs), frozenset(told))


def _within_areas(log_theta: np.ndarray, told: Draws, inputs: Inputs) -> np.ndarray:
    """Log shares by visit (draw, visit, group) from those by area: with effects of strata and sampling units."""
    by_visit = log_theta[:, inputs.visits.area]
    for name in ("stratum", "unit"):
        if f"{name}_effect" in told:
            by_visit[:, :, inputs.n_known :] += told[f"{name}_effect"][:, getattr(inputs.visits, name)]
    return by_visit


def _shares(design: StudyDesign, told: Draws) -> np.ndarray:
    names = [name for name in OF_SHARES if name in told]
    rows = range(len(told["log_rate"]))
    return np.stack([reported_shares(design, {name: told[name][row] for name in names}) for row in rows])


def with_summaries(values: dict[str, np.ndarray], inputs: Inputs) -> Draws:
    """Answers on a log scale, what an eye sees of them, and how parts go along with what they are parts of."""
    answers = values.pop("answers")
    logs = np.log1p(answers)
    respondents = np.bincount(inputs.visits.of)
    member = (inputs.visits.of == np.arange(len(respondents))[:, None]) / respondents[:, None]
    area_means = np.einsum("ai,dik->dak", member, logs)
    hidden = values["log_theta"][:, :, inputs.n_known :]
    values |= {name: values[name][:, ::EVERY] for name in OF_RESPONDENTS if name in values}
    return {
        **values,
        "log answers": logs[:, ::EVERY],
        "answers: share of zeros": (answers == 0).mean(axis=1),
        "answers: mean": logs.mean(axis=1),
        "answers: variance": logs.var(axis=1),
        "answers: between areas": area_means.var(axis=1),
        "answers along degrees": covariance(values["log_degree"][:, :, None], logs),
        "answers along shares": covariance(values["log_theta"], area_means),
        **_effects_along(values, hidden, inputs),
    }


def _effects_along(values: dict[str, np.ndarray], hidden: np.ndarray, inputs: Inputs) -> dict[str, np.ndarray]:
    """Covariances over areas or respondents of effects with what they enter, which show an effect in a wrong place."""
    found, free = {}, inputs.free_groups
    if "wave_effect" in values:
        degrees = values["degree_wave"][:, inputs.visits.wave[inputs.visits.of]]
        found["degrees along waves"] = covariance(degrees, values["log_degree"])
        found["shares along waves"] = covariance(values["wave_effect"][:, inputs.visits.wave], hidden)
        if "visit_effect" in values:
            found["shares along visits"] = covariance(values["visit_effect"], hidden)
    if "unit_effect" in values:
        found["shares along units"] = covariance(values["unit_effect"][:, inputs.visits.unit], hidden)
        degrees = values["degree_unit"][:, inputs.visits.unit[inputs.visits.of]]
        found["degrees along units"] = covariance(degrees, values["log_degree"])
    if len(inputs.visits) > inputs.n_surveyed:
        hidden = np.stack([hidden[:, inputs.visits.area == a].mean(axis=1) for a in range(inputs.n_surveyed)], axis=1)
    if "degree_area_effect" in values:
        effect = values["degree_area_effect"][:, inputs.area]
        found["degrees along areas"] = covariance(effect, values["log_degree"])
    if "area_effect" in values:
        found["shares along areas"] = covariance(values["area_effect"][:, inputs.visited], hidden[:, :, free])
    for level in inputs.levels:
        if f"{level.name}_effect" in values:
            effect = values[f"{level.name}_effect"][:, level.index[inputs.visited]]
            found[f"shares along {level.name}"] = covariance(effect, hidden[:, :, free])
    return found


def only_shared(one: Telling, other: Telling) -> tuple[Draws, Draws]:
    """The draws both tellings have; what only one has must be nothing: a part the model lacks, drawn as zeros.

    Parameters
    ----------
    one, other
        Told by PyMC and by NumPy.
    """
    absent = set(one.draws) - set(other.draws)
    assert not absent, f"the story does not tell {absent}"
    shared = {name: value for name, value in other.draws.items() if name in one.draws}
    for name in set(other.draws) - set(one.draws):
        value = other.draws[name]
        if name == "area_correlation":
            idle = np.all(value == np.eye(value.shape[-1])) or not np.any(other.draws["area_effect"])
            assert idle, "the PyMC model has no correlation"
        elif name not in ("deviation_sd", *OUTSIDE):
            assert not np.any(value), f"the PyMC model does not tell {name}"
    return one.draws, shared
