"""Nothing of a respondent is in what the commands write or say: identifiers, villages, labels and one odd answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pandas as pd
import pytest

from nsum_bayes import Fit, Study, estimate
from nsum_bayes.cli import app
from nsum_bayes.report.canaries import found_in
from tests.constructed import constructed_fit
from tests.small_study import STUDY, survey_frame, write_small_study

ODD_ANSWER, ODD_WEIGHT = 73519, 1.8473519
CANARIES = ("canary-id", "canary-village", "canary-lane", str(ODD_ANSWER), str(ODD_WEIGHT))

Nsum = Callable[..., str]


@pytest.fixture
def nsum(capsys: pytest.CaptureFixture[str]) -> Nsum:
    """Run a command; all that it says."""

    def run(*arguments: object, code: int = 0) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            app.main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert (left.value.code or 0) == code, said.err
        return said.out + said.err

    return run


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    """The small study with a canary wherever a respondent says something that is not a plain small number."""
    house = tmp_path / "house"
    house.mkdir()
    path = write_small_study(house)
    frame = survey_frame()
    frame["id"] = [f"canary-id-{number:04d}" for number in range(len(frame))]
    frame["village"] = [f"canary-village-{number // 3}" for number in range(len(frame))]
    frame["urban"] = ["canary-lane" if label == "yes" else label for label in frame["urban"]]
    frame.loc[2, "q_farmers"] = ODD_ANSWER
    frame.loc[4, "w"] = ODD_WEIGHT
    frame.to_csv(house / "survey.csv", index=False)
    text = STUDY.replace('stratum = "stratum"', 'stratum = "stratum"\nunit = "village"')
    path.write_text(text.replace("synthetic = true", "synthetic = true\nfictional_places = true"), encoding="utf-8")
    return path


def test_the_canaries_are_in_the_survey(study_file: Path) -> None:
    """The search can find them."""
    assert dict(found_in(study_file.parent, CANARIES)) == {"survey.csv": len(CANARIES)}


def test_no_command_writes_or_says_a_respondent(study_file: Path, tmp_path: Path, nsum: Nsum) -> None:
    house, out = study_file.parent, tmp_path / "out"
    run = constructed_fit(Study.load(study_file)).save(house / "run.nc")
    said = [
        nsum("check", study_file),
        nsum("check", study_file, "--json"),
        nsum("diagnose", run),
        nsum("diagnose", run, "--json"),
        nsum("classical", study_file, "--out", out / "classical.csv"),
        nsum("estimate", run, "--out", out / "tables", "--threshold", 0.01, "--json"),
        nsum("export", run, "--out", out / "export"),
        nsum("map", run, "--out", out / "map.png"),
        nsum("map", run, "--out", out / "map.html"),
        nsum("figures", run, "--out", out / "figures"),
        nsum("report", run, "--out", out / "report.html"),
        nsum("release", run, "--out", out / "public", "--ledger", house / "releases.jsonl", "--rules", "restricted"),
        nsum("verify", out / "public"),
    ]
    assert len([path for path in out.rglob("*") if path.is_file()]) > 30
    assert found_in(out, CANARIES) == []
    assert not [word for word in CANARIES if word in "\n".join(said)]
    assert not [word for word in CANARIES if word in (house / "disclosure_0001.md").read_text()]


@pytest.mark.parametrize("column", ["q_teachers", "w"])
def test_a_faulty_answer_is_reported_by_its_row_alone(column: str, study_file: Path, nsum: Nsum) -> None:
    survey = study_file.parent / "survey.csv"
    frame = pd.read_csv(survey, dtype=str, keep_default_na=False)
    frame.loc[7, column] = "canary-lane 12"
    frame.to_csv(survey, index=False)
    said = nsum("check", study_file, code=3)
    assert "row 8" in said
    assert not [word for word in CANARIES if word in said]


def test_an_unexpected_error_tells_its_kind_alone(
    study_file: Path, nsum: Nsum, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("cannot convert 'canary-id-0007'")

    monkeypatch.setattr(Study, "describe", fails)
    said = nsum("check", study_file, code=1)
    assert "RuntimeError" in said
    assert "canary" not in said


def test_the_report_of_a_release_hides_what_the_release_hides(study_file: Path, tmp_path: Path, nsum: Nsum) -> None:
    house, out = study_file.parent, tmp_path / "public"
    run = constructed_fit(Study.load(study_file)).save(house / "run.nc")
    nsum("release", run, "--out", out, "--ledger", house / "releases.jsonl", "--report", "--format", "tables")
    page = unescape(re.sub(r"<[^>]+>", " ", (out / "report.html").read_text()))
    table = pd.read_csv(out / "nation.csv")
    assert set(table["estimate_type"]) == {"suppressed"}, "24 respondents are fewer than 25"
    assert "fewer than 10" not in page
    assert "withheld" in page
    whole = estimate(Fit.load(run)).table("nation")
    assert f"{whole['prevalence_median'].iloc[0]:.3%}" not in page
    assert f"{whole['count_median'].iloc[0]:,.0f} people" not in page
    assert "report.html" in json.loads((out / "manifest.json").read_text())["files"]
