"""Plans: what the formula says, what simulated surveys reach, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nsum_bayes import Plan, StudyError, load_model, plan
from nsum_bayes.planning import respondents_needed
from nsum_bayes.report.plan_figures import plan_figure
from tests.made_up import study_of

EXPECTED = {"held": 0.01, "sold": 0.004}


@pytest.fixture(scope="module")
def study():
    return study_of(spec=load_model("municipal"))[0]


def test_the_formula_is_the_sampling_error_of_reports() -> None:
    """n respondents report a Poisson number of members: its cv is one over the root of what is expected."""
    rng = np.random.default_rng(1)
    needed = respondents_needed(0.1, prevalence=0.005, degree=200.0, reported=0.5)
    assert needed == 200
    reports = rng.binomial(needed * 200, 0.005 * 0.5, 20_000)
    assert reports.std() / reports.mean() == pytest.approx(0.1, rel=0.02)


def test_the_formula_falls_with_respondents_and_known_groups(study) -> None:
    found = plan(
        load_model("municipal"), study, expected=EXPECTED, municipalities=[4, 8], households=[10], known_groups=[1, 4],
        replicates=0,
    )  # fmt: skip
    table = found.table.set_index(["group", "municipalities", "known_groups"])["formula"]
    assert table["held", 8, 4] == pytest.approx(table["held", 4, 4] / np.sqrt(2))
    assert table["held", 4, 4] < table["held", 4, 1]
    assert table["sold", 4, 4] > table["held", 4, 4]
    assert found.statement("held").startswith("Only the formula was asked")
    assert found.cheapest() == {"held": None, "sold": None}


def test_a_design_is_simulated_and_fitted(study, tmp_path) -> None:
    found = plan(
        load_model("municipal"), study, expected=EXPECTED, municipalities=[6], households=[8], replicates=2,
        draws=60, tune=150, out=tmp_path / "plan.jsonl", progress=False,
    )  # fmt: skip
    row = found.table.set_index("group").loc["held"]
    assert (row["simulations"], row["failed"]) == (2, 0)
    assert row["formula"] < row["survey"] < row["nation"]  # the formula is the best case; assumptions come on top
    assert row["nation_error"] > 0
    assert 0 <= row["held"] <= 1
    figure = plan_figure(found, study)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["held", "sold"]


def test_the_cheapest_design_is_named() -> None:
    rows = [(4, 10, 0.4), (8, 10, 0.19), (16, 10, 0.12), (5, 30, 0.19)]
    table = pd.DataFrame(rows, columns=["municipalities", "households", "nation"]).assign(
        known_groups=4, group="held", nation_error=0.005, survey=0.1, survey_error=0.01
    )
    table["respondents"] = table["municipalities"] * table["households"]
    best = Plan(table, 0.2).cheapest()["held"]
    assert best is not None
    assert (best["municipalities"], best["households"]) == (8, 10)
    assert "8 municipalities of 10 households and 4 known groups reach a cv of 0.19" in Plan(table, 0.2).statement(
        "held"
    )
    assert "Side data help, more interviews do not" in Plan(table, 0.11).statement("held")
    assert "Plan more interviews" in Plan(table, 0.05).statement("held")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"expected": {"held": 0.01}}, "No prevalence to expect of 'sold'"),
        ({"expected": {**EXPECTED, "sold": 4.0}}, "to expect of 'sold' is no share"),
        ({"expected": {**EXPECTED, "twins": 0.1}}, "'twins' is not a hidden group"),
        ({"municipalities": [500]}, "500 municipalities cannot be visited in a frame of 12"),
        ({"known_groups": [9]}, "9 known groups are asked for, and the study has 4"),
    ],
)
def test_what_cannot_be_planned_is_said(study, changed, message) -> None:
    given = {"expected": EXPECTED, "municipalities": [4], "households": [10], "replicates": 0, **changed}
    with pytest.raises(StudyError, match=message):
        plan(load_model("municipal"), study, **given)
