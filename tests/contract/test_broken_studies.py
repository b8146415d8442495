"""`nsum fit` on any faulty study exits 3, says the fault on stderr and writes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from nsum_bayes.cli import app
from tests.broken.cases import CASES
from tests.broken.test_messages import EXPECTED
from tests.small_study import write_small_study


@pytest.mark.parametrize("case", CASES)
def test_fit_refuses_and_writes_nothing(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    study = write_small_study(folder)
    CASES[case](folder)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SystemExit) as left:
        app.main(["fit", str(study), "--model", "municipal", "--out", str(tmp_path / "run.nc"), "--seed", "1"])
    out, err = capsys.readouterr()
    assert left.value.code == 3
    assert out == ""
    assert EXPECTED[case].splitlines()[1] in err
    assert sorted(tmp_path.rglob("*")) == before
