"""Coverage of 95 % intervals by area over small replicates of the national study (simulated answers).

Biases, transmission and all effects are drawn afresh in each replicate. Finished replicates are kept in the output
file, so the run can be stopped and taken up again. Needs the shared data folder (NSUM_SHARED_DATA).

    python benchmarks/national_coverage.py [--replicates 20] [--out benchmarks/results/national_coverage.csv]
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.philippines import coverage_replicate  # noqa: E402


def replicates(seeds: list[int], out: Path, workers: int) -> pd.DataFrame:
    """Run the seeds that the file does not hold yet; a failed one stops the run, it is never left out."""
    done = pd.read_csv(out) if out.is_file() else pd.DataFrame({"seed": []})
    todo = [seed for seed in seeds if seed not in set(done["seed"])]
    out.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(coverage_replicate, seed) for seed in todo]):
            done = pd.concat([done, pd.DataFrame([future.result()])], ignore_index=True)
            done.sort_values("seed").to_csv(out, index=False)
            print(done.iloc[-1].to_dict(), file=sys.stderr, flush=True)
    return done.sort_values("seed", ignore_index=True)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Mean coverage and its standard error over replicates."""
    columns = table[["surveyed", "unsurveyed", "national"]]
    return pd.DataFrame({"coverage": columns.mean(), "standard_error": columns.std(ddof=1) / np.sqrt(len(columns))})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "national_coverage.csv")
    arguments = parser.parse_args()
    table = replicates([1000 + number for number in range(arguments.replicates)], arguments.out, arguments.workers)
    print(summary(table).round(3).to_string())


if __name__ == "__main__":
    main()
