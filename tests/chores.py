"""Functions for tests of many tasks at once; worker processes import them from here."""

from __future__ import annotations

import os
import signal
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
