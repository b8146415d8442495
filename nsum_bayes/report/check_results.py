"""Results of checks as their commands wrote them, read again and held against the fit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nsum_bayes.checks.holdout import HoldOut
from nsum_bayes.checks.predictors import Predictors
from nsum_bayes.checks.sensitivity import Sensitivity
from nsum_bayes.errors import ReleaseError
from nsum_bayes.model.spec import dumps

if TYPE_CHECKING:
    import xarray as xr

    from nsum_bayes.estimates.estimates import Estimates
    from nsum_bayes.inference.fit import Fit

COLUMNS = ("unit", "group", "truth", "median", "lower", "upper", "log_ratio", "inside", "rhat", "divergent")
HOLD_OUT_ADVICE = "Give the file that `nsum holdout --out` wrote, or what `nsum holdout --json` printed."
SENSITIVITY_ADVICE = "Give the folder that `nsum sensitivity --out` wrote, or what `nsum sensitivity --json` printed."
PREDICTORS_ADVICE = "Give the folder that `nsum predictors --out` wrote."
AGREES = 1e-3
"""Relative difference of the figure as stated up to which a sensitivity analysis is taken to be of this fit."""


def read_hold_out(path: str | Path, run: Fit) -> HoldOut:
    """A hold-out of the fit's model and data.

    Parameters
    ----------
    path
        The file that `nsum holdout --out` keeps finished refits in, or the JSON that `--json` prints.
    run
        The fit that the report is on.

    Raises
    ------
    ReleaseError
        Not such a file, or of another model or other data.
    """
    file = Path(path)
    rows = _lines(file, HOLD_OUT_ADVICE)
    body = rows[0].get("holdout")
    found = _printed(body, file) if isinstance(body, dict) else _kept(rows, run, file)
    _check_units(found, run, file)
    return found


def _lines(file: Path, advice: str) -> list[dict[str, Any]]:
    """The JSON objects of a file, one a line."""
    try:
        text = file.read_text(encoding="utf-8")
        rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    except OSError as error:
        what = f"'{file.name}' cannot be read: {error.strerror or type(error).__name__}."
        raise ReleaseError(what, where=str(file), advice=advice) from None
    except ValueError:
        rows = []
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ReleaseError(f"'{file.name}' holds no results of a check.", where=str(file), advice=advice)
    return rows


def _printed(body: Mapping[str, Any], file: Path) -> HoldOut:
    try:
        table = _table(body["units"])
        return HoldOut(str(body["what"]), table, {str(unit): str(why) for unit, why in body["failures"].items()})
    except (KeyError, TypeError, AttributeError):
        what = f"'{file.name}' holds no results of a hold-out."
        raise ReleaseError(what, where=str(file), advice=HOLD_OUT_ADVICE) from None


def _kept(rows: list[dict[str, Any]], run: Fit, file: Path) -> HoldOut:
    """Finished refits, a line each after the job that they belong to."""
    job = str(rows[0].get("job", ""))
    told = re.match(r"hold out (group|area|wave), ", job)
    if told is None:
        what = f"'{file.name}' holds no results of a hold-out."
        raise ReleaseError(what, where=str(file), advice=HOLD_OUT_ADVICE)
    if f"data {sorted(run.study.hashes.items())}" not in job or not job.endswith(dumps(run.spec)):
        raise ReleaseError(
            "This hold-out is of another model or of other data than the fit.",
            where=str(file),
            advice="Hold out with the model and the study of the fit.",
        )
    done = {str(row["key"]): row["result"] for row in rows[1:] if "result" in row}
    failed = {str(row["key"]): str(row.get("failure", "")) for row in rows[1:] if row.get("key") not in done}
    what = told.group(1)
    found = [row for result in done.values() for row in result]
    found += [{"unit": unit, "group": unit if what == "group" else "", "inside": False} for unit in failed]
    return HoldOut(what, _table(found), failed)


def _table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(list(rows)).reindex(columns=list(COLUMNS))
    numbers = ["truth", "median", "lower", "upper", "log_ratio", "rhat", "divergent"]
    table[numbers] = table[numbers].astype(float)
    return table.astype({"inside": bool})


def _check_units(found: HoldOut, run: Fit, file: Path) -> None:
    study = run.study
    known = {"group": study.known_groups, "area": tuple(study.areas.codes), "wave": study.waves}.get(found.what, ())
    if found.table.empty:
        raise ReleaseError("No refit of this hold-out is finished.", where=str(file), advice="Run it to its end.")
    if odd := sorted(set(found.table["unit"].astype(str)) - set(map(str, known))):
        what = f"The fit's study has no {found.what} '{odd[0]}', so this hold-out is of another study."
        raise ReleaseError(what, where=str(file), advice="Hold out with the study of the fit.")


# --- sensitivity ----------------------------------------------------------------------------------------------------


def read_sensitivity(path: str | Path, stated: Estimates) -> Sensitivity:
    """A sensitivity analysis of the fit; its figures as stated have to be those of the fit.

    Parameters
    ----------
    path
        The folder that `nsum sensitivity --out` wrote, or the JSON that `--json` prints.
    stated
        Estimates of the fit with the study's own statements.

    Raises
    ------
    ReleaseError
        No such results, or of another fit.
    """
    place = Path(path)
    folder = place if place.is_dir() else place.parent
    found = _from_folder(folder) if place.is_dir() or place.suffix == ".csv" else _from_json(place)
    _check_same_figure(found, stated, place)
    return found


def _from_folder(folder: Path) -> Sensitivity:
    try:
        table = pd.read_csv(folder / "sensitivity.csv", dtype={"group": str, "what": str, "setting": str})
        power = pd.read_csv(folder / "power_scaling.csv", dtype={"group": str, "part": str})
        surface = folder / "transmission_surface.csv"
        grid = pd.read_csv(surface, dtype={"group": str}) if surface.is_file() else None
    except (OSError, ValueError):
        what = "There are no results of a sensitivity analysis here."
        raise ReleaseError(what, where=str(folder), advice=SENSITIVITY_ADVICE) from None
    return _sensitivity(table, power, grid, {}, folder)


def _from_json(file: Path) -> Sensitivity:
    body = _lines(file, SENSITIVITY_ADVICE)[0].get("sensitivity")
    if not isinstance(body, dict):
        what = f"'{file.name}' holds no results of a sensitivity analysis."
        raise ReleaseError(what, where=str(file), advice=SENSITIVITY_ADVICE)
    surface = body.get("surface")
    grid = None if surface is None else pd.DataFrame(surface)
    failures = {str(name): str(why) for name, why in (body.get("failures") or {}).items()}
    return _sensitivity(pd.DataFrame(body.get("table")), pd.DataFrame(body.get("power")), grid, failures, file)


def _sensitivity(
    table: pd.DataFrame, power: pd.DataFrame, grid: pd.DataFrame | None, failures: dict[str, str], place: Path
) -> Sensitivity:
    try:
        figures = ["median", "lower", "upper", "ratio"]
        table = table[["group", "what", "setting", *figures]].assign(setting=table["setting"].fillna(""))
        table[figures] = table[figures].astype(float)
        power = power.reindex(columns=["group", "part", "index", "sensitive"])
        surface = None if grid is None else _surface(grid)
    except (KeyError, ValueError, TypeError):
        what = "The results of the sensitivity analysis lack columns."
        raise ReleaseError(what, where=str(place), advice=SENSITIVITY_ADVICE) from None
    return Sensitivity(table, power, surface, pd.DataFrame(), failures)


def _surface(grid: pd.DataFrame) -> xr.DataArray:
    """Median national prevalence (group, transmission, degree_ratio)."""
    value = next(column for column in grid.columns if column not in ("group", "transmission", "degree_ratio"))
    order = list(dict.fromkeys(grid["group"]))
    return grid.set_index(["group", "transmission", "degree_ratio"])[value].to_xarray().sel(group=order)


def _check_same_figure(found: Sensitivity, stated: Estimates, place: Path) -> None:
    base = found.table[found.table["what"] == "as stated"].set_index("group")["median"]
    nation = stated.national()["prevalence"].sel(quantile=0.5)
    for group in stated.groups:
        if group not in base.index or not np.isclose(base[group], float(nation.sel(group=group)), rtol=AGREES):
            raise ReleaseError(
                "This sensitivity analysis is of another fit: its national figure as stated is not this one's.",
                where=str(place),
                advice="Run `nsum sensitivity` on the fit that the report is on.",
            )


# --- predictors -----------------------------------------------------------------------------------------------------


def read_predictors(path: str | Path, run: Fit) -> Predictors:
    """What categories of secondary data are worth, of the fit's study.

    Parameters
    ----------
    path
        The folder that `nsum predictors --out` wrote, or the ``predictors.csv`` in it.
    run
        The fit.

    Raises
    ------
    ReleaseError
        No such results, or of a study with other groups or categories.
    """
    place = Path(path)
    folder = place.parent if place.suffix == ".csv" else place
    try:
        table = pd.read_csv(folder / "predictors.csv", dtype={"group": str, "category": str, "columns": str})
        together = pd.read_csv(folder / "predictors_together.csv", dtype={"group": str})
        areas, explained = int(together["surveyed_areas"].iloc[0]), together[["group", "lower", "share", "upper"]]
        found = Predictors(table.astype({"split": float, "told": bool}), explained, areas)
    except (OSError, ValueError, KeyError, IndexError):
        what = "There are no results of `nsum predictors` here."
        raise ReleaseError(what, where=str(place), advice=PREDICTORS_ADVICE) from None
    _check_categories(found, run, place)
    return found


def _check_categories(found: Predictors, run: Fit, place: Path) -> None:
    known = {"group": run.study.hidden_groups, "category": [one.category for one in run.study.areas.covariates]}
    for column, names in known.items():
        if odd := sorted(set(found.table[column]) - set(names)):
            what = f"The fit's study has no {column} '{odd[0]}', so these results are of another study."
            raise ReleaseError(what, where=str(place), advice="Weigh the predictors of this fit.")
