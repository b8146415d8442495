"""Estimates as one netCDF file: draws by area, the frame, and what was assumed. No respondent is in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from nsum_bayes.data.payload import areas_read, areas_written
from nsum_bayes.errors import FitError
from nsum_bayes.estimates.estimates import Estimates
from nsum_bayes.inference.netcdf import UNREADABLE, read_tree, texts_as_dataset, texts_of, write_tree

FORMAT = "nsum_bayes estimates 1"


def save_estimates(estimates: Estimates, path: str | Path) -> Path:
    """Write estimates; see `Estimates.to_netcdf`."""
    own = estimates.own_information.to_dataset(name="own_information")
    own["respondents"] = ("area", estimates.respondents)
    groups = {"draws": estimates.draws, "areas_known": own, "frame": texts_as_dataset(areas_written(estimates.areas))}
    groups |= {_name(estimates.levels, level): draws for level, draws in estimates.wider.items()}
    attributes = {
        "format": FORMAT,
        "meta": json.dumps(dict(estimates.meta), sort_keys=True),
        "denominator": json.dumps(dict(estimates.denominator)),
    }
    return write_tree(Path(path), groups, attributes)


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
        known: xr.Dataset = tree["areas_known"].to_dataset()
        areas = areas_read(texts_of(tree.children["frame"]))
        levels = ("area", *areas.levels, "nation")
        names = {level: _name(levels, level) for level in levels}
        return Estimates(
            draws=tree["draws"].to_dataset(),
            areas=areas,
            denominator=json.loads(tree.attrs["denominator"]),
            respondents=known["respondents"].values,
            own_information=known["own_information"],
            meta=json.loads(tree.attrs["meta"]),
            wider={level: tree[name].to_dataset() for level, name in names.items() if name in tree.children},
        )
    except UNREADABLE as error:
        raise FitError(
            f"'{path.name}' holds no estimates of this package ({type(error).__name__}).",
            where=str(path),
            advice="Give the estimates.nc that `nsum estimate` wrote.",
        ) from None
