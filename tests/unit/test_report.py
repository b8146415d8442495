"""The report as a file: what a reader finds in it, and what must not be there."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_interactive_map import waves

from nsum_bayes.checks.convergence import Diagnosis, Finding
from nsum_bayes.cli.app import main
from nsum_bayes.errors import ReleaseError, StudyError
from nsum_bayes.estimates.estimates import Estimates
from nsum_bayes.estimates.from_fit import estimate
from nsum_bayes.estimates.summaries import Suppression
from nsum_bayes.inference.fit import Fit
from nsum_bayes.report import html, printed
from nsum_bayes.report.assumptions import nation_if, weakest
from nsum_bayes.report.barg import barg_points
from nsum_bayes.report.check_results import read_hold_out, read_sensitivity
from nsum_bayes.report.dictionary import CANNOT
from nsum_bayes.report.estimate_sections import BASED_ON, change_grid, level_grids
from nsum_bayes.report.gather import gather_points
from nsum_bayes.report.html import SECTIONS, report_page, write_report
from nsum_bayes.report.material import Material, prepare
from nsum_bayes.report.model_sections import verdict_words
from tests.page_text import rows_in, tags_in, texts_in
from tests.reported import (
    CANARY,
    HIDDEN_PLACE,
    NASTY,
    STUDY,
    reported_fit,
    write_changed,
    write_hold_out,
)


@pytest.fixture(scope="module")
def run() -> Fit:
    return reported_fit()


@pytest.fixture(scope="module")
def material(run: Fit) -> Material:
    return prepare(run)


@pytest.fixture(scope="module")
def page(run: Fit, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_report(run, tmp_path_factory.mktemp("report") / "report.html").read_text(encoding="utf-8")


def only(page: str, sought: str) -> str:
    (text,) = texts_in(page, sought)
    return " ".join(text.split())


def held_out(material: Material, file: Path) -> Material:
    return replace(material, hold_outs=(read_hold_out(file, material.run),))


def drifting(given: Estimates) -> Estimates:
    """The same waves of a study that states a drift, of none."""

    def with_drift(one: Estimates) -> Estimates:
        none = np.zeros((one.draws.sizes["draw"], len(one.groups)))
        return replace(one, draws=one.draws.assign(drift=(("draw", "group"), none)))

    return replace(with_drift(given), earlier={wave: with_drift(one) for wave, one in given.earlier.items()})


@pytest.fixture
def unillustrated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages without pictures, where a test is about words."""
    monkeypatch.setattr(html, "pictures", lambda _: ([], []))


# --- a reader's questions -------------------------------------------------------------------------------------------


def test_national_figure_interval_and_denominator_stand_in_one_box(page: str, run: Fit) -> None:
    box = only(page, "key-figure")
    for row in estimate(run).table("nation").to_dict("records"):
        middle, lower, upper = (row[f"prevalence_{part}"] for part in ("median", "lower", "upper"))
        assert f"{middle:.3%} of {row['denominator']} 95 % interval: {lower:.3%} to {upper:.3%}" in box
        assert f"Denominator: {row['denominator']}: {row['population']:,} people" in box
    assert f"{STUDY['construct'][1:]} – held, 2025" in box


def test_the_weakest_assumptions_are_three_in_one_box(page: str, material: Material) -> None:
    box = only(page, "weakest")
    assert tags_in(page, "weakest").count("li") == 3
    found = weakest(material)
    assert [one.doubt for one in found] == sorted((one.doubt for one in found), reverse=True)
    assert all(one.title in box for one in found)
    assert all(one.consequence in box for one in found)


def test_half_the_transmission_doubles_the_figure(material: Material) -> None:
    told = next(one for one in weakest(material) if "ties to members" in one.title)
    middle = material.nation["held"][1]  # type: ignore[index]
    assert f"held: {2 * middle:.3%} instead of {middle:.3%}, 2.00 times as much" in told.consequence
    assert "fixed at 0.5 (test)" in told.why
    assert "the interval holds nothing of its error" in told.why


def test_a_figure_moved_by_hand_is_that_of_another_statement(material: Material) -> None:
    other = {"sold": {"fixed": 0.25, "reason": "half as much"}}
    moved = estimate(material.run, other).national()["prevalence"].sel(group="sold", quantile=0.5)
    assert nation_if(material, "sold", 0.5)[0] == pytest.approx(float(moved), rel=1e-6)


