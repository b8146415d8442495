"""How much does the national figure move with what was assumed?

- *power-scaling*: each top-level prior, and the likelihood, raised to a power near one by importance weights, no refit
  (Kallioinen, Paananen, Bürkner, Vehtari 2024, doi:10.1007/s11222-023-10366-5). The likelihood is that of respondents
  with the degree integrated out. The figure is the reported one, before transmission and degree ratio.
- *transmission and degree ratio*: the national figure over a grid of both, each fixed; exact, no refit.
- *known groups*: each left out in turn (refits).
- *top code*: large counts taken for "so many or more" (refits).
- *contraction*: 1 − posterior variance / prior variance of each area's log prevalence: how much the survey told of it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from nsum_bayes.data.held_out import with_top_code, without_known_group
from nsum_bayes.data.statements import RatioStatement
from nsum_bayes.data.study import Study
from nsum_bayes.errors import FitError
from nsum_bayes.estimates.estimates import Estimates
from nsum_bayes.estimates.from_fit import estimate
from nsum_bayes.estimates.rates import log_reported_rates
from nsum_bayes.estimates.summaries import INTERVAL
from nsum_bayes.inference.fit import Fit
from nsum_bayes.inference.integrated import integrated_log_likelihood
from nsum_bayes.inference.refits import Task, job_of, refit, run_tasks
from nsum_bayes.model.build import build_model
from nsum_bayes.model.spec import dumps, loads

TRANSMISSION = (0.2, 0.4, 0.6, 0.8, 1.0)
DEGREE_RATIO = (0.5, 0.75, 1.0, 1.25)
SENSITIVE = 0.05
"""Power-scaling index from which a quantity counts as sensitive."""
LIKELIHOOD_DRAWS = 250
PRIOR_DRAWS = 1000


@dataclass(frozen=True)
class Sensitivity:
    """The national figure of each hidden group under other assumptions.

    Parameters
    ----------
    table
        By ``group``, ``what`` (as stated, transmission, known group, top code) and ``setting``: ``median``, ``lower``,
        ``upper`` of the national prevalence, and ``ratio`` of the median to that as stated. A failed refit has none.
    power
        By ``group`` and ``part`` (each top-level prior, all priors, likelihood): the power-scaling ``index`` of the
        reported national rate, and whether it is ``sensitive``.
    surface
        Median national prevalence (group, transmission, degree_ratio); empty where transmission is part of the fit.
    contraction
        By area and group: sd of log prevalence before and after, and ``contraction``, 0 (nothing learned) to 1.
    failures
        Why refits failed, by setting.
    """

    table: pd.DataFrame
    power: pd.DataFrame
    surface: xr.DataArray | None
    contraction: pd.DataFrame
    failures: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """All of it but the areas, as plain values, for JSON."""
        plain = {
            name: getattr(self, name).astype(object).where(getattr(self, name).notna(), None).to_dict("records")
            for name in ("table", "power")
        }
        surface = None if self.surface is None else self.surface.to_series().reset_index().to_dict("records")
        return {**plain, "surface": surface, "failures": self.failures}

    def __repr__(self) -> str:
        lines = [self.table.round(5).to_string(index=False), "", self.power.round(3).to_string(index=False)]
        lines += [f"failed: {setting}: {why}" for setting, why in self.failures.items()]
        return "\n".join(lines)


def sensitivity(
    run: Fit,
    *,
    seed: int = 1,
    known_groups: Sequence[str] | None = None,
    top_codes: Sequence[int] = (30,),
    transmission: Sequence[float] = TRANSMISSION,
    degree_ratio: Sequence[float] = DEGREE_RATIO,
    draws: int = 500,
    tune: int = 700,
    workers: int = 0,
    cluster: str | None = None,
    out: str | Path | None = None,
    progress: bool | None = None,
) -> Sensitivity:
    """Move what was assumed and see what the national figure does.

    Parameters
    ----------
    known_groups
        To leave out in turn; all by default, none for no such refits.
    top_codes
        Largest counts to take as they are.
    transmission, degree_ratio
        Values of the grid.
    seed, draws, tune, workers, cluster, out, progress
        Of the refits, as in `hold_out`.

    Examples
    --------
    >>> from nsum_bayes import Fit, sensitivity
    >>> sensitivity(Fit.load("run.nc"), known_groups=[], top_codes=[])  # doctest: +SKIP
    """
    study = run.study
    base = _national(estimate(run))
    surface = transmission_surface(run, transmission, degree_ratio)
    settings = {"draws": draws, "tune": tune}
    groups = (study.known_groups if len(study.known_groups) > 1 else ()) if known_groups is None else known_groups
    changes: list[tuple[str, str, str, Any]] = [("known group", f"without {group}", "group", group) for group in groups]
    changes += [("top code", f"{code} or more as one", "top_code", code) for code in top_codes]
    seeds = np.random.SeedSequence((seed, 14)).generate_state(max(len(changes), 1))
    text = dumps(run.spec)
    tasks = [
        Task(label, (text, study, kind, value, int(number), settings))
        for (_, label, kind, value), number in zip(changes, seeds, strict=False)
    ]
    job = job_of("sensitivity", seed, settings, study, text)
    outcome = run_tasks(_refit_changed, tasks, workers=workers, cluster=cluster, out=out, job=job, progress=progress)
    rows = list(_rows("as stated", "", base, base))
    rows += list(_surface_rows(surface, base))
    for what, label, _, _ in changes:
        rows += list(_rows(what, label, outcome.results.get(label), base))
    return Sensitivity(pd.DataFrame(rows), power_scaling(run), surface, contraction(run, seed=seed), outcome.failures)


def _national(estimates: Estimates) -> dict[str, list[float]]:
    """Median and interval of the national prevalence by group."""
    draws = estimates.level_draws("nation")["prevalence"].isel(unit=0)
    tails = [0.5, (1 - INTERVAL) / 2, (1 + INTERVAL) / 2]
    return {group: np.quantile(draws.sel(group=group), tails).tolist() for group in estimates.groups}


def _rows(
    what: str, setting: str, found: Mapping[str, list[float]] | None, base: Mapping[str, list[float]]
) -> Iterator[dict[str, Any]]:
    for group, stated in base.items():
        median, lower, upper = [np.nan] * 3 if found is None else found[group]
        told = {"group": group, "what": what, "setting": setting, "median": median, "lower": lower, "upper": upper}
        yield {**told, "ratio": median / stated[0]}


def _surface_rows(surface: xr.DataArray | None, base: Mapping[str, list[float]]) -> Iterator[dict[str, Any]]:
    """The figure at each transmission, degree ratio one: the rest is in the surface."""
    if surface is None or 1.0 not in surface["degree_ratio"]:
        return
    for group, stated in base.items():
        for value in surface["transmission"].values:
            median = float(surface.sel(group=group, transmission=value, degree_ratio=1.0))
            told = {"group": group, "what": "transmission", "setting": f"transmission {value:g}, degree ratio 1"}
            yield {**told, "median": median, "lower": np.nan, "upper": np.nan, "ratio": median / stated[0]}


def _refit_changed(
    text: str, study: Study, kind: str, value: Any, seed: int, settings: Mapping[str, int]
) -> dict[str, list[float]]:
    changed = without_known_group(study, value) if kind == "group" else with_top_code(study, value)
    return _national(estimate(refit(loads(text), changed, seed, settings)))


# --- without refits -------------------------------------------------------------------------------------------------


def transmission_surface(
    run: Fit, transmission: Sequence[float] = TRANSMISSION, degree_ratio: Sequence[float] = DEGREE_RATIO
) -> xr.DataArray | None:
    """Median national prevalence with transmission and degree ratio fixed (group, transmission, degree_ratio).

    None where either was a parameter of the fit (side data, links): fixing it afterwards would contradict the data.
    """
    if "transmission" in run.posterior or "degree_ratio" in run.posterior or run.spec.transmission.kind == "none":
        return None
    groups = list(run.study.hidden_groups)
    values = np.empty((len(groups), len(transmission), len(degree_ratio)))
    for column, ratio in enumerate(degree_ratio):
        fixed = replace(run, study=_with_ratio(run.study, float(ratio)))
        for row, value in enumerate(transmission):
            statement = {"fixed": float(value), "reason": "sensitivity"}
            found = _national(estimate(fixed, dict.fromkeys(groups, statement)))
            values[:, row, column] = [found[group][0] for group in groups]
    dims = ("group", "transmission", "degree_ratio")
    coords = {"group": groups, "transmission": list(transmission), "degree_ratio": list(degree_ratio)}
    return xr.DataArray(values, dims=dims, coords=coords)


def _with_ratio(study: Study, ratio: float) -> Study:
    statement = RatioStatement(fixed=ratio, reason="sensitivity")
    hidden = tuple(group.model_copy(update={"degree_ratio": statement}) for group in study.settings.hidden)
    return replace(study, settings=study.settings.model_copy(update={"hidden": hidden}))


def power_scaling(run: Fit) -> pd.DataFrame:
    """Power-scaling index of the reported national rate by top-level prior and likelihood.

    The index is the size of the change, as a Jensen–Shannon distance, per doubling of the power. Empty for models with
    residuals of each answer.
    """
    import arviz as az

    from nsum_bayes.inference.likelihood import is_available

    columns = ["group", "part", "index", "sensitive"]
    if not is_available(run.spec):
        return pd.DataFrame(columns=columns)
    chains, draws = run.posterior.sizes["chain"], run.posterior.sizes["draw"]
    likelihood = integrated_log_likelihood(run, draws=LIKELIHOOD_DRAWS).everything
    kept = np.searchsorted(run.posterior["draw"].values, likelihood["draw"].values)
    posterior = run.posterior.isel(draw=kept)
    model = build_model(run.spec, run.study)
    top = [name for name in _top_level(model) if name in posterior]
    priors = xr.Dataset({name: _log_density(model[name], posterior[name]) for name in top})
    figures = _reported_national(run).reshape(chains, draws, -1)[:, kept]
    dims, coords = ("chain", "draw", "group"), {"chain": posterior["chain"], "draw": posterior["draw"]}
    quantity = xr.Dataset({"rate": xr.DataArray(figures, dims=dims, coords=coords)})
    groups = {"posterior": quantity, "log_prior": priors, "log_likelihood": xr.Dataset({"answers": likelihood})}
    tree = xr.DataTree.from_dict(groups)
    parts: list[tuple[str, str, list[str] | None]] = [("all priors", "prior", None), ("likelihood", "likelihood", None)]
    parts += [(f"prior of {name}", "prior", [name]) for name in top]
    rows = []
    for label, kind, names in parts:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            chosen = {"group": kind, **({} if names is None else {"group_var_names": names})}
            index = np.atleast_1d(az.psense(tree, **chosen)["rate"].values)
        for group, value in zip(run.study.hidden_groups, index, strict=True):
            rows.append({"group": group, "part": label, "index": float(value), "sensitive": bool(value > SENSITIVE)})
    return pd.DataFrame(rows, columns=columns)


def _top_level(model: Any) -> list[str]:
    """Parameters whose prior rests on no other parameter, standardised effects left out."""
    from pytensor.graph.traversal import ancestors

    free = set(model.free_RVs)
    found = []
    for variable in model.free_RVs:
        above = set(ancestors(variable.owner.inputs)) & free
        if not above and not str(variable.name).endswith("_raw"):
            found.append(str(variable.name))
    return found


def _log_density(variable: Any, draws: xr.DataArray) -> xr.DataArray:
    """Log prior density of a top-level parameter's draws (chain, draw), summed over its elements."""
    import pymc as pm
    import pytensor

    value = variable.type("value")
    density = pytensor.function([value], pm.logp(variable, value).sum())
    flat = draws.stack(sample=("chain", "draw")).transpose("sample", ...)
    found = np.array([float(density(row)) for row in flat.values]).reshape(draws.sizes["chain"], -1)
    coords = {"chain": draws["chain"], "draw": draws["draw"]}
    return xr.DataArray(found, dims=("chain", "draw"), coords=coords)


