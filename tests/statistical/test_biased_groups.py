"""Known groups held out: the flagship's intervals hold them, biased or not, and are no wider than needed."""

from __future__ import annotations

import numpy as np
import pytest

from nsum_bayes import hold_out, load_model
from nsum_bayes.checks.holdout import HoldOut, least_held
from nsum_bayes.model.spec import ModelSpec
from tests.biased_survey import GROUPS, biased_study

SETTINGS = {"seed": 1, "draws": 400, "tune": 600}


def without_bias(spec: ModelSpec) -> ModelSpec:
    """The plain model: every group is reported as it is."""
    return spec.replace(bias={})


def both(bias_sd: float) -> tuple[HoldOut, HoldOut]:
    study, spec = biased_study(bias_sd, seed=3), load_model("municipal")
    return hold_out(spec, study, **SETTINGS), hold_out(without_bias(spec), study, **SETTINGS)


@pytest.mark.slow
def test_with_biased_groups_the_flagship_holds_and_the_plain_model_does_not():
    flagship, plain = both(0.4)
    assert least_held(GROUPS) == 19
    assert flagship.held >= 19
    assert plain.held < 19


@pytest.mark.slow
def test_without_bias_the_flagship_is_hardly_wider():
    flagship, plain = both(0.0)
    assert flagship.held >= 19
    width = [np.log(found.table["upper"] / found.table["lower"]) for found in (flagship, plain)]
    assert np.median(width[0] / width[1]) < 1.3
