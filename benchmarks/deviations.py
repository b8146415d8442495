"""When do local deviations of known groups matter? Few and many known groups whose sizes are only national.

Each surveyed area's share of a known group deviates from the nation's by exp(v), v ~ Normal(0, 0.5). `municipal` is
fitted without and with `deviation_sd` on the same simulated surveys (a fictional archipelago, 60 of 120 areas visited).
Transmission and the hidden group's own bias are given, so that what is seen is what the deviations do.
Finished fits are kept in the output file.

    python benchmarks/deviations.py [--replicates 4] [--out benchmarks/results/deviations.csv]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.replicates import RESULTS, kept  # noqa: E402

DEVIATION_SD = 0.5


def deviations_replicate(groups: int, seed: int, modelled: bool) -> dict[str, Any]:
    """Coverage and error of surveyed areas in one simulated survey, with or without the deviations in the model."""
    from nsum_bayes import estimate, fit, load_model, simulate
    from nsum_bayes.data.archipelago import archipelago
    from nsum_bayes.model.spec import HalfNormal, KnownSizesUse

    plain = load_model("municipal").replace(bias={})
    deviating = plain.replace(known_sizes=KnownSizesUse(deviation_sd=HalfNormal(sd=0.5, reason="studied here")))
    hidden = {
        "group": "hidden",
        "denominator": "adults",
        "transmission": {"fixed": 1.0, "reason": "given to the model"},
    }
    study, truth = simulate(
        deviating,
        archipelago(7),
        known={f"known_{k}": share for k, share in enumerate(np.geomspace(0.002, 0.02, groups))},
        hidden=[hidden],
        respondents_per_area=20,
        surveyed=60,
        seed=seed,
        parameters={
            "degree_mean": 5.3,
            "degree_sd": 0.5,
            "degree_area_sd": 0.2,
            "deviation_sd": DEVIATION_SD,
            "overdispersion": [0.5] * (groups + 1),
            "prevalence_intercept": [float(np.log(0.02))],
            "rate_coefficient": np.zeros((3, 1)),
            "province_sd": [0.2],
            "region_sd": [0.2],
            "area_sd": [0.4],
        },
    )
    run = fit(deviating if modelled else plain, study, seed=seed, draws=500, tune=700, progress=False)
    estimates = estimate(run)
    visited = estimates.respondents > 0
    low, middle, high = estimates.draws["prevalence"].quantile([0.025, 0.5, 0.975], dim="draw").values[:, visited, 0]
    actual = truth.prevalence.values[visited, 0]
    national = estimates.national()["count"].isel(group=0).values
    return {
        "groups": groups,
        "seed": seed,
        "modelled": modelled,
        "coverage": float(((low <= actual) & (actual <= high)).mean()),
        "abs_log_error": float(np.abs(np.log(middle / actual)).mean()),
        "log_width": float(np.log(high / low).mean()),
        "national_inside": bool(national[0] <= float(truth.count.sum()) <= national[2]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS / "deviations.csv")
    arguments = parser.parse_args()
    cases = [(k, 100 + r, m) for r in range(arguments.replicates) for k in (4, 6, 20) for m in (False, True)]
    done = kept(deviations_replicate, cases, ["groups", "seed", "modelled"], arguments.out, arguments.workers)
    figures = ["coverage", "abs_log_error", "log_width", "national_inside"]
    print(done.groupby(["groups", "modelled"])[figures].mean().round(3).to_string())


if __name__ == "__main__":
    main()
