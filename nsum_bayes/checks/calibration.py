"""Is the software right? Simulation-based calibration of a model file.

Parameters are drawn from the priors and answers from the parameters, by the independent simulator; the model is fitted
to the answers. If simulator, model and sampler tell one story, the rank of each true value among its posterior draws is
uniform (Cook, Gelman, Rubin 2006, doi:10.1198/106186006X136976; Talts et al. 2018, arXiv:1804.06788). The joint log
likelihood is ranked too: it sees faults that leave every parameter's ranks uniform, such as a likelihood that is
ignored (Modrák et al. 2023, doi:10.1214/23-BA1404).

    u = (number of draws below the truth + v · (number equal + 1)) / (number of draws + 1),   v ~ Uniform(0, 1)

Draws are thinned to their effective number first, each quantity by its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom, kstest

from nsum_bayes.checks.made_up_frame import frame
from nsum_bayes.data.secondary import covariate_knowledge
from nsum_bayes.errors import FitError
from nsum_bayes.estimates.from_fit import estimate
from nsum_bayes.estimates.rates import log_reported_rates
from nsum_bayes.inference.fit import Fit
from nsum_bayes.inference.likelihood import DISPERSIONS, is_available, log_probability
from nsum_bayes.inference.refits import Outcome, Task, refit, run_tasks
from nsum_bayes.model.spec import ModelSpec, dumps, loads
from nsum_bayes.model.story import reported_shares
from nsum_bayes.model.study_design import design_of
from nsum_bayes.model.truth import Truth

LEVELS = (0.5, 0.9, 0.95)
CHANCE = 0.01
"""A right model leaves a band, or has a quantity called out, with about this chance."""
R_HAT = "largest R-hat"
"""Kept beside a simulation's ranks: how far its chains are from agreement, at worst."""
UNCONVERGED = 1.05
"""Chains that disagree by more give ranks that say nothing of the model."""
LARGEST = 12
"""Elements looked at of a parameter with many, such as the areas' effects."""
SKIPPED = ("log_degree", "covariate_missing")
OF_SECONDARY_DATA = ("rate_coefficient", "category_sd")
IN_THE_STORY = {"bias": "known_bias", "degree_area": "degree_area_effect"}
"""Names of the simulator where they are others."""


@dataclass(frozen=True)
class Design:
    """The survey that is simulated: small, so that hundreds can be fitted.

    Parameters
    ----------
    areas
        Areas of the frame, in provinces of two and regions of four; one for a model of one area.
    surveyed, respondents
        Areas visited, and respondents in each.
    known
        Share of each known group.
    transmission
        Mean and standard deviation of a beta prior; a fixed one of 1 where there is none.
    zero_inflated
        Whether the question on the hidden group is answered with zero more often than is true.
    waves
        Names of the waves, in each of which so many are asked; one time where there are none.
    covariates
        Whether the frame has secondary data, with gaps and an error; see `nsum_bayes.checks.made_up_frame`.
    weight_log_sd
        Spread of the log weights of respondents, which have nothing to do with their answers; zero for none.
    """

    areas: int = 12
    surveyed: int = 8
    respondents: int = 15
    known: tuple[float, ...] = (0.002, 0.004, 0.007, 0.012, 0.02)
    transmission: tuple[float, float] | None = None
    zero_inflated: bool = False
    waves: tuple[str, ...] = ()
    covariates: bool = field(default=False, repr=False)
    weight_log_sd: float = field(default=0.0, repr=False)

    def __str__(self) -> str:
        # Names the job of kept simulations, which designs without the later parts had before there were any.
        more = " with covariates" if self.covariates else ""
        return f"{self!r}{more}" + (f" with weights of {self.weight_log_sd:g}" if self.weight_log_sd else "")

    @property
    def visited(self) -> int | list[str]:
        """How many areas to draw, or the codes of those visited each time.

        With inexact figures fits have one shape, and share what is compiled, only where the same places are visited.
        """
        if not self.covariates:
            return self.surveyed
        chosen = np.random.default_rng(1).choice(self.areas, self.surveyed, replace=False)
        return [str(code) for code in frame(self.areas).codes[np.sort(chosen)]]

    @property
    def hidden(self) -> dict[str, Any]:
        """The statement on the hidden group."""
        stated: dict[str, Any] = {"fixed": 1.0, "reason": "calibration"}
        if self.transmission is not None:
            mean, sd = self.transmission
            stated = {"prior": "beta", "mean": mean, "sd": sd, "reason": "calibration"}
        return {"group": "hidden", "denominator": "everyone", "transmission": stated}

    @property
    def questions(self) -> list[dict[str, Any]]:
        """One on each group."""
        known = [{"column": f"q_{k}", "group": f"known_{k}"} for k in range(len(self.known))]
        return [*known, {"column": "q_h", "group": "hidden", "answer": {"zero_inflated": self.zero_inflated}}]


