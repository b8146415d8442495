"""The command line's promises: exit codes, what goes where, and that help is quick."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nsum_bayes.cli import app, models
from nsum_bayes.cli.transmission import read_transmission
from nsum_bayes.model.spec import model_names
from tests.constructed import constructed_fit

COMMANDS = (
    *("check", "classical", "models", "simulate", "fit", "diagnose", "holdout", "calibrate", "estimate", "map"),
    *("report", "demo"),
)
HEAVY = ("pymc", "pytensor", "arviz", "matplotlib", "geopandas", "nutpie", "numba")
SECRET = "98765"

Nsum = Callable[..., tuple[int, str, str]]


@pytest.fixture
def nsum(capsys: pytest.CaptureFixture[str]) -> Nsum:
    """Run a command line in this process; give exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            app.main([str(argument) for argument in arguments])
        code = left.value.code
        out, err = capsys.readouterr()
        return (code if isinstance(code, int) else 0), out, err

    return run


def in_new_process(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, timeout=120
    )


@pytest.fixture
def faulty_study(tmp_path: Path) -> Path:
    path = tmp_path / "study.toml"
    path.write_text('[study]\ntitle = "T"\ncolour = "red"\n', encoding="utf-8")
    return path


# --- help and speed -------------------------------------------------------------------------------------------------


