"""Surveys in clusters with unequal weights: what it costs to ignore the design, and what effects or weights restore.

python benchmarks/design.py [--replicates 20] [--workers 2]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.replicates import RESULTS, kept  # noqa: E402
from tests.clustered_surveys import MODELS, clustered  # noqa: E402


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Share of 95 % intervals that hold the truth, of areas and of the nation; mean error and width; by model."""
    by = table.groupby("model", sort=False)
    return pd.DataFrame(
        {
            "replicates": by.size(),
            "areas_held": by["held"].sum() / by["areas"].sum(),
            "nation_held": by["nation_held"].mean(),
            "nation_log_ratio": by["nation_log_ratio"].mean(),
            "log_width": by["log_width"].mean(),
            "largest_rhat": by["largest_rhat"].max(),
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS / "design.csv")
    arguments = parser.parse_args()
    cases = [(model, seed) for model in MODELS for seed in range(1, arguments.replicates + 1)]
    table = kept(clustered, cases, ["model", "seed"], arguments.out, arguments.workers)
    found = summary(table)
    found.round(4).to_csv(arguments.out.with_name(f"{arguments.out.stem}_summary.csv"))
    print(found.to_string())


if __name__ == "__main__":
    main()
