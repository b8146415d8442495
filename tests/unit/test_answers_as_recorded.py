"""Answers of every kind in one model: its total, its random draws and the per-answer twin, against sums over counts."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
import xarray as xr

from nsum_bayes.inference.likelihood import add_log_likelihood
from nsum_bayes.model.build import build_from_inputs
from nsum_bayes.model.counts import add_counts
from nsum_bayes.model.inputs import MISSING, OPEN, Inputs, read_inputs
from nsum_bayes.model.recording import Recording
from nsum_bayes.model.spec import Measurement, ModelSpec
from nsum_bayes.model.visits import one_a_place
from tests.irregular import HEAPING, PARTS, SILENT, Answer, probability
from tests.made_up import KNOWN, model, study_of
from tests.uncompiled import function, uncompiled

GROUPS = ["plain", "topped", "binned", "asked", "heaped", "heaped_topped", "silent", "heaped_silent"]
EXACT = Recording()
RECORDED = (
    EXACT,
    Recording(np.arange(5)),
    Recording(np.array([0, 1, 3, 6])),
    Recording(np.array([0, 1])),
    EXACT,
    Recording(np.arange(13)),
    EXACT,
    EXACT,
)
HEAPED = np.array([name.startswith("heaped") for name in GROUPS])
ZERO_INFLATED = np.array([name.endswith("silent") for name in GROUPS])
SPREADS = {"poisson": None, "nb1": 1.5, "nb2": 0.8, "binomial": None, "beta_binomial": 0.03}
THETA = np.array([[0.03, 0.05, 0.04, 0.01, 0.09, 0.12, 0.02, 0.06], [0.06, 0.02, 0.09, 0.02, 0.2, 0.05, 0.01, 0.1]])


def highest(recording: Recording, lowest: np.ndarray) -> np.ndarray:
    """Highest number that each record allows."""
    if recording.edges is None:
        return lowest
    ends = np.append(recording.edges[1:] - 1, OPEN)
    return ends[np.searchsorted(recording.edges, lowest)]


@cache
def bare() -> Inputs:
    return read_inputs(model(), study_of()[0])


def inputs_of(answers: np.ndarray, area: np.ndarray) -> Inputs:
    """Inputs with answers (respondent, group) to questions of every kind."""
    upper = np.column_stack([highest(recording, answers[:, k]) for k, recording in enumerate(RECORDED)])
    upper = np.where(answers == MISSING, MISSING, upper)
    coords = {
        "respondent": list(range(len(answers))),
        "group": GROUPS,
        "surveyed_area": [0, 1],
        "heap": ["exact", "five", "ten"],
        "zero_inflated_group": [name for name in GROUPS if name.endswith("silent")],
    }
    questions = {"heaped": HEAPED, "zero_inflated": ZERO_INFLATED, "recorded": RECORDED}
    visits = one_a_place(["0", "1"], area)
    return replace(bare(), coords=coords, answers=answers, upper=upper, area=area, visits=visits, **questions)


def answers_of(kind: str, inputs: Inputs, degree: np.ndarray) -> pm.Model:
    """The answers alone, everything else being given."""
    spread = None if SPREADS[kind] is None else pt.as_tensor(np.full(len(GROUPS), SPREADS[kind]))
    with pm.Model(coords=inputs.coords) as built:
        log_degree, log_theta = pt.as_tensor(np.log(degree)), pt.as_tensor(np.log(THETA))
        add_counts(PARTS[kind], Measurement(), log_degree, log_theta, spread, inputs)
    return pm.do(built, {"heaping": HEAPING, "zero_inflation": np.full(2, SILENT)})


def drawn(kind: str, degree: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Answers from the model's own random draws."""
    zeros = np.zeros((len(degree), len(GROUPS)), dtype=np.int64)
    with uncompiled() as mode:
        return pm.draw(answers_of(kind, inputs_of(zeros, area), degree)["answers"], random_seed=1, mode=mode)


def expected(kind: str, group: int, lowest: int, degree: float, area: int) -> float:
    """Probability of one record."""
    upper = int(highest(RECORDED[group], np.array([lowest]))[0])
    answer = Answer(lowest, upper, bool(HEAPED[group]), bool(ZERO_INFLATED[group]))
    return probability(kind, answer, degree, THETA[area, group], SPREADS[kind] or 1.0)


def records(group: int, up_to: int) -> np.ndarray:
    """Every possible record of a question, as its lowest number."""
    edges = RECORDED[group].edges
    return np.arange(up_to) if edges is None else edges


@pytest.mark.parametrize("kind", SPREADS)
def test_the_total_is_the_sum_over_all_answers(kind: str) -> None:
    rng = np.random.default_rng(2)
    degree, area = rng.integers(40, 200, 50).astype(float), rng.integers(0, 2, 50)
    answers = drawn(kind, degree, area)
    answers[rng.random(answers.shape) < 0.1] = MISSING
    degree = np.maximum(degree, answers.max(axis=1) + 1.0)
    found = function([], answers_of(kind, inputs_of(answers, area), degree).logp())()
    cells = [expected(kind, k, answers[i, k], degree[i], area[i]) for i, k in np.argwhere(answers != MISSING)]
    assert found == pytest.approx(np.log(cells).sum(), rel=1e-9)


