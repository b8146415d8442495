"""Estimates as one netCDF file: draws by area, the frame, and what was assumed. No respondent is in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from nsum_bayes.data.payload import areas_read, areas_written
from nsum_bayes.errors import FitError
from nsum_bayes.estimates.estimates import Estimates
from nsum_bayes.inference.netcdf import UNREADABLE, read_tree, texts_as_dataset, texts_of, write_tree

if TYPE_CHECKING:
    from nsum_bayes.data.areas import Areas

FORMAT = "nsum_bayes estimates 1"


def save_estimates(estimates: Estimates, path: str | Path) -> Path:
    """Write estimates; see `Estimates.to_netcdf`."""
    groups = {"frame": texts_as_dataset(areas_written(estimates.areas)), **_content(estimates, "")}
    for number, earlier in enumerate(estimates.earlier.values()):
        groups |= _content(earlier, f"wave_{number}_")
    attributes = {
        "format": FORMAT,
        "meta": json.dumps(dict(estimates.meta), sort_keys=True),
        "denominator": json.dumps(dict(estimates.denominator)),
        "earlier": json.dumps({wave: dict(one.meta) for wave, one in estimates.earlier.items()}, sort_keys=False),
    }
    return write_tree(Path(path), groups, attributes)


def _content(estimates: Estimates, prefix: str) -> dict[str, xr.Dataset]:
    """Draws of one wave, what the areas know of themselves, and wider levels; their names begin with a prefix."""
    own = estimates.own_information.to_dataset(name="own_information")
    own["respondents"] = ("area", estimates.respondents)
    groups = {"draws": estimates.draws, "areas_known": own}
    groups |= {_name(estimates.levels, level): draws for level, draws in estimates.wider.items()}
    return {f"{prefix}{name}": group for name, group in groups.items()}


def _name(levels: Sequence[str], level: str) -> str:
    """Name of a level's group in the file; a level's own name need not be fit for one."""
    return f"level_{levels.index(level)}"


def load_estimates(path: str | Path) -> Estimates:
    """Read estimates; see `Estimates.load`."""
    path = Path(path)
    try:
        tree = read_tree(path)
        if tree.attrs.get("format") != FORMAT:
            raise ValueError("another format")
        areas = areas_read(texts_of(tree.children["frame"]))
        # Estimates saved before there were waves have none.
        earlier = json.loads(tree.attrs.get("earlier", "{}"))
        waves = {wave: _read(tree, areas, meta, f"wave_{n}_") for n, (wave, meta) in enumerate(earlier.items())}
        return replace(_read(tree, areas, json.loads(tree.attrs["meta"]), ""), earlier=waves)
    except UNREADABLE as error:
        raise FitError(
            f"'{path.name}' holds no estimates of this package ({type(error).__name__}).",
            where=str(path),
            advice="Give the estimates.nc that `nsum estimate` wrote.",
        ) from None


def _read(tree: xr.DataTree, areas: Areas, meta: dict[str, Any], prefix: str) -> Estimates:
    """One wave of the file."""
    known: xr.Dataset = tree[f"{prefix}areas_known"].to_dataset()
    levels = ("area", *areas.levels, "nation")
    names = {level: f"{prefix}{_name(levels, level)}" for level in levels}
    return Estimates(
        draws=tree[f"{prefix}draws"].to_dataset(),
        areas=areas,
        denominator=json.loads(tree.attrs["denominator"]),
        respondents=known["respondents"].values,
        own_information=known["own_information"],
        meta=meta,
        wider={level: tree[name].to_dataset() for level, name in names.items() if name in tree.children},
        wave=str(meta.get("wave", "")),
    )
