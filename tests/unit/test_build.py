"""The PyMC model: its dims, its density against PyMC's own distributions, and what must not change it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsum_bayes.data.study import Study
from nsum_bayes.errors import ModelError
from nsum_bayes.model.build import build_from_inputs, build_model
from nsum_bayes.model.counts import add_stock_counts
from nsum_bayes.model.degree import AboveAnswers
from nsum_bayes.model.fieldwork import Fieldwork, Frames
from nsum_bayes.model.inputs import MISSING, Inputs, read_inputs
from nsum_bayes.model.simulate import simulate_frames
from nsum_bayes.model.spec import ModelSpec, load_model
from tests.made_up import HIDDEN, frame_of, model, study_of
from tests.uncompiled import function, log_density, uncompiled

COUNTS: dict[str, dict[str, Any]] = {
    "poisson": {"kind": "poisson"},
    "nb1": {"kind": "nb1", "overdispersion": {"prior": "lognormal", "median": 1.0, "log_sd": 1.0}},
    "nb2": {"kind": "nb2", "size": {"prior": "lognormal", "median": 2.0, "log_sd": 1.0}},
}
SIZES = pd.DataFrame(
    {
        "group": ["teachers", "twins", "twins", "twins", "police", "police"],
        "area": ["", "0000", "P1", "", "R0", "R2"],
        "size": [2100.0, 60.0, 140.0, 1100.0, 130.0, 200.0],
        "se": [200.0, np.nan, np.nan, np.nan, 20.0, 0.0],
    }
)


@cache
def frames() -> Frames:
    """Five areas of twelve, three respondents each, missing answers, sizes of every level, some with an error."""
    work = Fieldwork(
        SIZES,
        HIDDEN,
        3,
        ["0000", "0001", "0002", "0003", "0008"],
        respondent_covariates={"urban": 0.5},
        missing_rate=0.15,
    )
    return simulate_frames(model(), frame_of(), work, seed=4)[0]


def plain(**parts: Any) -> ModelSpec:
    """Every component but correlated area effects, whose factor knows an order of groups."""
    prevalence = model().prevalence.model_dump(exclude={"correlation"})
    return model(**{"prevalence": prevalence, **parts})


# --- dims -----------------------------------------------------------------------------------------------------------


def test_coords_are_the_names_of_the_study():
    study = frames().study()
    with uncompiled():
        built = build_model(model(), study)
    assert {name: list(values) for name, values in built.coords.items()} == {
        "respondent": list(range(15)),
        "group": ["teachers", "twins", "police", "held", "sold"],
        "known_group": ["teachers", "twins", "police"],
        "hidden_group": ["held", "sold"],
        "surveyed_area": ["0000", "0001", "0002", "0003", "0008"],
        "covariate": ["poverty"],
        "respondent_covariate": ["urban"],
        "province": ["P0", "P1", "P4"],
        "region": ["R0", "R2"],
    }


def test_variables_have_the_lengths_of_their_dims():
    with uncompiled():
        built = build_model(model(), frames().study())
        named = {name: dims for name, dims in built.named_vars_to_dims.items() if dims}
        drawn = pm.draw([built[name] for name in named], random_seed=1, mode="FAST_COMPILE")
    for value, (name, dims) in zip(drawn, named.items(), strict=True):
        assert value.shape == tuple(len(built.coords[dim]) for dim in dims), name
    assert named["answers"] == ("respondent", "group")
    assert named["log_theta"] == ("surveyed_area", "group")
    assert named["log_degree"] == ("respondent",)
    assert named["bias"] == ("known_group",)
    assert named["rate_coefficient"] == ("covariate", "hidden_group")
    assert named["area_effect"] == ("surveyed_area", "hidden_group")
    for name in ("rate_intercept", "area_sd", "province_sd"):
        assert named[name] == ("hidden_group",)
    assert named["province_effect"] == ("province", "hidden_group")


def test_one_area_has_no_effects_of_areas():
    study = study_of(frame_of(1), surveyed=1)[0]
    with uncompiled():
        names = set(build_model(model(), study).named_vars)
    effects = {name for name in names if "area" in name or name.startswith(("province", "region", "deviation"))}
    assert effects == set()
    assert {"degree_sd", "bias", "rate_intercept", "overdispersion"} <= names


def test_a_plain_model_has_only_its_parts():
    with uncompiled():
        names = set(build_model(load_model("random_degree"), frames().study()).named_vars)
    degree = {"degree_mean", "degree_sd", "log_degree"}
    assert names == degree | {"size_error", "rate_intercept", "log_theta", "answers"}


# --- density --------------------------------------------------------------------------------------------------------


def points(built: pm.Model, jittered: int = 2) -> list[dict[str, np.ndarray]]:
    """The initial point and some around it."""
    start, rng = built.initial_point(), np.random.default_rng(6)
    noise = [{k: v + rng.normal(0.0, 0.4, np.shape(v)) for k, v in start.items()} for _ in range(jittered)]
    return [start, *noise]


@pytest.mark.parametrize("kind", COUNTS)
def test_density_and_gradient_equal_pymcs_own_distributions(kind):
    spec = model(counts=COUNTS[kind])
    inputs = read_inputs(spec, frames().study())
    assert (inputs.answers == MISSING).any()
    with uncompiled():
        fast, stock = (build_from_inputs(spec, inputs, stock=stock) for stock in (False, True))
        assert [v.name for v in fast.value_vars] == [v.name for v in stock.value_vars]
        ours, theirs, around = log_density(fast), log_density(stock), points(fast)
    for point in around:
        expected = theirs(point)
        assert np.isfinite(expected).all()
        np.testing.assert_allclose(ours(point), expected, rtol=1e-8, atol=1e-8 * np.abs(expected).max())


def test_pymc_has_no_binomial_to_stand_in():
    spec = load_model("random_degree")
    inputs = read_inputs(spec, frames().study())
    with pytest.raises(ModelError) as error:
        add_stock_counts(spec.counts, pt.dvector(), pt.dmatrix(), None, inputs)
    assert str(error.value) == (
        "PyMC has no binomial with a continuous number of trials.\n"
        "  where: counts of kind binomial\n  to do: Use the fast form."
    )


def value_of(built: pm.Model, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The point of value variables at which the free variables have the values given."""
    point = {}
    for variable in built.free_RVs:
        transform, given = built.rvs_to_transforms[variable], values[variable.name]
        moved = given if transform is None else transform.forward(pt.as_tensor(given), *variable.owner.inputs)
        point[built.rvs_to_values[variable].name] = given if transform is None else function([], moved)()
    return point


