"""Leaving out what is known: the studies that are refitted, what is counted, and short real refits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nsum_bayes import FitError, Study, StudyError, hold_out, load_model
from nsum_bayes.checks import holdout
from nsum_bayes.checks.holdout import HoldOut, least_held, predicted_reports
from nsum_bayes.data.held_out import with_area_blanked, with_group_hidden
from nsum_bayes.inference import compiled
from nsum_bayes.inference.fit import fit
from tests.made_up import frame_of, study_of

MODEL = load_model("overdispersed_known")


# --- the studies ----------------------------------------------------------------------------------------------------


def test_a_known_group_becomes_hidden(one_area_study: Study) -> None:
    held = with_group_hidden(one_area_study, "twins")
    assert "twins" not in held.known_groups
    assert set(held.hidden_groups) == {*one_area_study.hidden_groups, "twins"}
    assert held.survey.groups == (*held.known_groups, *held.hidden_groups)
    before, after = one_area_study.survey, held.survey
    for group in before.groups:
        np.testing.assert_array_equal(
            before.answers[:, before.groups.index(group)], after.answers[:, after.groups.index(group)]
        )
    assert "twins" not in set(held.known.table["group"])
    assert held.hidden("twins").denominator == "population"
    np.testing.assert_array_equal(held.areas.denominator_share("population"), 1.0)
    assert "twins" in one_area_study.known_groups  # the study itself is as it was


def test_a_study_with_a_group_held_out_can_be_written_and_read(one_area_study: Study) -> None:
    held = with_group_hidden(one_area_study, "twins")
    again = Study.from_payload(held.to_payload())
    assert again.hidden_groups == held.hidden_groups
    np.testing.assert_array_equal(again.survey.answers, held.survey.answers)


def test_known_shares_are_those_of_the_most_specific_size() -> None:
    areas = frame_of(4)
    rows = [("a", "", 600.0), ("a", "0001", 110.0), ("b", "0002", 24.0), ("b", "0001", 33.0)]
    known = pd.DataFrame(rows, columns=["group", "area", "size"])
    study, _ = study_of(areas, spec=load_model("municipal"), known=known, surveyed=["0001", "0002"])
    people = areas.population
    np.testing.assert_allclose(
        study.known.share_of("a", areas), [600 / people.sum(), 110 / people[1], *[600 / people.sum()] * 2]
    )
    np.testing.assert_allclose(study.known.share_of("b", areas), [np.nan, 33 / people[1], 24 / people[2], np.nan])


def test_an_area_keeps_its_answers_on_known_groups_only(sample_study: Study) -> None:
    area = str(sample_study.survey.surveyed_areas[3])
    held = with_area_blanked(sample_study, area)
    here, known = sample_study.survey.area == area, len(sample_study.known_groups)
    assert np.isnan(held.survey.answers[here, known:]).all()
    np.testing.assert_array_equal(held.survey.answers[here, :known], sample_study.survey.answers[here, :known])
    np.testing.assert_array_equal(held.survey.answers[~here], sample_study.survey.answers[~here])


@pytest.mark.parametrize(
    ("make", "unit", "message"),
    [
        (with_group_hidden, "twinz", "'twinz' is not a known group. Did you mean 'twins'?"),
        (with_group_hidden, "held", "'held' is not a known group."),
        (with_area_blanked, "9999", "No respondent lives in area '9999'."),
    ],
)
def test_what_is_not_there_is_refused(one_area_study: Study, make, unit: str, message: str) -> None:
    with pytest.raises(StudyError, match=message.replace("?", r"\?").replace(".", r"\.")):
        make(one_area_study, unit)


def test_the_last_known_group_stays() -> None:
    study, _ = study_of(frame_of(1), spec=MODEL, surveyed=1, known={"twins": 0.01})
    with pytest.raises(StudyError, match="one known group"):
        with_group_hidden(study, "twins")


# --- what is counted ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "least"), [(10, 8), (15, 12), (20, 17), (22, 19), (1, 0)])
def test_the_least_number_that_should_hold(number: int, least: int) -> None:
    assert least_held(number) == least


def made(ratios: list[float], inside: list[bool]) -> HoldOut:
    names = [f"g{n}" for n in range(len(ratios))]
    table = pd.DataFrame({"unit": names, "group": names, "truth": np.geomspace(0.001, 0.1, len(ratios))})
    return HoldOut("group", table.assign(log_ratio=ratios, inside=inside), {})


def test_misses_are_named_the_furthest_first() -> None:
    found = made([0.1, 0.9, -1.5, 0.0], [True, False, False, True])
    assert found.missed == ("g2", "g1")
    assert (found.held, found.passed) == (2, False)
    assert "missed: g2, g1" in repr(found)


def test_groups_within_their_intervals_but_far_off_do_not_pass() -> None:
    assert made([0.1] * 10, [True] * 10).passed
    assert not made([0.8] * 10, [True] * 10).passed


def test_the_recall_curve_is_the_slope_on_log_size() -> None:
    size = np.log(np.geomspace(0.001, 0.1, 8))
    found = made(list(-0.3 * size), [True] * 8).recall()
    assert found["slope"] == pytest.approx(-0.3)
    assert found["standard_error"] == pytest.approx(0.0, abs=1e-7)


# --- refits ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("held") / "held.jsonl"


@pytest.fixture(scope="module")
def by_group(one_area_study: Study, file: Path) -> HoldOut:
    compiled._COMPILED.clear()
    return hold_out(MODEL, one_area_study, seed=1, draws=60, tune=150, out=file)


def test_every_known_group_is_estimated_from_the_others(by_group: HoldOut, one_area_study: Study) -> None:
    assert tuple(by_group.table["unit"]) == one_area_study.known_groups
    truth = [
        float(one_area_study.known.share_of(group, one_area_study.areas)[0]) for group in one_area_study.known_groups
    ]
    np.testing.assert_allclose(by_group.table["truth"], truth)
    assert (by_group.table["lower"] < by_group.table["median"]).all()
    # These answers have the model's own bias: a factor of twenty would be a group mistaken for another.
    assert (by_group.table["log_ratio"].abs() < np.log(20)).all()
    assert by_group.to_dict()["of"] == 4


def test_refits_share_compiled_models(by_group: HoldOut) -> None:
    assert 1 <= len(compiled._COMPILED) <= 2  # one a form of the bias


def test_a_finished_holdout_is_read_and_not_run_again(
    by_group: HoldOut, one_area_study: Study, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holdout, "refit", lambda *arguments: pytest.fail("fitted again"))
    again = hold_out(MODEL, one_area_study, seed=1, draws=60, tune=150, out=file)
    pd.testing.assert_frame_equal(again.table, by_group.table)
    with pytest.raises(FitError, match="another run"):
        hold_out(MODEL, one_area_study, seed=2, draws=60, tune=150, out=file)


def test_what_is_kept_holds_no_respondent(by_group: HoldOut, file: Path) -> None:
    for line in file.read_text().splitlines()[1:]:
        assert len(line) < 600
        assert "answers" not in line


def test_a_failed_refit_is_named_and_does_not_hold(one_area_study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: object) -> None:
        raise FitError("No start.", where="fit", advice="Look.")

    monkeypatch.setattr(holdout, "refit", fails)
    found = hold_out(MODEL, one_area_study, seed=1)
    assert (found.held, len(found.table), len(found.failures)) == (0, 4, 4)
    assert "failed: teachers: No start." in repr(found)


def test_an_area_is_predicted_from_the_rest(sample_study: Study) -> None:
    area = str(sample_study.survey.surveyed_areas[0])
    found = hold_out(load_model("municipal"), sample_study, "area", seed=1, units=[area], draws=50, tune=100)
    assert list(zip(found.table["unit"], found.table["group"], strict=True)) == [(area, "bonded"), (area, "trafficked")]
    for row in found.table.itertuples():
        column = sample_study.survey.groups.index(row.group)
        assert row.truth == np.nansum(sample_study.survey.answers[sample_study.survey.area == area, column])


def test_an_area_with_few_respondents_is_not_shown() -> None:
    study, _ = study_of(frame_of(4), spec=load_model("municipal"), surveyed=2, respondents_per_area=9)
    area = str(study.survey.surveyed_areas[0])
    with pytest.raises(FitError, match="too few respondents"):
        hold_out(load_model("municipal"), study, "area", seed=1, units=[area])
    assert hold_out(load_model("municipal"), study, "area", seed=1).table.empty


def test_predicted_reports_have_the_mean_of_degree_times_rate(one_area_study: Study) -> None:
    run = fit(MODEL, one_area_study, seed=1, draws=400, tune=200, chains=2, progress=False)
    area = str(one_area_study.survey.surveyed_areas[0])
    reports = predicted_reports(run, one_area_study.survey.area == area, np.random.default_rng(1)).astype(float)
    posterior = run.posterior
    rate = np.exp(posterior["rate_intercept"].values.reshape(800, -1))
    share = [one_area_study.areas.denominator_share(name)[0] for name in ("adults", "children")]
    degree = np.exp(posterior["log_degree"].values.reshape(800, -1))
    mean = degree[:, :, None] * (rate * share)[:, None, :]
    difference = (reports - mean).sum(axis=1)
    error = difference.std(axis=0, ddof=1) / np.sqrt(len(difference))
    assert (np.abs(difference.mean(axis=0)) < 5 * error).all()


def test_a_model_that_cannot_predict_an_area_says_so(one_area_study: Study) -> None:
    with pytest.raises(FitError, match="cannot be predicted"):
        hold_out(load_model("overdispersed"), one_area_study, "area", seed=1)
