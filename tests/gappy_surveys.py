"""Simulated surveys whose secondary data have gaps and an error, fitted as they are and as one had better not.

Answers are simulated from covariates that are complete and exact. The analyst's frame lacks 3 % of the figures of each
column and 40 % of one that matters; another that matters is an estimate with a coefficient of variation of 30 %.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nsum_bayes.data.areas import Areas
from nsum_bayes.data.covariates import CovariateCategory, spread_of, transformed
from tests.made_up import frame_of

COUNT, SURVEYED, PER_AREA = 300, 70, 18
COLUMNS = {"poverty": ("logit", 0.4), "income": ("log", 0.4), "roads": ("none", 0.3), "phones": ("none", 0.0)}
"""Transform and coefficient, of one standard deviation of the true figures."""
CATEGORIES = {"poverty": ("poverty",), "income": ("income",), "access": ("roads", "phones")}
CORRELATION = np.array([[1.0, 0.6, 0.3, 0.0], [0.6, 1.0, 0.3, 0.0], [0.3, 0.3, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
SPREAD, CV = {"poverty": 0.6, "income": 0.4}, 0.3
"""Standard deviation of the true log odds and logs; at 0.4 the stated incomes have a reliability of 0.65."""
FEW, MANY, GAPPY, NOISY = 0.03, 0.4, "poverty", "income"
KNOWN = {f"known_{k}": float(share) for k, share in enumerate(np.geomspace(0.002, 0.02, 7))}
HIDDEN = {"group": "held", "denominator": "adults", "transmission": {"fixed": 0.6, "reason": "simulated"}}
GIVEN: dict[str, Any] = {
    **{"degree_mean": 5.3, "degree_sd": 0.6, "degree_area_sd": 0.2, "bias_sd": 0.05, "overdispersion": 1.0},
    **{"rate_intercept": float(np.log(0.02)), "area_sd": 0.3},
    "rate_coefficient": np.array([coefficient for _, coefficient in COLUMNS.values()])[:, None],
}
FITS = ("whole", "modelled", "naive")
SETTINGS = {"draws": 600, "tune": 700}


def true_frame(seed: int) -> Areas:
    """Areas without levels, so that only secondary data tell of one nobody visited; every figure whole and exact."""
    rng = np.random.default_rng((seed, 1))
    score = rng.multivariate_normal(np.zeros(len(COLUMNS)), CORRELATION, COUNT).T
    columns = dict(zip(COLUMNS, score, strict=True))
    columns["poverty"] = 1.0 / (1.0 + np.exp(1.0 - SPREAD["poverty"] * columns["poverty"]))
    columns["income"] = 200.0 * np.exp(SPREAD["income"] * columns["income"])
    frame = frame_of(COUNT)
    table = frame.table.assign(**columns)
    stated = [CovariateCategory(name, of, COLUMNS[of[0]][0], "made up", 2025) for name, of in CATEGORIES.items()]
    return replace(frame, table=table, levels=(), covariates=tuple(stated))


def given_frame(whole: Areas, visited: np.ndarray, seed: int) -> Areas:
    """The frame as the analyst has it.

    Gaps are at random, in the same share of visited and other areas: fits of all seeds then have about one shape.
    """
    rng = np.random.default_rng((seed, 2))
    table = whole.table.copy()
    log_sd = np.sqrt(np.log1p(CV**2))
    table[NOISY] = table[NOISY] * np.exp(log_sd * rng.standard_normal(COUNT) - log_sd**2 / 2.0)
    table[f"{NOISY} error"] = CV * table[NOISY]
    for column in COLUMNS:
        for group in (np.flatnonzero(visited), np.flatnonzero(~visited)):
            number = round((MANY if column == GAPPY else FEW) * len(group))
            table.iloc[rng.choice(group, number, replace=False), table.columns.get_loc(column)] = np.nan
    stated = tuple(
        replace(category, errors=((NOISY, f"{NOISY} error"),)) if NOISY in category.columns else category
        for category in whole.covariates
    )
    return replace(whole, table=table, covariates=stated)


def filled_frame(given: Areas) -> Areas:
    """The same with its gaps filled by the mean of the column as it is used, and no error stated."""
    back = {"logit": lambda v: 1.0 / (1.0 + np.exp(-v)), "log": np.exp, "none": lambda v: v}
    means = {
        column: back[transform](np.nanmean(transformed(given.table[column].to_numpy(float), transform)))
        for column, (transform, _) in COLUMNS.items()
    }
    stated = tuple(replace(category, errors=()) for category in given.covariates)
    return replace(given, table=given.table.fillna(means), covariates=stated)


def true_coefficients(whole: Areas, used: Areas) -> np.ndarray:
    """The true coefficients, of one standard deviation of the figures *as the frame in use states them*.

    A model standardises on its own frame, where an error widens a column and gaps filled with the mean narrow it.
    """
    spreads = [
        [spread_of(transformed(frame.table[column].to_numpy(float), transform)) for frame in (used, whole)]
        for column, (transform, _) in COLUMNS.items()
    ]
    return np.array([value * own / true for (_, value), (own, true) in zip(COLUMNS.values(), spreads, strict=True)])


def fitted_three_ways(seed: int, fits: Sequence[str] = FITS) -> dict[str, Any]:
    """One survey with the whole frame, with the gaps and the error modelled, and with both passed over; or some."""
    from nsum_bayes import load_model, simulate
    from nsum_bayes.inference.refits import refit

    warnings.simplefilter("ignore")
    spec, whole = load_model("municipal_secondary"), true_frame(seed)
    study, truth = simulate(
        spec, whole, known=KNOWN, hidden=[HIDDEN], respondents_per_area=PER_AREA, surveyed=SURVEYED, seed=seed,
        parameters=GIVEN,
    )  # fmt: skip
    visited = np.isin(whole.codes, study.survey.surveyed_areas)
    given = given_frame(whole, visited, seed)
    row: dict[str, Any] = {"seed": seed}
    frames = dict(zip(FITS, (whole, given, filled_frame(given)), strict=True))
    for name in fits:
        run = refit(spec, replace(study, areas=frames[name]), seed, SETTINGS)
        row |= found(name, run, truth, visited, true_coefficients(whole, frames[name]))
    return row


def found(name: str, run: Any, truth: Any, visited: np.ndarray, coefficients: np.ndarray) -> dict[str, float]:
    """Errors, coverage, widths on the log scale, the national figure, and coefficients beside the true ones."""
    from nsum_bayes import estimate
    from nsum_bayes.estimates.rates import flat_draws
    from tests.secondary_surveys import scores

    estimates = estimate(run, seed=run.seed)
    low, high = np.quantile(np.log(estimates.draws["prevalence"].values[:, :, 0]), (0.025, 0.975), axis=0)
    least, _, most = estimates.national()["count"].isel(group=0).values
    draws = flat_draws(run.posterior, "rate_coefficient")[:, :, 0]
    lower, upper = np.quantile(draws, (0.025, 0.975), axis=0)
    held = (lower <= coefficients) & (coefficients <= upper)
    matters = [(column, at) for at, (column, (_, value)) in enumerate(COLUMNS.items()) if value]
    return {
        **scores(name, run, truth, visited, run.seed),
        f"{name}_width_unsurveyed": float((high - low)[~visited].mean()),
        f"{name}_width_surveyed": float((high - low)[visited].mean()),
        f"{name}_nation_held": bool(least <= float(truth.count.sum()) <= most),
        **{f"{name}_{column}_held": bool(held[at]) for at, column in enumerate(COLUMNS)},
        **{f"{name}_{column}_ratio": float(draws[:, at].mean() / coefficients[at]) for column, at in matters},
    }
