"""Estimates without the draws of units too small to show, so that the file of draws tells no more than the tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import xarray as xr

if TYPE_CHECKING:
    from nsum_bayes.data.areas import Areas
    from nsum_bayes.estimates.estimates import Estimates
    from nsum_bayes.estimates.summaries import Suppression


def withheld(estimates: Estimates, suppress: Suppression) -> Estimates:
    """The same estimates with the draws of hidden areas missing; see `Estimates.withhold`.

    Wider levels are summed first and kept beside the areas, with the draws of hidden units missing likewise: from what
    is left of the areas they could not be summed any more.
    """
    shown = xr.DataArray(~suppress.hides(estimates.respondents), dims="area")
    return replace(
        estimates,
        areas=without_covariates(estimates.areas),
        draws=estimates.draws.assign(prevalence=estimates.draws["prevalence"].where(shown)),
        own_information=estimates.own_information.where(shown),
        wider={level: _shown_units(estimates, level, suppress) for level in estimates.levels[1:]},
        earlier={wave: withheld(earlier, suppress) for wave, earlier in estimates.earlier.items()},
    )


def _shown_units(estimates: Estimates, level: str, suppress: Suppression) -> xr.Dataset:
    """``prevalence`` (draw, unit, group) and ``own_information`` (unit, group), missing where a unit is hidden, and
    ``respondents`` (unit,).
    """
    kept = estimates.level_draws(level)[["prevalence"]]
    kept["own_information"] = estimates.level_information(level)
    asked = estimates.level_respondents(level)
    return kept.where(xr.DataArray(~suppress.hides(asked), dims="unit")).assign(respondents=("unit", asked))


def without_covariates(areas: Areas) -> Areas:
    """The frame with names, levels and populations only: secondary data may belong to somebody else."""
    table = areas.table[["name", *areas.levels, "population", *areas.denominators]]
    return replace(areas, table=table, covariates=())