@dataclass(frozen=True)
class Calibration:
    """Ranks of true values over many simulations.

    Parameters
    ----------
    ranks
        Normalised rank (simulation, quantity), uniform where all is right; of the fits that did not fail.
    failures
        Why simulations failed, by number.
    r_hat
        Largest R-hat of the quantities looked at (simulation,).
    """

    model: str
    ranks: pd.DataFrame
    failures: dict[str, str] = field(default_factory=dict)
    r_hat: pd.Series = field(default_factory=lambda: pd.Series(dtype=float))

    @classmethod
    def of(cls, model: str, outcome: Outcome) -> Calibration:
        """From what `ranked_fit` returned of many simulations."""
        table = pd.DataFrame(outcome.results).T
        return cls(model, table.drop(columns=R_HAT), outcome.failures, table[R_HAT])

    @property
    def simulations(self) -> int:
        """Number of simulations, failed ones included."""
        return len(self.ranks) + len(self.failures)

    @property
    def unconverged(self) -> int:
        """Number of simulations whose chains disagree: where they are many, the ranks judge the sampler."""
        return int((self.r_hat > UNCONVERGED).sum())

    def table(self) -> pd.DataFrame:
        """Coverage of central intervals, distance of the ranks from uniform and its p-value, by quantity."""
        rows = []
        for name, ranks in self.ranks.items():
            told = ranks.dropna().to_numpy()
            within = {f"covers_{level:g}": float((np.abs(told - 0.5) <= level / 2).mean()) for level in LEVELS}
            test = kstest(told, "uniform")
            rows.append({"quantity": name, "fits": len(told), **within, "distance": test.statistic, "p": test.pvalue})
        return pd.DataFrame(rows).set_index("quantity")

    def bands(self) -> dict[float, tuple[float, float]]:
        """Within which coverage of each level lies but for a chance of one per cent."""
        number = len(self.ranks)
        found = {}
        for level in LEVELS:
            low, high = binom.ppf([CHANCE / 2, 1 - CHANCE / 2], number, level) / number
            found[level] = (float(low), float(high))
        return found

    def called_out(self, chance: float = CHANCE) -> tuple[str, ...]:
        """Quantities whose ranks are not uniform, Holm's correction for looking at many; the worst first.

        ``chance`` is that of calling out a right model.
        """
        p = self.table()["p"].sort_values()
        limits = chance / np.arange(len(p), 0, -1)
        bad = np.cumprod(p.to_numpy() <= limits).astype(bool)
        return tuple(p.index[bad])

    @property
    def passed(self) -> bool:
        """Whether no quantity is called out."""
        return not self.called_out()

    def __repr__(self) -> str:
        p = self.table()["p"]
        lines = [
            f"{self.model}: {self.simulations} simulations, {len(self.failures)} failed; "
            f"{len(self.ranks.columns)} quantities, least uniform {p.idxmin()} (p = {p.min():.2g})"
        ]
        if self.unconverged:
            lines.append(f"{self.unconverged} with an R-hat above {UNCONVERGED:g} (largest {self.r_hat.max():.2f})")
        lines += [f"ranks not uniform: {name}" for name in self.called_out()]
        return "\n".join(lines)