def density_at(inputs: Inputs, spec: ModelSpec, values: dict[str, np.ndarray]) -> float:
    with uncompiled():
        built = build_from_inputs(spec, inputs)
        return float(log_density(built, gradient=False)(value_of(built, values))[0])


@cache
def drawn(spec_of: Any = plain) -> tuple[dict[str, np.ndarray], dict[str, tuple[str, ...]], float]:
    """Values of the free variables drawn from the prior, their dims, and the log density there."""
    spec = spec_of()
    inputs = read_inputs(spec, frames().study())
    with uncompiled():
        built = build_from_inputs(spec, inputs)
        drawn = pm.draw(built.free_RVs, random_seed=3, mode="FAST_COMPILE")
    values = {v.name: np.asarray(value) for v, value in zip(built.free_RVs, drawn, strict=True)}
    dims = {name: built.named_vars_to_dims.get(name) or () for name in values}
    return values, dims, density_at(inputs, spec, values)


def taken(values: dict[str, np.ndarray], dims: dict[str, tuple[str, ...]], order: dict[str, np.ndarray]) -> Any:
    """Values with the entries along some dims in another order."""
    moved = {}
    for name, value in values.items():
        for axis, dim in enumerate(dims[name]):
            value = np.take(value, order[dim], axis) if dim in order else value
        moved[name] = value
    return moved


def test_order_of_respondents_does_not_change_the_density():
    values, dims, expected = drawn()
    order = np.random.default_rng(1).permutation(len(frames().survey))
    shuffled = replace(frames(), survey=frames().survey.iloc[order].reset_index(drop=True)).study()
    moved = taken(values, dims, {"respondent": order})
    assert density_at(read_inputs(plain(), shuffled), plain(), moved) == pytest.approx(expected, rel=1e-12)


def test_order_of_groups_does_not_change_the_density():
    values, dims, expected = drawn()
    order = {"known_group": np.array([2, 0, 1]), "hidden_group": np.array([1, 0]), "group": np.array([2, 0, 1, 4, 3])}
    questions = [frames().settings["question"][n] for n in order["group"]]
    study = replace(frames(), settings={**frames().settings, "question": questions}).study()
    assert study.known_groups == ("police", "teachers", "twins")
    inputs, turned = (read_inputs(plain(), one) for one in (frames().study(), study))
    moved = taken(values, dims, order)
    # Deviations are listed cell by cell; errors of sizes stay with their rows.
    cells = np.zeros(inputs.sizes.wider.shape)
    cells[inputs.sizes.wider] = values["deviation_raw"]
    moved["deviation_raw"] = cells[:, order["known_group"]][turned.sizes.wider]
    assert density_at(turned, plain(), moved) == pytest.approx(expected, rel=1e-12)


def test_larger_sizes_in_a_larger_population_do_not_change_the_density():
    values, _, expected = drawn()
    people = {name: 10 * frames().areas[name] for name in ("population", "adults", "children")}
    sizes = {name: 10 * frames().known[name] for name in ("size", "se")}
    larger = replace(frames(), areas=frames().areas.assign(**people), known=frames().known.assign(**sizes)).study()
    assert density_at(read_inputs(plain(), larger), plain(), values) == pytest.approx(expected, rel=1e-12)


