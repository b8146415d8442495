"""Many fits at once, kept on disk as they are done: what hold-outs, folds and simulations run through.

Finished tasks are lines of a JSON file, one a task, so that a run that was stopped goes on where it was. A failed task
is kept too, under its key: it is reported and never shrinks the count.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsum_bayes.errors import FitError
from nsum_bayes.inference.fit import Fit, fit
from nsum_bayes.inference.identification import IdentificationWarning
from nsum_bayes.inference.workers import Done, Task, Work, run_here, run_in_processes, run_on_cluster

if TYPE_CHECKING:
    from nsum_bayes.data.study import Study
    from nsum_bayes.model.spec import ModelSpec

__all__ = ["Outcome", "Task", "job_of", "refit", "run_tasks"]


def refit(spec: ModelSpec, study: Study, seed: int, settings: Mapping[str, int], **options: Any) -> Fit:
    """One of many fits of a model: silent, and sharing what is compiled with the others of its process.

    What the survey does not tell is told of the fit itself, once. ``options`` are those of `fit`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IdentificationWarning)
        return fit(spec, study, seed=seed, **settings, progress=False, reuse=True, **options)  # type: ignore[arg-type]


def job_of(what: str, seed: int, settings: Mapping[str, int], study: Study, spec_text: str) -> str:
    """The name of a job of refits of one model: everything that its results depend on besides the tasks."""
    return f"{what}, seed {seed}, {dict(settings)}, data {sorted(study.hashes.items())}, {spec_text}"


@dataclass(frozen=True)
class Outcome:
    """What came of a number of tasks.

    Parameters
    ----------
    results
        What each task returned, by key, in the order of the tasks; plain values.
    failures
        Why the others failed, by key.
    """

    results: dict[str, Any]
    failures: dict[str, str]

    @property
    def total(self) -> int:
        """Number of tasks, failed ones included."""
        return len(self.results) + len(self.failures)

    def __repr__(self) -> str:
        return f"Outcome({len(self.results)} of {self.total} tasks done, {len(self.failures)} failed)"


def run_tasks(
    work: Work,
    tasks: Sequence[Task],
    *,
    workers: int = 0,
    cluster: str | None = None,
    out: str | Path | None = None,
    job: str = "",
    progress: bool | None = None,
) -> Outcome:
    """Run a function over tasks and keep what it returns.

    Parameters
    ----------
    work
        A function of a module, which takes a task's arguments and returns what JSON can hold.
    tasks
        Each key once.
    workers
        Local processes; with none the tasks run in this process, one after the other.
    cluster
        Address of a Dask scheduler to run them on instead.
    out
        File to keep finished tasks in and to take up from. Failed ones are tried again.
    job
        Everything that the results depend on besides the tasks; a file of another job is refused.
    progress
        Show progress on stderr; by default only on a terminal.

    Raises
    ------
    FitError
        A key that occurs twice; a file of another job; a cluster that does not answer.
    """
    if len({task.key for task in tasks}) < len(tasks):
        raise FitError("Two tasks have the same key.", where="run_tasks", advice="Name each task once.")
    kept = _Kept(None if out is None else Path(out), job)
    todo = [task for task in tasks if task.key not in kept.results]
    report = _reporter(len(tasks), len(tasks) - len(todo), sys.stderr.isatty() if progress is None else progress)
    for done in _run(work, todo, workers, cluster):
        kept.add(done)
        report(done)
    keys = [task.key for task in tasks]
    return Outcome(
        {key: kept.results[key] for key in keys if key in kept.results},
        {key: kept.failures[key] for key in keys if key in kept.failures},
    )


def _run(work: Work, tasks: Sequence[Task], workers: int, cluster: str | None) -> Iterator[Done]:
    if not tasks:
        return iter(())
    if cluster is not None:
        return run_on_cluster(work, tasks, cluster)
    return run_in_processes(work, tasks, workers) if workers > 0 else run_here(work, tasks)


class _Kept:
    """Finished tasks, in memory and as lines of a file."""

    def __init__(self, path: Path | None, job: str) -> None:
        self.path, self.results, self.failures = path, {}, {}  # type: tuple[Path | None, dict[str, Any], dict[str, str]]
        if path is None:
            return
        if path.is_file():
            self._read(path, job)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"job": job}) + "\n", encoding="utf-8")

    def _read(self, path: Path, job: str) -> None:
        lines = path.read_text(encoding="utf-8").splitlines()
        rows = [row for line in lines if (row := _parsed(line)) is not None]
        if not rows or rows[0].get("job") != job:
            raise FitError(
                f"'{path.name}' holds the results of another run (other data, model or settings).",
                where=str(path),
                advice="Name another file, or delete this one to begin anew.",
            )
        self.results = {row["key"]: row["result"] for row in rows[1:] if "result" in row}
        if not path.read_bytes().endswith(b"\n"):  # stopped in the middle of a line
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def add(self, done: Done) -> None:
        """Keep one finished task; what is kept is what JSON makes of it, read again or not."""
        if done.failure is not None:
            self.failures[done.key] = done.failure
            row = {"key": done.key, "failure": done.failure}
        else:
            row = json.loads(json.dumps({"key": done.key, "result": done.result}))
            self.results[done.key] = row["result"]
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except json.JSONDecodeError:
        return None
    return row if isinstance(row, dict) else None


def _reporter(total: int, before: int, show: bool) -> Callable[[Done], None]:
    """A function that tells of each finished task: how many are done, failed, and about how long the rest will take."""
    began, counts = time.monotonic(), {"done": before, "failed": 0}

    def report(done: Done) -> None:
        counts["done"] += 1
        counts["failed"] += done.failure is not None
        if not show:
            return
        pace = (time.monotonic() - began) / (counts["done"] - before)
        left = pace * (total - counts["done"])
        failed = f", {counts['failed']} failed" if counts["failed"] else ""
        what = f" ({done.key}: {done.failure})" if done.failure is not None else ""
        sys.stderr.write(f"{counts['done']} of {total} fits done{failed}, about {left / 60:.0f} min left{what}\n")

    return report