def calibrate(
    spec: ModelSpec,
    *,
    seed: int,
    simulations: int = 200,
    design: Design | None = None,
    draws: int = 250,
    tune: int = 400,
    workers: int = 0,
    cluster: str | None = None,
    out: str | Path | None = None,
    progress: bool | None = None,
) -> Calibration:
    """Simulate from a model's priors, fit the model, and rank the truth.

    Parameters
    ----------
    simulations
        More can be added to a file of fewer: each has a seed of its own that follows from ``seed`` and its number.
    design
        The survey; one that suits the model by default.
    draws, tune
        Of each of four chains.
    workers, cluster, out, progress
        As in `nsum_bayes.inference.refits.run_tasks`.
    """
    survey = design or default_design(spec)
    text, settings = dumps(spec), {"draws": draws, "tune": tune}
    tasks = [Task(str(number), (text, survey, seed, number, settings)) for number in range(simulations)]
    job = f"calibration, seed {seed}, {settings}, {survey}, {text}"
    outcome = run_tasks(ranked_fit, tasks, workers=workers, cluster=cluster, out=out, job=job, progress=progress)
    if not outcome.results:
        why = next(iter(outcome.failures.values()))
        raise FitError(f"Every fit failed. The first: {why}", where=f"model {spec.name}", advice="Fit one by itself.")
    return Calibration.of(spec.name, outcome)


def default_design(spec: ModelSpec) -> Design:
    """Many areas where the model has effects of areas, more where it shrinks secondary data, else one."""
    if spec.prevalence is not None and spec.prevalence.shrinkage is not None:
        return Design(areas=36, surveyed=20, respondents=8, covariates=True)
    effects = spec.prevalence is not None and (spec.prevalence.area_sd or spec.prevalence.level_sd)
    if effects or (spec.rates is not None and spec.rates.kind == "pooled"):
        return Design() if spec.waves is None else Design(respondents=8, waves=("1", "2"))
    return Design(areas=1, surveyed=1, respondents=60)


def ranked_fit(text: str, design: Design, seed: int, number: int, settings: Mapping[str, int]) -> dict[str, float]:
    """One simulation: normalised rank of each quantity's true value."""
    from nsum_bayes.model.simulate import simulate

    spec = loads(text)
    simulating, sampling, ranking = np.random.SeedSequence((seed, number)).generate_state(3)
    study, truth = simulate(
        spec,
        frame(design.areas, covariates=design.covariates),
        known={f"known_{k}": share for k, share in enumerate(design.known)},
        hidden=[design.hidden],
        settings={"question": design.questions, **_weighted(design)},
        respondents_per_area=design.respondents,
        respondent_covariates=_weights(design, np.random.default_rng((seed, number))),
        surveyed=design.visited,
        seed=int(simulating),
        waves=design.waves,
    )
    run = refit(spec, study, int(sampling), settings, log_likelihood=is_available(spec))
    return ranks_of(run, truth, np.random.default_rng(ranking))


def _weighted(design: Design) -> dict[str, Any]:
    return {"survey": {"weight": "weight", "covariates": []}} if design.weight_log_sd else {}


def _weights(design: Design, rng: np.random.Generator) -> pd.DataFrame | None:
    """Weights of the respondents, at random."""
    if not design.weight_log_sd:
        return None
    asked = design.surveyed * design.respondents * max(1, len(design.waves))
    return pd.DataFrame({"weight": rng.lognormal(sigma=design.weight_log_sd, size=asked)})


def ranks_of(run: Fit, truth: Truth, rng: np.random.Generator) -> dict[str, float]:
    """Normalised rank of the true value of each quantity, thinned to effective draws.

    Looked at are all parameters that describe groups, areas or everyone, figures that the frame does not tell exactly,
    the first respondent's degree, the national reported rate and prevalence, and the joint log likelihood of the
    answers. With them goes the largest R-hat of all.
    """
    import arviz as az

    draws, true = _quantities(run, truth)
    r_hat = az.rhat(az.convert_to_dataset(draws)).to_array().max()
    return {name: _rank(draws[name], true[name], rng) for name in draws} | {R_HAT: float(r_hat)}


def _rank(draws: np.ndarray, true: float, rng: np.random.Generator) -> float:
    """Normalised rank of a value among draws (chain, draw)."""
    import arviz as az

    effective = float(az.ess(az.convert_to_dataset({"x": draws}), method="bulk")["x"])
    every = 1 if not effective > 0 else max(1, int(np.ceil(draws.size / effective)))
    kept = draws.T.ravel()[::every]
    below, equal = int((kept < true).sum()), int((kept == true).sum())
    return float((below + rng.uniform() * (equal + 1)) / (len(kept) + 1))


