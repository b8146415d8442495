"""Where many fits run: in this process, in local processes, or on a Dask cluster.

Each of the three takes a function and tasks, and yields the outcome of each task as it is done. What a task returns
depends on its arguments alone, so the three give the same. A function that raises has failed and is not tried again. A
worker that dies (killed, out of memory) costs its own task's time: the task is given to another, and has failed when it
has taken `DEATHS` workers with it.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any

from threadpoolctl import threadpool_limits

from nsum_bayes.errors import FitError, NsumError

DEATHS = 3
PATIENCE = "20s"
"""How long a scheduler may take to answer."""

type Work = Callable[..., Any]


@dataclass(frozen=True)
class Task:
    """One call: a key that names it in results and reports, and the arguments."""

    key: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Done:
    """The end of a task: what it returned, or why it failed."""

    key: str
    result: Any = None
    failure: str | None = None


def run_here(work: Work, tasks: Sequence[Task]) -> Iterator[Done]:
    """One task after the other, in this process."""
    for task in tasks:
        yield _attempt(work, task)


def run_in_processes(work: Work, tasks: Sequence[Task], workers: int) -> Iterator[Done]:
    """Tasks in so many local processes, each of which compiles a model once for all its fits."""
    pool = _Pool(work, deque(tasks))
    try:
        for _ in range(min(workers, len(tasks))):
            pool.start()
        while pool.running or pool.waiting:
            yield from pool.finished()
    finally:
        pool.stop()


def run_on_cluster(work: Work, tasks: Sequence[Task], address: str) -> Iterator[Done]:
    """Tasks on an existing Dask cluster, by the address of its scheduler.

    Raises
    ------
    FitError
        `distributed` is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client, as_completed
    except ModuleNotFoundError:
        raise FitError(
            "The package 'distributed' is not installed.", where="cluster", advice="pip install 'nsum-bayes[cluster]'"
        ) from None
    try:
        client = Client(address, timeout=PATIENCE)
    except OSError:
        raise FitError(
            f"No Dask scheduler answers at '{address}'.",
            where="cluster",
            advice="Start one (`dask scheduler`), or give the address that it prints, such as tcp://host:8786.",
        ) from None
    with client:
        keys = {}
        waiting = as_completed()
        for task in tasks:
            future = client.submit(_attempt, work, task, pure=False, retries=DEATHS - 1)
            keys[future.key] = task.key
            waiting.add(future)
        # No finished future is held: the result of one held would be made again when the worker it lies on dies.
        for future in waiting:
            error = future.exception()
            done = future.result() if error is None else Done(keys[future.key], failure=_told(error))
            future.release()
            yield done


def _attempt(work: Work, task: Task) -> Done:
    try:
        # Matrix products summed by one thread or by two differ in the last bit, and a chain makes much of a bit.
        with threadpool_limits(limits=1, user_api="blas"):
            return Done(task.key, work(*task.arguments))
    except Exception as error:
        return Done(task.key, failure=_told(error))


def _told(error: BaseException) -> str:
    """What is said of an error: messages of other packages may hold answers, those of this one do not."""
    return str(error) if isinstance(error, NsumError) else f"{type(error).__name__} in the fit"


@dataclass
class _Worker:
    process: Any
    pipe: Connection
    task: Task


@dataclass
class _Pool:
    """Processes that each work on one task at a time."""

    work: Work
    waiting: deque[Task]
    running: list[_Worker] = field(default_factory=list)
    deaths: dict[str, int] = field(default_factory=dict)

    def start(self) -> None:
        """Start a process on the next task."""
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self.work), daemon=True)
        process.start()
        theirs.close()
        worker = _Worker(process, ours, self.waiting.popleft())
        ours.send(worker.task)
        self.running.append(worker)

    def finished(self) -> Iterator[Done]:
        """Wait until some process is done with its task, or dead, and give it the next one."""
        ready = set(wait([worker.pipe for worker in self.running]))
        for worker in [worker for worker in self.running if worker.pipe in ready]:
            try:
                done = worker.pipe.recv()
            except (EOFError, OSError):
                yield from self._bury(worker)
                continue
            yield done
            if self.waiting:
                worker.task = self.waiting.popleft()
                worker.pipe.send(worker.task)
            else:
                self._dismiss(worker)

    def _bury(self, worker: _Worker) -> Iterator[Done]:
        self._dismiss(worker)
        key = worker.task.key
        self.deaths[key] = self.deaths.get(key, 0) + 1
        if self.deaths[key] < DEATHS:
            self.waiting.appendleft(worker.task)
        else:
            yield Done(key, failure=f"the worker process died {DEATHS} times (out of memory?)")
        if self.waiting:
            self.start()

    def _dismiss(self, worker: _Worker) -> None:
        worker.pipe.close()
        worker.process.terminate()
        worker.process.join()
        self.running.remove(worker)

    def stop(self) -> None:
        """End every process."""
        for worker in list(self.running):
            self._dismiss(worker)


def _serve(pipe: Connection, work: Work) -> None:
    """Work on tasks until there are none: the life of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(_attempt(work, task))
