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
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.replicates import RESULTS, kept  # noqa: E402
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
    parser.add_argument("--out", type=Path, default=RESULTS / "measurement.csv")
    arguments = parser.parse_args()
    cases = [(kind, seed) for seed in range(1, arguments.replicates + 1) for kind in arguments.kinds]
    table = summary(kept(quiet_replicate, cases, KEYS, arguments.out, arguments.workers))
    table.to_csv(arguments.out.with_name(f"{arguments.out.stem}_summary.csv"))
    print(table.to_string())


if __name__ == "__main__":
    main()
