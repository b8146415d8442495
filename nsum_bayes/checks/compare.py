"""Which model predicts best? Expected log predictive density by what is left out.

- *area* (the default, because areas are what is published): areas in K folds. Each fold's answers on hidden groups are
  blanked, the model is fitted again, and the blanked answers of each area are scored jointly, given that area's answers
  on known groups:

      log p(y_A | rest) = log mean_s Π_{i in A} ∫ p(y_i^hidden | d, s) p(log d | y_i^known, s) d(log d)

  A name of a level (province, region) leaves out whole units of it instead.
- *group*: each known group is taken for hidden (`hold_out`), and the log density of its true size is taken.
- *respondent*: PSIS-LOO of each respondent with the degree integrated out (`inference.integrated`); a few respondents
  whose weights are not reliable are left out by refitting.
- *cell*: PSIS-LOO of each answer, given all others of the same respondent.

Vehtari, Gelman, Gabry (2017), doi:10.1007/s11222-016-9696-4; grouped cross-validation: Roberts et al. (2017),
doi:10.1111/ecog.02881; weights by stacking: Yao et al. (2018), doi:10.1214/17-BA1091.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from nsum_bayes.checks.folds import FoldScores, log_mean_error, score_folds, score_known_groups, score_respondents
from nsum_bayes.errors import FitError
from nsum_bayes.inference.fit import Fit
from nsum_bayes.inference.integrated import integrated_log_likelihood
from nsum_bayes.inference.likelihood import add_log_likelihood
from nsum_bayes.model.build import build_from_inputs
from nsum_bayes.model.inputs import read_inputs

LARGEST_K = 0.7
"""Pareto k above which an importance-sampled leave-one-out figure cannot be relied on."""
SMALL_DIFFERENCE = 4.0
"""Below so much, and with few units, the standard error of a difference is itself not reliable (Sivula et al. 2025)."""
LOO_DRAWS = 500
"""Draws of each chain that leave-one-out by respondent uses."""
MOST_REFITS = 20
"""So many respondents whose weights are not reliable are left out by refitting; with more the model does not fit."""


@dataclass(frozen=True)
class Comparison:
    """Models on one footing, the best first.

    Parameters
    ----------
    scheme
        What was left out: ``area``, a level, ``group``, ``respondent`` or ``cell``.
    table
        By model: ``elpd`` (sum over units of log predictive density), ``se``, ``difference`` from the best,
        ``se_of_difference`` (over units), ``weight`` (stacking), ``units``, ``mc_error`` (Monte Carlo error of elpd),
        ``largest_k`` (Pareto k), ``flag``.
    pointwise
        Log predictive density by unit and model. Units of schemes ``respondent`` and ``cell`` are positions in the
        survey: restricted.
    """

    scheme: str
    table: pd.DataFrame
    pointwise: pd.DataFrame

    @property
    def best(self) -> str:
        """The model with the largest elpd."""
        return str(self.table.index[0])

    def clear(self, errors: float = 2.0) -> bool:
        """Whether the second best is that many standard errors behind the best."""
        if len(self.table) < 2:
            return False
        second = self.table.iloc[1]
        return bool(-second["difference"] > errors * second["se_of_difference"])

    def to_dict(self) -> dict[str, Any]:
        """The table as plain values, for JSON."""
        rows = self.table.reset_index(names="model").astype(object)
        return {"scheme": self.scheme, "best": self.best, "models": rows.where(rows.notna(), None).to_dict("records")}

    def __repr__(self) -> str:
        told = f"the best is {'clearly ahead' if self.clear() else 'not clearly ahead (two standard errors)'}"
        return f"left out by {self.scheme}; {told}\n{self.table.round(2).to_string()}"


def compare(
    fits: Mapping[str, Fit],
    scheme: str = "area",
    *,
    seed: int = 1,
    folds: int = 10,
    draws: int = 500,
    tune: int = 700,
    workers: int = 0,
    cluster: str | None = None,
    out: str | Path | None = None,
    progress: bool | None = None,
) -> Comparison:
    """Compare fitted models of one survey by how well they predict what is left out.

    Parameters
    ----------
    fits
        Fits by name, all of the same answers.
    scheme
        ``area``, a level of the study (``province``), ``group``, ``respondent`` or ``cell``.
    seed, folds, draws, tune, workers, cluster, out, progress
        Of the refits of the first three schemes: one seed; number of folds; draws and tuning steps of each of four
        chains; the rest as in `nsum_bayes.inference.refits.run_tasks` (``out`` names a folder).

    Returns
    -------
    Comparison

    Raises
    ------
    FitError
        Fits of different answers; an unknown scheme; leave-one-out where an importance weight has no finite variance
        (Pareto k above 0.7); a refit that failed.

    Examples
    --------
    >>> from nsum_bayes import compare
    >>> compare({"municipal": one, "overdispersed_known": other}, seed=1)  # doctest: +SKIP
    """
    _check_same_answers(fits)
    first = next(iter(fits.values()))
    settings = {"draws": draws, "tune": tune}
    runs = {"workers": workers, "cluster": cluster, "progress": progress}
    match scheme:
        case "respondent":
            scores = {
                name: _loo_by_respondent(run, seed, settings, _file(out, name), runs) for name, run in fits.items()
            }
        case "cell":
            scores = {name: leave_one_out_by_cell(run) for name, run in fits.items()}
        case "group":
            scores = {
                name: score_known_groups(run, seed, settings, _file(out, name), runs) for name, run in fits.items()
            }
        case _ if scheme == "area" or scheme in first.study.areas.levels:
            scores = {
                name: score_folds(run.spec, run.study, scheme, folds, seed, settings, _file(out, name), runs)
                for name, run in fits.items()
            }
        case _:
            known = ", ".join(("area", *first.study.areas.levels, "group", "respondent", "cell"))
            raise FitError(
                f"'{scheme}' is no way to leave something out.", where="scheme", advice=f"Choose from {known}."
            )
    _refuse_unreliable(scheme, scores)
    return _comparison(scheme, scores)


def _file(folder: str | Path | None, name: str) -> Path | None:
    return None if folder is None else Path(folder) / f"{name}.jsonl"


def _check_same_answers(fits: Mapping[str, Fit]) -> None:
    if len(fits) < 1:
        raise FitError("There is no fit to compare.", where="compare", advice="Give two fits or more, by name.")
    names = list(fits)
    first = fits[names[0]].study
    for name in names[1:]:
        study = fits[name].study
        same = first.survey.groups == study.survey.groups and all(
            np.array_equal(getattr(first.survey, part), getattr(study.survey, part), equal_nan=part != "area")
            for part in ("answers", "upper", "area")
        )
        if not (same and first.hidden_groups == study.hidden_groups):
            raise FitError(
                f"'{names[0]}' and '{name}' were fitted to different answers.",
                where="compare",
                advice="Models compare on the same answers of the same respondents only; fit both to one study file.",
            )


def _loo_by_respondent(
    run: Fit, seed: int, settings: Mapping[str, int], out: Path | None, runs: Mapping[str, Any]
) -> FoldScores:
    """PSIS-LOO; a few respondents whose weights are not reliable are left out by refitting."""
    found = leave_one_out_by_respondent(run)
    bad = [int(unit) for unit in found.pareto_k.index[found.pareto_k > LARGEST_K]]
    if not 0 < len(bad) <= MOST_REFITS:
        return found
    exact = score_respondents(run, bad, seed, settings, out, runs)
    return FoldScores(
        exact.elpd.combine_first(found.elpd).reindex(found.elpd.index),
        exact.pareto_k.combine_first(found.pareto_k).reindex(found.elpd.index),
        exact.error.combine_first(found.error).reindex(found.elpd.index),
        exact.failures,
    )


def leave_one_out_by_respondent(run: Fit) -> FoldScores:
    """PSIS-LOO of each respondent who answered anything, by position, the degree integrated out."""
    found = integrated_log_likelihood(run, draws=LOO_DRAWS).everything
    asked = ~np.isnan(run.study.survey.answers).all(axis=1)
    return _loo(run, found.isel(respondent=np.flatnonzero(asked)).rename(respondent="unit"))


def leave_one_out_by_cell(run: Fit) -> FoldScores:
    """PSIS-LOO of each answer, by position in the flattened matrix, given the respondent's other answers."""
    tree = run.tree
    if "log_likelihood" not in tree.children:
        inputs = read_inputs(run.spec, run.study)
        tree = add_log_likelihood(tree, run.spec, inputs, build_from_inputs(run.spec, inputs))
    cells = xr.DataArray(tree["log_likelihood"]["answers"])
    there = np.flatnonzero(~np.isnan(run.study.survey.answers.ravel()))
    flat = cells.values.reshape(*cells.shape[:2], -1)[:, :, there].astype(float)
    coords = {"chain": cells["chain"].values, "draw": cells["draw"].values, "unit": there}
    return _loo(run, xr.DataArray(flat, dims=("chain", "draw", "unit"), coords=coords))


