"""Planning: how many municipalities, households and known groups reach a target precision.

    cv² = (1 − p) / (n p) · (1 / N_h + 1 / Σ N_k),   p = d̄ / N

n respondents with d̄ ties among N people report n N_h p members (Josephs, Feehan, Crawford 2021, arXiv:2111.09684); the
second term is what known groups of Σ N_k members leave open of the network sizes. It takes ties for random and places
for alike. A plan is therefore also simulated through the model itself, with areas that differ, answers that scatter and
groups that are misreported, and fitted: that is what will be known after such a survey.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nsum_bayes.data.study import Study
from nsum_bayes.errors import StudyError
from nsum_bayes.inference.refits import Task, job_of, refit, run_tasks
from nsum_bayes.model.spec import ModelSpec, dumps, loads

TYPICAL: dict[str, Any] = {
    "degree_mean": float(np.log(200.0)),
    "degree_sd": 0.6,
    "degree_area_sd": 0.2,
    "bias_sd": 0.3,
    "overdispersion": 1.0,
    "area_sd": 0.5,
}
"""What is taken for true where nothing else is given: networks of 200, groups misreported by a third, areas that differ
by half."""
LEVELS_SD = 0.2


@dataclass(frozen=True)
class Plan:
    """What each design would reach.

    Parameters
    ----------
    table
        One row a design and hidden group: ``municipalities``, ``households`` (in each), ``known_groups``,
        ``respondents``, ``group``, ``formula`` (cv), and means over simulated surveys with their Monte Carlo errors:
        ``survey`` (sd of the log national reported rate), ``nation`` (that of national prevalence, with all that was
        assumed), ``province`` (median cv of the first level's units), ``held`` (share of units whose interval holds the
        truth), ``simulations``, ``failed``.
    target
        The cv to reach.
    """

    table: pd.DataFrame
    target: float

    def cheapest(self, what: str = "nation") -> dict[str, dict[str, Any] | None]:
        """The design with fewest respondents that reaches the target for each hidden group; None where none does.

        Parameters
        ----------
        what
            ``nation``, ``province`` or ``survey``.
        """
        found: dict[str, dict[str, Any] | None] = {}
        for group, rows in self.table.groupby("group", sort=False):
            reached = rows[rows[what] + rows[f"{what}_error"].fillna(0.0) <= self.target]
            order = reached.sort_values(["respondents", "municipalities", "known_groups"])
            found[str(group)] = None if order.empty else {str(k): v for k, v in order.iloc[0].items()}
        return found

    def statement(self, group: str) -> str:
        """What to do for a hidden group, in a sentence."""
        rows = self.table[self.table["group"] == group]
        best = self.cheapest()[group]
        if best is not None:
            asked = f"{best['municipalities']} municipalities of {best['households']} households"
            return f"{asked} and {best['known_groups']} known groups reach a cv of {best['nation']:.2f} in the nation."
        lowest, survey = rows["nation"].min(), rows["survey"].min()
        if np.isnan(lowest):
            return (
                "Only the formula was asked; it takes ties for random, places for alike and groups for well reported."
            )
        if survey <= self.target:
            return (
                f"No design reaches {self.target:.2f}. The survey itself could ({survey:.2f}); what is assumed about "
                f"reporting, networks and bias leaves {lowest:.2f}. Side data help, more interviews do not."
            )
        return f"No design reaches {self.target:.2f}; the best has a cv of {lowest:.2f}. Plan more interviews."

    def __repr__(self) -> str:
        groups = dict.fromkeys(self.table["group"])
        return "\n".join([self.table.round(3).to_string(index=False), *(f"{g}: {self.statement(g)}" for g in groups)])


def plan(
    spec: ModelSpec,
    study: Study,
    *,
    expected: Mapping[str, float],
    municipalities: Sequence[int],
    households: Sequence[int],
    known_groups: Sequence[int] | None = None,
    target: float = 0.2,
    typical: Mapping[str, Any] | None = None,
    replicates: int = 5,
    seed: int = 1,
    draws: int = 400,
    tune: int = 500,
    workers: int = 0,
    cluster: str | None = None,
    out: str | Path | None = None,
    progress: bool | None = None,
) -> Plan:
    """Say what designs of a survey would reach, by formula and by simulation.

    Parameters
    ----------
    spec
        The model that the survey is planned for.
    study
        Its frame, known sizes and statements are used; its answers are not.
    expected
        Prevalence to expect of each hidden group, a share of its denominator.
    municipalities, households, known_groups
        Numbers to try, each with each; known groups are taken in the order of the questions, all by default.
    target
        Coefficient of variation to reach.
    typical
        What is taken for true of networks, bias, scatter and areas, in place of `TYPICAL`.
    replicates
        Surveys simulated and fitted for each design; 0 for the formula alone.
    draws, tune, workers, cluster, out, progress
        As in `nsum_bayes.inference.refits.run_tasks`.

    Raises
    ------
    StudyError
        An expected prevalence that is missing or no share; more areas or known groups than there are.

    Examples
    --------
    >>> from nsum_bayes import Study, load_model, plan, sample_folder
    >>> plan(load_model("municipal"), Study.load(sample_folder()), expected={"bonded": 0.01, "trafficked": 0.004},
    ...      municipalities=[20, 40], households=[10], replicates=0)  # doctest: +SKIP
    """
    counts = tuple(known_groups or (len(study.known_groups),))
    _check(study, expected, municipalities, households, counts)
    truth = {**TYPICAL, **(typical or {})}
    designs = [(m, h, k) for k in counts for m in municipalities for h in households]
    rows = [row for design in designs for row in _by_formula(study, design, expected, truth)]
    settings = {"draws": draws, "tune": tune}
    text, shares = dumps(spec), {group: float(expected[group]) for group in study.hidden_groups}
    tasks = [
        Task(f"{m} x {h}, {k} groups, {number}", (text, study, (m, h, k), shares, truth, seed + number, settings))
        for m, h, k in designs
        for number in range(replicates)
    ]
    job = f"{job_of('plan', seed, settings, study, text)}, {shares}, {truth}"
    done = run_tasks(simulated, tasks, workers=workers, cluster=cluster, out=out, job=job, progress=progress)
    return Plan(_summed_up(rows, [row for found in done.results.values() for row in found], replicates), target)


def respondents_needed(cv: float, prevalence: float, degree: float, reported: float = 1.0) -> int:
    """Respondents that the formula asks for where network sizes are known: n = 1 / (cv² d̄ π τ) for a small p.

    Parameters
    ----------
    prevalence
        Of the hidden group among everyone.
    degree
        Mean network size.
    reported
        Share of ties to members that is known and told.
    """
    return int(np.ceil(1.0 / (cv**2 * degree * prevalence * reported)))


def simulated(
    text: str,
    study: Study,
    design: tuple[int, int, int],
    expected: Mapping[str, float],
    typical: Mapping[str, Any],
    seed: int,
    settings: Mapping[str, int],
) -> list[dict[str, Any]]:
    """One survey of a design, simulated and fitted: one row a hidden group."""
    from nsum_bayes.estimates.from_fit import estimate
    from nsum_bayes.model.simulate import simulate

    spec, (visited, each, known) = loads(text), design
    asked, truth = simulate(
        spec,
        study.areas,
        known=_sizes(study, study.known_groups[:known]),
        hidden=[study.hidden(group) for group in study.hidden_groups],
        respondents_per_area=each,
        surveyed=visited,
        selection="population",
        seed=seed,
        parameters={**_given(spec, study, typical), "prevalence_intercept": _intercepts(study, expected, typical)},
    )
    result = estimate(refit(spec, asked, seed, settings))
    level = result.levels[1]
    rows = []
    for number, group in enumerate(study.hidden_groups):
        draws = result.level_draws(level)["prevalence"].transpose("draw", "unit", "group").values[:, :, number]
        low, high = np.quantile(draws, [0.025, 0.975], axis=0)
        actual = truth.level(level)["prevalence"].to_numpy()[:, number]
        told = result.meta["uncertainty"][group]
        rows.append(
            {
                **dict(zip(("municipalities", "households", "known_groups"), design, strict=True)),
                "group": group,
                "survey": told["survey"],
                "nation": told["total"],
                "province": float(np.median(draws.std(axis=0) / draws.mean(axis=0))),
                "held": float(((low < actual) & (actual < high)).mean()),
            }
        )
    return rows


def _given(spec: ModelSpec, study: Study, typical: Mapping[str, Any]) -> dict[str, Any]:
    """Typical values of what the model has; every level of the frame varies a little."""
    values = dict(typical)
    if spec.counts.kind != "nb1":
        values.pop("overdispersion", None)
    return values | {f"{level}_sd": LEVELS_SD for level in study.areas.levels if study.areas.table[level].nunique() > 1}


def _intercepts(study: Study, expected: Mapping[str, float], typical: Mapping[str, Any]) -> list[float]:
    """Intercepts that make areas of the spread stated have the expected prevalence on average."""
    spread = float(typical.get("area_sd", 0.0)) ** 2 + LEVELS_SD**2 * len(study.areas.levels)
    return [float(np.log(expected[group]) - spread / 2) for group in study.hidden_groups]


def _sizes(study: Study, groups: Sequence[str]) -> pd.DataFrame:
    """Known sizes as `simulate` reads them."""
    table = study.known.table[study.known.table["group"].isin(groups)]
    columns = {"group": table["group"], "area": table["unit"].where(table["level"] != "nation", "")}
    columns |= {name: table[name] for name in ("size", "se", "rostered") if table[name].notna().any()}
    return pd.DataFrame(columns).reset_index(drop=True)


def _by_formula(
    study: Study, design: tuple[int, int, int], expected: Mapping[str, float], typical: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    visited, each, known = design
    people = study.areas.population
    degree = float(np.exp(typical["degree_mean"] + float(typical["degree_sd"]) ** 2 / 2))
    chance = degree / (people.mean() if study.frame == "area" else people.sum())
    shares = [study.known.share_of(group, study.areas) for group in study.known_groups[:known]]
    covered = float(sum(np.nansum(share * people) for share in shares) / people.sum())
    for group in study.hidden_groups:
        hidden = study.hidden(group)
        told = hidden.transmission.fixed or hidden.transmission.mean or 1.0
        members = expected[group] * float(study.areas.denominator_share(hidden.denominator).mean()) * told
        # N_h p = members per person × ties: the same in one area as in the nation.
        cv = np.sqrt((1 - chance) / (visited * each * degree) * (1 / members + 1 / covered))
        yield {
            **dict(zip(("municipalities", "households", "known_groups"), design, strict=True)),
            "respondents": visited * each,
            "group": group,
            "formula": float(cv),
        }


def _summed_up(rows: list[dict[str, Any]], done: list[dict[str, Any]], replicates: int) -> pd.DataFrame:
    keys, figures = ["municipalities", "households", "known_groups", "group"], ["survey", "nation", "province", "held"]
    table = pd.DataFrame(rows)
    found = pd.DataFrame(done, columns=[*keys, *figures])
    by = found.groupby(keys)[figures]
    means, errors = by.mean(), (by.std(ddof=1) / by.count() ** 0.5).add_suffix("_error")
    counted = found.groupby(keys).size().rename("simulations")
    joined = table.join(pd.concat([means, errors, counted], axis=1), on=keys)
    joined["simulations"] = joined["simulations"].fillna(0).astype(int)
    return joined.assign(failed=replicates - joined["simulations"])


def _check(
    study: Study,
    expected: Mapping[str, float],
    municipalities: Sequence[int],
    households: Sequence[int],
    known_groups: Sequence[int],
) -> None:
    absent = [group for group in study.hidden_groups if group not in expected]
    wrong = [group for group in study.hidden_groups if group in expected and not 0 < expected[group] < 1]
    odd = [group for group in expected if group not in study.hidden_groups]
    faults = [(f"No prevalence to expect of '{g}' is given.", "plan", "Give a share, e.g. 0.005.") for g in absent]
    faults += [(f"The prevalence to expect of '{g}' is no share.", "plan", "Give e.g. 0.005.") for g in wrong]
    advice = f"Hidden groups are {', '.join(study.hidden_groups)}."
    faults += [(f"'{g}' is not a hidden group.", "plan", advice) for g in odd]
    if max(municipalities) > len(study.areas) or min(municipalities) < 2:
        what = f"{max(municipalities)} municipalities cannot be visited in a frame of {len(study.areas)}."
        faults.append((what, "plan", "Give numbers from 2 to the number of areas."))
    if min(households) < 1:
        faults.append(("A design needs households.", "plan", "Give one or more in each municipality."))
    if max(known_groups) > len(study.known_groups) or min(known_groups) < 1:
        what = f"{max(known_groups)} known groups are asked for, and the study has {len(study.known_groups)}."
        faults.append((what, "plan", "Give numbers from 1 to that."))
    if faults:
        raise StudyError(faults)
