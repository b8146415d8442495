"""The demo walks the whole road and says where everything is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nsum_bayes.cli import app


@pytest.mark.slow
@pytest.mark.ci_slow
def test_the_demo_ends_with_tables_maps_and_the_truth_beside_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        app.main(["demo", "--out", str(tmp_path), "--json"])
    out, err = capsys.readouterr()
    body = json.loads(out)
    assert left.value.code in (0, None), err
    assert body["diagnosis"]["verdict"] != "stop"
    written = [body["fit"], *body["tables"], *body["maps"]]
    assert all(Path(path).stat().st_size > 0 for path in written)
    assert [Path(path).suffix for path in body["maps"]] == [".png", ".png", ".html"]
    nation = [row for row in body["beside_truth"] if row["level"] == "nation"]
    assert [(row["units"], row["inside"]) for row in nation] == [(1, 1), (1, 1)]