def test_larger_sizes_alone_do_change_it():
    values, _, expected = drawn()
    larger = replace(frames(), known=frames().known.assign(size=2 * frames().known["size"])).study()
    assert density_at(read_inputs(plain(), larger), plain(), values) != pytest.approx(expected, rel=1e-3)


# --- inputs ---------------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(15)))
def test_inputs_follow_the_order_of_respondents(order):
    first = read_inputs(model(), frames().study())
    shuffled = replace(frames(), survey=frames().survey.iloc[list(order)].reset_index(drop=True)).study()
    second = read_inputs(model(), shuffled)
    for name in ("answers", "area", "respondent_covariates"):
        np.testing.assert_allclose(getattr(second, name), getattr(first, name)[list(order)], rtol=1e-12)
    for name in ("log_denominator_share", "covariates"):
        np.testing.assert_array_equal(getattr(second, name), getattr(first, name))
    assert second.coords == first.coords


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(12)))
def test_inputs_do_not_see_the_order_of_areas(order):
    first = read_inputs(model(), frames().study())
    second = read_inputs(model(), replace(frames(), areas=frames().areas.iloc[list(order)]).study())
    assert second.coords == first.coords
    for name in ("answers", "area", "log_denominator_share"):
        np.testing.assert_array_equal(getattr(second, name), getattr(first, name))
    np.testing.assert_allclose(second.covariates, first.covariates, rtol=1e-12)
    for name in ("log_share", "log_sd", "row", "wider"):
        np.testing.assert_allclose(getattr(second.sizes, name), getattr(first.sizes, name), rtol=1e-12)


def test_each_area_takes_its_most_specific_size():
    inputs = read_inputs(model(), frames().study())
    twins = inputs.coords["known_group"].index("twins")
    population = frame_of().table["population"]
    expected = {"0000": 60 / population["0000"], "0001": 1100 / population.sum()}
    expected |= dict.fromkeys(["0002", "0003"], 140 / population[["0002", "0003"]].sum())
    expected |= {"0008": 1100 / population.sum()}
    share = np.exp(inputs.sizes.log_share[inputs.sizes.row[:, twins]])
    np.testing.assert_allclose(share, [expected[area] for area in inputs.coords["surveyed_area"]])
    assert inputs.sizes.wider[:, twins].tolist() == [False, True, True, True, True]


def test_levels_know_whether_every_unit_was_visited():
    levels = {level.name: level for level in read_inputs(model(), frames().study()).levels}
    assert levels["region"].units == ("R0", "R2")
    assert not levels["region"].complete
    one_each = Study.from_payload(study_of(surveyed=["0000", "0004", "0008"])[0].to_payload())
    complete = {level.name: level.complete for level in read_inputs(model(), one_each).levels}
    assert complete == {"province": False, "region": True}


# --- degrees above answers ------------------------------------------------------------------------------------------

LARGEST = np.array([0.0, 1.0, 7.0, 350.0])


def test_above_answers_goes_there_and_back():
    transform, value = AboveAnswers(LARGEST), pt.dvector("value")
    back = function([value], transform.backward(value))
    there_and_back = function([value], transform.forward(transform.backward(value)))
    for v in (-3.0, 0.0, 2.5, 8.0):
        np.testing.assert_allclose(np.exp(back(np.full(4, v))), LARGEST + np.exp(v))
        np.testing.assert_allclose(there_and_back(np.full(4, v)), v, rtol=1e-9, atol=1e-9)


def test_above_answers_has_the_jacobian_of_its_derivative():
    transform, value = AboveAnswers(LARGEST), pt.dvector("value")
    backward = transform.backward(value)
    derivative = function([value], pytensor.grad(backward.sum(), value))
    jacobian, back = function([value], transform.log_jac_det(value)), function([value], backward)
    at, step = np.array([-2.0, 0.3, 1.0, 6.0]), 1e-6
    np.testing.assert_allclose(jacobian(at), np.log(derivative(at)), rtol=1e-12)
    numeric = (back(at + step) - back(at - step)) / (2 * step)
    np.testing.assert_allclose(np.exp(jacobian(at)), numeric, rtol=1e-7)


def test_degrees_of_a_binomial_stay_above_the_largest_answer():
    spec = load_model("random_degree")
    inputs = read_inputs(spec, frames().study())
    largest = inputs.answers.max(axis=1)
    assert largest.max() > 0
    with uncompiled():
        built = build_from_inputs(spec, inputs)
        density, start = log_density(built), built.initial_point()
    transform = built.rvs_to_transforms[built["log_degree"]]
    for shift in (-10.0, 0.0, 3.0):
        point = {**start, "log_degree_above_answers__": start["log_degree_above_answers__"] + shift}
        degree = np.exp(function([], transform.backward(pt.as_tensor(point["log_degree_above_answers__"])))())
        assert (degree > largest).all()
        assert np.isfinite(density(point)).all()
