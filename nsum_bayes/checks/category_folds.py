"""What a category of secondary data adds to the prediction of areas left out: with all, without it, it alone, none.

All variants have one shape (a category left out is the same in every area), so that they share one compiled model.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nsum_bayes.checks.folds import fold_tasks, score_fold
from nsum_bayes.checks.predictors import categories_of
from nsum_bayes.data.held_out import with_categories
from nsum_bayes.errors import FitError
from nsum_bayes.inference.fit import Fit
from nsum_bayes.inference.refits import Outcome, Task, job_of, run_tasks
from nsum_bayes.model.spec import dumps

ALL, NONE = "with all", "with none"


def by_prediction(
    run: Fit,
    schemes: tuple[str, ...],
    folds: int,
    seed: int,
    settings: Mapping[str, int],
    runs: Mapping[str, Any],
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Differences of log predictive density by category, over areas or units of a level left out.

    Returns
    -------
    tuple
        By category and scheme: ``<scheme>_lost`` without it (against all) and ``<scheme>_gained`` by it alone (against
        none), each with its standard error over units, ``…_se``; and failed refits by key.
    """
    names = list(categories_of(run))
    variants = variants_of(names)
    found = pd.DataFrame({"category": names})
    failures: dict[str, str] = {}
    for scheme in schemes:
        if scheme != "area" and scheme not in run.study.areas.levels:
            raise FitError(
                f"'{scheme}' is not a level of the study.",
                where="predictors",
                advice=f"Take folds by area{''.join(f', {level}' for level in run.study.areas.levels)}.",
            )
        tasks = [
            Task(f"{variant} | {task.key}", task.arguments)
            for variant, kept in variants.items()
            for task in fold_tasks(run.spec, with_categories(run.study, kept), scheme, folds, seed, settings)
        ]
        what = f"categories by {scheme} {folds}"
        job = job_of(what, seed, settings, run.study, dumps(run.spec))
        folder = runs.get("out")
        out = None if folder is None else Path(folder) / f"categories_{scheme}.jsonl"
        outcome = run_tasks(score_fold, tasks, job=job, out=out, **{k: v for k, v in runs.items() if k != "out"})
        failures |= {f"{scheme}: {key}": why for key, why in outcome.failures.items()}
        found = found.merge(_differences(scheme, names, _scores(outcome, list(variants))), on="category")
    return found, failures


def variants_of(names: list[str]) -> dict[str, list[str]]:
    """Categories kept in each variant."""
    return {
        ALL: names,
        NONE: [],
        **{f"without {name}": [other for other in names if other != name] for name in names},
        **{f"{name} alone": [name] for name in names},
    }


def _scores(outcome: Outcome, variants: list[str]) -> pd.DataFrame:
    """Log predictive density by unit left out and variant."""
    columns: dict[str, dict[str, float]] = {variant: {} for variant in variants}
    for key, units in outcome.results.items():
        columns[key.split(" | ")[0]] |= {unit: row["elpd"] for unit, row in units.items()}
    return pd.DataFrame(columns)


def _differences(scheme: str, names: list[str], scores: pd.DataFrame) -> pd.DataFrame:
    """Sums over units of differences, with their standard errors; units with a failed refit in either are left out."""
    rows = []
    for name in names:
        row: dict[str, Any] = {"category": name}
        pairs = {"lost": (ALL, f"without {name}"), "gained": (f"{name} alone", NONE)}
        for what, (more, less) in pairs.items():
            gap = (scores[more] - scores[less]).dropna()
            row[f"{scheme}_{what}"] = float(gap.sum()) if len(gap) else np.nan
            row[f"{scheme}_{what}_se"] = float(gap.std(ddof=1) * np.sqrt(len(gap))) if len(gap) > 1 else np.nan
        rows.append(row)
    return pd.DataFrame(rows)
