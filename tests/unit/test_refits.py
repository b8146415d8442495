"""Many tasks at once: the same results wherever they run, nothing lost, nothing counted away."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from nsum_bayes.errors import FitError
from nsum_bayes.inference import workers
from nsum_bayes.inference.refits import Task, run_tasks
from tests import chores

TASKS = [Task(f"n{n}", (n,)) for n in range(7)]
PLACES = [{"workers": 0}, {"workers": 2}]


def finished(kept: Path) -> int:
    """Number of tasks that a file of finished ones holds."""
    return len(kept.read_text().splitlines()) - 1 if kept.exists() else 0


@pytest.mark.parametrize("place", PLACES, ids=["here", "processes"])
def test_results_come_in_the_order_of_the_tasks(place):
    outcome = run_tasks(chores.square, TASKS, **place)
    assert outcome.results == {f"n{n}": {"square": n * n} for n in range(7)}
    assert list(outcome.results) == [task.key for task in TASKS]
    assert outcome.total == 7


def test_a_cluster_gives_the_same(cluster):
    outcome = run_tasks(chores.square, TASKS, cluster=cluster.scheduler_address)
    assert outcome.results == run_tasks(chores.square, TASKS).results


@pytest.mark.parametrize("place", PLACES, ids=["here", "processes"])
def test_a_failed_task_is_named_and_counted(place):
    outcome = run_tasks(chores.odd_only, TASKS, **place)
    assert outcome.results == {"n1": 1, "n3": 3, "n5": 5}
    assert list(outcome.failures) == ["n0", "n2", "n4", "n6"]
    assert "0 is even" in outcome.failures["n0"]
    assert outcome.total == 7


def test_what_another_package_says_is_not_repeated():
    outcome = run_tasks(chores.spill, TASKS[:1])
    assert outcome.failures == {"n0": "ValueError in the fit"}


def test_a_killed_process_costs_its_own_task_only(tmp_path):
    tasks = [Task(f"n{n}", (n, str(tmp_path / "marker"))) for n in range(5)]
    assert run_tasks(chores.die_once, tasks, workers=2).results == {f"n{n}": n for n in range(5)}


def test_a_killed_dask_worker_costs_its_own_task_only(cluster, tmp_path):
    tasks = [Task(f"n{n}", (n, str(tmp_path / "marker"))) for n in range(5)]
    assert run_tasks(chores.die_once, tasks, cluster=cluster.scheduler_address).results == {
        f"n{n}": n for n in range(5)
    }


def test_a_dask_worker_killed_halfway_costs_no_finished_task(cluster, tmp_path):
    tasks, kept = [Task(f"n{n}", (n, str(tmp_path))) for n in range(12)], tmp_path / "kept.jsonl"
    killed = chores.kill_when(lambda: finished(kept) >= 5, lambda: max(tmp_path.glob("*-*-*")).name.split("-")[1])
    outcome = run_tasks(chores.note, tasks, cluster=cluster.scheduler_address, out=kept)
    assert outcome.results == {f"n{n}": n for n in range(12)}
    assert killed.result(timeout=5)
    calls = pd.Series([int(file.name.split("-")[0]) for file in tmp_path.glob("*-*-*")]).value_counts()
    # Its own task, and one that was done and not yet fetched, may run twice; the others that it had done do not.
    assert calls.max() == 2
    assert (calls == 2).sum() <= 2


def test_a_task_that_kills_every_worker_fails_in_the_end():
    outcome = run_tasks(chores.die, TASKS[:1], workers=2)
    assert outcome.failures == {"n0": "the worker process died 3 times (out of memory?)"}


def test_a_stopped_run_goes_on_where_it_was(tmp_path):
    file = tmp_path / "kept.jsonl"
    run_tasks(chores.square, TASKS[:3], out=file, job="a")
    with file.open("a") as half:
        half.write('{"key": "n3", "resu')  # stopped in the middle of a line
    changed = file.read_text().replace('{"square": 4}', '{"square": 400}')
    file.write_text(changed)
    outcome = run_tasks(chores.square, TASKS, out=file, job="a")
    assert outcome.results["n2"] == {"square": 400}  # read, not run again
    assert outcome.results["n3"] == {"square": 9}
    assert [json.loads(line).get("key") for line in file.read_text().splitlines()][1:] == [t.key for t in TASKS]


def test_failed_tasks_are_tried_again(tmp_path):
    file = tmp_path / "kept.jsonl"
    assert run_tasks(chores.odd_only, TASKS[:2], out=file).failures
    outcome = run_tasks(chores.square, TASKS[:2], out=file)
    assert outcome.results == {"n0": {"square": 0}, "n1": 1}


def test_a_file_of_another_job_is_refused(tmp_path):
    file = tmp_path / "kept.jsonl"
    run_tasks(chores.square, TASKS[:1], out=file, job="a")
    before = file.read_text()
    with pytest.raises(FitError, match="another run"):
        run_tasks(chores.square, TASKS, out=file, job="b")
    assert file.read_text() == before


def test_two_tasks_of_one_key_are_refused():
    with pytest.raises(FitError, match="same key"):
        run_tasks(chores.square, [TASKS[0], TASKS[0]])


def test_a_cluster_that_does_not_answer_is_told(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(workers, "PATIENCE", "1s")
    with pytest.raises(FitError, match="No Dask scheduler answers"):
        run_tasks(chores.square, TASKS, cluster="tcp://127.0.0.1:9")


def test_progress_tells_of_failures_on_stderr(capsys, tmp_path: Path):
    run_tasks(chores.odd_only, TASKS[:2], progress=True)
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("1 of 2 fits done, 1 failed, about 0 min left (n0: 0 is even.")
    assert told[-1].startswith("2 of 2 fits done, 1 failed")
