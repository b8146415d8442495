"""Does K-fold by area find the true model? `municipal` beside `overdispersed_known`, on surveys of the former.

In ten surveys areas and covariates matter, in ten neither does, and both models are right. Counted is how often
`municipal` is preferred in the first ten, and how often the difference stays inside two standard errors in the others.

    python benchmarks/comparison.py [--replicates 10] [--workers 2]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.replicates import RESULTS, kept  # noqa: E402
from tests.compared_surveys import GIVEN, compared  # noqa: E402


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """How often `municipal` scores higher, is clearly ahead, and is inside two standard errors."""
    marked = table.assign(
        preferred=table["better"] > 0,
        clearly=table["better"] > 2 * table["se"],
        inside_two_errors=table["better"].abs() <= 2 * table["se"],
    )
    columns = ["preferred", "clearly", "inside_two_errors"]
    found = marked.groupby("case", sort=False)[columns].sum()
    found.insert(0, "replicates", marked.groupby("case").size())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS / "comparison.csv")
    arguments = parser.parse_args()
    cases = [(case, seed) for seed in range(1, arguments.replicates + 1) for case in GIVEN]
    table = kept(compared, cases, ["case", "seed"], arguments.out, arguments.workers)
    found = summary(table)
    found.to_csv(arguments.out.with_name(f"{arguments.out.stem}_summary.csv"))
    print(found.to_string())


if __name__ == "__main__":
    main()