def _quantities(run: Fit, truth: Truth) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Draws (chain, draw) and true value of each quantity."""
    draws, true = _parameters(run, truth)
    figures, true_figures = _inexact_figures(run, truth)
    draws |= figures
    true |= true_figures
    shape = (run.posterior.sizes["chain"], run.posterior.sizes["draw"])
    people = truth.areas.table["everyone"].to_numpy(dtype=float)
    rates = log_reported_rates(run, np.random.default_rng(np.random.SeedSequence((run.seed, 2))))[:, :, 0]
    draws["degree of one"] = run.posterior["log_degree"].isel(respondent=0).transpose("chain", "draw").values
    true["degree of one"] = float(truth.parameters["log_degree"][0])
    draws["national rate"] = np.log(np.exp(rates) @ people / people.sum()).reshape(shape)
    true["national rate"] = float(np.log(np.exp(truth.parameters["log_rate"][:, 0]) @ people / people.sum()))
    draws["national prevalence"], true["national prevalence"] = _national_prevalence(run, truth)
    if "log_likelihood" in run.tree.children and not run.study.zero_inflated_groups:
        cells = run.tree["log_likelihood"].to_dataset()["answers"].values.astype(float)
        draws["log likelihood"] = np.nansum(cells, axis=(2, 3))
        true["log likelihood"] = _true_log_likelihood(run, truth)
    return draws, true


def _national_prevalence(run: Fit, truth: Truth) -> tuple[np.ndarray, float]:
    """Log national prevalence (chain, draw), of the latest wave, and its true value: what is published in the end."""
    national = estimate(run).level_draws("nation")["prevalence"].isel(unit=0, group=0).values
    last = truth.at(truth.waves[-1]) if truth.waves else truth
    shape = (run.posterior.sizes["chain"], run.posterior.sizes["draw"])
    actual = float(np.log(min(1.0, float(last.national["prevalence"][0]))))
    return np.log(national.astype(float)).reshape(shape), actual


def _parameters(run: Fit, truth: Truth) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    draws: dict[str, np.ndarray] = {}
    true: dict[str, float] = {}
    for name, values in run.posterior.data_vars.items():
        told = truth.parameters.get(IN_THE_STORY.get(str(name), str(name)))
        if told is None or str(name) in SKIPPED or (values.ndim > 3 and str(name) not in OF_SECONDARY_DATA):
            continue
        flat = values.transpose("chain", "draw", ...).values.astype(float)
        flat = flat.reshape(*flat.shape[:2], -1)
        actual = np.ravel(np.asarray(told, dtype=float))
        if len(actual) == flat.shape[2]:
            for number in np.flatnonzero(flat.std(axis=(0, 1)) > 0)[:LARGEST]:
                label = str(name) if len(actual) == 1 else f"{name}[{number}]"
                draws[label], true[label] = flat[:, :, number], float(actual[number])
    return draws, true


def _inexact_figures(run: Fit, truth: Truth) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """The first few covariates of visited areas that are missing or have an error."""
    if "covariate_missing" not in run.posterior:
        return {}, {}
    uncertain = covariate_knowledge(run.study.areas).uncertain
    place = np.full(uncertain.shape, -1)
    place[uncertain] = np.arange(uncertain.sum())  # the story draws them for all areas, the model for visited ones
    visited = pd.Index(run.study.areas.codes).get_indexer(pd.Index(run.study.survey.surveyed_areas))
    told = truth.parameters["covariate_missing"][place[visited][uncertain[visited]]]
    values = run.posterior["covariate_missing"].transpose("chain", "draw", ...).values
    labels = {f"inexact figure[{number}]": number for number in range(min(LARGEST, len(told)))}
    draws = {label: values[:, :, number] for label, number in labels.items()}
    return draws, {label: float(told[number]) for label, number in labels.items()}


def _true_log_likelihood(run: Fit, truth: Truth) -> float:
    """Log likelihood of the answers at the true parameters, told by the story."""
    design, values = design_of(run.study), truth.parameters
    degree = np.exp(values["log_degree"])[:, None]
    theta = reported_shares(design, values)[design.visit]
    name = DISPERSIONS.get(run.spec.counts.kind)
    answers = run.study.survey.answers
    cells = log_probability(run.spec.counts, answers, degree, theta, None if name is None else values[name])
    return float(np.nansum(cells))