def _loo(run: Fit, log_likelihood: xr.DataArray) -> FoldScores:
    """PSIS-LOO by ArviZ."""
    import arviz as az

    used = run.posterior.sel(draw=log_likelihood["draw"].values)
    groups = {"posterior": used[["degree_mean"]], "log_likelihood": xr.Dataset({"answers": log_likelihood})}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the table says how large k is
        found = az.loo(xr.DataTree.from_dict(groups), pointwise=True, var_name="answers")
    units = [str(unit) for unit in log_likelihood["unit"].values]
    # Leave-one-out is the harmonic mean of the densities: one over the mean of exp(-log density).
    columns = (found.elpd_i, found.pareto_k, log_mean_error(-log_likelihood))
    elpd, k, error = (pd.Series(np.ravel(column), index=units) for column in columns)
    return FoldScores(elpd, k, error)


def _refuse_unreliable(scheme: str, scores: Mapping[str, FoldScores]) -> None:
    for name, found in scores.items():
        bad = int((found.pareto_k > LARGEST_K).sum())
        if scheme in ("respondent", "cell") and bad:
            raise FitError(
                f"Leave-one-out by {scheme} of '{name}' is not reliable: Pareto k is above {LARGEST_K} for {bad} of "
                f"{len(found.pareto_k)} (largest {found.pareto_k.max():.2f}).",
                where="compare",
                advice="Compare by area: the model is fitted again without what is scored.",
            )
        if found.failures:
            told = "; ".join(f"{key}: {why}" for key, why in found.failures.items())
            raise FitError(
                f"Refits of '{name}' failed, and what they left out has no score: {told}",
                where="compare",
                advice="Repeat with more tuning; finished refits are kept if `out` was given.",
            )


