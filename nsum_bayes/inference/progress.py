"""Progress of the sampler on stderr: one line on a terminal, nothing elsewhere unless asked for."""

from __future__ import annotations

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
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("compiling the model (about half a minute)", total=total)

        def report(chains: list[Any]) -> None:
            done = sum(chain.finished_draws for chain in chains)
            divergent = sum(chain.divergences for chain in chains)
            tuning = any(chain.tuning for chain in chains)
            stage = "tuning" if tuning else "sampling"
            bar.update(task, completed=done, description=f"{stage} {done}/{total} draws, {divergent} divergent")

        yield report
