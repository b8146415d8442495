"""Tables for readers: one file a level as CSV and Parquet, the area draws as netCDF, and a GeoPackage where there is
geometry. Areas only: nothing here has a row per respondent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from nsum_bayes.errors import ReleaseError
from nsum_bayes.report.release import invents_places, releasable_levels, replacing
from nsum_bayes.report.wording import assumptions_of, benchmark_of

if TYPE_CHECKING:
    import geopandas

    from nsum_bayes.estimates.estimates import Estimates, Suppression

Write = Callable[[Path], Any]

_BEFORE_LEVELS = ("area", "name", "level")
_AFTER_LEVELS = (
    "group", "wave", "denominator", "population", "respondents",
    "prevalence_mean", "prevalence_median", "prevalence_lower", "prevalence_upper",
    "count_median", "count_lower", "count_upper", "cv", "estimate_type",
)  # fmt: skip
_RESERVED = ("area", "areas", "nation", "estimates", "exceedance", "changes", "remainders", "network_sizes")
# Spreadsheets run a cell that starts with one of these, also behind blanks and in their full-width forms.
_FORMULA = re.compile(r"[\s\x00]*[=+\-@＝＋－＠]|[\t\r\n]")


def leading_columns(levels: Iterable[str]) -> list[str]:
    """The columns every table begins with, in the order of the study file's contract."""
    return [*_BEFORE_LEVELS, *levels, *_AFTER_LEVELS]


def write_estimates(estimates: Estimates, out: str | Path, *, suppress: Suppression) -> list[Path]:
    """Write every table of a set of estimates into one folder.

    ``areas.csv``, one file a level, ``nation.csv`` (each also as ``.parquet``), ``estimates.nc`` (draws by area) and,
    where there is geometry, ``areas.gpkg`` (one layer a group). With waves, tables have the rows of each, and
    ``changes.csv`` tells what changed from each wave to the next and from the first to the last.
    All files appear together: if one of them cannot be
    written, none is replaced. Simulated answers about real places give the nation only. ``estimates.nc`` withholds
    what the tables withhold and has the draws of wider levels beside those of the areas.

    Parameters
    ----------
    estimates
        What to write.
    out
        Folder; made if it is not there.
    suppress
        Disclosure rule; suppressed rows keep their place and lose their figures in every table.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ReleaseError
        A level's name cannot be a file name.
    """
    folder = Path(out)
    writers = {folder / name: write for name, write in _plan(estimates, suppress)}
    with ExitStack() as renamed_at_the_end:
        for path, write in writers.items():
            write(renamed_at_the_end.enter_context(replacing(path)))
    return list(writers)


def _plan(estimates: Estimates, suppress: Suppression) -> list[tuple[str, Write]]:
    """File names with what writes each, tables computed once."""
    levels = releasable_levels(estimates)
    _check_file_names(estimates.areas.levels)
    tables = {level: level_table(estimates, level, suppress) for level in levels}
    plan: list[tuple[str, Write]] = []
    for level, table in tables.items():
        stem = "areas" if level == "area" else level
        plan.append((f"{stem}.csv", partial(write_csv, table)))
        plan.append((f"{stem}.parquet", partial(table.to_parquet, index=False)))
    if estimates.earlier:
        plan.append(("changes.csv", partial(write_csv, changes_table(estimates, levels, suppress))))
    if not invents_places(estimates) and (estimates.meta.get("release") or {}).get("draws", True):
        plan.append(("estimates.nc", estimates.withhold(suppress).to_netcdf))
    if not invents_places(estimates) and estimates.areas.geometry is not None:
        plan.append(("areas.gpkg", partial(_write_geopackage, tables["area"], estimates.areas.geometry)))
    return plan


def changes_table(estimates: Estimates, levels: Iterable[str], suppress: Suppression) -> pd.DataFrame:
    """From each wave to the next and from the first to the last, at every level."""
    waves = estimates.waves
    pairs = dict.fromkeys([*pairwise(waves), (waves[0], waves[-1])])
    tables = [estimates.change(*pair, level, suppress) for level in levels for pair in pairs]
    drift = estimates.meta.get("drift", {})
    changes = pd.concat(tables, ignore_index=True)
    return stamped(changes.assign(transmission_drift=changes["group"].map(drift)), estimates)


