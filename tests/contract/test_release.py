"""`nsum release`: the only way to a public folder."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import geopandas
import pandas as pd
import pytest
import xarray as xr
from PIL import Image

from nsum_bayes.cli.app import main
from nsum_bayes.estimates.estimates import Estimates
from nsum_bayes.report.ledger import read_ledger
from tests.random_studies import CANARY, random_estimates


@pytest.fixture
def saved(tmp_path) -> Path:
    return random_estimates(3).to_netcdf(tmp_path / "house" / "estimates.nc")


def release(saved: Path, name: str, *more: str, code: int = 0) -> Path:
    out = saved.parent.parent / name
    with pytest.raises(SystemExit) as left:
        main(["release", str(saved), "--out", str(out), "--ledger", str(saved.parent / "releases.jsonl"), *more])
    assert (left.value.code or 0) == code
    return out


def test_a_release_is_entered_reported_and_verified(saved, capsys) -> None:
    out = release(saved, "public", "--format", "tables")
    assert "release 1" in capsys.readouterr().out
    (entry,) = read_ledger(saved.parent / "releases.jsonl")
    assert entry["folder"] == "public"
    report = (saved.parent / "disclosure_0001.md").read_text()
    assert "Not for the public" in report
    table = pd.read_csv(out / "areas.csv", dtype={"area": str, "wave": str})
    for wave in ("2023", "2025"):
        rows = table[table["wave"] == wave]
        hidden = set(rows.loc[rows["estimate_type"] == "suppressed", "area"])
        assert hidden >= set(rows["area"]) - set(entry["shown"][wave]["area"])
        withheld = rows[rows["estimate_type"] == "suppressed"]
        assert set(withheld["reliability"]) == {"withheld"}
        assert withheld["respondents"].isna().all()
        assert rows.loc[rows["estimate_type"] != "suppressed", "respondents"].notna().all()
        assert all(f"| area | {code} |" in report for code in set(rows["area"]) - set(entry["shown"][wave]["area"]))
    assert not (out / "estimates.nc").exists()
    with pytest.raises(SystemExit) as left:
        main(["verify", str(out)])
    assert not left.value.code
    release(saved, "later", "--format", "tables", "--rules", "restricted")
    body = json.loads((saved.parent.parent / "later" / "manifest.json").read_text())
    assert body["previous_release"]["number"] == 1
    assert any("rule fewest_respondents: 25 before, 10 now" in line for line in body["differences"])
    public = json.loads((release(saved, "third", "--format", "tables") / "manifest.json").read_text())
    assert public["previous_release"]["number"] == 1, "the public is not told of restricted releases"
    assert "restricted" not in json.dumps(public["differences"])


def test_a_restricted_release_says_so_in_each_file(saved) -> None:
    out = release(saved, "named", "--rules", "restricted")
    files = sorted(path.name for path in out.iterdir())
    assert {"areas.gpkg", "estimates.nc", "estimates.xlsx", "estimates.docx", "estimates.tex"} <= set(files)
    for path in out.iterdir():
        assert "restricted" in said_by(path).lower(), path.name


def said_by(path: Path) -> str:
    """What a file says of being restricted, in its own way."""
    match path.suffix:
        case ".parquet":
            return "restricted" if pd.read_parquet(path)["restricted"].all() else ""
        case ".gpkg":
            return "restricted" if geopandas.read_file(path, layer="bonded")["restricted"].all() else ""
        case ".nc":
            return "restricted" if Estimates.load(path).meta["restricted"] is True else ""
        case ".xlsx" | ".docx":
            with zipfile.ZipFile(path) as archive:
                parts = [name for name in archive.namelist() if name.startswith(("xl/worksheets/sheet", "word/docu"))]
                texts = [archive.read(name).decode() for name in parts]
                return "restricted" if all("RESTRICTED" in text for text in texts) else ""
        case ".png":
            with Image.open(path) as picture:
                return str(picture.info)
        case ".json":
            return "restricted" if json.loads(path.read_text())["restricted"] is True else ""
        case _:
            return path.read_text()


def test_secondary_data_do_not_travel(saved) -> None:
    out = release(saved, "named", "--rules", "restricted", "--scan-for", str(words(saved, CANARY)))
    with xr.open_datatree(out / "estimates.nc", engine="h5netcdf") as tree:
        assert "population" in str(tree["frame"].to_dataset().to_dict())
        assert CANARY not in str(tree["frame"].to_dataset().to_dict())


def test_a_word_that_must_not_go_out_stops_a_release(saved, capsys) -> None:
    out = release(saved, "public", "--scan-for", str(words(saved, "Isle 0001")), code=2)
    said = capsys.readouterr().err
    assert "nothing was released" in said
    assert "areas.csv (1)" in said
    assert "Isle 0001" not in said
    assert not out.exists()
    assert not (saved.parent / "releases.jsonl").exists()
    assert sorted(path.name for path in saved.parent.parent.iterdir()) == ["house"]
    release(saved, "public", "--scan-for", str(words(saved, "abc")), code=2)
    assert "shorter than 4" in capsys.readouterr().err


def words(saved: Path, *those: str) -> Path:
    path = saved.parent / "words.txt"
    path.write_text("\n".join(those) + "\n")
    return path


@pytest.mark.parametrize(
    ("verdict", "said"), [("stop", "verdict is 'stop'"), (None, "not known whether the fit can be trusted")]
)
def test_what_is_not_fit_to_publish_is_refused(verdict, said, tmp_path, capsys) -> None:
    saved = random_estimates(3).noting(verdict=verdict).to_netcdf(tmp_path / "house" / "estimates.nc")
    assert not release(saved, "public", code=2).exists()
    assert said in capsys.readouterr().err


def test_folders_and_ledgers_in_the_way(saved, capsys) -> None:
    out = saved.parent.parent / "public"
    out.mkdir()
    (out / "old.txt").write_text("old")
    release(saved, "public", code=2)
    assert "something in this folder already" in capsys.readouterr().err
    assert (out / "old.txt").read_text() == "old"
    (saved.parent / "releases.jsonl").write_text('{"number": 1}\n')
    release(saved, "other", code=2)
    assert "ledger of releases is broken" in capsys.readouterr().err
    withheld = random_estimates(3).withhold().to_netcdf(saved.parent / "withheld" / "estimates.nc")
    release(withheld, "other", code=2)
    assert "withheld already" in capsys.readouterr().err


def test_simulated_answers_about_real_places_release_the_nation_only(tmp_path) -> None:
    given = random_estimates(3).noting(synthetic=True, fictional_places=False)
    saved = given.to_netcdf(tmp_path / "house" / "estimates.nc")
    out = release(saved, "public")
    names = {path.name for path in out.iterdir()}
    assert not {name for name in names if name.startswith(("areas", "province", "region", "map_", "remainders"))}
    assert "nation.csv" in names
    (entry,) = read_ledger(saved.parent / "releases.jsonl")
    assert list(entry["shown"]["2025"]) == ["nation"]
