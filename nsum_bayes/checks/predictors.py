"""What is each category of secondary data worth? Three views: within the model, by prediction, and by machine learning.

- *Within the model*: the variance between areas of the log reported rate, draw by draw. A category's part is
  η_c = X_c β_c. Alone it explains Var(η_c), and its Shapley share of Var(Σ_c η_c), averaged over all orders of entry,
  is Cov(η_c, Σ_c η_c).
- *Evidence* that a category matters at all: the posterior odds that one standard deviation of its columns moves the
  rate by more than a tenth, over the prior odds. Ten to one counts as told.
- *By prediction* (`checks.category_folds`): folds of areas left out, with each category left out and alone.
- *By machine learning* (`checks.learned`): gradient boosting and random forests on what the survey alone says of its
  areas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from nsum_bayes.data.secondary import covariate_knowledge
from nsum_bayes.errors import FitError
from nsum_bayes.estimates.rates import flat_draws, log_reported_rates
from nsum_bayes.inference.fit import Fit
from nsum_bayes.model.spec import Prevalence
from nsum_bayes.model.story_draws import draw_prior

MATTERS = 0.1
"""Root mean square of a category's coefficients from which it matters: a tenth of a log rate per standard deviation."""
TOLD = 10.0
"""Odds, over those of the prior, from which a category is said to matter."""
PRIOR_DRAWS = 20_000
INTERVAL = (0.025, 0.5, 0.975)


@dataclass(frozen=True)
class Predictors:
    """What categories of secondary data are worth.

    Parameters
    ----------
    table
        By hidden group and category, the largest share first: ``columns``; ``split`` (Shapley share of the variance
        between areas, median), ``split_lower``, ``split_upper``; ``alone`` and its bounds; ``evidence`` (odds over
        prior odds); ``told``; and, where those views were taken, columns of `category_folds` and `learned`.
    explained
        By hidden group: share of the variance between areas that all categories together explain, median and bounds.
    areas
        Number of surveyed areas that it rests on.
    failures
        Refits that failed, by key.
    """

    table: pd.DataFrame
    explained: pd.DataFrame
    areas: int
    failures: dict[str, str] = field(default_factory=dict)

    def first(self, group: str) -> str | None:
        """The category that explains most, where the survey can tell that any matters."""
        rows = self.table[(self.table["group"] == group) & self.table["told"]]
        return None if rows.empty else str(rows.iloc[0]["category"])

    @property
    def statements(self) -> dict[str, str]:
        """By hidden group, in a plain sentence, what the survey can tell."""
        return {str(row["group"]): self._statement(row) for row in self.explained.to_dict("records")}

    def _statement(self, row: Mapping[Any, Any]) -> str:
        bounds = f"{row['lower']:.0%} to {row['upper']:.0%}"
        whole = f"all together {row['share']:.0%} ({bounds}) of the variance between areas"
        of_group = self.table[self.table["group"] == row["group"]]
        rows = of_group[of_group["told"]].to_dict("records")
        if not rows:
            return f"{self.areas} surveyed areas cannot tell any category of secondary data from none; {whole}."
        named = ", ".join(f"{r['category']} ({r['split']:.0%}, evidence {_odds(r['evidence'])})" for r in rows)
        others = "; the others cannot be told from none" if len(rows) < len(of_group) else ""
        return f"{named}; {whole}{others}."

    def to_dict(self) -> dict[str, Any]:
        """Tables and statements as plain values, for JSON."""
        table = self.table.astype(object)
        return {
            "categories": table.where(table.notna(), None).to_dict("records"),
            "explained": self.explained.to_dict("records"),
            "statements": self.statements,
            "surveyed_areas": self.areas,
            "failures": dict(self.failures),
        }

    def __repr__(self) -> str:
        said = "\n".join(f"{group}: {statement}" for group, statement in self.statements.items())
        return f"{said}\n{self.table.round(3).to_string(index=False)}"


def _odds(evidence: float) -> str:
    return "more than 1,000 to 1" if evidence > 1000 else f"{evidence:.0f} to 1"


