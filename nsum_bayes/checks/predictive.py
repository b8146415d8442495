"""Would the model have produced such answers? Replicated answers beside those given, by group and by size of area.

Statistics: share of zeros, 95th percentile, maximum, multiples of five and of ten among answers of five or more
(heaping). p is the share of replicates with as large a value, ties by half (Gelman, Meng, Stern 1996): near 0 or 1 the
model does not produce what was answered. Replicates are of new respondents in the same areas, with fresh degrees
(mixed predictive: Marshall, Spiegelhalter 2003, doi:10.1002/sim.1403): the respondents' own are learned from the
very answers and would hide what is wrong. Rootograms and PIT plots are ArviZ's, on `PredictiveCheck.tree`.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from nsum_bayes.checks.convergence import Finding
from nsum_bayes.inference.likelihood import thinned
from nsum_bayes.model.build import build_from_inputs
from nsum_bayes.model.inputs import MISSING, Inputs, read_inputs

if TYPE_CHECKING:
    import pymc as pm

    from nsum_bayes.data.study import Study
    from nsum_bayes.inference.fit import Fit
    from nsum_bayes.model.spec import ModelSpec

DRAWS = 400
UNLIKELY = 0.005
"""A p value below it, or above one minus it, is a finding."""
HALVES = ("small areas", "large areas")

type Floats = np.ndarray


def _percentile(answers: Floats) -> Floats:
    return np.nanquantile(answers, 0.95, axis=-1, method="inverted_cdf")


def _multiples(base: int) -> Callable[[Floats], Floats]:
    def share(answers: Floats) -> Floats:
        large = answers >= 5
        return ((answers % base == 0) & large).sum(axis=-1) / np.maximum(large.sum(axis=-1), 1)

    return share


STATISTICS: dict[str, Callable[[Floats], Floats]] = {
    "share of zeros": lambda answers: (answers == 0).sum(axis=-1) / (~np.isnan(answers)).sum(axis=-1),
    "95th percentile": _percentile,
    "maximum": lambda answers: np.nanmax(answers, axis=-1),
    "multiples of 5": _multiples(5),
    "multiples of 10": _multiples(10),
}


@dataclass(frozen=True)
class PredictiveCheck:
    """Replicated answers beside those given.

    Parameters
    ----------
    kind
        ``prior`` or ``posterior``.
    table
        By ``group``, ``where`` (all areas, or the half of them with fewer or more people) and ``statistic``:
        ``observed``; ``median``, ``lower``, ``upper`` of the replicates (95 %); ``p``.
    tree
        ``posterior_predictive`` (or prior) and ``observed_data``, one variable a group (its answers, missing ones left
        out), for ArviZ's plots. Respondent rows: restricted.
    """

    kind: str
    table: pd.DataFrame
    tree: xr.DataTree

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Statistics that the model does not produce, as findings to review; a prior check has none."""
        if self.kind == "prior":
            return ()
        found = tuple(_findings(self.table))
        return found or (Finding("pass", "predictive", "Replicated answers look like those given."),)

    def __repr__(self) -> str:
        everywhere = self.table[self.table["where"] == "all areas"].drop(columns="where")
        return f"{self.kind} predictive check\n{everywhere.round(3).to_string(index=False)}"


def posterior_predictive_check(run: Fit, *, seed: int = 1, draws: int = DRAWS) -> PredictiveCheck:
    """Compare the answers with replicates from so many posterior draws, evenly spaced over all chains.

    Degrees, and residuals where a model has them, are drawn afresh.

    Examples
    --------
    >>> from nsum_bayes import posterior_predictive_check
    >>> posterior_predictive_check(run).table  # doctest: +SKIP
    """
    import pymc as pm

    inputs = read_inputs(run.spec, run.study)
    model = build_from_inputs(run.spec, inputs)
    some = thinned(run.posterior, max(1, round(draws / run.posterior.sizes["chain"])))
    without_degrees = xr.DataTree.from_dict({"posterior": some.drop_vars("log_degree")})
    with model, without_log():
        made = pm.sample_posterior_predictive(
            without_degrees, var_names=["answers"], random_seed=seed_word(seed, 12), progressbar=False
        )
    return _check("posterior", made["posterior_predictive"]["answers"], inputs, run.study)