def _comparison(scheme: str, scores: Mapping[str, FoldScores]) -> Comparison:
    pointwise = pd.DataFrame({name: found.elpd for name, found in scores.items()})
    if pointwise.isna().any(axis=None):
        raise FitError(
            "The models have scores of different units.", where="compare", advice="Fit both to one study file."
        )
    order = pointwise.sum().sort_values(ascending=False).index
    behind = pointwise.sub(pointwise[order[0]], axis=0)
    number = len(pointwise)
    weights = _stacking(pointwise)
    rows = []
    for name in order:
        difference, error = float(behind[name].sum()), float(np.sqrt(number * behind[name].var()))
        largest = float(scores[name].pareto_k.max())
        rows.append(
            {
                "elpd": float(pointwise[name].sum()),
                "se": float(np.sqrt(number * pointwise[name].var())),
                "difference": difference,
                "se_of_difference": error,
                "weight": weights[name],
                "units": number,
                "mc_error": float(np.sqrt((scores[name].error ** 2).sum(min_count=1))),
                "largest_k": largest,
                "flag": _flag(difference, error, number, largest, first=name == order[0]),
            }
        )
    return Comparison(scheme, pd.DataFrame(rows, index=pd.Index(order, name="model")), pointwise)


def _stacking(pointwise: pd.DataFrame) -> dict[str, float]:
    """Stacking weights by ArviZ; what all models share of a unit's score cancels, and large scores would underflow."""
    import arviz as az
    from arviz_stats.utils import ELPDDataLOOKFold

    if pointwise.shape[1] < 2:
        return {str(name): 1.0 for name in pointwise.columns}
    shifted = pointwise.sub(pointwise.max(axis=1), axis=0).clip(lower=-600.0)
    made = {}
    for name, values in shifted.items():
        array = xr.DataArray(values.to_numpy(), dims="unit")
        made[str(name)] = ELPDDataLOOKFold(
            elpd=float(values.sum()),
            se=float(np.sqrt(len(values) * values.var())),
            p=np.nan,
            n_samples=1,
            n_data_points=len(values),
            scale="log",
            warning=False,
            good_k=LARGEST_K,
            elpd_i=array,
            pareto_k=xr.zeros_like(array),
            n_folds=len(values),
        )
    table = az.compare(made, method="stacking", round_to="none")
    return {str(name): float(weight) for name, weight in table["weight"].items()}


def _flag(difference: float, error: float, units: int, largest_k: float, *, first: bool) -> str:
    """What a reader must know of a row."""
    told = []
    if largest_k > LARGEST_K:
        told.append("some units' scores rest on few draws")
    if not first and abs(difference) < SMALL_DIFFERENCE:
        told.append("difference small")
    elif not first and abs(difference) < 2 * error:
        told.append("difference within two standard errors")
    if units < 20:
        told.append(f"{units} units only")
    return "; ".join(told)
