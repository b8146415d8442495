"""Prevalence of every area, province, region and of the nation, as draws until the last step."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from nsum_bayes.errors import ReleaseError, suggestion
from nsum_bayes.estimates import assumed
from nsum_bayes.estimates.rates import flat_draws, log_reported_rates, own_information
from nsum_bayes.estimates.summaries import INTERVAL, Suppression, level_table, point_estimate
from nsum_bayes.estimates.withholding import withheld
from nsum_bayes.inference.fit import Fit

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from nsum_bayes.data.areas import Areas

OWN_BIAS = "the group's own reporting bias, drawn from the spread seen among known groups"
NO_BIAS = "no reporting bias, an assumption of the model"


@dataclass(frozen=True)
class Estimates:
    """Posterior prevalence by area; the only result that leaves the house: it holds no respondent.

    Parameters
    ----------
    draws
        ``prevalence`` (draw, area, group): share of the group's denominator population, for every area of the frame.
    areas
        The frame.
    denominator
        Name of the denominator population of each hidden group.
    respondents
        Number of respondents (area,).
    own_information
        Share of what is known about an area's own deviation that comes from its own survey (area, group), 0 to 1.
    meta
        Title, construct, period, tie, frame, synthetic, fictional_places, model, seed, transmission in words,
        uncertainty by source, …
    wider
        By level, only where draws of some areas are withheld and no sums can be made from the rest: ``prevalence``
        (draw, unit, group) and ``own_information`` (unit, group).
    """

    draws: xr.Dataset
    areas: Areas
    denominator: Mapping[str, str]
    respondents: np.ndarray
    own_information: xr.DataArray
    meta: Mapping[str, Any]
    wider: Mapping[str, xr.Dataset] = field(default_factory=dict)

    @property
    def groups(self) -> tuple[str, ...]:
        """Hidden groups."""
        return tuple(str(group) for group in self.draws.coords["group"].values)

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels of estimates, from the area to the nation."""
        return ("area", *self.areas.levels, "nation")

    def unit_of(self, level: str) -> np.ndarray:
        """Unit of each area at a level (area,)."""
        if level == "area":
            return np.asarray(self.areas.codes)
        if level == "nation":
            return np.full(len(self.areas), "nation")
        if level not in self.areas.levels:
            raise ReleaseError(
                f"There is no level '{level}'.{suggestion(level, self.levels)}",
                where="level",
                advice=f"Levels are {', '.join(self.levels)}.",
            )
        return np.asarray(self.areas.level_of(level))

    def denominators(self) -> np.ndarray:
        """Denominator population (area, group)."""
        return np.column_stack([self.areas.table[self.denominator[g]].to_numpy(dtype=float) for g in self.groups])

    def level_draws(self, level: str = "area") -> xr.Dataset:
        """``prevalence`` and ``count`` (draw, unit, group) and ``population`` (unit, group), summed draw by draw.

        Missing for units whose draws are withheld.
        """
        units, of_area = np.unique(self.unit_of(level), return_inverse=True)
        population = _summed(self.denominators(), of_area)
        if level in self.wider:
            counts = self.wider[level]["prevalence"].transpose("draw", "unit", "group").values * population
        else:
            by_area = self.draws["prevalence"].transpose("draw", "area", "group").values.astype(float)
            counts = _summed(by_area * self.denominators(), of_area)
        dims = ("draw", "unit", "group")
        return xr.Dataset(
            {
                "prevalence": (dims, counts / population),
                "count": (dims, counts),
                "population": (("unit", "group"), population),
            },
            coords={"unit": units, "group": list(self.groups)},
        )

    def aggregate(self, to: str) -> xr.Dataset:
        """The same as `level_draws`, by its usual name."""
        return self.level_draws(to)

    def level_respondents(self, level: str = "area") -> np.ndarray:
        """Number of respondents of each unit (unit,), in the order of `level_draws`."""
        _, of_area = np.unique(self.unit_of(level), return_inverse=True)
        return np.bincount(of_area, weights=self.respondents).astype(int)

    def level_information(self, level: str = "area") -> xr.DataArray:
        """The areas' shares of own information, weighted by denominator population (unit, group)."""
        if level in self.wider:
            return self.wider[level]["own_information"]
        units, of_area = np.unique(self.unit_of(level), return_inverse=True)
        weight = self.denominators()
        own = self.own_information.transpose("area", "group").values
        share = _summed(own * weight, of_area) / _summed(weight, of_area)
        return xr.DataArray(share, dims=("unit", "group"), coords={"unit": units, "group": list(self.groups)})

    def withhold(self, suppress: Suppression | None = None) -> Estimates:
        """The same estimates without the draws of the units that a disclosure rule hides; for files that go out."""
        return withheld(self, suppress or Suppression())

    def benchmark(
        self, totals: pd.DataFrame | Sequence[Mapping[str, Any]], method: str = "ratio", *, seed: int = 1
    ) -> Estimates:
        """The same estimates in agreement with totals from outside, draw by draw (`nsum_bayes.estimates.benchmark`).

        Parameters
        ----------
        totals
            One row a total: ``group``, ``estimate`` (persons), ``se``, and optionally ``level`` and ``unit`` (by
            default the nation) and ``source``.
        method
            ``ratio``: areas are scaled so that they sum to the total. ``weights``: the total is one more observation,
            and draws are resampled by its likelihood.

        Raises
        ------
        ReleaseError
            A total that cannot be; two of the same areas; a source and a survey that hardly meet.

        Examples
        --------
        >>> estimates.benchmark([{"group": "bonded", "estimate": 9000, "se": 1500}])  # doctest: +SKIP
        """
        from nsum_bayes.estimates.benchmark import benchmarked

        return benchmarked(self, totals, method, seed)

    def noting(self, **more: Any) -> Estimates:
        """The same estimates with more in ``meta``, e.g. the verdict on their fit."""
        return replace(self, meta={**self.meta, **more})

    def table(self, level: str = "area", suppress: Suppression | None = None) -> pd.DataFrame:
        """One row a unit and hidden group: prevalence, counts, intervals, CV, respondents, kind of estimate.

        Parameters
        ----------
        level
            ``area``, a level of the frame, or ``nation``.
        suppress
            Which units are too small to show; by default those with fewer than ten respondents of their own.
        """
        return level_table(self, level, suppress or Suppression())

    def exceedance(self, threshold: float, level: str = "area") -> xr.DataArray:
        """Posterior probability that prevalence lies above a threshold (unit, group); missing where withheld.

        Parameters
        ----------
        threshold
            Share of the denominator, e.g. 0.005 for 5 in 1,000.

        Raises
        ------
        ReleaseError
            A threshold that is no share, or no such level.
        """
        if not 0 <= threshold <= 1:
            advice = "Give a share, e.g. 0.005 for 5 in 1,000."
            raise ReleaseError("The threshold is no share: it lies outside 0 to 1.", where="threshold", advice=advice)
        draws = self.level_draws(level)["prevalence"]
        return (draws > threshold).mean("draw").where(draws.notnull().all("draw"))

    def point(self, loss: str = "absolute", level: str = "area") -> xr.DataArray:
        """One figure of prevalence a unit and group (unit, group), the best under a named loss.

        Parameters
        ----------
        loss
            ``absolute`` (the median), ``squared`` (the mean) or ``relative`` (smallest expected relative error).
            Whatever it is, it does not travel without its interval.
        """
        draws = self.level_draws(level)["prevalence"]
        return draws.isel(draw=0, drop=True).copy(data=point_estimate(draws.values, loss))

    def national(self) -> xr.Dataset:
        """Median and interval of national prevalence and count (group,)."""
        draws = self.level_draws("nation").isel(unit=0, drop=True)[["prevalence", "count"]]
        low, high = (1 - INTERVAL) / 2, (1 + INTERVAL) / 2
        return draws.quantile([low, 0.5, high], dim="draw", skipna=False)

    def to_netcdf(self, path: str | Path) -> Path:
        """Write draws, frame and statements as one netCDF file (areas only), to a temporary name first.

        Draws of every area are written; `withhold` first what a reader may not see.
        """
        from nsum_bayes.estimates.store import save_estimates

        return save_estimates(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Estimates:
        """Read what `to_netcdf` wrote."""
        from nsum_bayes.estimates.store import load_estimates

        return load_estimates(path)

    def __repr__(self) -> str:
        national = self.national()
        study = f"{self.meta['title']} ({self.meta['period']}), model {self.meta['model']}"
        lines = [f"Estimates: {study}; median and {INTERVAL:.0%} interval"]
        for group in self.groups:
            low, median, high = national["count"].sel(group=group).values
            lines.append(f"  {group}: {median:,.0f} ({low:,.0f} to {high:,.0f}) of all {self.denominator[group]}")
        return "\n".join(lines)


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
    rate_seed, *seeds = np.random.SeedSequence((fit.seed if seed is None else seed, 1)).spawn(4)
    statements = assumed.transmission_of(fit, transmission)
    log_rate = log_reported_rates(fit, np.random.default_rng(rate_seed))
    parts = _assumed_draws(fit, statements, dict(transmission or {}), len(log_rate), seeds)
    prevalence = np.exp(_log_prevalence(fit, log_rate, np.sum(list(parts.values()), axis=0)))
    above_one = (prevalence > 1.0).mean(axis=(0, 1))
    study, groups = fit.study, list(fit.study.hidden_groups)
    coords = {"area": np.asarray(study.areas.codes, dtype=object), "group": np.asarray(groups, dtype=object)}
    draws = xr.Dataset(
        {"prevalence": (("draw", "area", "group"), np.minimum(prevalence, 1.0).astype(np.float32))}, coords=coords
    )
    result = Estimates(
        draws=draws,
        areas=study.areas,
        denominator={group: study.hidden(group).denominator for group in groups},
        respondents=study.survey.respondents_by_area(study.areas.codes),
        own_information=xr.DataArray(own_information(fit), dims=("area", "group"), coords=coords),
        meta=_meta(fit, statements, above_one),
    )
    return result.noting(uncertainty=_uncertainty_by_source(result, parts, log_rate))


def _summed(values: np.ndarray, of_area: np.ndarray) -> np.ndarray:
    """Sums over the areas of each unit (…, unit, group) of values (…, area, group), given each area's unit."""
    order = np.argsort(of_area, kind="stable")
    starts = np.flatnonzero(np.diff(of_area[order], prepend=-1))
    return np.add.reduceat(values[..., order, :], starts, axis=-2)


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


def _meta(fit: Fit, statements: Mapping[str, Any], above_one: np.ndarray) -> dict[str, Any]:
    study = fit.study
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
        "share_above_one": dict(zip(study.hidden_groups, map(float, above_one), strict=True)),
        "interval": INTERVAL,
        "interrupted": fit.interrupted,
        "version": fit.provenance["versions"]["nsum-bayes"],
        "provenance": json.loads(json.dumps(dict(fit.provenance))),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
