"""The national study: 3,600 respondents in 150 of 1,642 municipalities, 20 known groups and one hidden, six covariates.

Times the package's likelihood beside PyMC's stock negative binomial, each in a process of its own in the same run, and
prints CPU and wall seconds, peak memory and the smallest effective draws per CPU second. Answers are simulated; only
national figures are printed. Needs the shared data folder (NSUM_SHARED_DATA).

    python benchmarks/national.py [--seed 3] [--draws 500] [--tune 500] [--out benchmarks/results/national.csv]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def measure(likelihood: str, seed: int, draws: int, tune: int) -> dict[str, Any]:
    """Fit once and return the figures; run in a process of its own so that memory and CPU seconds are its own."""
    import numpy as np

    import nsum_bayes.inference.fit as fitting
    from nsum_bayes import diagnose, estimate, load_model
    from nsum_bayes.model import build
    from tests.philippines import national_study, philippine_areas

    warnings.filterwarnings("ignore", message="PyTensor could not link to a BLAS")
    study, truth = national_study(seed, areas=philippine_areas(geometry=True))
    if likelihood == "stock":
        original = build.build_from_inputs
        build.build_from_inputs = lambda spec, inputs: original(spec, inputs, stock=True)
    start = time.perf_counter(), time.process_time()
    run = fitting.fit(load_model("municipal"), study, seed=1, draws=draws, tune=tune, progress=False)
    wall, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
    diagnosis = diagnose(run)
    estimates = estimate(run)
    national = estimates.national()["count"].isel(group=0).values
    total = float(truth.count.sum())
    reported = diagnosis.quantities
    lowest = reported["ess_bulk"].idxmin()
    inside = estimates.draws["prevalence"].quantile([0.025, 0.975], dim="draw").values
    covered = (inside[0] <= truth.prevalence.values) & (truth.prevalence.values <= inside[1])
    visited = estimates.respondents > 0
    return {
        "likelihood": likelihood,
        "seed": seed,
        "draws": draws,
        "tune": tune,
        "cpu_s": round(cpu, 1),
        "wall_s": round(wall, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "smallest_ess": round(float(reported["ess_bulk"].min())),
        "slowest": str(lowest),
        "national_ess": round(float(reported.loc["rate[trafficked] nation", "ess_bulk"])),
        "ess_per_cpu_s": round(float(reported["ess_bulk"].min()) / cpu, 2),
        "national_ess_per_cpu_s": round(float(reported.loc["rate[trafficked] nation", "ess_bulk"]) / cpu, 2),
        "largest_rhat": round(float(reported["rhat"].max()), 4),
        "divergences": int(run.tree["sample_stats"]["diverging"].sum()),
        "verdict": diagnosis.verdict,
        "truth": round(total),
        "lower": round(float(national[0])),
        "median": round(float(national[1])),
        "upper": round(float(national[2])),
        "truth_inside": bool(national[0] <= total <= national[2]),
        "coverage_surveyed": round(float(np.mean(covered[visited])), 3),
        "coverage_unsurveyed": round(float(np.mean(covered[~visited])), 3),
    }


def in_own_process(likelihood: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run `measure` in a fresh process."""
    command = [sys.executable, "-W", "ignore", __file__, "--one", likelihood]
    command += ["--seed", str(arguments.seed), "--draws", str(arguments.draws), "--tune", str(arguments.tune)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--tune", type=int, default=500)
    parser.add_argument("--fast-only", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--one", choices=("fast", "stock"))
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one, arguments.seed, arguments.draws, arguments.tune)))
        return
    import pandas as pd

    names = ("fast",) if arguments.fast_only else ("fast", "stock")
    table = pd.DataFrame([in_own_process(name, arguments) for name in names])
    print(table.T.to_string())
    if not arguments.fast_only:
        ratio = table.loc[0, "ess_per_cpu_s"] / table.loc[1, "ess_per_cpu_s"]
        print(f"\nsmallest effective draws per CPU second: {ratio:.1f} times the stock distribution's")
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(arguments.out, index=False)
        print(f"written: {arguments.out}")


if __name__ == "__main__":
    main()
