"""Mean network sizes: the formula by hand, the people in place of the respondents, and what mixing does to rates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from nsum_bayes import estimate, network_sizes
from nsum_bayes.data.cells import Cells
from nsum_bayes.errors import ModelError
from nsum_bayes.estimates.networks import ALIKE, FIGURES, OVER_CELLS, OVER_RESPONDENTS, mixing_of_the_people
from nsum_bayes.estimates.summaries import Suppression
from nsum_bayes.inference.fit import Fit
from nsum_bayes.report.network_tables import network_size_said, write_network_sizes
from tests.constructed import CHAINS, DRAWS, VISITED, constructed_fit, constructed_study
from tests.made_up import model

MEAN, SD, SLOPE = 5.0, 0.6, 0.7
MET = {"urban": {"no": 0.2, "yes": 0.8}}
FIXED = {"degree_mean": MEAN, "degree_sd": SD}
MIXING = {"coefficient": {"prior": "normal", "sd": 0.3}, "covariates": ["urban"]}


def fit_with(cells: Cells | None = None, *, slope: bool = True, **choices: object) -> Fit:
    """A constructed fit without area effects on the degree, in which townspeople know more people."""
    invented = {"study": {"fictional_places": True}}
    study = constructed_study(respondent_covariates=MET, respondents_per_area=20, settings=invented)
    fit = constructed_fit(replace(study, cells=cells), **FIXED, **choices)
    if not slope:
        return fit
    values = (("chain", "draw", "respondent_covariate"), np.full((CHAINS, DRAWS, 1), SLOPE))
    return with_variables(fit, degree_coefficient=values)


def with_variables(fit: Fit, **variables: object) -> Fit:
    datasets = {name: node.to_dataset() for name, node in fit.tree.children.items()}
    datasets["posterior"] = datasets["posterior"].assign(variables)
    return replace(fit, tree=xr.DataTree.from_dict(datasets))


def halves(area: str = "") -> Cells:
    return Cells(pd.DataFrame({"area": [area] * 2, "urban": ["no", "yes"], "people": [1.0, 1.0]}))


def typical(town: float) -> float:
    """Mean network size where this share live in town."""
    return float(np.exp(MEAN + SD**2 / 2) * (1 - town + town * np.exp(SLOPE)))


def medians(fit: Fit, level: str = "area") -> np.ndarray:
    return network_sizes(fit, level)[FIGURES[0]].to_numpy()


def test_it_is_the_mean_of_a_log_normal_over_those_who_were_met() -> None:
    fit = fit_with()
    survey, codes = fit.study.survey, fit.study.areas.codes
    town = (survey.covariates["urban"] == "yes").to_numpy()
    expected = [typical(town[survey.area == code].mean() if code in VISITED else town.mean()) for code in codes]
    table = network_sizes(fit)
    np.testing.assert_allclose(table[FIGURES[0]], expected)
    assert set(table["averaged_over"]) == {OVER_RESPONDENTS}


def test_weights_say_whom_a_respondent_stands_for() -> None:
    fit = fit_with()
    town = (fit.study.survey.covariates["urban"] == "yes").to_numpy()
    # Weights that make up for the townspeople met too often.
    weight = np.where(town, 0.5 / town.mean(), 0.5 / (1 - town.mean()))
    survey = replace(fit.study.survey, design=fit.study.survey.design.assign(weight=weight))
    weighted = replace(fit, study=replace(fit.study, survey=survey))
    unvisited = ~np.isin(fit.study.areas.codes, VISITED)
    np.testing.assert_allclose(medians(weighted)[unvisited], typical(0.5))


def test_cells_put_the_people_in_place_of_the_respondents() -> None:
    table = network_sizes(fit_with(halves()))
    np.testing.assert_allclose(table[FIGURES[0]], typical(0.5))
    assert set(table["averaged_over"]) == {OVER_CELLS}
    own = Cells(pd.concat([halves().table, halves(VISITED[0]).table.assign(people=[0.0, 7.0])], ignore_index=True))
    np.testing.assert_allclose(medians(fit_with(own)), [typical(1.0), *[typical(0.5)] * 11])


def test_without_covariates_all_are_alike() -> None:
    table = network_sizes(fit_with(halves(), slope=False))
    np.testing.assert_allclose(table[FIGURES[0]], np.exp(MEAN + SD**2 / 2))
    assert set(table["averaged_over"]) == {ALIKE}


def test_wider_units_are_means_by_population() -> None:
    fit = fit_with()
    areas, here = fit.study.areas, medians(fit)
    expected = pd.Series(here * areas.population).groupby(areas.level_of("province")).sum()
    people = pd.Series(areas.population).groupby(areas.level_of("province")).sum()
    np.testing.assert_allclose(medians(fit, "province"), (expected / people).to_numpy())
    np.testing.assert_allclose(medians(fit, "nation"), [(here * areas.population).sum() / areas.population.sum()])


def test_areas_nobody_visited_get_a_fresh_effect() -> None:
    spread = 0.5
    dims = ("chain", "draw", "surveyed_area")
    fit = with_variables(
        fit_with(),
        degree_area=(dims, np.full((CHAINS, DRAWS, len(VISITED)), 0.25)),
        degree_area_sd=(("chain", "draw"), np.full((CHAINS, DRAWS), spread)),
    )
    table = network_sizes(fit)
    width = np.log(table[FIGURES[2]] / table[FIGURES[1]]).to_numpy()
    visited = np.isin(table["unit"], VISITED)
    np.testing.assert_allclose(medians(fit)[visited], np.exp(0.25) * medians(fit_with())[visited])
    np.testing.assert_allclose(width[visited], 0.0, atol=1e-12)
    np.testing.assert_allclose(width[~visited], 2 * 1.96 * spread, rtol=0.2)


def test_units_with_few_respondents_show_nothing() -> None:
    table = network_sizes(fit_with(), suppress=Suppression(min_respondents=21))
    hidden = table["respondents"] == 20
    assert hidden.sum() == len(VISITED)
    assert table.loc[hidden, list(FIGURES)].isna().all(axis=None)
    assert table.loc[~hidden, list(FIGURES)].notna().all(axis=None)


def test_degrees_bounded_from_below_are_refused() -> None:
    fit = fit_with()
    spec = fit.spec.replace(degree={**fit.spec.degree.model_dump(exclude_none=True), "lower": 1.0})
    with pytest.raises(ModelError, match="bounded from below"):
        network_sizes(replace(fit, spec=spec))


# --- mixing ----------------------------------------------------------------------------------------------------------


def mixed(cells: Cells | None, slopes: list[float]) -> Fit:
    """Answers on each group rise with living in town, each in its own way; so does the number of ties."""
    spec = model(mixing=MIXING, degree={**model().degree.model_dump(exclude_none=True), "covariates": ["urban"]})
    dims = ("chain", "draw", "mixing_covariate", "group")
    slope = np.broadcast_to(np.array(slopes), (CHAINS, DRAWS, 1, len(slopes))).copy()
    return with_variables(fit_with(cells, spec=spec), mixing_coefficient=(dims, slope))


def test_the_rate_is_that_among_all_ties() -> None:
    slopes = [0.2, -0.2, 0.1, -0.3, 1.0, 0.0]
    ties = np.exp(SLOPE)  # of townspeople, over the others'
    gains = [np.log((1 + ties * np.exp(slope)) / (1 + ties)) for slope in slopes]
    expected = np.array(gains[4:]) - np.mean(gains[:4])
    found = mixing_of_the_people(mixed(halves(), slopes))
    assert isinstance(found, np.ndarray)
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), atol=1e-12)


def test_a_covariate_that_acts_on_all_groups_alike_is_network_size() -> None:
    np.testing.assert_allclose(mixing_of_the_people(mixed(halves(), [0.7] * 6)), 0.0, atol=1e-12)


def test_without_cells_the_rate_is_a_respondents_at_zero() -> None:
    assert mixing_of_the_people(mixed(None, [1.0] * 6)) == 0.0


def test_estimates_take_it_up() -> None:
    fit = mixed(halves(), [0.0, 0.0, 0.0, 0.0, 0.5, 0.0])
    shift = mixing_of_the_people(fit)
    assert isinstance(shift, np.ndarray)
    with_cells = np.log(estimate(fit).draws["prevalence"].values)
    without = np.log(estimate(mixed(None, [0.0] * 6)).draws["prevalence"].values)
    np.testing.assert_allclose(with_cells - without, shift, rtol=1e-3, atol=1e-4)


# --- for readers -----------------------------------------------------------------------------------------------------


def test_the_table_is_a_file_of_every_level(tmp_path: Path) -> None:
    fit = fit_with(halves())
    (path,) = write_network_sizes(fit, estimate(fit), tmp_path, suppress=Suppression())
    table = pd.read_csv(path, dtype={"unit": str})
    assert table["level"].value_counts().to_dict() == {"area": 12, "province": 6, "region": 3, "nation": 1}
    assert table["unit"].iloc[0] == "0000"


def test_in_words_with_its_interval_and_whom_it_is_of() -> None:
    said = network_size_said(fit_with(halves()), Suppression())
    assert said == f"{typical(0.5):,.0f} people (95 % interval {typical(0.5):,.0f} to {typical(0.5):,.0f}), " + (
        f"averaged over {OVER_CELLS}"
    )
    assert network_size_said(fit_with(halves()), Suppression(min_respondents=1000)) == ""
