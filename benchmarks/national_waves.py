"""The national study at full size: 1,642 areas, six categories, neighbours (BYM2), two waves, 7,200 respondents.

Each size runs in a process of its own: CPU and wall seconds, peak memory, effective draws, verdict. Twice and four
times the size are so many copies of the frame side by side, with as many times the respondents and visited areas.
Answers are simulated; only national figures are printed. Needs the shared data folder (NSUM_SHARED_DATA).

    python benchmarks/national_waves.py [--times 1 2 4] [--draws 1500] [--tune 1000] [--out national_waves.csv]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

SURVEYED, PER_AREA, WAVES = 150, 24, ["2023", "2025"]
APART = -30.0  # degrees of longitude between copies of the frame
HALVED = -0.7  # log ratio of the reported rates of the two waves


def copies(times: int) -> Any:
    """The frame so many times over, side by side; codes, provinces and regions of each copy are its own."""
    import geopandas
    import pandas as pd

    from tests.philippines import philippine_areas
    from tests.secondary_surveys import frame

    geometry = philippine_areas(geometry=True).geometry
    one = frame()
    tables, shapes = [], []
    for copy in range(times):
        table = one.table.set_axis([f"{copy}{code}" for code in one.codes], axis=0).rename_axis("area")
        tables.append(table.assign(**{name: f"{copy} " + table[name].astype(str) for name in one.levels}))
        shapes.append(geometry.translate(xoff=APART * copy).set_axis(table.index, axis=0))
    polygons = geopandas.GeoSeries(pd.concat(shapes), crs=geometry.crs)
    return replace(one, table=pd.concat(tables), geometry=polygons)


def spec_of() -> Any:
    """`municipal_spatial`, with waves as in `municipal_waves`."""
    from nsum_bayes import load_model

    return load_model("municipal_spatial").replace(waves=load_model("municipal_waves").waves, name="spatial_waves")


def measure(times: int, draws: int, tune: int, seed: int) -> dict[str, Any]:
    """Simulate and fit once; run in a process of its own so that memory and CPU seconds are its own."""
    import numpy as np

    from nsum_bayes import diagnose, estimate, fit, simulate
    from tests.philippines import HIDDEN, KNOWN_SHARES

    warnings.filterwarnings("ignore")
    areas, spec = copies(times), spec_of()
    given: dict[str, Any] = {"degree_mean": 5.3, "degree_sd": 0.6, "degree_area_sd": 0.25, "bias_sd": 0.3}
    given |= {"overdispersion": 1.0, "rate_intercept": float(np.log(0.01)), "area_sd": 0.4, "province_sd": 0.3}
    given |= {"rate_coefficient": np.array([[0.3], [0.1], [-0.1], [0.2], [0.0], [-0.15]]), "region_sd": 0.25}
    given |= {"wave_effect": np.array([[0.0], [HALVED]]), "transmission_drift": np.zeros((2, 1))}
    study, truth = simulate(
        spec, areas, known=KNOWN_SHARES, hidden=[HIDDEN], respondents_per_area=PER_AREA, surveyed=SURVEYED * times,
        seed=seed, selection="population", waves=WAVES, parameters=given, missing_rate=0.01,
    )  # fmt: skip
    start = time.perf_counter(), time.process_time()
    run = fit(spec, study, seed=1, draws=draws, tune=tune, progress=False)
    wall, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
    fitted = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    diagnosis, estimates = diagnose(run), estimate(run)
    change = estimates.change(*WAVES).iloc[0]
    worst = diagnosis.quantities
    row: dict[str, Any] = {"times": times, "areas": len(areas), "respondents": len(study.survey), "draws": draws}
    row |= {"tune": tune, "cpu_s": cpu, "wall_s": wall, "fit_peak_mb": fitted}
    row |= {
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "smallest_ess": worst["ess_bulk"].min(),
    }
    row |= {"slowest": str(worst["ess_bulk"].idxmin()), "largest_rhat": worst["rhat"].max()}
    row |= {"divergences": int(run.tree["sample_stats"]["diverging"].sum()), "verdict": diagnosis.verdict}
    row |= {"chance_of_decrease": change["chance_of_decrease"], "reading": change["reading"]}
    for wave in WAVES:
        low, high = estimates.at(wave).draws["prevalence"].quantile([0.025, 0.975], dim="draw").values[..., 0]
        actual = truth.at(wave).level("area")["prevalence"].isel(group=0).values
        row[f"coverage_{wave}"] = float(np.mean((low <= actual) & (actual <= high)))
    return {key: round(float(v), 3) if isinstance(v, float | np.floating) else v for key, v in row.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--draws", type=int, default=1500)
    parser.add_argument("--tune", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--one", type=int)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one, arguments.draws, arguments.tune, arguments.seed)))
        return
    import pandas as pd

    rows = []
    for times in arguments.times:
        command = [sys.executable, "-W", "ignore", __file__, "--one", str(times), "--seed", str(arguments.seed)]
        command += ["--draws", str(arguments.draws), "--tune", str(arguments.tune)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        table = pd.DataFrame(rows)
        if arguments.out:
            table.to_csv(arguments.out, index=False)
    print(table.T.to_string())


if __name__ == "__main__":
    main()
