"""Ten folds on a Dask cluster of two workers are those of one process, bit for bit, also when a worker is killed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nsum_bayes import Fit, fit, load_model
from nsum_bayes.checks.folds import FoldScores, score_folds
from tests.chores import kill_when
from tests.made_up import frame_of, study_of

SETTINGS = {"draws": 100, "tune": 150}


@pytest.fixture(scope="module")
def run() -> Fit:
    spec = load_model("overdispersed_known")
    study, _ = study_of(frame_of(12), spec=spec, surveyed=12, respondents_per_area=8, seed=3)
    return fit(spec, study, seed=2, draws=20, tune=50, chains=2, progress=False, reuse=True)


def folds(run: Fit, out: Path | None = None, **place: object) -> FoldScores:
    place = {"workers": 0, "cluster": None, "progress": False, **place}
    return score_folds(run.spec, run.study, "area", 10, 4, SETTINGS, out, place)


@pytest.fixture(scope="module")
def serial(run: Fit) -> FoldScores:
    return folds(run)


def same(one: FoldScores, other: FoldScores) -> bool:
    return not one.failures and not other.failures and one.elpd.equals(other.elpd) and one.error.equals(other.error)


@pytest.mark.slow
@pytest.mark.ci_slow
def test_ten_folds_are_the_same_bit_for_bit(run: Fit, serial: FoldScores, cluster: Any) -> None:
    assert len(serial.elpd) == 12
    assert same(serial, folds(run, cluster=cluster.scheduler_address))


@pytest.mark.slow
@pytest.mark.ci_slow
def test_a_worker_killed_halfway_changes_nothing(run: Fit, serial: FoldScores, cluster: Any, tmp_path: Path) -> None:
    kept = tmp_path / "folds.jsonl"

    def halfway() -> bool:
        return kept.exists() and len(kept.read_text().splitlines()) > 5

    victim = next(iter(cluster.workers.values())).process.pid
    killed = kill_when(halfway, lambda: victim)
    found = folds(run, out=kept, cluster=cluster.scheduler_address)
    assert killed.result(timeout=5) == victim
    assert same(serial, found)
    keys = [json.loads(line)["key"] for line in kept.read_text().splitlines()[1:]]
    assert sorted(keys) == sorted(f"fold {number}" for number in range(1, 11))
