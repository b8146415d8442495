"""Tables of the checks, for files that go out: nothing in them is a respondent's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from nsum_bayes.checks.predictors import Predictors
    from nsum_bayes.checks.sensitivity import Sensitivity
    from nsum_bayes.planning import Plan


def write_sensitivity(found: Sensitivity, folder: str | Path) -> list[Path]:
    """Write the tables of a sensitivity analysis as CSV; contraction by area is that of the model, not of respondents.

    Returns
    -------
    list of pathlib.Path
        The files written.
    """
    tables = {"sensitivity": found.table, "power_scaling": found.power, "contraction": found.contraction}
    if found.surface is not None:
        tables["transmission_surface"] = found.surface.to_series().rename("prevalence_median").reset_index()
    return _written(tables, Path(folder))


def write_predictors(found: Predictors, folder: str | Path) -> list[Path]:
    """Write what categories of secondary data are worth, and what they explain together, as CSV.

    Returns
    -------
    list of pathlib.Path
        The files written.
    """
    explained = found.explained.assign(surveyed_areas=found.areas, statement=list(found.statements.values()))
    return _written({"predictors": found.table, "predictors_together": explained}, Path(folder))


def write_plan(found: Plan, folder: str | Path) -> list[Path]:
    """Write what each design of a survey would reach as CSV.

    Returns
    -------
    list of pathlib.Path
        The files written.
    """
    return _written({"plan": found.table}, Path(folder))


def _written(tables: dict[str, pd.DataFrame], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in tables.items():
        path = folder / f"{name}.csv"
        table.to_csv(path, index=False)
        written.append(path)
    return written
