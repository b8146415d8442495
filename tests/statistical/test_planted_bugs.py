"""Calibration passes a right model and calls out planted bugs; `benchmarks/calibration.py` does it at full length."""

from __future__ import annotations

import pytest

from nsum_bayes import Calibration, calibrate
from nsum_bayes.inference.refits import Task, run_tasks
from tests.planted_bugs import BUGS, calibrated_spec, design_of, model_text, ranked_with

SETTINGS = {"draws": 250, "tune": 400}


def with_bug(name: str, simulations: int) -> Calibration:
    arguments = (model_text(name), design_of(name), 1)
    tasks = [Task(str(number), (name, *arguments, number, SETTINGS)) for number in range(simulations)]
    outcome = run_tasks(ranked_with, tasks)
    return Calibration.of(BUGS[name].model, outcome)


@pytest.mark.slow
@pytest.mark.ci_slow
def test_a_right_model_is_not_called_out():
    found = calibrate(calibrated_spec("random_degree"), seed=2, simulations=40, **SETTINGS)
    assert found.simulations == 40
    assert not found.failures
    assert found.called_out() == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["no likelihood", "groups swapped", "transmission inverted", "scaling omitted"])
def test_a_planted_bug_is_called_out(name):
    assert with_bug(name, 60).called_out()