@pytest.mark.parametrize("kind", SPREADS)
def test_all_records_come_as_often_as_they_are_probable(kind: str) -> None:
    respondents, degree = 20_000, 60.0
    answers = drawn(kind, np.full(respondents, degree), np.zeros(respondents, dtype=int))
    for group, name in enumerate(GROUPS):
        every = records(group, 61)
        chance = np.array([expected(kind, group, int(lowest), degree, 0) for lowest in every])
        # Above sixty, the degree, a negative binomial still has a little.
        assert chance.sum() == pytest.approx(1.0, abs=1e-3 if kind in ("nb1", "nb2") else 1e-9), name
        assert set(np.unique(answers[:, group])) <= set(every) or kind in ("nb1", "nb2"), name
        often = chance * respondents > 20
        share = np.array([(answers[:, group] == lowest).mean() for lowest in every])
        error = np.sqrt(chance * (1 - chance) / respondents)
        assert (np.abs(share - chance) <= 5 * error)[often].all(), name


# --- the per-answer twin --------------------------------------------------------------------------------------------

QUESTIONS: dict[str, dict[str, Any]] = {
    "teachers": {"top_code": 4},
    "twins": {"type": "bins", "bins": ["0", "1-2", "3-5", "6+"]},
    "police": {"heaped": True, "zero_inflated": True},
    "bakers": {"type": "zero_one_more"},
    "held": {"heaped": True, "top_code": 10},
    "sold": {"zero_inflated": True},
}
COUNTS: dict[str, dict[str, Any]] = {
    "poisson": {"kind": "poisson"},
    "nb1": model().counts.model_dump(),
    "nb2": {"kind": "nb2", "size": {"prior": "lognormal", "median": 2.0, "log_sd": 0.3}},
    "binomial": {"kind": "binomial"},
    "beta_binomial": {"kind": "beta_binomial", "correlation": {"prior": "uniform", "lower": 0.001, "upper": 0.3}},
}


@cache
def study_and_inputs(kind: str) -> tuple[ModelSpec, Inputs]:
    """A simulated study with questions of every kind, some answers missing."""
    spec = model(counts=COUNTS[kind])
    asked = [{"column": f"q_{group}", "group": group, "answer": QUESTIONS[group]} for group in (*KNOWN, "held", "sold")]
    inputs = read_inputs(spec, study_of(settings={"question": asked})[0])
    gone = np.arange(inputs.answers.size).reshape(inputs.answers.shape) % 11 == 0
    fields = {name: np.where(gone, MISSING, getattr(inputs, name)) for name in ("answers", "upper")}
    return spec, replace(inputs, **fields)


def prior_draws(built: pm.Model, inputs: Inputs, draws: int) -> dict[str, np.ndarray]:
    """Draws of the free variables (draw, …), the degrees above every answer."""
    names = [variable.name for variable in built.free_RVs]
    with uncompiled() as mode:
        values = pm.draw(built.free_RVs, draws=draws, random_seed=1, mode=mode)
    found = dict(zip(names, values, strict=True))
    found["log_degree"] = np.maximum(found["log_degree"], np.log(inputs.answers.max(axis=1) + 1.5))
    return found


def total_at(built: pm.Model, values: dict[str, np.ndarray]) -> float:
    """The model's own log probability of all answers."""
    # PyMC sets variables in a model without starting values only.
    built.rvs_to_initial_values.update(dict.fromkeys(built.rvs_to_initial_values))
    given = pm.do(built, values)
    return float(function([], given.logp(vars=[given["answers"]]))())


def tree_of(built: pm.Model, values: dict[str, np.ndarray], inputs: Inputs) -> xr.DataTree:
    """A tree that says these draws are a posterior, in one chain."""
    dims = {name: ("chain", "draw", *(built.named_vars_to_dims.get(name) or ())) for name in values}
    unnamed = {name: values[name].ndim + 1 - len(dims[name]) for name in values}
    dims = {name: (*dims[name], *(f"{name}_{n}" for n in range(unnamed[name]))) for name in values}
    used = {dim for names in dims.values() for dim in names} & set(inputs.coords)
    coords = {"chain": [0], "draw": np.arange(len(values["log_degree"])), **{d: inputs.coords[d] for d in used}}
    posterior = xr.Dataset({name: (dims[name], value[None]) for name, value in values.items()}, coords=coords)
    observed = xr.Dataset(coords={"group": inputs.coords["group"]})
    return xr.DataTree.from_dict({"posterior": posterior, "observed_data": observed})


@pytest.mark.parametrize("kind", COUNTS)
def test_log_probabilities_of_answers_add_up_to_the_models_total(kind: str) -> None:
    spec, inputs = study_and_inputs(kind)
    built = build_from_inputs(spec, inputs)
    values = prior_draws(built, inputs, draws=3)
    with uncompiled():
        tree = add_log_likelihood(tree_of(built, values, inputs), spec, inputs, built)
    cells = tree["log_likelihood"]["answers"].values[0]
    np.testing.assert_array_equal(np.isnan(cells), np.broadcast_to(inputs.answers == MISSING, cells.shape))
    for draw in range(3):
        expected_total = total_at(built, {name: value[draw] for name, value in values.items()})
        # Kept in single precision.
        assert np.nansum(cells[draw], dtype=float) == pytest.approx(expected_total, rel=1e-6)
