"""One way to write netCDF: compressed, to a temporary name first, and never a pickle."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr

ENGINE: Literal["h5netcdf"] = "h5netcdf"
UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, EOFError)
"""What opening a damaged or foreign file may raise."""


def write_tree(path: Path, groups: Mapping[str, xr.Dataset], attributes: Mapping[str, str]) -> Path:
    """Write datasets by group name and texts as attributes of the whole file."""
    tree = xr.DataTree.from_dict(dict(groups))
    tree.attrs = dict(attributes)
    encoding = {f"/{group}": _compressed(dataset) for group, dataset in groups.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    try:
        tree.to_netcdf(temporary, engine=ENGINE, encoding=encoding)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _compressed(dataset: xr.Dataset) -> dict[str, Any]:
    """Compression of the numeric arrays; texts cannot be compressed."""
    arrays = [str(name) for name, values in dataset.data_vars.items() if values.dtype.kind in "fi" and values.ndim]
    return {name: {"zlib": True, "complevel": 1} for name in arrays}


def read_tree(path: Path) -> xr.DataTree:
    """Read a file written by `write_tree` into memory and close it."""
    with xr.open_datatree(path, engine=ENGINE) as opened:
        return opened.load()


def texts_as_dataset(texts: Mapping[str, str]) -> xr.Dataset:
    """Texts as scalar string variables."""
    return xr.Dataset({name: xr.DataArray(np.array(text, dtype=object)) for name, text in texts.items()})


def texts_of(node: xr.DataTree) -> dict[str, str]:
    """The texts that `texts_as_dataset` holds."""
    return {str(name): str(value.values[()]) for name, value in node.to_dataset().data_vars.items()}
