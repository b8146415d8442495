"""Respondents' log probabilities with the degree integrated out: against a fine sum by SciPy's own distributions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import xarray as xr
from scipy.special import logsumexp

from nsum_bayes import Fit, FitError, Study, load_model
from nsum_bayes.data.held_out import with_areas_blanked
from nsum_bayes.inference.integrated import integrated_log_likelihood
from nsum_bayes.model.inputs import read_inputs
from nsum_bayes.model.reported_degree import rounding_interval
from tests.made_up import frame_of, study_of

QUESTIONS = [
    {"column": "q_a", "group": "a"},
    {"column": "q_b", "group": "b", "answer": {"type": "count", "top_code": 4}},
    {"column": "q_held", "group": "held", "answer": {"type": "count", "zero_inflated": True}},
    {"column": "q_sold", "group": "sold"},
    {"column": "q_all", "answer": {"type": "degree", "heaped": True}},
]


def drawn(study: Study, rng: np.random.Generator) -> Fit:
    """Two made-up draws of each of two chains in the place of a posterior."""
    inputs = read_inputs(load_model("municipal"), study)
    people, areas, groups = len(study.survey), inputs.n_surveyed, len(study.survey.groups)
    lead = ("chain", "draw")

    def near(centre: object, *shape: int) -> np.ndarray:
        return centre + 0.1 * rng.normal(size=(2, 2, *shape))

    values = {
        "degree_mean": (lead, near(5.0)),
        "degree_sd": (lead, np.full((2, 2), 0.6)),
        "degree_area": ((*lead, "surveyed_area"), near(0.0, areas)),
        "overdispersion": ((*lead, "group"), np.abs(near(1.0, groups))),
        "report_sd": (lead, np.full((2, 2), 0.3)),
        "report_bias": (lead, near(0.0)),
        "zero_inflation": ((*lead, "zero_inflated_group"), np.full((2, 2, 1), 0.2)),
        "log_degree": ((*lead, "respondent"), 5.0 + 0.3 * rng.normal(size=(2, 2, people))),
        "log_theta": ((*lead, "surveyed_area", "group"), near(-4.5, areas, groups)),
    }
    coords = {"respondent": np.arange(people), "chain": [0, 1], "draw": [0, 1]}
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset(values, coords=coords)})
    return Fit(load_model("municipal"), study, tree, {"seed": 1})


def by_hand(run: Fit, study: Study, chain: int, draw: int, place: int) -> tuple[float, float]:
    """All answers, and those on known groups with the report, on a grid of four thousand degrees."""
    p = run.posterior.isel(chain=chain, draw=draw)
    inputs = read_inputs(run.spec, study)
    grid = np.linspace(2.5, 7.5, 4001)
    area = inputs.area[place]
    prior = scipy.stats.norm(float(p["degree_mean"] + p["degree_area"][area]), 0.6).logpdf(grid)
    terms = []
    for group in range(4):
        answer, omega = study.survey.answers[place, group], float(p["overdispersion"][group])
        mean = np.exp(grid + float(p["log_theta"][area, group]))
        law = scipy.stats.nbinom(mean / omega, 1 / (1 + omega))
        if np.isnan(answer):
            terms.append(np.zeros_like(grid))
        elif group == 1 and answer == 4:
            terms.append(law.logsf(3))
        elif group == 2:
            silent = 0.2 if answer == 0 else 0.0
            terms.append(np.log(silent + 0.8 * law.pmf(answer)))
        else:
            terms.append(law.logpmf(answer))
    reported = study.survey.reported_degree[place]
    low, high = rounding_interval(np.array([reported]))
    report = scipy.stats.norm(grid + float(p["report_bias"]), 0.3)
    with np.errstate(divide="ignore"):
        told = prior + terms[0] + terms[1] + np.log(report.cdf(np.log(high)) - report.cdf(np.log(low)))
    step = np.log(grid[1] - grid[0])
    return float(logsumexp(told + terms[2] + terms[3]) + step), float(logsumexp(told) + step)


@pytest.fixture(scope="module")
def study() -> Study:
    known = {"a": 0.01, "b": 0.02}
    return study_of(known=known, settings={"question": QUESTIONS}, missing_rate=0.1, seed=8)[0]


def test_quadrature_agrees_with_a_fine_grid(study: Study) -> None:
    run = drawn(study, np.random.default_rng(3))
    wide = {"around": (np.full(len(study.survey), 5.0), np.full(len(study.survey), 0.6)), "nodes": 101}
    found = integrated_log_likelihood(run, **wide)
    without = with_areas_blanked(study, study.survey.surveyed_areas.tolist())
    blanked = integrated_log_likelihood(Fit(run.spec, without, run.tree, run.provenance), study=study, **wide)
    for place in range(0, len(study.survey), 3):
        everything, known = by_hand(run, study, 1, 0, place)
        at = {"chain": 1, "draw": 0, "respondent": place}
        assert float(found.everything.isel(at)) == pytest.approx(everything, abs=1e-4)
        assert float(found.known.isel(at)) == pytest.approx(known, abs=1e-4)
        assert float(found.hidden.isel(at)) == pytest.approx(everything - known, abs=2e-4)
    xr.testing.assert_allclose(found.everything, blanked.everything)


def test_the_usual_nodes_lie_well_around_real_draws(one_area_fit: Fit) -> None:
    some = np.arange(0, 40, 4)
    few, many = (integrated_log_likelihood(one_area_fit, respondents=some, draws=5, nodes=n) for n in (35, 141))
    np.testing.assert_allclose(few.everything, many.everything, atol=2e-3)
    np.testing.assert_allclose(few.known, many.known, atol=5e-3)
    assert few.everything.sizes == {"chain": 2, "draw": 5, "respondent": 10}


def test_fewer_draws_are_spaced_evenly(study: Study) -> None:
    run = drawn(study, np.random.default_rng(3))
    one = integrated_log_likelihood(run, draws=1, respondents=np.arange(2))
    assert one.everything.sizes["draw"] == 1


def test_models_with_residuals_of_each_answer_are_refused() -> None:
    plain, _ = study_of(frame_of(1), surveyed=1, respondents_per_area=5, spec=load_model("overdispersed_known"))
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset()})
    with pytest.raises(FitError, match="residuals are not kept"):
        integrated_log_likelihood(Fit(load_model("uncorrelated"), plain, tree, {}))


def test_known_groups_frame_is_left_alone(study: Study) -> None:
    before = study.survey.answers.copy()
    with_areas_blanked(study, study.survey.surveyed_areas[:2].tolist())
    np.testing.assert_array_equal(before, study.survey.answers)
    assert isinstance(study.known.table, pd.DataFrame)