def _reported_national(run: Fit) -> np.ndarray:
    """Log of the national rate as reported, by draw (draw, hidden_group)."""
    rates = np.exp(log_reported_rates(run, np.random.default_rng(np.random.SeedSequence((run.seed, 15)))))
    study = run.study
    people = np.column_stack([study.areas.table[study.hidden(g).denominator] for g in study.hidden_groups])
    return np.asarray(np.log((rates * people).sum(axis=1) / people.sum(axis=0)))


def contraction(run: Fit, *, seed: int = 1) -> pd.DataFrame:
    """How much was learned of each area: sd of log prevalence under prior and posterior, and 1 − ratio of variances.

    The prior is that of the model and of what was stated of transmission, degree ratio and the group's own bias. An
    area that nobody visited contracts by what others told of it.
    """
    prior = replace(run, tree=_prior_tree(run, seed))
    columns = {}
    for name, draws in (("prior_sd", prior), ("posterior_sd", run)):
        prevalence = estimate(draws, seed=seed).draws["prevalence"].transpose("draw", "area", "group").values
        columns[name] = np.log(np.maximum(prevalence.astype(float), 1e-12)).std(axis=0).ravel()
    index = pd.MultiIndex.from_product([run.study.areas.codes, run.study.hidden_groups], names=["area", "group"])
    table = pd.DataFrame(columns, index=index)
    table["contraction"] = 1.0 - (table["posterior_sd"] / table["prior_sd"]) ** 2
    return table.reset_index()


def _prior_tree(run: Fit, seed: int) -> xr.DataTree:
    """Draws of the prior in the place of the posterior's."""
    import pymc as pm

    from nsum_bayes.checks.predictive import seed_word, without_log
    from nsum_bayes.inference.fit import NOT_STORED

    model = build_model(run.spec, run.study)
    names = [v.name for v in model.free_RVs + model.deterministics if v.name not in NOT_STORED]
    with model, without_log():
        made = pm.sample_prior_predictive(PRIOR_DRAWS, var_names=names, random_seed=seed_word(seed, 16))
    prior = made["prior"].to_dataset()
    absent = set(run.posterior.data_vars) - set(prior.data_vars)
    if absent:
        raise FitError("The prior lacks what the posterior has.", where=", ".join(sorted(map(str, absent))), advice="")
    return xr.DataTree.from_dict({"posterior": prior})
