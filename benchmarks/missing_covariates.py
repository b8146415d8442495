"""Do estimates stay calibrated where secondary data have gaps and an error? All answers are simulated.

Three of four covariates matter; their pairs are correlated by 0.6, 0.3 or not at all. The analyst's frame lacks 3 % of
the figures of each and 40 % of one that matters; another that matters has a coefficient of variation of 30 %. Each
survey is fitted with the whole and exact frame, with gaps and error as the package models them, and with gaps filled by
the mean and the error passed over.

    python benchmarks/missing_covariates.py [--replicates 20] [--workers 1]
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
from tests.gappy_surveys import COLUMNS, FITS, fitted_three_ways  # noqa: E402

UNCONVERGED = 1.05


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """By fit: means over replicates, the standard error of each coverage, and how often the truth is held."""
    rows = []
    for name in FITS:
        of = table[[c for c in table.columns if c.startswith(f"{name}_")]].rename(columns=lambda c: c.split("_", 1)[1])
        row = {"fit": name, "replicates": len(of)}
        for which in ("unsurveyed", "surveyed"):
            coverage = of[f"coverage_{which}"]
            row |= {f"{what}_{which}": of[f"{what}_{which}"].mean() for what in ("error", "coverage", "width")}
            row[f"coverage_{which}_se"] = coverage.std(ddof=1) / np.sqrt(len(of)) if len(of) > 1 else np.nan
        row |= {f"{column}_held": int(of[f"{column}_held"].sum()) for column in ("nation", *COLUMNS)}
        row |= {c: of[c].mean() for c in of.columns if c.endswith("_ratio")}
        row |= {"unconverged": int((of["largest_rhat"] > UNCONVERGED).sum()), "largest_rhat": of["largest_rhat"].max()}
        rows.append(row)
    return pd.DataFrame(rows).set_index("fit").round(3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=20)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS / "missing_covariates.csv")
    arguments = parser.parse_args()
    cases = [(seed,) for seed in range(1, arguments.replicates + 1)]
    table = kept(fitted_three_ways, cases, ["seed"], arguments.out, arguments.workers)
    found = summary(table)
    found.to_csv(arguments.out.with_name(f"{arguments.out.stem}_summary.csv"))
    print(found.T.to_string())


if __name__ == "__main__":
    main()
