"""`nsum export` leaves a manifest, and `nsum verify` holds the files against it."""

from __future__ import annotations

import json

import pytest

from nsum_bayes.cli.app import main
from tests.unit.report_fixtures import estimates


def test_an_export_is_verified_and_a_changed_file_is_named(tmp_path, capsys) -> None:
    saved = estimates().to_netcdf(tmp_path / "estimates.nc")
    main_ends(["export", str(saved), "--out", str(tmp_path / "office"), "--format", "tables"], 0)
    body = json.loads((tmp_path / "office" / "manifest.json").read_text())
    assert body["fewest_respondents"] == 10
    assert "areas.csv" in body["files"]
    main_ends(["verify", str(tmp_path / "office")], 0)
    assert "as it was written" in capsys.readouterr().out
    (tmp_path / "office" / "areas.csv").write_text("changed")
    main_ends(["verify", str(tmp_path / "office")], 4)
    assert "changed: areas.csv" in capsys.readouterr().out
    main_ends(["verify", str(tmp_path / "nowhere")], 2)
    assert "There is no manifest" in capsys.readouterr().err


def main_ends(arguments: list[str], code: int) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert (left.value.code or 0) == code
