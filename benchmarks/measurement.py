"""What it costs to take inexact answers for exact ones: the measurement layer beside naive coding, on the same answers.

For each kind of answer a survey of one area is simulated (known truth: a hidden group of 1 %, eight known groups of 0.2
to 3 %, 400 respondents), recorded as that kind, and fitted twice with `overdispersed_known`: with the question declared
for what it is, and with the recorded number taken for the count. Transmission is given and nothing is biased, so what
is left is what the coding does. Ten replicates a kind; finished ones are kept in the output file.

    python benchmarks/measurement.py [--kinds top_coded bins any heaped zero_inflated] [--replicates 10] [--workers 2]
"""

from __future__ import annotations

import argparse
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.measured_survey import KINDS, measured_replicate  # noqa: E402

KEYS = ["kind", "seed"]


def quiet_replicate(kind: str, seed: int) -> list[dict[str, Any]]:
    """One replicate; notes on what the survey does not tell are expected here."""
    warnings.simplefilter("ignore")
    return measured_replicate(kind, seed)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Mean log ratio of estimate and truth with its standard error, and how often the 95 % interval holds the truth."""
    grouped = table.groupby(["kind", "coding"], sort=False)
    found = grouped[["log_ratio", "inside", "log_width"]].mean()
    found.insert(0, "replicates", grouped.size())
    found.insert(2, "log_ratio_se", grouped["log_ratio"].sem())
    return found.round(3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", nargs="+", default=list(KINDS))
    parser.add_argument("--replicates", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "measurement.csv")
    arguments = parser.parse_args()
    done = pd.read_csv(arguments.out) if arguments.out.is_file() else pd.DataFrame(columns=KEYS)
    finished = set(map(tuple, done[KEYS].itertuples(index=False)))
    cases = [(kind, seed) for seed in range(1, arguments.replicates + 1) for kind in arguments.kinds]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(arguments.workers, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(quiet_replicate, *case) for case in cases if case not in finished]
        for future in as_completed(running):
            rows = pd.DataFrame(future.result())
            done = pd.concat([done, rows], ignore_index=True) if len(done) else rows
            done.sort_values([*KEYS, "coding"]).to_csv(arguments.out, index=False)
            print(rows.to_string(header=False), file=sys.stderr, flush=True)
    table = summary(done.sort_values(KEYS))
    table.to_csv(arguments.out.with_name(f"{arguments.out.stem}_summary.csv"))
    print(table.to_string())


if __name__ == "__main__":
    main()
