"""Two tellings of one story: for every model, PyMC's prior predictive and the NumPy simulator are one distribution.

The variants make every branch of either telling run. Seeds are fixed, differences are in Monte Carlo standard errors,
and planted differences have to be caught.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nsum_bayes.data.study import Study
from nsum_bayes.model import simulate as simulator
from nsum_bayes.model.spec import ModelSpec, load_model, model_names
from nsum_bayes.model.story_draws import Values
from nsum_bayes.model.study_design import StudyDesign
from tests.made_up import HIDDEN, frame_of, study_of
from tests.tellings import Telling, only_shared, told_by_numpy, told_by_pymc
from tests.two_samples import far_apart

DRAWS, DRAWS_NUMPY = 2000, 4000
VISITED = [f"{n:04d}" for n in (0, 1, 2, 3, 4, 7, 8)]
THIRD = {"group": "lent", "denominator": "adults", "transmission": {"fixed": 0.7, "reason": "test"}}


# --- studies --------------------------------------------------------------------------------------------------------


def sizes(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Known sizes from rows of group, unit, size and, optionally, standard error and rostered."""
    columns = ["group", "area", "size", "se", "rostered"]
    table = pd.DataFrame([(*row, *[np.nan] * (5 - len(row))) for row in rows], columns=columns)
    return table.assign(members=np.nan)


def by_area(group: str, size: float) -> list[tuple[Any, ...]]:
    return [(group, code, size + 10.0 * n) for n, code in enumerate(frame_of().codes)]


def by_province(group: str, *cells: float) -> list[tuple[Any, ...]]:
    return [(group, f"P{n}", *cells) for n in range(6)]


def study(**choices: Any) -> Study:
    given = {"surveyed": VISITED, "respondents_per_area": 5, "respondent_covariates": {"urban": 0.5}, **choices}
    return study_of(given.pop("areas", None), **given)[0]


def with_gaps() -> Study:
    """Poverty is missing where people were asked and where they were not; a second covariate is whole."""
    areas = frame_of()
    poverty = areas.table["poverty"].where(~areas.table.index.isin(["0001", "0004", "0005", "0007"]))
    remittances = np.exp(np.cos(np.arange(len(areas))))
    money = replace(areas.covariates[0], category="finance", columns=("remittances",), transform="log")
    table = areas.table.assign(poverty=poverty, remittances=remittances)
    return study(areas=replace(areas, table=table, covariates=(*areas.covariates, money)))


def in_any_order() -> Study:
    """Areas not in the order of their codes, sizes by area and province."""
    areas = frame_of()
    shuffled = replace(areas, table=areas.table.iloc[np.random.default_rng(1).permutation(len(areas))])
    known = sizes([*by_area("a", 90.0), *by_province("b", 60.0), ("c", "", 900.0)])
    return study(areas=shuffled, known=known)


def loud(**choices: Any) -> Study:
    """Answers in which biases and areas stand out, so that they are sampled in their centred form."""
    given = {"degree_mean": 7.0, "prevalence_intercept": -2.0, "area_sd": 2.0, "bias_sd": 1.0, "overdispersion": 0.1}
    return study(parameters=given, respondents_per_area=8, **choices)


# --- variants -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Variant:
    """A study, the parts of the municipal model that are replaced, and variables the PyMC model then has or lacks.

    A rare one differs little from another, and runs with the slow tests.
    """

    study: Callable[[], Study] = study
    parts: Mapping[str, Any] = field(default_factory=dict)
    holds: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    rare: bool = False


def prevalence(**parts: Any) -> dict[str, Any]:
    return {"prevalence": {**load_model("municipal").prevalence.model_dump(exclude_none=True), **parts}}


DEVIATION = {"known_sizes": {"deviation_sd": {"prior": "half_normal", "sd": 0.5}}}
POISSON = {"counts": {"kind": "poisson"}}
NB2 = {"counts": {"kind": "nb2", "size": {"prior": "lognormal", "median": 2.0, "log_sd": 0.7}}}

VARIANTS = {
    "nb2": Variant(parts=NB2, holds=("size",)),
    "poisson": Variant(parts=POISSON),
    "binomial": Variant(parts={"counts": {"kind": "binomial"}}, rare=True),
    "deviations": Variant(
        lambda: study(known=sizes([*by_area("a", 90.0), *by_province("b", 60.0), ("c", "", 900.0)])),
        DEVIATION,
        ("deviation_raw",),
    ),
    "sizes with errors": Variant(
        lambda: study(known=sizes([("a", "", 900.0, 300.0), *by_province("b", 60.0, 20.0), ("c", "", 500.0)])),
        holds=("size_error",),
    ),
    "roster counts": Variant(
        lambda: study(known=sizes([*by_province("a", np.nan, np.nan, 400.0), ("b", "0001", 40.0), ("b", "", 700.0)])),
        holds=("roster_members",),
    ),
    "sizes by area": Variant(lambda: study(known=sizes([*by_area("a", 90.0), *by_province("b", 60.0)]))),
    "without correlation": Variant(parts=prevalence(correlation=None), lacks=("area_cholesky",)),
    "one hidden group": Variant(lambda: study(hidden=HIDDEN[:1])),
    "three hidden groups": Variant(lambda: study(hidden=(*HIDDEN, THIRD)), rare=True),
    "one area": Variant(
        lambda: study(areas=frame_of(1), surveyed=1, respondents_per_area=20), lacks=("area_sd", "degree_area_sd")
    ),
    "one known group": Variant(lambda: study(known={"a": 0.01}), rare=True),
    "no respondent covariates": Variant(lambda: study(respondent_covariates=None), rare=True),
    "respondent covariates": Variant(
        lambda: study(respondent_covariates={"urban": 0.4, "work": {"land": 0.5, "sea": 0.3, "none": 0.2}}),
        rare=True,
    ),
    "covariates with gaps": Variant(with_gaps, holds=("covariate_missing",)),
    "every area visited": Variant(lambda: study(surveyed=12, respondents_per_area=3)),
    "one province visited": Variant(lambda: study(surveyed=["0002", "0003"]), rare=True),
    "areas in any order": Variant(in_any_order, DEVIATION),
    "many respondents": Variant(
        lambda: study(surveyed=VISITED[:2], respondents_per_area=50), lacks=("degree_area_raw",)
    ),
    "answers that stand out": Variant(loud, holds=("area_rate", "area_cholesky"), lacks=("bias_raw",)),
    "stand out, one hidden group": Variant(lambda: loud(hidden=HIDDEN[:1]), holds=("area_rate",), rare=True),
    "other priors": Variant(
        parts=prevalence(intercept={"prior": "reciprocal"}, level_sd={"prior": "lognormal", "median": 0.3, "log_sd": 1})
        | {"degree": {"mean": {"prior": "uniform", "lower": 4, "upper": 6}, "sd": {"prior": "half_normal", "sd": 0.5}}}
        | {"bias": {}},
        rare=True,
    ),
}


