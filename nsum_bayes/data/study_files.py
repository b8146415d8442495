"""The files that a study file names: found, read and hashed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsum_bayes.data.columns import Table
from nsum_bayes.data.faults import Fault
from nsum_bayes.data.forms import as_asked
from nsum_bayes.data.readers import find_file, geometry_by_code, read_geometry, read_table, sha256
from nsum_bayes.data.settings import StudySettings
from nsum_bayes.data.survey import ordered_groups

if TYPE_CHECKING:
    import geopandas as gpd

Tables = dict[str, Table | None]
LINKS, CELLS = "links between areas", "respondent cells"
NamedGeometry = tuple["gpd.GeoSeries | None", str]


def read_files(
    settings: StudySettings, folder: Path, faults: list[Fault]
) -> tuple[Tables, NamedGeometry, dict[str, str]]:
    """The tables by their role, the polygons with the name of their file, and the hashes of all files read."""
    tables: Tables = {}
    hashes: dict[str, str] = {}
    names = {"survey": settings.survey.file, "known": settings.known.file, "areas": settings.areas.file}
    if links := settings.areas.neighbours.links:
        names[LINKS] = links
    if settings.survey.cells is not None:
        names[CELLS] = settings.survey.cells.file
    stated = settings.areas.geometry
    named = [*names.values(), *([stated.file] if stated else [])]
    for role, name in names.items():
        if role == "known" and not ordered_groups(settings)[0] and _nothing_in(folder / name):
            continue
        what = {"known": "known sizes"}.get(role, role)
        section, key = {LINKS: ("areas.neighbours", "links"), CELLS: ("survey.cells", "file")}.get(role, (role, "file"))
        path = find_file(folder, name, named, what, f"study.toml, [{section}]", faults, key)
        tables[role] = read_table(path, faults) if path else None
        if path:
            hashes[name] = sha256(path)
        if role == "survey":
            further: dict[str, Path] = {}
            tables[role] = as_asked(tables[role], settings, folder, further, faults)
            hashes |= {more: sha256(file) for more, file in further.items()}
    if stated is None:
        return tables, (None, ""), hashes
    path = find_file(folder, stated.file, named, "geometry", "study.toml, [areas.geometry]", faults)
    if path is None:
        return tables, (None, ""), hashes
    return tables, (read_geometry(path, stated.code, faults), path.name), hashes | {stated.file: sha256(path)}


def _nothing_in(path: Path) -> bool:
    """Whether a file is not named (the path is then the folder's) or is empty; either will do where none is needed."""
    return path.is_dir() or (path.is_file() and not path.stat().st_size)


def given_geometry(geometry: Any, settings: StudySettings, faults: list[Fault]) -> NamedGeometry:
    """Polygons given in a notebook by area code, and what messages call them."""
    name = "the geometry frame"
    if geometry is None or not hasattr(geometry, "columns"):
        return geometry, name
    code = settings.areas.geometry.code if settings.areas.geometry else settings.areas.code
    return geometry_by_code(geometry, code, name, faults), name
