"""The published municipal simulation: named models beside Killworth's estimator on the same replicates.

Design of Nyarko-Agyei et al. (arXiv 2407.13267): 150 areas of a million people, four known and two hidden groups, 5 to
100 respondents an area; answers are simulated (`tests/municipal_simulation.py`). Twenty replicates at 5, 10 and 20
respondents an area, five at the other sizes. Finished replicates are kept in the output file, so the run can be stopped
and taken up again; a failed one stops the run, it is never left out.

    python benchmarks/municipal_simulation.py [--models municipal partially_pooled] [--sizes 5 10] [--workers 2]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.replicates import RESULTS, kept  # noqa: E402
from tests.municipal_simulation import model_replicate  # noqa: E402

REPLICATES = {5: 20, 10: 20, 15: 5, 20: 20, 30: 5, 50: 5, 100: 5}
KEYS = ["model", "per_area", "seed"]
MODELS = ("municipal", "partially_pooled")


def timed(model: str, per_area: int, seed: int) -> dict[str, Any]:
    """One replicate with the CPU seconds it took."""
    began = time.process_time()
    return {**model_replicate(model, per_area, seed), "cpu_s": round(time.process_time() - began, 1)}


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Means over replicates, and the standard error of the difference in score between the model and Killworth."""
    table = table.assign(difference=table["relative"] - table["killworth"])
    grouped = table.groupby(["model", "per_area"])
    means = grouped[["killworth", "relative", "median", "coverage", "difference", "rhat", "cpu_s"]].mean()
    means.insert(0, "replicates", grouped.size())
    means.insert(6, "difference_se", grouped["difference"].sem())
    return means.round(3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    parser.add_argument("--sizes", nargs="+", type=int, default=list(REPLICATES))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS / "municipal_simulation.csv")
    arguments = parser.parse_args()
    cases = [(m, n, s) for m in arguments.models for n in arguments.sizes for s in range(1, REPLICATES[n] + 1)]
    done = kept(timed, cases, KEYS, arguments.out, arguments.workers)
    table = summary(done)
    table.to_csv(arguments.out.with_name(f"{arguments.out.stem}_summary.csv"))
    print(table.to_string())


if __name__ == "__main__":
    main()
