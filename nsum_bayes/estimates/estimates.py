"""Prevalence of every area, province, region and of the nation, as draws until the last step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from nsum_bayes.errors import ReleaseError, suggestion
from nsum_bayes.estimates.summaries import INTERVAL, Suppression, level_table, point_estimate
from nsum_bayes.estimates.waves import change_table
from nsum_bayes.estimates.withholding import withheld

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from nsum_bayes.data.areas import Areas


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
        (draw, unit, group), ``own_information`` (unit, group) and, in a release, ``respondents`` (unit,).
    wave
        The wave that all of this is of, the latest; empty for a study of one.
    earlier
        Estimates of the waves before it, by name, in order; the same draws. ``draws`` then has ``drift`` (draw, group):
        the logarithm of transmission over that of the first wave.
    """

    draws: xr.Dataset
    areas: Areas
    denominator: Mapping[str, str]
    respondents: np.ndarray
    own_information: xr.DataArray
    meta: Mapping[str, Any]
    wider: Mapping[str, xr.Dataset] = field(default_factory=dict)
    wave: str = ""
    earlier: Mapping[str, Estimates] = field(default_factory=dict)

    @property
    def waves(self) -> tuple[str, ...]:
        """Names of the waves, in order; none for a study of one."""
        return (*self.earlier, self.wave) if self.wave else ()

    def at(self, wave: str) -> Estimates:
        """The estimates of one wave."""
        return replace(self, earlier={}) if wave == self.wave else self.earlier[wave]

    @property
    def by_wave(self) -> dict[str, Estimates]:
        """The estimates of each wave by its name, in order; those of a study of one by an empty name."""
        return {wave: self.at(wave) for wave in self.waves or ("",)}

    def change(
        self, before: str, after: str, level: str = "nation", suppress: Suppression | None = None
    ) -> pd.DataFrame:
        """What changed from one wave to another, one row a unit and hidden group.

        Returns
        -------
        pandas.DataFrame
            Ratio of prevalence with its interval and the probability of a decrease, each twice: with transmission
            drifting as far as was stated, and (``same_transmission_…``) as if it had stayed; and a ``reading`` that
            calls a change one only where it is one both ways.

        Raises
        ------
        ReleaseError
            No such wave or level.

        Examples
        --------
        >>> estimates.change("2023", "2025", "province")  # doctest: +SKIP
        """
        return change_table(self, before, after, level, suppress)

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
        if level in self.wider and "respondents" in self.wider[level]:
            return np.asarray(self.wider[level]["respondents"].values, dtype=int)
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
        """The same estimates with more in ``meta``, e.g. the verdict on their fit; of earlier waves too."""
        earlier = {wave: one.noting(**more) for wave, one in self.earlier.items()}
        return replace(self, meta={**self.meta, **more}, earlier=earlier)

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

    def _repr_html_(self) -> str:
        from nsum_bayes.estimates.summaries import estimates_markup

        return estimates_markup(self)

    def __repr__(self) -> str:
        national = self.national()
        study = f"{self.meta['title']} ({self.meta['period']}), model {self.meta['model']}"
        lines = [f"Estimates: {study}; median and {INTERVAL:.0%} interval"]
        for group in self.groups:
            low, median, high = national["count"].sel(group=group).values
            lines.append(f"  {group}: {median:,.0f} ({low:,.0f} to {high:,.0f}) of all {self.denominator[group]}")
        return "\n".join(lines)


def _summed(values: np.ndarray, of_area: np.ndarray) -> np.ndarray:
    """Sums over the areas of each unit (…, unit, group) of values (…, area, group), given each area's unit."""
    order = np.argsort(of_area, kind="stable")
    starts = np.flatnonzero(np.diff(of_area[order], prepend=-1))
    return np.add.reduceat(values[..., order, :], starts, axis=-2)
