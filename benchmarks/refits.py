"""What ten refits of one shape cost beyond sampling: the first compiles, the others are fed with their data.

The folds of a simulated survey are fitted one after the other in this process, once sharing the compiled model and, for
reference, three times each compiling its own. Overhead is a fit's CPU seconds less those of its sampling.

    python benchmarks/refits.py [--model municipal]
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

SETTINGS = {"draws": 250, "tune": 250, "chains": 4}
FOLDS = 10


def timed(module: Any, name: str, spent: list[float]) -> None:
    """Let a function of a module add the CPU seconds of each call to a list."""
    original = getattr(module, name)

    def call(*arguments: Any, **options: Any) -> Any:
        began = time.process_time()
        try:
            return original(*arguments, **options)
        finally:
            spent.append(time.process_time() - began)

    setattr(module, name, call)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="municipal")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "refits.csv")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    import nutpie

    from nsum_bayes import fit, load_model
    from nsum_bayes.checks.folds import assign_folds
    from nsum_bayes.data.held_out import with_areas_blanked
    from tests.made_up import frame_of, study_of

    spec = load_model(arguments.model)
    study, _ = study_of(frame_of(40), spec=spec, surveyed=30, respondents_per_area=20, seed=3)
    parts = list(assign_folds(study, "area", FOLDS, 1).values())
    sampling: list[float] = []
    timed(nutpie, "sample", sampling)
    rows = []
    for shared, folds in ((True, parts), (False, parts[:3])):
        for number, areas in enumerate(folds, start=1):
            began = time.process_time()
            fit(spec, with_areas_blanked(study, areas), seed=number, progress=False, reuse=shared, **SETTINGS)
            whole = time.process_time() - began
            row = {"model": spec.name, "compiled": "once" if shared else "each time", "refit": number}
            rows.append({**row, "cpu_s": whole, "sampling_cpu_s": sampling[-1], "overhead_cpu_s": whole - sampling[-1]})
            print(rows[-1], flush=True)
    table = pd.DataFrame(rows).round(2)
    table.to_csv(arguments.out, index=False)
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