def both(spec: ModelSpec, asked: Study) -> tuple[Telling, Telling]:
    return told_by_pymc(spec, asked, DRAWS, 20), told_by_numpy(spec, asked, DRAWS_NUMPY, 10)


@pytest.mark.parametrize("name", model_names())
def test_every_named_model_is_told_alike(name):
    one, other = both(load_model(name), study())
    assert far_apart(*only_shared(one, other)) == {}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if v.rare else ()) for name, v in VARIANTS.items()]
)
def test_variants_are_told_alike(name):
    variant = VARIANTS[name]
    one, other = both(load_model("municipal").replace(**variant.parts), variant.study())
    assert set(variant.holds) <= one.names
    assert not set(variant.lacks) & one.names
    assert far_apart(*only_shared(one, other)) == {}


# --- planted differences --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told() -> Telling:
    return told_by_pymc(load_model("municipal"), study(), DRAWS, 20)


def differences(told: Telling, spec: ModelSpec) -> dict[str, float]:
    return far_apart(*only_shared(told, told_by_numpy(spec, study(), DRAWS_NUMPY, 10)))


def scaled(component: str, prior: str, factor: float) -> ModelSpec:
    """The municipal model with one prior's scale multiplied."""
    spec = load_model("municipal").model_dump(exclude_none=True)
    spec[component][prior]["sd"] *= factor
    return ModelSpec.model_validate(spec)


@pytest.mark.parametrize(
    ("component", "prior", "factor", "seen"),
    [
        ("prevalence", "area_sd", 2.0, "area_effect: spread"),
        ("prevalence", "area_sd", 1.15, "area_sd: mean"),
        pytest.param("prevalence", "level_sd", 0.85, "province_sd: mean", marks=pytest.mark.slow),
        pytest.param("prevalence", "coefficient", 1.15, "rate_coefficient: spread", marks=pytest.mark.slow),
        pytest.param("degree", "sd", 0.85, "degree_sd: mean", marks=pytest.mark.slow),
        pytest.param("degree", "area_sd", 0.85, "degree_area_sd: mean", marks=pytest.mark.slow),
        ("bias", "sd", 1.15, "bias_sd: mean"),
    ],
)
def test_a_wrong_scale_is_caught(told, component, prior, factor, seen):
    assert seen in differences(told, scaled(component, prior, factor))


WRONG_DESIGNS: dict[str, Callable[[StudyDesign], StudyDesign]] = {
    "denominator share dropped": lambda d: replace(d, denominator_share=np.ones_like(d.denominator_share)),
    "region effects free to have a mean": lambda d: replace(
        d, levels=tuple(replace(level, complete=False) for level in d.levels)
    ),
    "urban counted twice": lambda d: replace(d, respondent_covariates=2 * d.respondent_covariates),
    "provinces in another order": lambda d: replace(
        d, levels=tuple(replace(level, unit=level.unit[::-1]) for level in d.levels)
    ),
}


@pytest.mark.parametrize("name", WRONG_DESIGNS)
def test_a_wrong_design_is_caught(told, name, monkeypatch):
    real = simulator.design_of
    monkeypatch.setattr(simulator, "design_of", lambda study: WRONG_DESIGNS[name](real(study)))
    assert differences(told, load_model("municipal"))


WRONG_ANSWERS: dict[str, Callable[[StudyDesign, Values], tuple[StudyDesign, Values]]] = {
    "overdispersion inverted": lambda d, v: (d, {**v, "overdispersion": 1 / v["overdispersion"]}),
    "overdispersion of another group": lambda d, v: (d, {**v, "overdispersion": v["overdispersion"][::-1]}),
    "areas in another order": lambda d, v: (replace(d, area=d.surveyed[::-1][d.surveyed_position]), v),
    "degrees of other respondents": lambda d, v: (d, {**v, "log_degree": v["log_degree"][::-1]}),
    "bias left out": lambda d, v: (d, {**v, "known_bias": 0 * v["known_bias"]}),
}


@pytest.mark.parametrize("name", WRONG_ANSWERS)
def test_answers_that_do_not_follow_from_the_parameters_are_caught(told, name, monkeypatch):
    real = simulator.simulate_answers

    def wrong(spec: ModelSpec, design: StudyDesign, values: Values, rng: np.random.Generator) -> np.ndarray:
        return real(spec, *WRONG_ANSWERS[name](design, values), rng)

    monkeypatch.setattr(simulator, "simulate_answers", wrong)
    found = differences(told, load_model("municipal"))
    assert found
    assert all("answers" in comparison for comparison in found)