def test_help_names_every_command() -> None:
    done = in_new_process("from nsum_bayes.cli.app import main; main(['--help'])")
    assert done.returncode == 0
    assert all(f" {command} " in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(nsum: Nsum, command: str) -> None:
    code, out, _ = nsum(command, "--help")
    assert code == 0
    assert "Usage" in out


@pytest.mark.parametrize("arguments", [["--help"], ["fit", "--help"], ["models"]])
def test_light_commands_do_not_import_the_heavy_stack(arguments: list[str]) -> None:
    assert imported_by(arguments) == []


def test_check_does_not_import_the_heavy_stack(sample_path: Path) -> None:
    assert imported_by(["check", str(sample_path)], but=("geopandas",)) == []


def imported_by(arguments: list[str], but: tuple[str, ...] = ()) -> list[str]:
    code = (
        "import sys\n"
        "from nsum_bayes.cli.app import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit as left: assert not left.code, left.code\n"
        f"print('\\n' + ' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    )
    done = in_new_process(code)
    assert done.returncode == 0, done.stderr
    return [name for name in done.stdout.splitlines()[-1].split() if name not in but]


def test_importing_the_package_is_light_and_every_public_name_has_a_home() -> None:
    code = f"import sys, nsum_bayes; print([n for n in {HEAVY!r} + ('pandas', 'numpy') if n in sys.modules])"
    assert in_new_process(code).stdout.strip() == "[]"
    import nsum_bayes

    for name in nsum_bayes.__all__:
        assert getattr(nsum_bayes, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = nsum_bayes.nonsense


# --- models ---------------------------------------------------------------------------------------------------------


def test_models_lists_the_ladder(nsum: Nsum) -> None:
    code, out, err = nsum("models")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == [
        *("random_degree", "barrier", "transmission", "combined", "overdispersed", "uncorrelated", "correlated"),
        *("respect", "partially_pooled", "overdispersed_known", "municipal", "municipal_local"),
        *(
            "municipal_secondary",
            "municipal_spatial",
            "municipal_waves",
            "municipal_design",
            "municipal_weighted",
            "linked",
        ),
    ]


@pytest.mark.parametrize("name", model_names())
def test_a_model_is_explained(nsum: Nsum, name: str) -> None:
    """Equations, priors with their reasons, references, and what the survey identifies and what it does not."""
    from nsum_bayes import load_model

    code, out, err = nsum("models", name)
    assert (code, err) == (0, "")
    for part in ("Identified by the survey:", "Not identified", "Equations\n  y_ik ~ ", "log π_ha", "Priors", "doi:"):
        assert part in out or (part == "doi:" and "arXiv" in out)
    for row in load_model(name).prior_table():
        assert f"{row['component']}.{row['parameter']} ~ {row['prior']}" in out
        assert row["reason"]
        assert row["reason"] in out


def test_a_model_is_printed_as_a_file_that_can_be_loaded(nsum: Nsum, tmp_path: Path) -> None:
    from nsum_bayes import load_model

    _, out, _ = nsum("models", "municipal", "--toml")
    file = tmp_path / "mine.toml"
    file.write_text(out, encoding="utf-8")
    assert load_model(file) == load_model("municipal")


def test_json_is_one_versioned_object(nsum: Nsum) -> None:
    from nsum_bayes import __version__

    code, out, _ = nsum("models", "--json")
    body = json.loads(out)
    assert code == 0
    assert (body["nsum"], body["command"]) == (__version__, "models")
    assert set(body["models"][0]) == {"name", "title"}


def test_an_unknown_model_is_exit_2_with_the_nearest_name(nsum: Nsum) -> None:
    code, out, err = nsum("models", "municipl")
    assert (code, out) == (2, "")
    assert "There is no model 'municipl'. Did you mean 'municipal'?" in err


# --- check ----------------------------------------------------------------------------------------------------------


def test_check_says_what_the_study_holds(nsum: Nsum, sample_path: Path) -> None:
    code, out, _ = nsum("check", sample_path)
    assert code == 0
    assert out.startswith("The study can be used.")
    body = json.loads(nsum("check", sample_path, "--json")[1])
    assert body["command"] == "check"
    assert body["ok"] is True


def test_check_of_a_faulty_study_is_exit_3_and_lists_the_faults(nsum: Nsum, faulty_study: Path) -> None:
    code, out, err = nsum("check", faulty_study)
    assert (code, out) == (3, "")
    assert "in the study:" in err
    assert "colour" in err
    code, out, _ = nsum("check", faulty_study, "--json")
    body = json.loads(out)
    assert (code, body["ok"]) == (3, False)
    assert all(set(fault) == {"what", "where", "advice"} for fault in body["faults"])


def test_check_without_a_study_is_a_usage_error(nsum: Nsum) -> None:
    assert nsum("check")[0] == 2


def test_a_template_names_every_column_and_no_answer(nsum: Nsum, tmp_path: Path) -> None:
    survey = tmp_path / "survey.csv"
    survey.write_text(f'id,code,sex,w,q_teachers,"of ""x"""\n1,01,f,1.0,{SECRET},{SECRET}\n', encoding="utf-8")
    code, out, _ = nsum("check", "--template", survey)
    draft = tomllib.loads(out)
    assert code == 0
    assert SECRET not in out
    assert draft["survey"]["respondent"] == "id"
    assert draft["survey"]["area"] == "code"
    assert draft["survey"]["weight"] == "w"
    assert {"q_teachers", 'of "x"'} <= {question["column"] for question in draft["question"]}


# --- fit ------------------------------------------------------------------------------------------------------------


def test_fit_of_a_faulty_study_is_exit_3_and_writes_nothing(nsum: Nsum, faulty_study: Path) -> None:
    before = sorted(faulty_study.parent.iterdir())
    out = faulty_study.parent / "runs" / "fit.nc"
    code, text, err = nsum("fit", faulty_study, "--model", "municipal", "--out", out, "--seed", 1)
    assert (code, text) == (3, "")
    assert "in the study:" in err
    assert sorted(faulty_study.parent.iterdir()) == before


def test_fit_with_an_unknown_model_is_exit_2(nsum: Nsum, faulty_study: Path) -> None:
    code, _, err = nsum("fit", faulty_study, "--model", "nope", "--out", faulty_study.with_name("fit.nc"), "--seed", 1)
    assert code == 2
    assert "There is no model 'nope'." in err


def test_fit_needs_a_seed(nsum: Nsum, faulty_study: Path) -> None:
    code, _, err = nsum("fit", faulty_study, "--model", "municipal", "--out", faulty_study.with_name("fit.nc"))
    assert code == 2
    assert "--seed" in err


def test_fit_does_not_overwrite(nsum: Nsum, faulty_study: Path) -> None:
    out = faulty_study.with_name("fit.nc")
    out.write_text("precious", encoding="utf-8")
    code, _, err = nsum("fit", faulty_study, "--model", "municipal", "--out", out, "--seed", 1)
    assert code == 2
    assert "not overwritten" in err
    assert "--force" in err
    assert out.read_text(encoding="utf-8") == "precious"


# --- unexpected errors ----------------------------------------------------------------------------------------------


def fail_with_a_value(*_: Any, **__: Any) -> None:
    raise ValueError(f"could not convert {SECRET}")


def test_an_unexpected_error_is_exit_1_and_quotes_nothing(nsum: Nsum, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models.Console, "result", fail_with_a_value)
    monkeypatch.delenv("NSUM_DEBUG", raising=False)
    code, out, err = nsum("models")
    assert (code, out) == (1, "")
    assert "ValueError" in err
    assert SECRET not in err
    assert "Traceback" not in err


def test_debugging_shows_the_traceback_without_locals(nsum: Nsum, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models.Console, "result", fail_with_a_value)
    monkeypatch.setenv("NSUM_DEBUG", "1")
    code, _, err = nsum("models")
    assert code == 1
    assert "Traceback" in err
    assert "locals" not in err


def test_an_interruption_is_exit_130(nsum: Nsum, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(models.Console, "result", interrupt)
    assert nsum("models")[0] == 130


# --- transmission option --------------------------------------------------------------------------------------------


def test_transmission_is_read_with_its_reason() -> None:
    read = read_transmission(["bonded=0.5:table 4: adults"], ["bonded"])
    assert read is not None
    assert read["bonded"].fixed == 0.5
    assert read["bonded"].reason == "table 4: adults"
    assert read_transmission([], ["bonded"]) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bonded=0.5", "the reason is required"),
        ("bonded", "the reason is required"),
        ("bonded=0:why", "not a number above 0"),
        ("bonded=half:why", "not a number above 0"),
        ("bondd=0.5:why", "Did you mean 'bonded'"),
    ],
)
def test_transmission_that_cannot_be_read(text: str, message: str) -> None:
    from typer import BadParameter

    with pytest.raises(BadParameter, match=message):
        read_transmission([text], ["bonded"])


# --- the road, on one short fit -------------------------------------------------------------------------------------


def test_estimate_and_map_write_what_they_name(nsum: Nsum, sample_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "tables"
    code, text, err = nsum("estimate", sample_run, "--out", out, "--threshold", 0.01, "--json")
    body = json.loads(text)
    assert code == 0, err
    assert {Path(file).name for file in body["files"]} == {path.name for path in out.iterdir()}
    assert {"areas.csv", "nation.csv", "estimates.nc", "exceedance.csv"} <= {path.name for path in out.iterdir()}
    code, text, err = nsum("map", sample_run, "--out", tmp_path / "map.png", "--group", body["groups"][0])
    assert code == 0, err
    assert text.strip().endswith("map.png")
    assert (tmp_path / "map.png").stat().st_size > 10_000


def test_estimate_tells_the_nation_what_was_assumed_and_where_the_uncertainty_is_from(
    nsum: Nsum, sample_run: Path, tmp_path: Path
) -> None:
    arguments = ["estimate", sample_run, "--out", tmp_path, "--transmission", "bonded=0.5:a second study"]
    _, text, err = nsum(*arguments)
    bonded, assumed, sources, trafficked, *_ = text.splitlines()
    share, count = (
        r"\d\.\d{3}% of adults \(95 % interval \d\.\d{3}% to \d\.\d{3}%\)",
        r"[\d,]+ people \([\d,]+ to [\d,]+\)",
    )
    assert re.fullmatch(rf"bonded, nation: {share}, {count}", bonded)
    assert assumed.startswith(
        "  assumed: transmission fixed at 0.5 (a second study); degree ratio fixed at 1 (not stated"
    )
    assert re.fullmatch(
        r"  uncertainty from: own bias \d+%, survey \d+%, (transmission|degree ratio) 0%, .* 0%", sources
    )
    assert trafficked.startswith("trafficked, nation: ")
    assert "Warning: the fit's verdict is 'stop'" in err
    body = json.loads(nsum(*arguments, "--json")[1])
    nation = {row["group"]: row for row in body["nation"]}
    assert f"{nation['bonded']['prevalence_median']:.3%} of adults" in bonded
    assert body["meta"]["verdict"] == body["verdict"] == "stop"


def test_a_page_is_written_from_a_fit_and_from_saved_estimates(nsum: Nsum, sample_run: Path, tmp_path: Path) -> None:
    assert nsum("estimate", sample_run, "--out", tmp_path / "tables")[0] == 0
    for run in (sample_run, tmp_path / "tables" / "estimates.nc"):
        page = tmp_path / f"{run.stem}.html"
        code, text, _ = nsum("map", run, "--out", page, "--json")
        assert code == 0
        assert json.loads(text)["group"] is None
        assert '"name":"trafficked"' in page.read_text(encoding="utf-8")
    code, _, err = nsum("map", tmp_path / "tables" / "estimates.nc", "--out", page, "--transmission", "bonded=0.5:why")
    assert code == 2
    assert "Saved estimates have their transmission" in err


def test_the_map_says_what_the_checks_found(
    nsum: Nsum, sample_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nsum_bayes.report import figures, wording

    drawn = []

    def keep(estimates: Any, group: str, *_: Any, **__: Any) -> tuple[str, str]:
        drawn.append(wording.footnote_of(estimates, group))
        return "", ""

    monkeypatch.setattr(figures, "figure_for", keep)
    monkeypatch.setattr(figures, "save_figure", lambda *_: None)
    assert nsum("map", sample_run, "--out", tmp_path / "map.png", "--group", "bonded")[0] == 0
    assert "Verdict of the checks: stop." in drawn[0]


def test_simulated_answers_about_places_not_said_to_be_fictional_give_the_nation_only(
    nsum: Nsum, tmp_path: Path
) -> None:
    run = constructed_fit().save(tmp_path / "fit.nc")
    code, text, err = nsum("estimate", run, "--out", tmp_path / "tables", "--threshold", 0.01)
    assert code == 0
    written = {"nation.csv", "nation.parquet", "network_sizes.csv", "exceedance.csv", "manifest.json"}
    assert {path.name for path in (tmp_path / "tables").iterdir()} == written
    assert (tmp_path / "tables" / "exceedance.csv").read_text().count('"nation","nation","nation"') == 2
    assert "only the nation is shown" in err
    assert "fictional_places = true under [study]" in err
    assert "held, nation: " in text
    code, _, err = nsum("map", run, "--out", tmp_path / "map.png", "--group", "held")
    assert code == 2
    assert "fictional_places = true under [study]" in err
    assert not (tmp_path / "map.png").exists()


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("map.html", ("--kind", "value-by-uncertainty")),
        ("map.html", ("--wave", "2025")),
        ("map.png", ("--change", "2023", "2025", "--kind", "value-by-uncertainty")),
        ("map.png", ("--change", "2023", "2025", "--wave", "2025")),
    ],
)
def test_choices_of_a_map_that_exclude_each_other(
    nsum: Nsum, tmp_path: Path, name: str, choices: tuple[str, ...]
) -> None:
    code, _, err = nsum("map", tmp_path / "run.nc", "--out", tmp_path / name, *choices)
    assert code == 2
    assert choices[0] in err


def test_map_names_the_groups_to_choose_from(nsum: Nsum, sample_run: Path, tmp_path: Path) -> None:
    code, _, err = nsum("map", sample_run, "--out", tmp_path / "map.png", "--group", "nobody")
    assert code == 2
    assert "not a hidden group" in err


def test_diagnose_exits_4_where_the_verdict_is_stop(
    nsum: Nsum, sample_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = nsum("diagnose", sample_run, "--json")
    verdict = json.loads(out)["diagnosis"]["verdict"]
    assert code == (4 if verdict == "stop" else 0)
    code, out, _ = nsum("diagnose", sample_run)
    assert out.startswith(f"verdict: {verdict}")


def test_a_low_respondent_limit_is_refused(nsum: Nsum, sample_run: Path, tmp_path: Path) -> None:
    code, _, err = nsum("estimate", sample_run, "--out", tmp_path / "tables", "--min-respondents", 5)
    assert code == 2
    assert "10" in err