def test_a_ratio_can_be_told_where_the_nation_has_no_draws(material: Material) -> None:
    none = material.estimates.draws.assign(prevalence=material.estimates.draws["prevalence"] * np.nan)
    given = replace(material, estimates=replace(material.estimates, draws=none))
    assert nation_if(given, "sold", 0.5)[1] == pytest.approx(2.0)
    told = next(one for one in weakest(given) if "ties to members" in one.title)
    assert "If only half as many ties were told as is stated: withheld, 2.00 times as much." in told.consequence


def test_each_place_says_what_its_figure_is_based_on(page: str, run: Fit) -> None:
    head, *rows = rows_in(page, "area-table")
    based = {row[head.index("Code")]: row[head.index("Based on")] for row in rows}
    table = estimate(run).table("area")
    assert based == {row["area"]: BASED_ON[row["estimate_type"]] for row in table.to_dict("records")}
    assert set(based.values()) == {"survey-based", "predicted (model)", "withheld"}


def test_figures_of_the_area_table_are_those_of_the_estimates(page: str, run: Fit) -> None:
    head, *rows = rows_in(page, "area-table")
    people = head.index("People")
    told = {(row[head.index("Code")], row[head.index("Group")]): row[people] for row in rows}
    table = estimate(run).table("area")
    shown = table[table["estimate_type"] != "suppressed"]
    assert len(told) == 24
    for row in shown.to_dict("records"):
        assert told[row["area"], row["group"]] == f"{row['count_median']:,.0f}"


def test_verdict_is_told_in_words(page: str, material: Material) -> None:
    assert "found nothing against" in only(page, "verdict")
    stop = Diagnosis((Finding("stop", "rhat", "R-hat 1.400 for bias_sd."),), material.diagnosis.quantities)
    bad = replace(material, diagnosis=stop)
    assert verdict_words(bad).startswith("NOT FIT TO PUBLISH")
    assert "R-hat 1.400" in verdict_words(bad)
    assert weakest(bad)[0].title == "That the draws are those of the model"


# --- sections -------------------------------------------------------------------------------------------------------


def test_every_section_is_there_and_in_the_contents(page: str) -> None:
    assert len(SECTIONS) == 10
    for name, title in SECTIONS.items():
        assert title in only(page, name)
        assert f'<a href="#{name}">{title}</a>' in page


def test_survey_design_and_model_are_described(page: str) -> None:
    facts = {row[0]: row[1] for row in rows_in(page, "survey-facts")}
    assert facts["Areas visited"] == "6 of 12"
    assert facts["Respondents"] == "106"
    assert facts["A tie"] == "as simulated"
    assert facts["Respondents per visited area"].startswith("fewest: fewer than 10; most: 20 to 49")
    assert "log π_ha = log r_ha − b_h − log τ_h − log δ_h" in page
    assert ["bias.sd", "half_normal(sd = 0.5)", "not stated"] in rows_in(page, "prior-table")
    assert all(sentence.replace("'", "&#39;") in page for sentence in CANNOT)


def test_gather_answers_all_18_items(page: str, material: Material) -> None:
    points = gather_points(material)
    assert [point.number for point in points] == [str(number) for number in range(1, 19)]
    assert [row[0] for row in rows_in(page, "gather-table")[1:]] == [point.number for point in points]
    statuses = {point.number: point.status for point in points}
    assert statuses["2"] == "authors"
    assert statuses["16"] == "answered"
    assert all(point.answer for point in points)


def test_barg_answers_every_step(page: str, material: Material) -> None:
    points = barg_points(material)
    assert sorted({point.number[0] for point in points}) == list("0123456")
    assert len({point.number for point in points}) == len(points) == 31
    assert [row[0] for row in rows_in(page, "barg-table")[1:]] == [point.number for point in points]
    found = {point.number: point for point in points}
    assert found["5 A"].status == "not run"
    assert found["4 A"].status == "not applicable"


@pytest.mark.usefixtures("unillustrated")
def test_one_group_alone(run: Fit, material: Material) -> None:
    page = report_page(replace(material, groups=("sold",)))
    assert len(re.findall(r'<p class="number">', page)) == 1
    assert "Group" not in rows_in(page, "area-table")[0]
    assert len(rows_in(page, "area-table")) == 13
    with pytest.raises(ReleaseError, match="Did you mean 'sold'"):
        prepare(run, group="sodl")


@pytest.mark.usefixtures("unillustrated")
def test_another_transmission_moves_figure_and_words(run: Fit, material: Material) -> None:
    other = prepare(run, transmission={"sold": {"fixed": 0.25, "reason": "another study"}})
    assert other.nation["sold"][1] == pytest.approx(2 * material.nation["sold"][1], rel=1e-6)  # type: ignore[index]
    assert "fixed at 0.25 (another study)" in report_page(other)


