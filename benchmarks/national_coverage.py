"""Coverage of 95 % intervals by area over small replicates of the national study (simulated answers).

Biases, transmission and all effects are drawn afresh in each replicate. Finished replicates are kept in the output
file, so the run can be stopped and taken up again. Needs the shared data folder (NSUM_SHARED_DATA).

    python benchmarks/national_coverage.py [--replicates 20] [--out benchmarks/results/national_coverage.csv]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.replicates import RESULTS, kept  # noqa: E402
from tests.philippines import coverage_replicate  # noqa: E402


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Mean coverage and its standard error over replicates."""
    columns = table[["surveyed", "unsurveyed", "national"]]
    return pd.DataFrame({"coverage": columns.mean(), "standard_error": columns.std(ddof=1) / np.sqrt(len(columns))})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS / "national_coverage.csv")
    arguments = parser.parse_args()
    cases = [(1000 + number,) for number in range(arguments.replicates)]
    table = kept(coverage_replicate, cases, ["seed"], arguments.out, arguments.workers)
    print(summary(table).round(3).to_string())


if __name__ == "__main__":
    main()
