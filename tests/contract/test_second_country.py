"""Another country is another study file, and a published list of codes is data."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from nsum_bayes import StudyError
from nsum_bayes.cli import app
from nsum_bayes.data.psgc import philippine_frame
from nsum_bayes.data.study import Study
from tests.philippines import shared_data
from tests.second_country import COMMUNES, VISITED, write_second_country


def nsum(*arguments: object) -> None:
    with pytest.raises(SystemExit) as left:
        app.main([str(argument) for argument in arguments])
    assert left.value.code in (0, None)


def test_its_study_is_read(tmp_path, capsys):
    path, _ = write_second_country(tmp_path)
    nsum("check", path)
    assert "The study can be used." in capsys.readouterr().out
    study = Study.load(path)
    assert study.areas.levels == ("canton",)
    assert len(study.areas) == COMMUNES
    assert len(set(study.survey.area)) == VISITED
    assert study.areas.codes[0] == "00K"
    assert np.isnan(study.survey.answers).any()


@pytest.mark.slow
@pytest.mark.ci_slow
def test_it_runs_without_a_line_of_code(tmp_path):
    path, truth = write_second_country(tmp_path)
    run, out = tmp_path / "run.nc", tmp_path / "tables"
    nsum("fit", path, "--model", "municipal", "--out", run, "--seed", 3, "--draws", 300, "--tune", 400, "--quiet")
    nsum("estimate", run, "--out", out, "--quiet")
    nation, canton, area = (pd.read_csv(out / f"{name}.csv") for name in ("nation", "canton", "areas"))
    assert "canton" in area.columns
    assert len(area) == COMMUNES
    assert list(canton["area"]) == [f"Canton {letter}" for letter in "ABCD"]
    assert set(nation["denominator"]) == {"mineurs"}
    # Means add up, and the truth lies where it should: this study and seed are fixed.
    assert (area["prevalence_mean"] * area["population"]).sum() == pytest.approx(
        float((nation["prevalence_mean"] * nation["population"]).iloc[0]), rel=1e-6
    )
    true = float(truth.count.sum())
    assert nation["count_lower"].iloc[0] < true < nation["count_upper"].iloc[0]


# --- a published list of codes --------------------------------------------------------------------------------------


def test_the_philippine_frame_holds_every_city_and_municipality(tmp_path, capsys):
    frame, vintage = philippine_frame()
    assert vintage.startswith("psgc 20")
    assert len(frame) == frame["code"].nunique() > 1600
    assert frame["code"].str.fullmatch(r"\d{10}").all()
    assert not frame[["name", "province", "region", "population"]].isna().any().any()
    # The districts of Manila are in the city's own row.
    manila = frame[frame["code"] == "1380600000"].iloc[0]
    assert (manila["kind"], manila["region"]) == ("city", "National Capital Region (NCR)")
    assert not frame["name"].eq("Tondo I/II").any()
    nsum("frame", "psgc", "--out", tmp_path / "areas.csv")
    assert 'levels       = ["province", "region"]' in capsys.readouterr().out
    written = pd.read_csv(tmp_path / "areas.csv", dtype={"code": str})
    assert (written["code"] == frame["code"]).all()
    assert written["population"].sum() == frame["population"].sum()


@pytest.mark.reference
def test_the_frame_agrees_with_the_authority_s_own_table():
    path = shared_data() / "philippines" / "municipalities.csv"
    if not path.is_file():
        pytest.skip("the Philippine table is not here; NSUM_SHARED_DATA names its folder")
    table = pd.read_csv(path, dtype={"psgc_2026q1": str}).set_index("psgc_2026q1")
    frame = philippine_frame()[0].set_index("code")
    assert set(frame.index) == set(table.index)
    assert (frame["population"] == table["pop2024"].reindex(frame.index)).all()


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psgc", None)
    with pytest.raises(StudyError, match=r"nsum-bayes\[psgc\]"):
        philippine_frame()
