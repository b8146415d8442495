"""Two tellings of one story: for every model, PyMC's prior predictive and the NumPy simulator are one distribution.

The variants make every branch of either telling run. Seeds are fixed, differences are in Monte Carlo standard errors,
and planted differences have to be caught.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

from nsum_bayes.data.neighbours import Neighbourhood
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


def with_gaps(**choices: Any) -> Study:
    """Poverty is missing where people were asked and where they were not; a second covariate is whole."""
    areas = frame_of()
    poverty = areas.table["poverty"].where(~areas.table.index.isin(["0001", "0004", "0005", "0007"]))
    remittances = np.exp(np.cos(np.arange(len(areas))))
    money = replace(areas.covariates[0], category="finance", columns=("remittances",), transform="log")
    table = areas.table.assign(poverty=poverty, remittances=remittances)
    return study(areas=replace(areas, table=table, covariates=(*areas.covariates, money)), **choices)


def with_errors() -> Study:
    """One covariate is an estimate with a coefficient of variation of 30 %, and some of its figures are missing."""
    gaps = with_gaps().areas
    poverty, money = gaps.covariates
    named = replace(money, errors=(("remittances", "its error"),))
    table = gaps.table.assign(**{"its error": 0.3 * gaps.table["remittances"]})
    return study(areas=replace(gaps, table=table, covariates=(poverty, named)))


def on_a_map(**choices: Any) -> Study:
    """A row of nine islands joined by ferries, a pair, and one on its own; one figure is missing."""
    gaps = with_gaps().areas
    pairs = [*((n, n + 1) for n in (*range(8), 9)), (0, 2), (3, 7)]
    links = tuple((f"{one:04d}", f"{other:04d}") for one, other in pairs)
    return study(areas=replace(gaps, neighbourhood=Neighbourhood(links)), **choices)


def on_squares() -> Study:
    """Areas a degree apart, in a square of some 400 km."""
    frame = frame_of()
    shapes = [box(120 + n % 4, 10 + n // 4, 120.5 + n % 4, 10.5 + n // 4) for n in range(len(frame))]
    return study(areas=replace(frame, geometry=gpd.GeoSeries(shapes, index=frame.table.index, crs=4326)))


def in_any_order() -> Study:
    """Areas not in the order of their codes, sizes by area and province."""
    areas = frame_of()
    shuffled = replace(areas, table=areas.table.iloc[np.random.default_rng(1).permutation(len(areas))])
    known = sizes([*by_area("a", 90.0), *by_province("b", 60.0), ("c", "", 900.0)])
    return study(areas=shuffled, known=known)


def in_clusters(**choices: Any) -> Study:
    """Two strata, and two or three sampling units in each area, drawn with unequal chances."""
    design = pd.DataFrame(
        {"layer": np.tile(["town", "farms"], 21), "unit": np.arange(42) % 3, "w": 1.0 + np.arange(42) % 4}
    )
    roles = {"covariates": [], "stratum": "layer", "unit": "unit", "weight": "w"}
    given = {"respondent_covariates": design, "respondents_per_area": 6, "settings": {"survey": roles}, **choices}
    return study(**given)


def in_any_order_in_waves() -> Study:
    """Areas not in the order of their codes, in two waves; one hidden group."""
    shuffled = replace(frame_of(), table=frame_of().table.iloc[::-1])
    return study(areas=shuffled, waves=["9", "10"], respondents_per_area=3, hidden=HIDDEN[:1])


def loud(**choices: Any) -> Study:
    """Answers in which biases and areas stand out, so that they are sampled in their centred form."""
    given = {"degree_mean": 7.0, "prevalence_intercept": -2.0, "area_sd": 2.0, "bias_sd": 1.0, "overdispersion": 0.1}
    return study(parameters=given, respondents_per_area=8, **choices)


def asked_as(**answers: dict[str, Any]) -> Study:
    """Questions of other kinds than plain counts, by group."""
    questions = [{"column": f"q_{g}", "group": g, "answer": answers.get(g, {})} for g in (*"abc", "held", "sold")]
    return study(known={"a": 0.01, "b": 0.02, "c": 0.005}, settings={"question": questions})


def with_reports(known: dict[str, float] | None = None, **study_choices: Any) -> Study:
    """Respondents say how many people they know; with known groups or without."""
    groups = [*(known or {}), "held", "sold"]
    questions = [{"column": f"q_{g}", "group": g} for g in groups]
    questions.append({"column": "q_size", "answer": {"type": "degree"}})
    sizes = known or pd.DataFrame({"group": pd.Series(dtype=str), "area": "", "size": pd.Series(dtype=float)})
    return study(known=sizes, settings={"question": questions}, **study_choices)


def linked(**choices: Any) -> Study:
    """Those sold follow from those held, 1.5 times as many."""
    mean = {"prior": "lognormal", "median": 1.5, "log_sd": 0.3, "reason": "test"}
    link = {"group": "sold", "of": "held", "mean": mean}
    return study(**{"spec": load_model("linked"), "settings": {"link": [link]}, **choices})


def respected() -> Study:
    """Levels of respect for the hidden groups, some of them missing."""
    level = np.linspace(-2.0, 0.0, 35)
    covariates = pd.DataFrame({"urban": np.arange(35) % 2, "r_held": level, "r_sold": level[::-1] ** 2})
    covariates.loc[3, "r_held"] = np.nan
    questions = [{"column": f"q_{g}", "group": g} for g in ("teachers", "twins", "police", "bakers")]
    questions += [{"column": f"q_{g}", "group": g, "respect": f"r_{g}"} for g in ("held", "sold")]
    return study(
        respondent_covariates=covariates, settings={"question": questions, "survey": {"covariates": ["urban"]}}
    )


def with_contacts(**choices: Any) -> Study:
    """Members of one hidden group were asked who is aware, and about two known groups."""
    table = pd.DataFrame({"contacts": [12, 30, 7, 20, 15], "aware": 0, "teachers": 1.0, "twins": [0, 1, np.nan, 1, 1]})
    told = {"side_data": "members.csv", "reason": "test"}
    held = {"group": "held", "denominator": "adults", "transmission": told, "degree_ratio": told}
    return study(hidden=(held, HIDDEN[1]), side_data={"members.csv": table}, **choices)


def by_kind() -> Study:
    """Groups of two kinds, one of none; a hidden group of a kind of its own."""
    kinds = {"teachers": "occupation", "police": "occupation", "twins": "trait", "held": "occupation", "sold": "event"}
    groups = ("teachers", "twins", "police", "bakers", "held", "sold")
    questions = [{"column": f"q_{g}", "group": g, **({"kind": kinds[g]} if g in kinds else {})} for g in groups]
    return study(settings={"question": questions})


def wider(level: str, **share: Any) -> Study:
    """The question asks about a wider frame; one size by area, one by the wider unit, one of the nation."""
    local = {**(share or {"prior": "beta", "mean": 0.6, "sd": 0.15}), "reason": "test"}
    region = [("b", f"R{n}", 90.0 + 9 * n) for n in range(3)]
    return study(
        known=sizes([*by_area("a", 90.0), *region, ("c", "", 900.0)]),
        settings={"study": {"frame": level, "local_share": local}},
    )


# --- variants -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Variant:
    """A study, the parts of a named model that are replaced, and variables the PyMC model then has or lacks.

    Those in `COMMON` run by default, the others with the slow tests.
    """

    study: Callable[[], Study] = study
    parts: Mapping[str, Any] = field(default_factory=dict)
    holds: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    model: str = "municipal"


def prevalence(**parts: Any) -> dict[str, Any]:
    return {"prevalence": {**load_model("municipal").prevalence.model_dump(exclude_none=True), **parts}}


def rates(name: str, **parts: Any) -> dict[str, Any]:
    return {**load_model(name).rates.model_dump(exclude_none=True), **parts}


SHARE = {"prior": "uniform", "lower": 0.0, "upper": 1.0}
LENGTH = {"prior": "lognormal", "median": 200.0, "log_sd": 0.3}
LOCAL = {"prior": "beta", "mean": 0.6, "sd": 0.15, "reason": "test"}
WIDER = {"study": {"frame": "region", "local_share": LOCAL}}
DEVIATION = {"known_sizes": {"deviation_sd": {"prior": "half_normal", "sd": 0.5}}}
POISSON = {"counts": {"kind": "poisson"}}
NB2 = {"counts": {"kind": "nb2", "size": {"prior": "lognormal", "median": 2.0, "log_sd": 0.7}}}

BETA_BINOMIAL = {"counts": {"kind": "beta_binomial", "correlation": {"prior": "uniform", "lower": 0.01, "upper": 0.3}}}
BIAS = {"sd": {"prior": "half_normal", "sd": 0.5}}
JOINT = {"transmission": {"kind": "joint"}}
TWO_HELD = {"group": "held", "of": "sold", "mean": {"fixed": 2, "reason": "test"}}
SIZES = [*by_area("teachers", 90.0), *by_province("twins", 60.0), ("police", "", 900.0), ("bakers", "", 500.0)]
RESIDUAL = {"residual": {"prior": "half_normal", "sd": 1.0}, "correlation": {"prior": "lkj", "shape": 2.0}}

VARIANTS = {
    "nb2": Variant(parts=NB2, holds=("size",)),
    "poisson": Variant(parts=POISSON),
    "binomial": Variant(parts={"counts": {"kind": "binomial"}}),
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
    "three hidden groups": Variant(lambda: study(hidden=(*HIDDEN, THIRD))),
    "one area": Variant(
        lambda: study(areas=frame_of(1), surveyed=1, respondents_per_area=20), lacks=("area_sd", "degree_area_sd")
    ),
    "one known group": Variant(lambda: study(known={"a": 0.01})),
    "no respondent covariates": Variant(lambda: study(respondent_covariates=None)),
    "respondent covariates": Variant(
        lambda: study(respondent_covariates={"urban": 0.4, "work": {"land": 0.5, "sea": 0.3, "none": 0.2}}),
    ),
    "covariates with gaps": Variant(with_gaps, holds=("covariate_missing",)),
    "shrinkage by category": Variant(
        with_gaps, model="municipal_secondary", holds=("category_sd", "covariate_missing")
    ),
    "covariates with errors": Variant(with_errors, holds=("covariate_missing",)),
    "neighbours": Variant(on_a_map, model="municipal_spatial", holds=("spatial_share", "area_cholesky")),
    "neighbours, every area visited": Variant(
        lambda: on_a_map(surveyed=12, respondents_per_area=3), model="municipal_spatial", holds=("spatial_share",)
    ),
    "neighbours, wider frame": Variant(
        lambda: on_a_map(settings=WIDER), model="municipal_spatial", holds=("spatial_share", "local_share")
    ),
    "surface by distance": Variant(
        on_squares,
        prevalence(spatial={"kind": "hsgp", "share": SHARE, "length_km": LENGTH}),
        ("spatial_length_km", "spatial_share"),
    ),
    "every area visited": Variant(lambda: study(surveyed=12, respondents_per_area=3)),
    "one province visited": Variant(lambda: study(surveyed=["0002", "0003"])),
    "areas in any order": Variant(in_any_order, DEVIATION),
    "many respondents": Variant(
        lambda: study(surveyed=VISITED[:2], respondents_per_area=50), lacks=("degree_area_raw",)
    ),
    "answers that stand out": Variant(loud, holds=("area_rate", "area_cholesky"), lacks=("bias_raw",)),
    "stand out, one hidden group": Variant(lambda: loud(hidden=HIDDEN[:1]), holds=("area_rate",)),
    "beta-binomial": Variant(parts=BETA_BINOMIAL, holds=("correlation_within",)),
    "top codes, bins, yes or no": Variant(
        lambda: asked_as(
            a={"top_code": 3},
            b={"type": "bins", "bins": ["0", "1-2", "3-5", "6+"]},
            c={"type": "any"},
            held={"type": "zero_one_more"},
        )
    ),
    "heaped and zero-inflated": Variant(
        lambda: asked_as(a={"heaped": True}, b={"heaped": True, "top_code": 20}, held={"zero_inflated": True}),
        holds=("heaping", "zero_inflation"),
    ),
    "reported network sizes": Variant(
        lambda: with_reports({"a": 0.01, "b": 0.02}), holds=("report_bias", "reported_degree")
    ),
    "no known group": Variant(with_reports, holds=("reported_degree",), lacks=("report_bias", "bias")),
    "recall": Variant(parts={"bias": {**BIAS, "recall": {"prior": "normal", "sd": 0.2}}}, holds=("recall",)),
    "kinds": Variant(
        by_kind, {"bias": {**BIAS, "kind_sd": {"prior": "half_normal", "sd": 0.5}}}, holds=("kind_effect",)
    ),
    "joint transmission": Variant(parts=JOINT, holds=("transmission", "hidden_bias")),
    "joint, kinds": Variant(by_kind, {**JOINT, "bias": {**BIAS, "kind_sd": {"prior": "half_normal", "sd": 0.5}}}),
    "prior of the transmission": Variant(
        parts={"transmission": {"kind": "joint", "prior": {"prior": "beta", "mean": 0.6, "sd": 0.1}}}
    ),
    "members' contacts": Variant(with_contacts, holds=("aware_held", "member_answers_held", "degree_ratio")),
    "members' contacts, nb2": Variant(with_contacts, {**NB2, **JOINT}),
    "members' contacts, sizes by area": Variant(
        lambda: with_contacts(known=sizes(SIZES)), {**POISSON, **DEVIATION}, ("degree_ratio",)
    ),
    "linked the other way, covariates with gaps": Variant(
        lambda: with_gaps(settings={"link": [TWO_HELD]}, spec=load_model("linked")),
        model="linked",
        holds=("link_mean", "link_deviation", "covariate_missing"),
    ),
    "linked, one area": Variant(
        lambda: linked(areas=frame_of(1), surveyed=1, respondents_per_area=20),
        {**JOINT, "link": {"deviation_sd": {"prior": "half_normal", "sd": 0.3}}},
        lacks=("link_deviation",),
    ),
    "frame of the region": Variant(lambda: wider("region"), holds=("local_share",)),
    "frame of the region, deviations": Variant(lambda: wider("region"), DEVIATION, ("deviation_raw",)),
    "frame of the nation": Variant(lambda: wider("nation", fixed=0.3), lacks=("local_share",)),
    "rescaled by correlations": Variant(
        parts={"rates": rates("correlated", rescale="weighted")}, model="correlated", holds=("residual_correlation",)
    ),
    "rescaled by squared correlations, sizes by area": Variant(
        lambda: study(known=sizes(SIZES)),
        {"rates": rates("correlated", rescale="weighted_sq")},
        model="correlated",
    ),
    "rescaled by sets": Variant(
        parts={"rates": rates("overdispersed", primary=["police"], secondary=["teachers"], opposite=["twins"])},
        model="overdispersed",
    ),
    "pooled, sizes by area": Variant(lambda: study(known=sizes(SIZES)), model="partially_pooled"),
    "residuals": Variant(parts={"mixing": RESIDUAL, **POISSON}, holds=("residual_cv",)),
    "mixing and nb1": Variant(
        parts={"mixing": {"coefficient": {"prior": "normal", "sd": 0.3}, "covariates": ["urban"]}},
        holds=("mixing_coefficient",),
        lacks=("degree_coefficient",),
    ),
    "mixing and nb2": Variant(
        respected, {"mixing": {"respect": {"prior": "normal", "sd": 0.5}}, **NB2}, holds=("respect_slope",)
    ),
    "strata and units": Variant(
        in_clusters, model="municipal_design", holds=("stratum_effect", "unit_effect", "degree_unit")
    ),
    "units only": Variant(
        lambda: in_clusters(settings={"survey": {"covariates": [], "unit": "unit"}}, hidden=HIDDEN[:1]),
        model="municipal_design",
        holds=("unit_effect", "degree_unit"),
        lacks=("stratum_effect",),
    ),
    "three waves": Variant(
        lambda: study(waves=["2023", "2024", "2025"], respondents_per_area=2),
        model="municipal_waves",
        holds=("wave_effect", "visit_effect", "degree_wave"),
    ),
    "two waves, areas together": Variant(
        lambda: in_any_order_in_waves(),
        {
            "waves": {
                "step_sd": {"prior": "half_normal", "sd": 1.0},
                "degree_shift_sd": 0.5,
                "transmission_step_sd": 0.1,
            }
        },
        model="municipal_waves",
        holds=("wave_effect", "degree_wave"),
        lacks=("visit_effect",),
    ),
    "other priors": Variant(
        parts=prevalence(intercept={"prior": "reciprocal"}, level_sd={"prior": "lognormal", "median": 0.3, "log_sd": 1})
        | {"degree": {"mean": {"prior": "uniform", "lower": 4, "upper": 6}, "sd": {"prior": "half_normal", "sd": 0.5}}}
        | {"bias": {}},
    ),
}


COMMON = (
    *("nb2", "deviations", "sizes with errors", "roster counts", "one area", "covariates with gaps"),
    *("answers that stand out", "beta-binomial", "top codes, bins, yes or no", "heaped and zero-inflated"),
    *("no known group", "recall", "kinds", "joint transmission", "members' contacts", "frame of the region"),
)
"""Variants that together run every part of either telling."""


def both(spec: ModelSpec, asked: Study) -> tuple[Telling, Telling]:
    return told_by_pymc(spec, asked, DRAWS // 2, 20), told_by_numpy(spec, asked, DRAWS_NUMPY // 2, 10)


NAMED = {
    "municipal_design": lambda: in_clusters(),
    "municipal_weighted": lambda: in_clusters(),
    "linked": lambda: linked(),
    "respect": lambda: respected(),
    "municipal_waves": lambda: study(waves=["9", "10"], respondents_per_area=3),
}
"""Studies of the named models that need more than the usual one."""


@pytest.mark.parametrize("name", model_names())
def test_every_named_model_is_told_alike(name):
    one, other = both(load_model(name), NAMED.get(name, study)())
    assert far_apart(*only_shared(one, other)) == {}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in COMMON else pytest.mark.slow) for name in VARIANTS]
)
def test_variants_are_told_alike(name):
    variant = VARIANTS[name]
    one, other = both(load_model(variant.model).replace(**variant.parts), variant.study())
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
