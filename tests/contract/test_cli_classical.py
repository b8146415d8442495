"""`nsum classical`: what it prints, writes and refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from nsum_bayes import Study, sample_folder, scale_up
from nsum_bayes.cli import app
from tests.small_study import edit_text, write_small_study

Nsum = Callable[..., tuple[int, str, str]]


@pytest.fixture
def nsum(capsys: pytest.CaptureFixture[str]) -> Nsum:
    """Run a command line in this process; give exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            app.main(["classical", *(str(argument) for argument in arguments)])
        code = left.value.code
        out, err = capsys.readouterr()
        return (code if isinstance(code, int) else 0), out, err

    return run


def test_it_says_the_estimate_its_interval_and_its_rules(nsum: Nsum) -> None:
    code, out, err = nsum(sample_folder(), "--method", "killworth_mle")
    row = scale_up(Study.load(sample_folder()), ["killworth_mle"]).table().iloc[0]
    first, _, *rules = out.splitlines()
    assert (code, err) == (0, "")
    assert first == (
        f"bonded, nation, killworth_mle: {row['estimate']:,.0f} people (95 % interval {row['lower']:,.0f} to "
        f"{row['upper']:,.0f}) standard error {row['se']:,.0f}"
    )
    assert any("Rao-Wu" in rule for rule in rules)


def test_json_holds_what_the_tables_hold(nsum: Nsum, tmp_path: Path) -> None:
    levels = ("--level", "province", "--level", "nation")
    code, out, _ = nsum(sample_folder(), *levels, "--replicates", 100, "--out", tmp_path / "out", "--json")
    body = json.loads(out)
    assert (code, body["command"]) == (0, "classical")
    assert {Path(file).name for file in body["files"]} == {path.name for path in (tmp_path / "out").iterdir()}
    written = pd.read_parquet(tmp_path / "out" / "classical.parquet")
    read = pd.read_csv(tmp_path / "out" / "classical.csv")
    assert len(body["estimates"]) == len(written) == len(read)
    assert set(written["level"]) == {"province", "nation"}
    assert [row["estimate"] for row in body["estimates"]] == written["estimate"].tolist()
    assert read["estimate"].tolist() == pytest.approx(written["estimate"].tolist(), rel=1e-11)
    assert (tmp_path / "out" / "classical_rules.txt").read_text(encoding="utf-8").splitlines() == body["rules"]


def test_an_adjustment_is_used(nsum: Nsum) -> None:
    arguments = (sample_folder(), "--replicates", 0, "--json", "--method")
    plain = json.loads(nsum(*arguments, "killworth_mle")[1])["estimates"][0]
    given = json.loads(nsum(*arguments, "generalised", "--adjust", "bonded=0.8,0.5,0.9")[1])["estimates"][0]
    assert given["estimate"] == pytest.approx(plain["estimate"] * 0.9 / (0.8 * 0.5))
    assert given["lower"] is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--method", "killworth"), "Did you mean 'killworth_mle'"),
        (("--level", "provinces"), "Did you mean 'province'"),
        (("--adjust", "bonded=0.8"), "is not GROUP=RATIO,RATE,PRECISION"),
        (("--adjust", "0.8,0.5,0.9"), "is not GROUP=RATIO,RATE,PRECISION"),
        (("--replicates", 5), "too few"),
    ],
)
def test_a_wrong_choice_is_exit_2(nsum: Nsum, options: tuple[object, ...], message: str) -> None:
    code, out, err = nsum(sample_folder(), *options)
    assert (code, out) == (2, "")
    assert message in " ".join(err.replace("│", " ").split())


def test_simulated_answers_on_real_places_give_the_nation_with_a_warning(nsum: Nsum, tmp_path: Path) -> None:
    study = write_small_study(tmp_path)
    code, out, err = nsum(study, "--level", "area", "--level", "nation", "--out", tmp_path / "out")
    assert code == 0
    assert "only the nation is shown" in err
    assert "bonded, area" not in out
    assert set(pd.read_csv(tmp_path / "out" / "classical.csv")["level"]) == {"nation"}
    assert nsum(study, "--level", "area")[0] == 2


def test_binned_answers_need_a_word(nsum: Nsum, tmp_path: Path) -> None:
    study = write_small_study(tmp_path)
    edit_text('answer = { type = "count" }', 'answer = { type = "count", top_code = 30 }')(tmp_path)
    assert nsum(study)[0] == 0  # nobody reached the top code
    edit_text("top_code = 30", "top_code = 6")(tmp_path)
    code, _, err = nsum(study)
    assert code == 2
    assert "--treat-as-exact" in err
    code, out, _ = nsum(study, "--treat-as-exact")
    assert code == 0
    assert "treated as exact" in out
