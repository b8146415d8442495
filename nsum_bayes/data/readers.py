"""Files into tables: CSV, Parquet, Excel, SPSS, Stata; GeoJSON (also gzipped), GeoPackage. No types are guessed."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nsum_bayes.data.columns import Table, as_codes
from nsum_bayes.data.faults import Fault, joined, listing
from nsum_bayes.data.statistical import STATISTICAL, read_statistical
from nsum_bayes.errors import suggestion

if TYPE_CHECKING:
    import geopandas as gpd

EXCEL = (".xlsx", ".xlsm")
TABLES = (".csv", ".parquet", *EXCEL, *STATISTICAL)
GEOMETRIES = (".geojson", ".json", ".geojson.gz", ".json.gz", ".gpkg")


def sha256(path: Path) -> str:
    """Hash of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def find_file(
    folder: Path, name: str, named: Sequence[str], what: str, where: str, faults: list[Fault], key: str = "file"
) -> Path | None:
    """The path of a file that the study file names, or None and a fault; files ``named`` already are not suggested."""
    if not name:
        faults.append((f"The {what} file is not named.", where, 'Add file = "…" there.'))
        return None
    path = folder / name
    if path.is_file():
        return path
    beside = [p.name for p in path.parent.iterdir() if p.name not in named] if path.parent.is_dir() else []
    near = suggestion(path.name, beside)
    advice = "Paths are relative to the folder of study.toml; correct the name or put the file there."
    faults.append((f"The {what} file '{name}' does not exist.{near}", f"{where}, key {key}", advice))
    return None


def read_table(path: Path, faults: list[Fault]) -> Table | None:
    """Read a table: CSV cells all as text, Parquet and Excel cells as stored; None and a fault where that fails.

    Parameters
    ----------
    path
        A .csv, .parquet, .xlsx, .sav or .dta file; of a workbook, the first sheet.
    faults
        Takes what is wrong.
    """
    suffix = path.suffix.lower()
    if suffix not in TABLES:
        what = f"'{path.name}' is of a kind that is not read."
        faults.append((what, path.name, f"Save the table as one of: {', '.join(TABLES)}."))
        return None
    labels: Mapping[str, Mapping[float, str]] = {}
    try:
        if suffix in STATISTICAL:
            table = read_statistical(path)
            frame, labels = table.frame, table.labels
        else:
            frame = pd.read_parquet(path) if suffix == ".parquet" else _read_headed(path, suffix)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        # The reader's own text may quote a respondent's cell, so only its kind is passed on.
        what = f"'{path.name}' cannot be read ({type(error).__name__})."
        advice = "Check that it opens, that it is UTF-8 text with commas if CSV, and that each row has as many cells."
        faults.append((what, path.name, advice))
        return None
    columns = pd.Index([str(column).strip() for column in frame.columns])
    twice = sorted(set(columns[columns.duplicated()]) - {""})
    if twice:
        what = f"{path.name} has more than one column named {listing(twice)}."
        faults.append((what, f"{path.name}, header", "Give each column a name of its own."))
        return None
    return Table(path.name, frame.set_axis(columns, axis=1), labels)


def _read_headed(path: Path, suffix: str) -> pd.DataFrame:
    """Read without a header, then take the first row: pandas would silently rename a repeated column."""
    if suffix in EXCEL:
        cells = pd.read_excel(path, header=None, dtype=object)
    else:
        cells = pd.read_csv(path, header=None, dtype=str, na_filter=False, encoding="utf-8-sig")
    header = ["" if cell is None or cell != cell else str(cell) for cell in cells.iloc[0]]
    return cells.iloc[1:].reset_index(drop=True).set_axis(pd.Index(header), axis=1)


def read_geometry(path: Path, code: str, faults: list[Fault]) -> gpd.GeoSeries | None:
    """Read polygons, indexed by the text of their code column; None and a fault where that fails.

    Parameters
    ----------
    path
        A .geojson, .geojson.gz or .gpkg file.
    code
        The column of area codes.
    faults
        Takes what is wrong.
    """
    import geopandas as gpd

    if not path.name.lower().endswith(GEOMETRIES):
        what = f"'{path.name}' is of a kind of geometry that is not read."
        faults.append((what, path.name, f"Save it as one of: {', '.join(GEOMETRIES)}."))
        return None
    try:
        packed = path.suffix.lower() == ".gz"
        frame = gpd.read_file(io.BytesIO(gzip.decompress(path.read_bytes())) if packed else path)
    except (OSError, ValueError, RuntimeError, EOFError, zlib.error) as error:
        what = f"'{path.name}' cannot be read ({type(error).__name__})."
        faults.append((what, path.name, "Check that the file opens in a geographic information system."))
        return None
    return geometry_by_code(frame, code, path.name, faults)


def geometry_by_code(frame: gpd.GeoDataFrame, code: str, name: str, faults: list[Fault]) -> gpd.GeoSeries | None:
    """Polygons of a frame indexed by the text of its code column; None and a fault where it has no such column."""
    import geopandas as gpd

    columns = [str(column) for column in frame.columns]
    if code not in columns:
        what = f"{name} has no column '{code}'.{suggestion(code, columns)}"
        faults.append((what, "study.toml, [areas.geometry], key code", f"The columns are {joined(columns)}."))
        return None
    before = len(faults)
    codes = as_codes(Table(name, pd.DataFrame({code: np.array(frame[code], dtype=object)})), code, faults)
    if len(faults) > before:
        return None
    index = pd.Index(codes, name="area")
    return gpd.GeoSeries(frame.geometry.to_numpy(), index=index, crs=frame.crs, name="geometry")
