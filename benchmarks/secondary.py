"""What secondary data are worth on the Philippine frame: error and coverage of unsurveyed areas, and who comes first.

150 of 1,642 municipalities are surveyed, six categories of real covariates. In twenty surveys three of them matter, in
twenty none does. Answers are simulated. Needs the shared data folder (NSUM_SHARED_DATA).

    python benchmarks/secondary.py [--replicates 20] [--workers 2]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.replicates import RESULTS, kept  # noqa: E402
from tests.secondary_surveys import COEFFICIENTS, weighed  # noqa: E402


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """By case: how often the right thing is said, and means of errors and coverage."""
    marked = table.assign(
        ratio_of_errors=table["with_error_unsurveyed"] / table["without_error_unsurveyed"],
        any_told=table["told"] > 0,
        any_useless_told=table["useless_told"] > 0,
        informative_told_first=table["informative_first"] & (table["told"] > 0),
    )
    counts = ["informative_first", "informative_told_first", "any_told", "any_useless_told"]
    means = ["ratio_of_errors", *(c for c in table.columns if "error_" in c or "coverage_" in c or c.endswith("rhat"))]
    found = marked.groupby("case", sort=False)
    return pd.concat([found.size().rename("replicates"), found[counts].sum(), found[means].mean().round(3)], axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS / "secondary.csv")
    arguments = parser.parse_args()
    cases = [(case, seed) for seed in range(1, arguments.replicates + 1) for case in COEFFICIENTS]
    table = kept(weighed, cases, ["case", "seed"], arguments.out, arguments.workers)
    found = summary(table)
    found.to_csv(arguments.out.with_name(f"{arguments.out.stem}_summary.csv"))
    print(found.T.to_string())


if __name__ == "__main__":
    main()
