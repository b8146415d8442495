"""Replicates of a benchmark, kept in its table as they are done, so that a run can be stopped and taken up again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

RESULTS = Path(__file__).resolve().parent / "results"

Case = tuple[Any, ...]


def kept(work: Callable[..., Any], cases: Sequence[Case], keys: Sequence[str], out: Path, workers: int) -> pd.DataFrame:
    """Run the cases that the table does not hold yet, in so many processes.

    Parameters
    ----------
    work
        Takes a case and returns a row, or rows, whose ``keys`` are the case. One that fails stops the run: a replicate
        is never left out.
    """
    from nsum_bayes.inference.workers import Task, run_in_processes

    table = pd.read_csv(out) if out.is_file() else pd.DataFrame(columns=list(keys))
    finished = set(map(tuple, table[list(keys)].itertuples(index=False)))
    tasks = [Task(" ".join(map(str, case)), case) for case in cases if case not in finished]
    out.parent.mkdir(parents=True, exist_ok=True)
    for done in run_in_processes(work, tasks, workers):
        if done.failure is not None:
            raise SystemExit(f"{done.key}: {done.failure}")
        rows = pd.DataFrame(done.result if isinstance(done.result, list) else [done.result])
        table = pd.concat([table, rows], ignore_index=True) if len(table) else rows
        table.sort_values(list(keys), kind="stable").to_csv(out, index=False)
        print(rows.to_string(header=False, index=False), file=sys.stderr, flush=True)
    return table.sort_values(list(keys), kind="stable", ignore_index=True)
