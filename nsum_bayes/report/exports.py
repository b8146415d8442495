"""One call for every format that a reader may ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from nsum_bayes.errors import ReleaseError, suggestion
from nsum_bayes.report.release import invents_places, releasable_levels
from nsum_bayes.report.tables import write_estimates

if TYPE_CHECKING:
    from nsum_bayes.estimates.estimates import Estimates, Suppression


def write_exports(
    estimates: Estimates, out: str | Path, formats: Iterable[str] = (), *, suppress: Suppression | None = None
) -> list[Path]:
    """Write estimates in the formats asked for into one folder.

    Parameters
    ----------
    estimates
        What to write.
    out
        Folder; made if it is not there.
    formats
        Of ``tables`` (CSV, Parquet, GeoPackage and, where allowed, draws), ``xlsx``, ``geojson``, ``latex``,
        ``word``, ``maps`` (a picture a group) and ``page`` (the interactive map); by default all that these estimates
        allow: without polygons there is no GeoJSON and no picture.
    suppress
        Disclosure rule; by default that of `Estimates.table`.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ReleaseError
        A format that does not exist or that these estimates do not allow.

    Examples
    --------
    >>> write_exports(estimates, "for_the_office", ["xlsx", "word"])  # doctest: +SKIP
    """
    from nsum_bayes.estimates.summaries import Suppression as Rule

    folder, rule = Path(out), suppress or Rule()
    chosen = list(dict.fromkeys(formats)) or _possible(estimates)
    for name in chosen:
        if name not in WRITERS:
            what = f"There is no format '{name}'.{suggestion(name, WRITERS)}"
            raise ReleaseError(what, where="format", advice=f"Formats are {', '.join(WRITERS)}.")
    return [path for name in chosen for path in WRITERS[name](estimates, folder, rule)]


def _possible(estimates: Estimates) -> list[str]:
    shapes = estimates.areas.geometry is not None and not invents_places(estimates)
    return [name for name in WRITERS if shapes or name not in ("geojson", "maps")]


def _tables(estimates: Estimates, folder: Path, rule: Suppression) -> list[Path]:
    return write_estimates(estimates, folder, suppress=rule)


def _workbook(estimates: Estimates, folder: Path, rule: Suppression) -> list[Path]:
    from nsum_bayes.report.workbook import write_workbook

    return [write_workbook(estimates, folder / "estimates.xlsx", suppress=rule)]


def _geojson(estimates: Estimates, folder: Path, rule: Suppression) -> list[Path]:
    from nsum_bayes.report.geojson import write_geojson

    return [write_geojson(estimates, folder / "areas.geojson", suppress=rule)]


def _latex(estimates: Estimates, folder: Path, rule: Suppression) -> list[Path]:
    return _documents(estimates, folder, rule, "latex")


def _word(estimates: Estimates, folder: Path, rule: Suppression) -> list[Path]:
    return _documents(estimates, folder, rule, "word")


def _documents(estimates: Estimates, folder: Path, rule: Suppression, kind: str) -> list[Path]:
    from nsum_bayes.report.documents import estimates_table, write_latex, write_word

    levels = reversed(releasable_levels(estimates))
    tables = [estimates_table(estimates, group, level, rule) for level in levels for group in estimates.groups]
    path = folder / ("estimates.tex" if kind == "latex" else "estimates.docx")
    (write_latex if kind == "latex" else write_word)(tables, path)
    return [path]


def _maps(estimates: Estimates, folder: Path, rule: Suppression) -> list[Path]:
    from nsum_bayes.report.figures import save_figure
    from nsum_bayes.report.maps import prevalence_map
    from nsum_bayes.report.wording import rows_of, stamp_of

    paths = []
    for number, group in enumerate(estimates.groups, start=1):
        if (rows_of(estimates, group, "area", rule)["estimate_type"] == "suppressed").all():
            continue  # no figure, no scale
        name = re.sub(r"[^\w-]+", "_", group).strip("_") or str(number)
        paths.append(folder / f"map_{name}.png")
        save_figure(prevalence_map(estimates, group, suppress=rule), paths[-1], stamp_of(estimates))
    return paths


def _page(estimates: Estimates, folder: Path, rule: Suppression) -> list[Path]:
    from nsum_bayes.report.interactive import write_interactive_map

    return [write_interactive_map(estimates, folder / "map.html", suppress=rule)]


WRITERS: Mapping[str, Callable[[Estimates, Path, Suppression], list[Path]]] = {
    "tables": _tables,
    "xlsx": _workbook,
    "geojson": _geojson,
    "latex": _latex,
    "word": _word,
    "maps": _maps,
    "page": _page,
}
