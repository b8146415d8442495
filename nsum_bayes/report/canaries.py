"""Search of written files for words that must not be in them, such as identifiers of respondents.

Compressed formats are opened: the parts of .xlsx and .docx, the columns of .parquet and the variables of .nc.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

ARCHIVES = (".xlsx", ".docx", ".zip")
SHORTEST = 4


def found_in(folder: str | Path, words: Iterable[str]) -> list[tuple[str, int]]:
    """Files that hold one of the words, each with how many of them; the words themselves are not told.

    Parameters
    ----------
    folder
        Searched with all below it.
    words
        Of at least ``SHORTEST`` characters; shorter ones are passed over, they would be found everywhere.
    """
    sought = [word for word in dict.fromkeys(str(word).strip() for word in words) if len(word) >= SHORTEST]
    results = []
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file() and (hits := _hits(path, sought)):
            results.append((path.relative_to(folder).as_posix(), hits))
    return results


def _hits(path: Path, sought: list[str]) -> int:
    texts = [path.name, *_texts(path)]
    return sum(any(word in text for text in texts) for word in sought)


def _texts(path: Path) -> Iterator[str]:
    """All that a file says, as text."""
    raw = path.read_bytes()
    yield raw.decode("utf-8", errors="ignore")
    yield raw.decode("utf-16-le", errors="ignore")
    if path.suffix in ARCHIVES:
        with zipfile.ZipFile(path) as archive:
            for part in archive.namelist():
                yield archive.read(part).decode("utf-8", errors="ignore")
    elif path.suffix == ".parquet":
        yield _parquet(path)
    elif path.suffix == ".nc":
        yield from _netcdf(path)


def _parquet(path: Path) -> str:
    import pandas as pd

    return pd.read_parquet(path).to_csv()


def _netcdf(path: Path) -> Iterator[str]:
    import xarray as xr

    with xr.open_datatree(path, engine="h5netcdf") as tree:
        for node in tree.subtree:
            yield str(dict(node.attrs))
            for name, variable in node.to_dataset().variables.items():
                yield f"{name} {dict(variable.attrs)}"
                if variable.dtype.kind in "OSU":
                    yield " ".join(map(str, variable.values.ravel().tolist()))
