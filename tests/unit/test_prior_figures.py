"""Prior against posterior of transmission, and figures of checks that were run before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nsum_bayes.checks.predictors import Predictors
from nsum_bayes.cli.app import main
from nsum_bayes.data.settings import TransmissionStatement
from nsum_bayes.errors import ReleaseError
from nsum_bayes.estimates.from_fit import estimate
from nsum_bayes.inference.fit import Fit
from nsum_bayes.model.spec import load_model
from nsum_bayes.report import prior_figures as told
from nsum_bayes.report.check_figures import hold_out_figure
from nsum_bayes.report.check_results import read_hold_out, read_predictors
from nsum_bayes.report.check_tables import write_predictors
from tests.constructed import constructed_fit
from tests.reported import reported_fit, write_hold_out

BETA = {"prior": "beta", "mean": 0.6, "sd": 0.1, "reason": "test"}


@pytest.fixture(scope="module")
def run() -> Fit:
    return reported_fit()


def with_transmission(run: Fit, draws: np.ndarray) -> Fit:
    """The same fit with a transmission among its parameters."""
    posterior, tree = run.posterior, run.tree.copy()
    shape = (posterior.sizes["chain"], posterior.sizes["draw"], len(run.study.hidden_groups))
    values = np.broadcast_to(draws.reshape(shape[0], shape[1], 1), shape)
    dims = ("chain", "draw", "hidden_group")
    tree["posterior"] = tree["posterior"].from_dict({"/": posterior.assign(transmission=(dims, values))})
    return replace(run, tree=tree)


def words(figure) -> str:
    (axes,) = figure.axes
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    return " ".join(" ".join([*legend, *(text.get_text() for text in (*axes.texts, *figure.texts))]).split())


def test_a_transmission_outside_the_likelihood_is_its_prior_and_says_so(run: Fit) -> None:
    figure = told.prior_posterior_figure(run, estimate(run), "held", transmission={"held": BETA})
    (axes,) = figure.axes
    assert told.BY_CONSTRUCTION in words(figure)
    assert "prior and posterior: median 0.60, 95 % interval 0.40 to 0.79" in words(figure)
    assert not axes.patches
    (curve,) = axes.lines
    assert curve.get_xdata()[curve.get_ydata().argmax()] == pytest.approx(0.609, abs=0.005)


def test_a_fixed_transmission_is_a_line_without_a_posterior(run: Fit) -> None:
    figure = told.prior_posterior_figure(run, estimate(run), "sold")
    assert told.FIXED in words(figure)
    assert "fixed at 0.5" in words(figure)
    assert list(figure.axes[0].lines[0].get_xdata()) == [0.5, 0.5]


def test_a_learned_transmission_has_both_curves(run: Fit) -> None:
    size = run.posterior.sizes["chain"] * run.posterior.sizes["draw"]
    learned = with_transmission(run, np.random.default_rng(1).beta(300, 700, size))
    statement, draws = TransmissionStatement.model_validate(BETA), told._learned(learned, "held", changed=False)
    assert draws is not None
    assert draws.mean() == pytest.approx(0.3, abs=0.01)
    told_by = TransmissionStatement.model_validate(BETA | {"side_data": "contacts.csv"})
    assert told.what_was_told(learned, told_by, draws) == told.TOLD
    assert told.what_was_told(learned, statement, draws) == told.UNTOLD
    joint = replace(learned, spec=load_model("transmission"))
    assert told.what_was_told(joint, statement, draws) == told.JOINT
    figure = constructed_axes()
    told._draw(figure, statement, draws)
    bars = [(patch.get_x() + patch.get_width() / 2, patch.get_height()) for patch in figure.patches]
    heights = np.array([height for _, height in bars])
    assert np.average([at for at, _ in bars], weights=heights) == pytest.approx(0.3, abs=0.01)
    assert figure.get_xlim()[0] < 0.28


def test_a_transmission_stated_anew_is_not_the_learned_one(run: Fit) -> None:
    size = run.posterior.sizes["chain"] * run.posterior.sizes["draw"]
    learned = with_transmission(run, np.random.default_rng(1).beta(300, 700, size))
    figure = told.prior_posterior_figure(learned, estimate(run), "held", transmission={"held": BETA})
    assert told.BY_CONSTRUCTION in words(figure)


def constructed_axes():
    from matplotlib.figure import Figure

    return Figure().subplots()


# --- checks that were run before ------------------------------------------------------------------------------------


def weighed(category: str = "poverty") -> Predictors:
    row = {"group": "held", "category": category, "columns": "poverty", "split": 0.3, "split_lower": 0.1}
    more = {"split_upper": 0.5, "alone": 0.3, "alone_lower": 0.1, "alone_upper": 0.5, "evidence": 20.0, "told": True}
    explained = pd.DataFrame([{"group": "held", "lower": 0.1, "share": 0.3, "upper": 0.5}])
    return Predictors(pd.DataFrame([row | more]), explained, 6)


def test_weighed_predictors_are_read_again(tmp_path: Path) -> None:
    run = constructed_fit()
    write_predictors(weighed(), tmp_path)
    found = read_predictors(tmp_path, run)
    pd.testing.assert_frame_equal(found.table, weighed().table)
    assert found.statements == weighed().statements
    assert read_predictors(tmp_path / "predictors.csv", run).areas == 6


def test_predictors_of_another_study_are_refused(tmp_path: Path) -> None:
    write_predictors(weighed("weather"), tmp_path)
    with pytest.raises(ReleaseError, match="has no category 'weather'"):
        read_predictors(tmp_path, constructed_fit())
    with pytest.raises(ReleaseError, match="no results of `nsum predictors` here"):
        read_predictors(tmp_path / "nowhere", constructed_fit())


def test_a_hold_out_says_what_was_left_out(run: Fit, tmp_path: Path) -> None:
    found = read_hold_out(write_hold_out(run, tmp_path / "held.jsonl", misses=1), run)
    figure = hold_out_figure(found, run.study)
    assert "Held out by known group: 3 of 4 intervals" in figure.get_suptitle()
    assert "Held out by wave" in hold_out_figure(replace(found, what="wave"), run.study).get_suptitle()
    assert len(figure.axes[0].get_yticks()) == 4


def test_figures_take_in_what_was_checked(run: Fit, tmp_path: Path, monkeypatch, capsys) -> None:
    from nsum_bayes.cli import figures as command

    saved, held = run.save(tmp_path / "run.nc"), write_hold_out(run, tmp_path / "held.jsonl")
    write_predictors(weighed(), tmp_path / "worth")
    monkeypatch.setattr(command, "_kinds", lambda *_: {})
    options = ["--holdout", str(held), "--predictors", str(tmp_path / "worth"), "--format", "svg"]
    with pytest.raises(SystemExit) as left:
        main(["figures", str(saved), "--out", str(tmp_path / "out"), *options])
    assert left.value.code == 0
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["holdout_group.svg", "predictors.svg"]
    assert "SIMULATED DATA" in (tmp_path / "out" / "predictors.svg").read_text(encoding="utf-8")


def test_areas_held_out_of_invented_answers_on_real_places_are_refused(tmp_path: Path) -> None:
    from nsum_bayes.cli.figures import _checks

    run = reported_fit(fictional_places=False)
    file = write_hold_out(run, tmp_path / "held.jsonl")
    place = run.study.areas.codes[1]
    text = file.read_text(encoding="utf-8").replace("hold out group", "hold out area")
    for group in run.study.known_groups:
        text = text.replace(f'"unit": "{group}"', f'"unit": "{place}"')
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ReleaseError, match="invented prevalence for real places"):
        _checks(run, estimate(run), [file], None)
