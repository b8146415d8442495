"""From a fit to estimates: reported rates, divided draw by draw by what no answer can tell."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import xarray as xr

from nsum_bayes.estimates import assumed
from nsum_bayes.estimates.estimates import Estimates
from nsum_bayes.estimates.networks import mixing_of_the_people
from nsum_bayes.estimates.rates import flat_draws, log_reported_rates, own_information
from nsum_bayes.estimates.summaries import INTERVAL
from nsum_bayes.estimates.waves import draw_drift, drift_text, wave_shifts
from nsum_bayes.inference.fit import Fit

OWN_BIAS = "the group's own reporting bias, drawn from the spread seen among known groups"
NO_BIAS = "no reporting bias, an assumption of the model"


def estimate(fit: Fit, transmission: Mapping[str, Any] | None = None, *, seed: int | None = None) -> Estimates:
    """Prevalence of every area of the frame from a fit.

    The reported rate of each area, divided draw by draw by what no answer can tell: the hidden group's own bias,
    transmission and degree ratio. Another transmission therefore needs no refit.

    Parameters
    ----------
    fit
        A fitted model.
    transmission
        Statements to use instead of the study's, by hidden group, e.g.
        ``{"bonded": {"fixed": 0.6, "reason": "awareness study"}}``.
    seed
        Of the draws made here; by default follows the fit's.

    Returns
    -------
    Estimates

    Raises
    ------
    StudyError
        A transmission for a group that is not hidden, without a reason, or out of range.

    Examples
    --------
    >>> from nsum_bayes import Fit, estimate
    >>> estimate(Fit.load("run.nc")).table("province")  # doctest: +SKIP
    """
    rate_seed, *seeds, wave_seed = np.random.SeedSequence((fit.seed if seed is None else seed, 1)).spawn(5)
    statements = assumed.transmission_of(fit, transmission)
    log_rate = log_reported_rates(fit, np.random.default_rng(rate_seed)) + mixing_of_the_people(fit)
    parts = _assumed_draws(fit, statements, dict(transmission or {}), len(log_rate), seeds)
    shifting, drifting = (np.random.default_rng(part) for part in wave_seed.spawn(2))
    drift, waves = draw_drift(fit, len(log_rate), drifting), fit.study.waves or ("",)
    found: dict[str, Estimates] = {}
    for wave, shift, drifted in zip(waves, wave_shifts(fit, shifting), drift, strict=True):
        outside = {**parts, "transmission drift": drifted} if fit.study.waves else parts
        found[wave] = _of_one_time(fit, wave, log_rate + shift, outside, statements)
    latest = found.pop(waves[-1])
    return replace(latest, earlier=found)


def _of_one_time(
    fit: Fit, wave: str, log_rate: np.ndarray, parts: Mapping[str, np.ndarray], statements: Mapping[str, Any]
) -> Estimates:
    """Estimates of one wave from its log reported rates (draw, area, hidden_group) and what stands between."""
    prevalence = np.exp(_log_prevalence(fit, log_rate, np.sum(list(parts.values()), axis=0)))
    above_one = (prevalence > 1.0).mean(axis=(0, 1))
    study, groups = fit.study, list(fit.study.hidden_groups)
    coords = {"area": np.asarray(study.areas.codes, dtype=object), "group": np.asarray(groups, dtype=object)}
    draws = xr.Dataset(
        {"prevalence": (("draw", "area", "group"), np.minimum(prevalence, 1.0).astype(np.float32))}, coords=coords
    )
    if "transmission drift" in parts:
        slope = flat_draws(fit.posterior, "recall")[:, None] if "recall" in fit.posterior else 0.0
        draws["drift"] = (("draw", "group"), parts["transmission drift"] / (1.0 + slope))
    survey = study.survey if not wave else study.survey.of_wave(wave)
    result = Estimates(
        draws=draws,
        areas=study.areas,
        denominator={group: study.hidden(group).denominator for group in groups},
        respondents=survey.respondents_by_area(study.areas.codes),
        own_information=xr.DataArray(own_information(fit, wave), dims=("area", "group"), coords=coords),
        meta=_meta(fit, statements, above_one, wave),
        wave=wave,
    )
    return result.noting(uncertainty=_uncertainty_by_source(result, parts, log_rate))


def _assumed_draws(
    fit: Fit,
    statements: Mapping[str, Any],
    changed: Container[str],
    draws: int,
    seeds: list[np.random.SeedSequence],
) -> dict[str, np.ndarray]:
    """Log of each factor between reported rate and prevalence (draw, hidden_group), the recall term apart.

    Each factor of each group draws from a stream of its own, so that another statement changes nothing else. A factor
    that was a parameter of the model comes from its posterior.
    """
    groups = fit.study.hidden_groups
    bias_seed, *stated = seeds
    tau_rngs, ratio_rngs = ([np.random.default_rng(part) for part in seed.spawn(len(groups))] for seed in stated)
    tau = [assumed.draw_log_transmission(statements[g], draws, rng) for g, rng in zip(groups, tau_rngs, strict=True)]
    ratio = [
        assumed.draw_log_ratio(assumed.ratio_of(fit, g), draws, rng) for g, rng in zip(groups, ratio_rngs, strict=True)
    ]
    parts = {
        "own bias": assumed.draw_hidden_bias(fit, draws, np.random.default_rng(bias_seed)),
        "transmission": np.column_stack(tau),
        "degree ratio": np.column_stack(ratio),
    }
    kept = [number for number, group in enumerate(groups) if group not in changed]
    for part, name in (("own bias", "hidden_bias"), ("transmission", "transmission"), ("degree ratio", "degree_ratio")):
        tied = assumed.tied_draws(fit, name)
        if tied is not None:
            parts[part][:, kept] = (tied if name == "hidden_bias" else np.log(tied))[:, kept]
    return parts


def _log_prevalence(fit: Fit, log_rate: np.ndarray, log_factor: np.ndarray) -> np.ndarray:
    """Log π (draw, area, hidden_group) of reported rates and the factors between.

    With a recall slope a group's bias depends on its size, b = recall · (log share − mean over known groups) + rest, so
    that log share · (1 + recall) = log reported share − rest + recall · mean.
    """
    log_prevalence = log_rate - log_factor[:, None, :]
    if "recall" not in fit.posterior:
        return log_prevalence
    from nsum_bayes.model.bias import log_sizes
    from nsum_bayes.model.inputs import read_inputs

    slope = flat_draws(fit.posterior, "recall")[:, None, None]
    areas = fit.study.areas
    names = [fit.study.hidden(group).denominator for group in fit.study.hidden_groups]
    log_share = np.log(np.column_stack([areas.denominator_share(name) for name in names]))
    centre = float(log_sizes(read_inputs(fit.spec, fit.study)).mean())
    return (log_prevalence + log_share + slope * centre) / (1.0 + slope) - log_share


def _uncertainty_by_source(
    result: Estimates, parts: Mapping[str, np.ndarray], log_rate: np.ndarray
) -> dict[str, dict[str, float]]:
    """Standard deviation of the log national figure by source: what the survey left open, and what was assumed."""
    population = result.denominators()
    split = {}
    for number, group in enumerate(result.groups):
        reported = np.log(np.exp(log_rate[:, :, number]) @ population[:, number])
        assumed_sd = {name: float(part[:, number].std()) for name, part in parts.items()}
        total = reported - sum(part[:, number] for part in parts.values())
        split[group] = {"survey": float(reported.std()), **assumed_sd, "total": float(total.std())}
    return split


def _meta(fit: Fit, statements: Mapping[str, Any], above_one: np.ndarray, wave: str) -> dict[str, Any]:
    study = fit.study
    waves = {"waves": list(study.waves), "wave": wave, "drift": {g: drift_text(fit, g) for g in study.hidden_groups}}
    return {
        **{name: getattr(study, name) for name in ("title", "construct", "period", "tie", "frame")},
        "constructs": {group: study.hidden(group).construct for group in study.hidden_groups},
        "synthetic": bool(study.synthetic),
        "fictional_places": bool(study.fictional_places),
        "model": fit.spec.name,
        "seed": fit.seed,
        "transmission": {group: statement.text for group, statement in statements.items()},
        "degree_ratio": {g: assumed.ratio_of(fit, g).text for g in study.hidden_groups},
        "bias": OWN_BIAS if fit.spec.bias.sd else NO_BIAS,
        "local_share": study.local_share.text if study.local_share else "",
        "links": {link.group: f"per person of {link.of}: {link.mean.text}" for link in study.links},
        "one_rate": "area_effect" not in fit.posterior
        and "area_log_rate" not in fit.posterior
        and len(study.areas) > 1,
        **(waves if wave else {}),
        "share_above_one": dict(zip(study.hidden_groups, map(float, above_one), strict=True)),
        "interval": INTERVAL,
        "interrupted": fit.interrupted,
        "version": fit.provenance["versions"]["nsum-bayes"],
        "provenance": json.loads(json.dumps(dict(fit.provenance))),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
