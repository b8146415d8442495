"""The same seed gives the same draws in a process that compiles everything and in one that finds it compiled."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
from nsum_bayes import fit, load_model
from tests.made_up import frame_of, study_of
spec = load_model("overdispersed_known")
study, _ = study_of(frame_of(4), spec=spec, surveyed=4, respondents_per_area=8, seed=3)
run = fit(spec, study, seed=2, draws=50, tune=100, chains=2, progress=False)
print(float(run.posterior["log_degree"].sum()).hex())
"""


@pytest.mark.slow
def test_a_cold_cache_and_a_warm_one_draw_the_same(tmp_path: Path) -> None:
    place = {**os.environ, "PYTENSOR_FLAGS": f"base_compiledir={tmp_path}", "PYTHONPATH": "."}
    root = Path(__file__).parents[2]
    runs = [
        subprocess.run([sys.executable, "-c", SCRIPT], env=place, cwd=root, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout != ""