def test_waves_have_rows_and_changes(material: Material) -> None:
    given = replace(material, estimates=drifting(waves()), groups=("bonded",))
    grid = next(grid for grid in level_grids(given) if grid.name == "nation-table")
    assert [row[grid.headings.index("Wave")] for row in grid.rows] == ["2023", "2025"]
    changes = change_grid(given)
    assert changes is not None
    nation = next(row for row in changes.rows if row[0] == "nation")
    assert nation[3:5] == ("2023", "2025")
    assert float(nation[5]) > 1.5
    assert nation[-1] == "more"
    assert change_grid(material) is None


# --- checks that were run, and those that were not ------------------------------------------------------------------


def test_what_was_not_run_says_so_with_its_command(page: str) -> None:
    assert "Hold-out of known groups: not run. To run it: nsum holdout" in page
    assert "power-scaling of priors: not run. To run: nsum sensitivity RUN --out sensitivity" in page


@pytest.mark.usefixtures("unillustrated")
def test_hold_outs_are_told_with_their_coverage(run: Fit, material: Material, tmp_path: Path) -> None:
    page = report_page(held_out(material, write_hold_out(run, tmp_path / "held.jsonl")))
    assert "4 of 4 95 % intervals hold the truth (100%)" in page
    row = next(row for row in rows_in(page, "known-table") if row[0] == "twins")
    assert row[-2:] == ["1.100% (0.500% to 5.000%)", "holds"]
    assert "known groups: not run" not in page


@pytest.mark.usefixtures("unillustrated")
def test_hold_outs_that_prove_little_say_so(run: Fit, material: Material, tmp_path: Path) -> None:
    whole = write_hold_out(run, tmp_path / "held.jsonl").read_text(encoding="utf-8").splitlines()
    part = tmp_path / "part.jsonl"
    part.write_text("\n".join([whole[0], whole[1].replace('"rhat": 1.0', '"rhat": 1.4')]), encoding="utf-8")
    page = report_page(held_out(material, part))
    assert "Only 1 of 4 were held out." in page
    assert "1 of the results come from refits that did not converge" in page


def test_failed_hold_outs_are_a_weak_assumption(run: Fit, material: Material, tmp_path: Path) -> None:
    given = held_out(material, write_hold_out(run, tmp_path / "held.jsonl", misses=3))
    first = weakest(given)[0]
    assert first.title == "That the intervals are wide enough"
    assert "1 of 4 intervals hold the truth" in first.why


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no results of a check"),
        ("[1]\n", "holds no results of a check"),
        ('{"job": "sensitivity, seed 1"}\n', "holds no results of a hold-out"),
        ('{"job": "hold out group, seed 1, {}, data [], x"}\n', "another model or of other data"),
        ('{"holdout": {"what": "group", "units": [{"unit": "nobody"}], "failures": {}}}', "has no group 'nobody'"),
    ],
)
def test_results_of_something_else_are_refused(run: Fit, tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "held.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ReleaseError, match=message):
        read_hold_out(file, run)


@pytest.mark.usefixtures("unillustrated")
def test_sensitivity_is_told_and_ranked(run: Fit, material: Material, tmp_path: Path) -> None:
    changed = write_changed(run, tmp_path / "changed", ratio=4.0)
    given = replace(material, sensitivity=read_sensitivity(changed, material.estimates))
    page = report_page(given)
    assert weakest(given)[0].title == "That each known group's size is right"
    assert ["held", "known group", "without twins"] in [row[:3] for row in rows_in(page, "sensitivity-table")]
    assert "sensitive to prior of bias_sd" in page


def test_a_sensitivity_analysis_of_another_fit_is_refused(run: Fit, material: Material, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="of another fit"):
        read_sensitivity(write_changed(run, tmp_path / "changed", stated=1.01), material.estimates)
    with pytest.raises(ReleaseError, match="no results of a sensitivity analysis here"):
        read_sensitivity(tmp_path, material.estimates)


# --- what must not be there -----------------------------------------------------------------------------------------


def test_the_page_runs_and_fetches_nothing(page: str) -> None:
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page
    assert "<script" not in page
    assert all(address.startswith("data:image/png;base64,") for address in re.findall(r'src="([^"]*)"', page))
    assert not re.search(r"url\(|@import|<link", page)


def test_names_are_escaped_wherever_they_stand(page: str) -> None:
    for name in NASTY:
        assert name not in page
    names = {row[0] for row in rows_in(page, "area-table")}
    assert set(NASTY) <= names
    assert page.count("</style>") == 1
    assert "<i>more</i>" not in page


def test_no_respondent_is_in_the_page(run: Fit, page: str) -> None:
    assert CANARY in str(run.study.survey.covariates.iloc[0, 0])
    assert CANARY not in page


def test_withheld_places_have_no_figure_and_no_number_of_respondents(page: str) -> None:
    head, *rows = rows_in(page, "area-table")
    of_place = [row for row in rows if row[head.index("Code")] == HIDDEN_PLACE]
    assert len(of_place) == 2
    for row in of_place:
        assert row[head.index("Respondents")] == "fewer than 10"
        assert set(row[head.index("Prevalence, per 1,000") : head.index("Code")]) == {"withheld"}
    asked = {row[head.index("Respondents")] for row in rows}
    assert asked == {"fewer than 10", "20 to 49", "none"}
    assert "Not drawn: figures by number of respondents" in page


def test_a_withheld_nation_has_no_figure_anywhere(run: Fit, material: Material) -> None:
    given = replace(material, suppress=Suppression(min_respondents=107))
    page = report_page(given)
    assert "withheld, too few respondents" in only(page, "key-figure")
    tables = [texts_in(page, name)[0] for name in ("key-figure", "weakest", "nation-table", "surface-0-table")]
    assert not any(re.search(r"\d\.\d+%", text) for text in tables)
    assert texts_in(page, "parameter-table") == []
    middle = estimate(run).table("nation")["prevalence_median"].iloc[0]
    assert f"{middle:.3%}" not in page


def test_simulated_answers_on_real_places_show_the_nation_only(run: Fit) -> None:
    real = reported_fit(fictional_places=False)
    page = report_page(prepare(real))
    assert texts_in(page, "area-table") == []
    assert len(rows_in(page, "nation-table")) == 3
    assert "no place below the nation is shown" in page
    assert "<img" not in page
    assert "Place 3" not in page


# --- files ----------------------------------------------------------------------------------------------------------


def nsum(*arguments: Any) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(one) for one in arguments])
    return int(left.value.code or 0)