def prior_predictive_check(spec: ModelSpec, study: Study, *, seed: int = 1, draws: int = DRAWS) -> PredictiveCheck:
    """Compare the answers with replicates from the prior: are the answers among what the model thought possible?"""
    import pymc as pm

    inputs = read_inputs(spec, study)
    model: pm.Model = build_from_inputs(spec, inputs)
    with model, without_log():
        made = pm.sample_prior_predictive(draws, var_names=["answers"], random_seed=seed_word(seed, 13))
    return _check("prior", made["prior_predictive"]["answers"], inputs, study)


@contextmanager
def without_log() -> Iterator[None]:
    """PyMC says what it draws, and numba that the draws of answers are NumPy's."""
    log = logging.getLogger("pymc")
    before = log.level
    log.setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Numba will use object mode")
        try:
            yield
        finally:
            log.setLevel(before)


def seed_word(seed: int, purpose: int) -> int:
    """A seed for PyMC that follows from one seed and what it is for."""
    return int(np.random.SeedSequence((seed, purpose)).generate_state(1)[0])


def _check(kind: str, made: Any, inputs: Inputs, study: Study) -> PredictiveCheck:
    replicates = xr.DataArray(made).transpose("chain", "draw", "respondent", "group").values.astype(float)
    observed = np.where(inputs.answers == MISSING, np.nan, inputs.answers)
    flat = np.where(np.isnan(observed), np.nan, replicates.reshape(-1, *observed.shape))
    rows = []
    for group, name in enumerate(study.survey.groups):
        for where, here in _places(study):
            asked = here & ~np.isnan(observed[:, group])
            if not asked.any():
                continue
            for label, statistic in STATISTICS.items():
                drawn, value = statistic(flat[:, asked, group]), float(statistic(observed[asked, group]))
                lower, median, upper = np.quantile(drawn, [0.025, 0.5, 0.975])
                p = float((drawn > value).mean() + (drawn == value).mean() / 2)
                told = {"group": name, "where": where, "statistic": label, "observed": value}
                rows.append({**told, "median": median, "lower": lower, "upper": upper, "p": p})
    tree = {
        f"{kind}_predictive": _by_group(replicates, observed, study),
        "observed_data": _by_group(observed, observed, study),
    }
    return PredictiveCheck(kind, pd.DataFrame(rows), xr.DataTree.from_dict(tree))


def _places(study: Study) -> Iterator[tuple[str, np.ndarray]]:
    """All respondents, and those of the halves of the surveyed areas with fewer and with more people."""
    yield "all areas", np.ones(len(study.survey), dtype=bool)
    codes = study.survey.surveyed_areas
    if len(codes) < 4:
        return
    people = pd.Series(study.areas.population, index=study.areas.codes).loc[codes]
    large = np.isin(study.survey.area, people.index[people > people.median()])
    yield HALVES[0], ~large
    yield HALVES[1], large


def _by_group(values: Floats, observed: Floats, study: Study) -> xr.Dataset:
    lead = ("chain", "draw") if values.ndim == 4 else ()
    made = {}
    for column, group in enumerate(study.survey.groups):
        asked = np.flatnonzero(~np.isnan(observed[:, column]))
        made[group] = ((*lead, f"answer_{group}"), values[..., asked, column].astype(int))
    return xr.Dataset(made)


def _findings(table: pd.DataFrame) -> Iterator[Finding]:
    remedy = {
        "share of zeros": "Check for zero inflation or a barrier; try other counts.",
        "95th percentile": "Try counts with more spread, or check for top codes.",
        "maximum": "Check the largest answers; try counts with more spread, or a top code.",
        "multiples of 5": "Declare the question heaped.",
        "multiples of 10": "Declare the question heaped.",
    }
    odd = table[(table["where"] == "all areas") & ((table["p"] < UNLIKELY) | (table["p"] > 1 - UNLIKELY))]
    for _, row in odd.iterrows():
        message = (
            f"'{row['group']}', {row['statistic']}: {row['observed']:.3g} answered, "
            f"{row['median']:.3g} ({row['lower']:.3g} to {row['upper']:.3g}) replicated."
        )
        yield Finding("review", "predictive", message, remedy[str(row["statistic"])])
