"""What ties a hidden group's transmission, number or ties to data: closed forms of each part's density."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from nsum_bayes import build_model, load_model
from nsum_bayes.errors import ModelError
from nsum_bayes.model.inputs import read_inputs
from nsum_bayes.model.reported_degree import rounding_interval
from tests.made_up import HIDDEN, frame_of, model, study_of
from tests.uncompiled import uncompiled

MEAN = {"prior": "lognormal", "median": 2.0, "log_sd": 0.4, "reason": "test"}


def spec(**parts):
    return load_model("municipal").replace(**parts)


def evaluated(built, name, **values):
    """A named variable of a model at its initial point, some values replaced, with the point."""
    import pytensor

    with uncompiled() as mode:
        point = {**built.initial_point(), **values}
        expression = built.replace_rvs_by_values([built[name]])
        compute = pytensor.function(built.value_vars, expression, mode=mode, on_unused_input="ignore")
        return compute(**point)[0], point


def test_awareness_is_beta_binomial_in_the_transmission():
    contacts = pd.DataFrame({"contacts": [12, 30, 7], "aware": [6, 20, 1]})
    told = {"side_data": "members.csv", "reason": "test"}
    hidden = ({**HIDDEN[0], "transmission": told}, HIDDEN[1])
    study, _ = study_of(hidden=hidden, side_data={"members.csv": contacts})
    table = study.contacts["held"]
    with uncompiled():
        built = build_model(load_model("municipal"), study)
        density = built.compile_logp(vars=[built["aware_held"]], jacobian=False)
        point = built.initial_point()
        for tau, correlation in ((0.3, 0.1), (0.8, 0.4)):
            names = {n: built.rvs_to_values[built[n]].name for n in ("transmission_free", "awareness_correlation")}
            moved = {
                **point,
                names["transmission_free"]: np.array([np.log(tau / (1 - tau))]),
                names["awareness_correlation"]: np.array([np.log(correlation / (1 - correlation))]),
            }
            size = 1 / correlation - 1
            law = scipy.stats.betabinom(table["contacts"], tau * size, (1 - tau) * size)
            assert float(density(moved)) == pytest.approx(law.logpmf(table["aware"]).sum(), rel=1e-9)


def test_side_data_may_not_be_at_odds_with_the_counts():
    table = pd.DataFrame({"contacts": [5], "aware": [2], "teachers": [1.0]})
    told = {"side_data": "members.csv", "reason": "test"}
    hidden = ({**HIDDEN[0], "transmission": told, "degree_ratio": told}, HIDDEN[1])
    study, _ = study_of(hidden=hidden, side_data={"members.csv": table})
    binomial = spec(counts={"kind": "binomial"})
    with uncompiled(), pytest.raises(ModelError, match="need counts of kind poisson, nb1 or nb2"):
        build_model(binomial, study)


def test_a_linked_group_follows_from_the_other():
    study, _ = study_of(settings={"link": [{"group": "sold", "of": "held", "mean": MEAN}]}, spec=load_model("linked"))
    with uncompiled():
        built = build_model(load_model("linked"), study)
    shape = (len(study.survey.surveyed_areas), 1)
    deviation = np.linspace(-1, 1, shape[0])[:, None]
    replaced = {
        "link_mean_free": np.array([np.log(3.0)]),
        "link_raw": deviation,
        "hidden_bias_raw": np.array([0.5, -1]),
    }
    log_theta, point = evaluated(built, "log_theta", **replaced)
    tau, _ = evaluated(built, "transmission", **replaced)
    ratio, _ = evaluated(built, "degree_ratio", **replaced)
    bias, _ = evaluated(built, "hidden_bias", **replaced)
    scale, _ = evaluated(built, "link_deviation_sd", **replaced)
    # Shares among everyone, so persons per person: ν times as many, each group as it is reported.
    factor = tau * ratio * np.exp(bias)
    expected = log_theta[:, 4] + np.log(3.0) + deviation[:, 0] * scale + np.log(factor[1] / factor[0])
    np.testing.assert_allclose(log_theta[:, 5], expected, rtol=1e-12)
    assert "link_mean_free" in point


def test_a_linked_model_needs_a_link_and_the_other_way_round():
    study, _ = study_of()
    with pytest.raises(ModelError, match=r"no \[\[link\]\] table"):
        read_inputs(load_model("linked"), study)
    with_link, _ = study_of(
        settings={"link": [{"group": "sold", "of": "held", "mean": MEAN}]}, spec=load_model("linked")
    )
    with pytest.raises(ModelError, match=r"the model has no \[link\]"):
        read_inputs(load_model("municipal"), with_link)


@pytest.mark.parametrize(("level", "share"), [("nation", 0.25), ("region", 0.7)])
def test_ties_beyond_the_area_meet_the_wider_frame(level, share):
    local = {"fixed": share, "reason": "test"}
    known = {"teachers": 0.02, "twins": 0.01}
    study, _ = study_of(known=known, settings={"study": {"frame": level, "local_share": local}}, spec=model())
    with uncompiled():
        built = build_model(load_model("municipal"), study)
    effects = np.linspace(-2, 2, 2 * len(study.areas)).reshape(-1, 2)
    log_theta, _ = evaluated(built, "log_theta", area_raw=effects)
    effect, _ = evaluated(built, "area_effect", area_raw=effects)
    intercept, _ = evaluated(built, "rate_intercept", area_raw=effects)
    people = study.areas.table["population"].to_numpy()
    rate = np.exp(intercept + effect) * np.column_stack(
        [study.areas.denominator_share(study.hidden(g).denominator) for g in study.hidden_groups]
    )
    unit = np.zeros(len(people)) if level == "nation" else study.areas.level_of(level)
    for row, code in enumerate(study.survey.surveyed_areas):
        here = list(study.areas.codes).index(code)
        same = unit == unit[here]
        wide = np.average(rate[same], axis=0, weights=people[same])
        np.testing.assert_allclose(np.exp(log_theta[row, 2:]), share * rate[here] + (1 - share) * wide, rtol=1e-9)


@pytest.mark.parametrize("heaped", [False, True])
@pytest.mark.parametrize("known", [{"teachers": 0.02, "twins": 0.01}, None])
def test_told_degrees_are_sampled_in_other_steps_and_distributed_alike(heaped, known):
    questions = [{"column": f"q_{name}", "group": name} for name in (*(known or {}), "held", "sold")]
    questions.append({"column": "q_all", "answer": {"type": "degree", "heaped": heaped}})
    nothing = pd.DataFrame({"group": pd.Series(dtype=str), "area": "", "size": pd.Series(dtype=float)})
    study, _ = study_of(known=nothing if known is None else known, settings={"question": questions})
    spec = load_model("municipal")
    with uncompiled():
        built = build_model(spec, study)
        degree = built["log_degree"]
        value = built.rvs_to_values[degree]
        assert value.name == "log_degree_towards_report__"
        point = built.initial_point()
        rng = np.random.default_rng(3)
        point[value.name] = rng.normal(size=len(study.survey))
        log_degree, _ = evaluated(built, "log_degree", **point)
        centre = evaluated(built, "degree_mean", **point)[0]
        centre = centre + evaluated(built, "degree_area", **point)[0][read_inputs(spec, study).area]
        spread = evaluated(built, "degree_sd", **point)[0]
        law = scipy.stats.norm(centre, spread).logpdf(log_degree).sum()
        density = built.compile_logp(vars=[degree], jacobian=False)
        with_steps = built.compile_logp(vars=[degree])
        assert float(density(point)) == pytest.approx(law, rel=1e-10)
        # The size of a step, by differences.
        moved, _ = evaluated(built, "log_degree", **{**point, value.name: point[value.name] + 1.0})
        assert float(with_steps(point)) == pytest.approx(law + np.log(moved - log_degree).sum(), rel=1e-9)
        assert np.all(moved - log_degree < spread)


def test_a_round_report_stands_for_all_that_would_be_rounded_to_it():
    low, high = rounding_interval(np.array([3.0, 5.0, 10.0, 15.0, 20.0, 300.0, 150.0, 1234.0, 2000.0]))
    np.testing.assert_array_equal(high - low, [1, 1, 5, 5, 10, 100, 50, 1, 1000])
    np.testing.assert_array_equal((high + low) / 2, [3, 5, 10, 15, 20, 300, 150, 1234, 2000])


def test_frame_of_one_area_has_no_wider_frame():
    assert len(frame_of(1)) == 1
    study, _ = study_of(frame_of(1), surveyed=1, respondents_per_area=20)
    assert read_inputs(load_model("municipal"), study).frame is None