def level_table(estimates: Estimates, level: str, suppress: Suppression) -> pd.DataFrame:
    """The table of one level: contract columns first, then what was assumed and done; ``simulated`` last if so."""
    if estimates.earlier:
        waves = [level_table(estimates.at(wave), level, suppress) for wave in estimates.waves]
        return pd.concat(waves, ignore_index=True)
    table = estimates.table(level, suppress)
    table["model"] = str(estimates.meta.get("model", ""))
    table["assumed"] = table["group"].map(lambda group: assumptions_of(estimates, group))
    if rules := estimates.meta.get("release"):
        table["reliability"] = reliability_of(table, rules)
        # The lower limit of the class of a hidden unit is one, and would be read as a single respondent.
        table["respondents"] = table["respondents"].astype("Int64").mask(table["estimate_type"] == "suppressed")
    if estimates.meta.get("benchmark"):
        table["benchmark"] = table["group"].map(lambda group: benchmark_of(estimates, group))
    first = leading_columns(estimates.areas.levels)
    table = table[[*first, *(column for column in table.columns if column not in first)]]
    return stamped(table, estimates)


def stamped(table: pd.DataFrame, estimates: Estimates) -> pd.DataFrame:
    """The table with ``simulated`` and ``restricted`` last, each where it is so."""
    marks = {"simulated": "synthetic", "restricted": "restricted"}
    return table.assign(**{column: True for column, said in marks.items() if estimates.meta.get(said, False)})


def reliability_of(table: pd.DataFrame, rules: Mapping[str, Any]) -> pd.Series:
    """Whether each figure may be taken as it is, under release rules: withheld, usable, or with caution and why."""
    asked = table["respondents"] > 0
    cautions = {
        "few respondents": asked & (table["respondents"] < rules["caution_below"]),
        "imprecise": table["cv"] > rules["caution_cv"],
        "mostly borrowed from elsewhere": asked & (table["own_information"] < rules["caution_own"]),
        "a prediction": ~asked,
    }
    said = pd.DataFrame({why: met.map({True: why, False: ""}) for why, met in cautions.items()})
    words = said.apply(lambda row: ", ".join(why for why in row if why), axis=1)
    found = words.map(lambda why: f"with caution: {why}" if why else "usable")
    return found.where(table["estimate_type"] != "suppressed", "withheld")


def _check_file_names(levels: Iterable[str]) -> None:
    seen = set(_RESERVED)
    for level in levels:
        if not re.fullmatch(r"\w[\w \-.]*", level) or level.lower() in seen:
            raise ReleaseError(
                f"The level '{level}' cannot be the name of a file beside areas.csv and nation.csv.",
                where="[areas] levels",
                advice="Rename the column, for example to 'province'; letters, digits, blanks, '-' and '_' are safe.",
            )
        seen.add(level.lower())


# --- CSV ------------------------------------------------------------------------------------------------------------


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table with text quoted and numbers bare.

    Quoting keeps a code's leading zeros for readers that look at the quotes. Text that a spreadsheet would run as a
    formula gets an apostrophe in front. Missing values are empty.
    """
    columns = [[_cell(value) for value in table[name]] for name in table.columns]
    lines = [",".join(_cell(str(name)) for name in table.columns), *map(",".join, zip(*columns, strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _cell(value: Any) -> str:
    if pd.isna(value):
        return ""
    if isinstance(value, str):
        return '"' + defused(value).replace('"', '""') + '"'
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, Integral) else f"{value:.12g}"


def defused(text: str) -> str:
    """The text with an apostrophe in front if a spreadsheet would take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


# --- GeoPackage -----------------------------------------------------------------------------------------------------


def _write_geopackage(table: pd.DataFrame, shapes: geopandas.GeoSeries, path: Path) -> None:
    """One layer a group, so that no polygon lies on top of its copy."""
    from geopandas import GeoDataFrame

    crs = shapes.crs or "EPSG:4326"
    for group, rows in table.groupby("group", sort=False, observed=True):
        geometry = shapes.reindex(rows["area"]).to_numpy()
        layer = GeoDataFrame(rows.reset_index(drop=True), geometry=geometry, crs=crs)
        # Islands and single polygons are mixed; a GIS wants one kind a layer.
        layer.to_file(path, layer=str(group), driver="GPKG", engine="pyogrio", promote_to_multi=True)