@pytest.mark.usefixtures("unillustrated")
def test_command_writes_the_page(run: Fit, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved, held = run.save(tmp_path / "run.nc"), write_hold_out(run, tmp_path / "held.jsonl")
    out = tmp_path / "new" / "report.html"
    choices = ("--holdout", held, "--transmission", "sold=0.4:another study", "--group", "sold")
    assert nsum("report", saved, "--out", out, *choices) == 0
    assert f"wrote: {out}" in capsys.readouterr().out
    page = out.read_text(encoding="utf-8")
    assert "fixed at 0.4 (another study)" in page
    assert "4 of 4 95 % intervals hold the truth" in page
    assert nsum("report", saved, "--out", tmp_path / "report.txt") == 2


def test_without_a_chromium_no_pdf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(printed.shutil, "which", lambda _: None)
    with pytest.raises(ReleaseError, match="no Chromium to print the page with"):
        printed.print_page(tmp_path / "page.html", tmp_path / "page.pdf")
    assert list(tmp_path.iterdir()) == []


WHITE, WRITTEN = "%PDF-1.4 /Type /Page", "%PDF-1.4 /Type /Page /Type /Font"


@pytest.mark.parametrize(("papers", "good"), [((WHITE, WRITTEN), True), ((WHITE, WHITE, WRITTEN), False)])
def test_white_paper_is_printed_again_once(
    papers: tuple[str, ...], good: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    left = list(papers)
    monkeypatch.setattr(printed.shutil, "which", lambda name: name)
    monkeypatch.setattr(printed, "_run", lambda _b, _p, target, _f: target.write_text(left.pop(0), encoding="utf-8"))
    if good:
        assert printed.print_page(tmp_path / "page.html", tmp_path / "page.pdf").read_text(encoding="utf-8") == WRITTEN
    else:
        with pytest.raises(ReleaseError, match="empty paper"):
            printed.print_page(tmp_path / "page.html", tmp_path / "page.pdf")
        assert list(tmp_path.iterdir()) == []


def test_a_wrong_transmission_is_a_fault_of_the_statement(run: Fit) -> None:
    with pytest.raises(StudyError, match="not a hidden group"):
        prepare(run, transmission={"nobody": {"fixed": 0.5, "reason": "why"}})


@pytest.mark.usefixtures("unillustrated")
def test_a_fit_of_one_area_has_a_report(one_area_fit: Fit) -> None:
    page = report_page(prepare(one_area_fit))
    assert tags_in(page, "weakest").count("li") == 3
    assert np.char.startswith([row[0] for row in rows_in(page, "gather-table")[1:]], "1").sum() == 10
