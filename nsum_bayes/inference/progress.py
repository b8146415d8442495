"""Progress of the sampler on stderr: a bar on a terminal, a line now and then elsewhere if asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def narrated(show: bool, total: int) -> Iterator[Callable[[list[Any]], None] | None]:
    """Yield a callback for the sampler that draws a progress line, or None if nothing is to be shown.

    Parameters
    ----------
    total
        Draws over all chains, tuning included.
    """
    if not show:
        yield None
        return
    if not sys.stderr.isatty():
        yield _lines(total)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("compiling the model (about half a minute)", total=total)

        def report(chains: list[Any]) -> None:
            done, text = _state(chains, total)
            bar.update(task, completed=done, description=text)

        yield report


def _lines(total: int) -> Callable[[list[Any]], None]:
    """A callback that writes a line whenever another tenth of the draws is done."""
    sys.stderr.write("compiling the model (about half a minute)\n")
    tenths = [0]

    def report(chains: list[Any]) -> None:
        done, text = _state(chains, total)
        if 10 * done // total > tenths[0]:
            tenths[0] = 10 * done // total
            sys.stderr.write(f"{text}\n")

    return report


def _state(chains: list[Any], total: int) -> tuple[int, str]:
    """Draws done so far, and the state of the sampler in words."""
    done = sum(chain.finished_draws for chain in chains)
    divergent = sum(chain.divergences for chain in chains)
    begun = [chain for chain in chains if chain.finished_draws]  # with few cores some chains wait their turn
    stage = "sampling" if begun and not any(chain.tuning for chain in begun) else "tuning"
    return done, f"{stage} {done}/{total} draws, {divergent} divergent"
