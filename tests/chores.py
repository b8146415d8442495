"""Functions for tests of many tasks at once; worker processes import them from here."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from nsum_bayes.errors import FitError


def square(number: int) -> dict[str, int]:
    return {"square": number * number}


def odd_only(number: int) -> int:
    if number % 2 == 0:
        raise FitError(f"{number} is even.", where="chores", advice="Give an odd number.")
    return number


def spill(answer: int) -> int:
    raise ValueError(f"an answer of {answer} by respondent 17")


def die_once(number: int, marker: str) -> int:
    """Kill the process on the first call that finds no marker; return the number on the next."""
    if not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def note(number: int, folder: str) -> int:
    """Write down each call with its process, and take a while over it."""
    with Path(folder, f"{number}-{os.getpid()}-{time.monotonic_ns()}").open("w"):
        time.sleep(0.2)
    return number


def kill_when(ready: Callable[[], bool], pid: Callable[[], int | str], seconds: float = 600.0) -> Future[int]:
    """Kill a process, from a thread, as soon as it is time to; the future holds which."""

    def wait() -> int:
        end = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > end:
                raise TimeoutError("it was never time to kill")
            time.sleep(0.02)
        found = int(pid())
        os.kill(found, signal.SIGKILL)
        return found

    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(wait)
    finally:
        pool.shutdown(wait=False)
