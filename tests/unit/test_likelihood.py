"""Log probabilities answer by answer: together they are the log density of the model's own tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from nsum_bayes.data.study import Study
from nsum_bayes.errors import FitError
from nsum_bayes.inference.fit import fit
from nsum_bayes.inference.likelihood import add_log_likelihood
from nsum_bayes.model.build import build_from_inputs
from nsum_bayes.model.inputs import read_inputs
from nsum_bayes.model.spec import ModelSpec, load_model
from tests.irregular import PARTS
from tests.small_survey import FIXED, KNOWN, PEOPLE, settings_of
from tests.uncompiled import function, uncompiled

RESPONDENTS = 60
POINTS = 3
BINS = ["0", "1", "2-4", "5-9", "10+"]
RECORDED: dict[str, dict[str, Any]] = {
    "teachers": {"type": "count", "heaped": True},
    "twins": {"type": "count", "top_code": 6, "heaped": True},
    "bakers": {"type": "bins", "bins": BINS},
    "police": {"type": "any"},
    "hidden": {"type": "count", "zero_inflated": True},
}
PLAIN: dict[str, dict[str, Any]] = {group: {"type": "count"} for group in RECORDED}


def study_of(recorded: dict[str, dict[str, Any]]) -> Study:
    """Sixty respondents on four known groups and a hidden one, some answers missing; acceptance, age and sex."""
    rng = np.random.default_rng(7)
    degree = np.exp(rng.normal(5.3, 0.4, RESPONDENTS))
    counts = rng.poisson(rng.gamma(degree[:, None] * [*KNOWN.values(), 0.01]))
    survey = pd.DataFrame(counts.astype(float), columns=list(recorded))
    if recorded is RECORDED:
        bins = pd.cut(counts[:, 2], [-1, 0, 1, 4, 9, np.inf], labels=BINS).astype(str)
        survey = survey.assign(twins=np.minimum(counts[:, 1], 6), bakers=bins, police=np.minimum(counts[:, 3], 1))
    survey = survey.mask(rng.random(survey.shape) < 0.08)
    acceptance = rng.integers(-3, 1, RESPONDENTS)
    survey = survey.assign(acceptance=acceptance, age=rng.normal(40, 12, RESPONDENTS).round(), sex=acceptance % 2)
    questions = [{"column": group, "group": group, "answer": answer} for group, answer in recorded.items()]
    questions[-1]["respect"] = "acceptance"
    hidden = [{"group": "hidden", "denominator": "everyone", "transmission": FIXED}]
    settings = settings_of(list(KNOWN), hidden, questions, survey={"covariates": ["age", "sex"]})
    known = pd.DataFrame({"group": list(KNOWN), "area": "", "size": [share * PEOPLE for share in KNOWN.values()]})
    areas = pd.DataFrame({"code": ["A"], "people": [PEOPLE]})
    return Study.from_frames(settings, survey=survey, known=known, areas=areas)


def both_ways(spec: ModelSpec, study: Study) -> tuple[np.ndarray, np.ndarray]:
    """Log probability of each answer (point, respondent, group), and the model's own log density of all (point,)."""
    inputs = read_inputs(spec, study)
    rng = np.random.default_rng(2)
    with uncompiled():
        model = build_from_inputs(spec, inputs)
        projected = model.unobserved_value_vars
        evaluate = function(model.value_vars, [*projected, model.logp(vars=[model["answers"]])])
        start = model.initial_point()
        points = [{name: at + rng.normal(0.0, 0.1, at.shape) for name, at in start.items()} for _ in range(POINTS)]
        *values, totals = (np.stack(column)[None] for column in zip(*(evaluate(**p) for p in points), strict=True))
        drawn = dict(zip([variable.name for variable in projected], values, strict=True))
        stored = [v.name for v in model.unobserved_RVs if v.name not in ("log_theta", "log_multiplier")]
        dims = {name: model.named_vars_to_dims.get(name, ()) for name in stored}
        posterior = xr.Dataset({name: (("chain", "draw", *dims[name]), drawn[name]) for name in stored})
        posterior = posterior.assign_coords(chain=[0], draw=range(POINTS), respondent=range(RESPONDENTS))
        answers = xr.Dataset(coords={"group": list(study.survey.groups)})
        tree = xr.DataTree.from_dict({"posterior": posterior, "observed_data": answers})
        found = add_log_likelihood(tree, spec, inputs, model)["log_likelihood"]["answers"]
    return found.values[0].astype(float), totals[0]


@pytest.mark.parametrize("recorded", [PLAIN, RECORDED], ids=["counts", "recorded inexactly"])
@pytest.mark.parametrize("kind", PARTS)
def test_answers_together_have_the_density_of_the_model(kind: str, recorded: dict[str, dict[str, Any]]) -> None:
    study = study_of(recorded)
    cells, totals = both_ways(load_model("overdispersed_known").replace(counts=PARTS[kind]), study)
    missing = np.isnan(study.survey.answers)
    assert missing.any()
    np.testing.assert_array_equal(np.isnan(cells), np.broadcast_to(missing, cells.shape))
    # Single precision: seven digits of each.
    np.testing.assert_allclose(np.nansum(cells, axis=(1, 2)), totals, rtol=2e-7)
    assert np.ptp(totals) > 1.0


@pytest.mark.parametrize("kind", ["poisson", "nb1", "nb2"])
def test_mixing_without_residuals_is_worked_out_again(kind: str) -> None:
    spec = load_model("respect").replace(counts=PARTS[kind])
    cells, totals = both_ways(spec, study_of(PLAIN))
    np.testing.assert_allclose(np.nansum(cells, axis=(1, 2)), totals, rtol=2e-7)


@pytest.mark.parametrize("name", ["uncorrelated", "correlated"])
def test_residuals_that_are_not_kept_are_asked_for_before_sampling(name: str) -> None:
    with pytest.raises(FitError) as error:
        fit(load_model(name), study_of(PLAIN), seed=1, log_likelihood=True)
    assert str(error.value) == (
        "The log probability of each answer needs the residual of each answer, and residuals are not kept.\n"
        f"  where: model {name}, [mixing] residual\n"
        "  to do: Fit without log_likelihood, or a model without residuals, such as `respect`."
    )
