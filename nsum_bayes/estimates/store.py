"""Estimates as one netCDF file: draws by area, the frame, and what was assumed. No respondent is in it."""

from __future__ import annotations

import json
from pathlib import Path

import xarray as xr

from nsum_bayes.data.payload import areas_read, areas_written
from nsum_bayes.errors import FitError
from nsum_bayes.estimates.estimates import Estimates
from nsum_bayes.inference.netcdf import read_tree, texts_as_dataset, texts_of, write_tree

FORMAT = "nsum_bayes estimates 1"


def save_estimates(estimates: Estimates, path: str | Path) -> Path:
    """Write estimates; see `Estimates.to_netcdf`."""
    own = estimates.own_information.to_dataset(name="own_information")
    own["respondents"] = ("area", estimates.respondents)
    groups = {"draws": estimates.draws, "areas_known": own, "frame": texts_as_dataset(areas_written(estimates.areas))}
    attributes = {
        "format": FORMAT,
        "meta": json.dumps(dict(estimates.meta), sort_keys=True),
        "denominator": json.dumps(dict(estimates.denominator)),
    }
    return write_tree(Path(path), groups, attributes)


def load_estimates(path: str | Path) -> Estimates:
    """Read estimates; see `Estimates.load`."""
    path = Path(path)
    try:
        tree = read_tree(path)
        if tree.attrs.get("format") != FORMAT:
            raise ValueError("another format")
        known: xr.Dataset = tree["areas_known"].to_dataset()
        return Estimates(
            draws=tree["draws"].to_dataset(),
            areas=areas_read(texts_of(tree.children["frame"])),
            denominator=json.loads(tree.attrs["denominator"]),
            respondents=known["respondents"].values,
            own_information=known["own_information"],
            meta=json.loads(tree.attrs["meta"]),
        )
    except (OSError, ValueError, KeyError) as error:
        raise FitError(
            f"'{path.name}' holds no estimates of this package ({type(error).__name__}).",
            where=str(path),
            advice="Give the estimates.nc that `nsum estimate` wrote.",
        ) from None