def predictors(
    run: Fit,
    *,
    seed: int = 1,
    schemes: tuple[str, ...] = (),
    folds: int = 5,
    learn: bool = False,
    draws: int = 500,
    tune: int = 700,
    **runs: Any,
) -> Predictors:
    """What each category of secondary data is worth.

    Parameters
    ----------
    run
        A fit of a model with area covariates.
    seed
        Of draws, folds, refits and learners.
    schemes
        ``area`` or names of levels, whose folds are left out with each category left out and alone; by refitting.
    folds
        Folds of areas.
    learn
        Whether to take the view of machine learning too (one refit without covariates).
    draws, tune
        Of each of four chains of a refit.
    **runs
        ``workers``, ``cluster``, ``out`` (a folder) and ``progress`` of the refits.

    Returns
    -------
    Predictors

    Raises
    ------
    FitError
        A model or study without area covariates; an unknown scheme.

    Examples
    --------
    >>> from nsum_bayes import Fit, predictors
    >>> print(predictors(Fit.load("run.nc")))  # doctest: +SKIP
    """
    part = run.spec.prevalence
    if part is None or not part.uses_covariates or "rate_coefficient" not in run.posterior:
        raise FitError(
            "The fit has no coefficients of area covariates.",
            where="predictors",
            advice="Fit a model such as `municipal_secondary` to a study with [areas.covariates].",
        )
    table, explained = _within(run, part, np.random.default_rng(np.random.SeedSequence((seed, 21))))
    failures: dict[str, str] = {}
    settings = {"draws": draws, "tune": tune}
    if schemes:
        from nsum_bayes.checks.category_folds import by_prediction

        scores, failures = by_prediction(run, schemes, folds, seed, settings, runs)
        table = table.merge(scores, on="category", how="left")
    if learn:
        from nsum_bayes.checks.learned import by_learning

        table = table.merge(by_learning(run, seed, settings), on=["group", "category"], how="left")
    return Predictors(table, explained, len(run.study.survey.surveyed_areas), failures)


def categories_of(run: Fit) -> dict[str, np.ndarray]:
    """Positions of the columns of each category in the matrix of covariates."""
    names = run.study.areas.design_matrix().coords["category"].values.astype(str)
    return {name: np.flatnonzero(names == name) for name in dict.fromkeys(names.tolist())}


def _within(run: Fit, part: Prevalence, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    matrix = covariate_knowledge(run.study.areas).mean
    coefficient = flat_draws(run.posterior, "rate_coefficient")
    rates, columns = log_reported_rates(run, rng), categories_of(run)
    names = run.study.areas.design_matrix().coords["covariate"].values.astype(str)
    prior = _prior_coefficients(part, columns, rng)
    rows, explained = [], []
    linked = {link.group for link in run.study.links}
    free = [group for group in run.study.hidden_groups if group not in linked]
    for number, group in enumerate(free):
        total = rates[:, :, list(run.study.hidden_groups).index(group)].var(axis=1)
        parts = {c: coefficient[:, at, number] @ matrix[:, at].T for c, at in columns.items()}
        whole = np.sum(list(parts.values()), axis=0)
        explained.append({"group": group, **_bounds("share", whole.var(axis=1) / total, ("lower", "upper"))})
        centred = whole - whole.mean(axis=1, keepdims=True)
        for category, at in columns.items():
            split = (parts[category] * centred).mean(axis=1) / total
            rows.append(
                {
                    "group": group,
                    "category": category,
                    "columns": ", ".join(names[at]),
                    **_bounds("split", split),
                    **_bounds("alone", parts[category].var(axis=1) / total),
                    "evidence": _evidence(coefficient[:, at, number], prior[category]),
                }
            )
    table = pd.DataFrame(rows)
    table["told"] = table["evidence"] > TOLD
    order = table["group"].map({group: place for place, group in enumerate(free)})
    table = table.assign(order=order).sort_values(["order", "split"], ascending=[True, False], ignore_index=True)
    return table.drop(columns="order"), pd.DataFrame(explained)


def _bounds(name: str, draws: np.ndarray, ends: tuple[str, str] | None = None) -> dict[str, float]:
    low, high = ends or (f"{name}_lower", f"{name}_upper")
    return dict(zip((low, name, high), map(float, np.quantile(draws, INTERVAL)), strict=True))


def _evidence(posterior: np.ndarray, prior: np.ndarray) -> float:
    """Posterior odds that a category's coefficients matter over the prior odds; half a draw is added to each side."""

    def odds(draws: np.ndarray) -> float:
        matters = (np.sqrt((draws**2).mean(axis=1)) > MATTERS).sum()
        return float((matters + 0.5) / (len(draws) - matters + 0.5))

    return odds(posterior) / odds(prior)


def _prior_coefficients(
    part: Prevalence, columns: Mapping[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Draws of each category's coefficients from the prior (draw, column)."""
    if part.shrinkage is None:
        return {c: draw_prior(part.coefficient, rng, (PRIOR_DRAWS, len(at))) for c, at in columns.items()}
    overall = draw_prior(part.shrinkage.overall, rng, (PRIOR_DRAWS, 1))
    found = {}
    for category, at in columns.items():
        scale = overall * draw_prior(part.shrinkage.category, rng, (PRIOR_DRAWS, 1))
        spread = scale / np.sqrt(1.0 + (scale / part.shrinkage.slab) ** 2)
        found[category] = spread * rng.standard_normal((PRIOR_DRAWS, len(at)))
    return found
