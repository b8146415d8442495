"""A run as one netCDF file: draws, model text, study, provenance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr

from nsum_bayes.errors import FitError, NsumError
from nsum_bayes.inference.netcdf import UNREADABLE, read_tree, texts_as_dataset, texts_of, write_tree
from nsum_bayes.model.spec import dumps, loads

if TYPE_CHECKING:
    from nsum_bayes.inference.fit import Fit

FORMAT = "nsum_bayes run 1"
PARTS = ("posterior", "sample_stats", "observed_data", "study")
RESTRICTED = "RESTRICTED: holds respondent-level answers and degrees; share only what `nsum estimate` writes."


def save_fit(run: Fit, path: Path) -> Path:
    """Write a run; see `Fit.save`."""
    groups = {**_datasets(run.tree), "study": texts_as_dataset(run.study.to_payload())}
    attributes = {
        "format": FORMAT,
        "access": RESTRICTED,
        "model": dumps(run.spec),
        "provenance": json.dumps(dict(run.provenance), sort_keys=True),
    }
    return write_tree(path, groups, attributes)


def _datasets(tree: xr.DataTree) -> dict[str, xr.Dataset]:
    return {name: node.to_dataset() for name, node in tree.children.items()}


def load_fit(path: Path) -> Fit:
    """Read a run; see `Fit.load`."""
    from nsum_bayes.data.study import Study
    from nsum_bayes.inference.fit import Fit

    if not path.is_file():
        raise FitError(
            f"There is no run '{path.name}'.", where=str(path), advice="Give the file that `nsum fit` wrote."
        )
    try:
        tree = read_tree(path)
        if tree.attrs.get("format") != FORMAT:
            raise ValueError("another format")
        if missing := [name for name in PARTS if name not in tree.children]:
            raise KeyError(*missing)
        study = Study.from_payload(texts_of(tree.children["study"]))
        groups = {name: dataset for name, dataset in _datasets(tree).items() if name != "study"}
        provenance = json.loads(tree.attrs["provenance"])
        return Fit(loads(tree.attrs["model"]), study, xr.DataTree.from_dict(groups), provenance)
    except NsumError:
        raise
    except UNREADABLE as error:
        raise FitError(
            f"'{path.name}' is not a run of this package, or it is damaged ({type(error).__name__}).",
            where=str(path),
            advice="Fit the model again with `nsum fit`.",
        ) from None
