"""One compiled model serves every study of one shape: same draws, own labels, never another model in its place."""

from __future__ import annotations

import numpy as np
import pytest

from nsum_bayes import Fit, Study, fit, load_model
from nsum_bayes.inference import compiled
from nsum_bayes.inference.fit import NOT_STORED
from nsum_bayes.model.build import build_model
from nsum_bayes.model.spec import HalfNormal, ModelSpec
from tests.made_up import frame_of, study_of
from tests.statistical.test_recovery import CASES, SHARES

SPEC = load_model("overdispersed_known")


def one_area(seed: int, **choices: object) -> Study:
    wanted = {
        "surveyed": 1,
        "respondents_per_area": 40,
        "seed": seed,
        "parameters": {"degree_mean": 5.0, "bias_sd": 0.01},
        **choices,
    }
    return study_of(frame_of(1), spec=SPEC, **wanted)[0]


def structure(spec: ModelSpec, study: Study) -> list[object]:
    model = build_model(spec, study)
    stored = [v.name for v in model.free_RVs + model.deterministics if v.name not in NOT_STORED]
    return compiled._graphs(model, stored).structure


def short(study: Study) -> Fit:
    return fit(SPEC, study, seed=5, draws=30, tune=60, chains=2, progress=False, reuse=True)


@pytest.fixture(scope="module")
def other_groups() -> Study:
    return one_area(2, known={"drivers": 0.01, "nurses": 0.004, "monks": 0.002, "smiths": 0.005}, missing_rate=0.1)


def test_a_fed_model_draws_what_it_draws_when_compiled_for_itself(other_groups: Study) -> None:
    compiled._COMPILED.clear()
    short(one_area(1))
    fed = short(other_groups)
    assert len(compiled._COMPILED) == 1
    compiled._COMPILED.clear()
    alone = short(other_groups)
    assert fed.posterior.coords["known_group"].values.tolist() == ["drivers", "nurses", "monks", "smiths"]
    for name, draws in alone.posterior.data_vars.items():
        np.testing.assert_array_equal(draws.values, fed.posterior[name].values, err_msg=str(name))


@pytest.mark.parametrize("name", CASES)
def test_studies_of_one_shape_are_alike_under_every_named_model(name: str) -> None:
    choices, given, _ = CASES[name]
    spec = load_model(name)
    studies = [
        study_of(**{"spec": spec, "known": SHARES, "seed": seed, **choices}, parameters=given)[0] for seed in (4, 5)
    ]
    assert structure(spec, studies[0]) == structure(spec, studies[1])


def test_reported_network_sizes_are_data_too() -> None:
    question = [{"column": f"q_{g}", "group": g} for g in ("a", "held", "sold")]
    question.append({"column": "q_all", "answer": {"type": "degree", "heaped": True}})
    studies = [one_area(seed, known={"a": 0.02}, settings={"question": question}) for seed in (1, 2)]
    assert structure(SPEC, studies[0]) == structure(SPEC, studies[1])


def test_gaps_and_large_answers_do_not_make_another_model() -> None:
    plain = one_area(1)
    assert structure(SPEC, plain) == structure(SPEC, one_area(1, missing_rate=0.2))
    assert structure(SPEC, plain) == structure(SPEC, one_area(1, parameters={"degree_mean": 7.0, "bias_sd": 0.01}))


def test_another_prior_or_another_shape_is_another_model() -> None:
    study = one_area(1)
    wider = SPEC.replace(degree=SPEC.degree.model_copy(update={"sd": HalfNormal(sd=3.0, reason="test")}))
    assert structure(SPEC, study) != structure(wider, study)
    assert structure(SPEC, study) != structure(SPEC, one_area(1, respondents_per_area=41))


def test_only_so_many_compiled_models_are_kept(other_groups: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "KEPT", 1)
    monkeypatch.setattr(compiled, "_compile", lambda model, graphs, stored: _stub(graphs))
    compiled._COMPILED.clear()
    stored = ["degree_mean"]
    for respondents in (40, 41):
        model = build_model(SPEC, one_area(1, respondents_per_area=respondents))
        with pytest.raises(AttributeError):
            compiled.sampler_of(model, stored, reuse=True)
        assert len(compiled._COMPILED) == 1
    compiled._COMPILED.clear()


def _stub(graphs: object) -> compiled.Compiled:
    return compiled.Compiled(graphs.structure, object(), lambda *data: [])
