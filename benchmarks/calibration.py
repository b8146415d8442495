"""Is the software calibrated, and does calibration catch planted bugs? All answers are simulated, by the NumPy telling.

Each named model is fitted to surveys simulated from its own priors; ranks of the truth have to be uniform. Then the
same with each bug of `tests/planted_bugs.py` planted in the fitted model; the ranks have to be called out, and no more
is simulated once they are (four looks, each with a quarter of the chance of a false alarm). Flat published priors are
narrowed for simulator and model alike (`calibrated_spec`). Finished fits are kept, so the run can be stopped and taken
up again.

    python benchmarks/calibration.py models [--models municipal …] [--simulations 200] [--workers 2]
    python benchmarks/calibration.py bugs [--bugs "groups swapped" …] [--simulations 200] [--workers 2]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.replicates import RESULTS  # noqa: E402
from nsum_bayes import Calibration, calibrate  # noqa: E402
from nsum_bayes.checks.calibration import CHANCE  # noqa: E402
from nsum_bayes.inference.refits import Task, run_tasks  # noqa: E402
from tests.planted_bugs import BUGS, calibrated_spec, design_of, model_text, ranked_with  # noqa: E402

MODELS = ("random_degree", "municipal", "partially_pooled", "overdispersed")
SHORT = {"draws": 250, "tune": 400}
SEED = 1
LOOKS = (0.125, 0.25, 0.5, 1.0)
"""Shares of the simulations after which a bug is looked for."""


def settings_of(arguments: argparse.Namespace) -> dict[str, int]:
    """Length of the chains."""
    return {"draws": arguments.draws, "tune": arguments.tune}


def of_model(name: str, arguments: argparse.Namespace) -> Calibration:
    """Calibration of a named model."""
    return calibrate(
        calibrated_spec(name),
        seed=SEED,
        simulations=arguments.simulations,
        **settings_of(arguments),
        workers=arguments.workers,
        out=arguments.kept / f"{name}.jsonl",
        progress=True,
    )


def of_bug(name: str, arguments: argparse.Namespace) -> Calibration:
    """Calibration with a bug planted, as far as is needed to call it out."""
    settings = settings_of(arguments)
    tasks = [
        Task(str(number), (name, model_text(name), design_of(name), SEED, number, settings))
        for number in range(arguments.simulations)
    ]
    job = f"bug {name}, {settings}, {design_of(name)}, {model_text(name)}"
    out = arguments.kept / f"bug_{name.replace(' ', '_')}.jsonl"
    for share in LOOKS:
        some = tasks[: max(1, round(share * len(tasks)))]
        outcome = run_tasks(ranked_with, some, workers=arguments.workers, out=out, job=job, progress=True)
        found = Calibration.of(BUGS[name].model, outcome)
        if found.called_out(CHANCE / len(LOOKS)):
            break
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["models", "bugs"])
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    parser.add_argument("--bugs", nargs="+", default=list(BUGS))
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--draws", type=int, default=SHORT["draws"])
    parser.add_argument("--tune", type=int, default=SHORT["tune"])
    parser.add_argument("--kept", type=Path, default=Path("calibration_ranks"), help="folder for finished fits")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the tables")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    tables = []
    for name in arguments.models if arguments.what == "models" else arguments.bugs:
        found = of_model(name, arguments) if arguments.what == "models" else of_bug(name, arguments)
        called = found.called_out(CHANCE if arguments.what == "models" else CHANCE / len(LOOKS))
        table = found.table().reset_index().assign(called_out=lambda t, c=called: t["quantity"].isin(c))
        tables.append(table.assign(case=name, simulations=found.simulations, failed=len(found.failures)))
        tables[-1]["unconverged"] = found.unconverged
        print(f"{name}: {'called out: ' + ', '.join(called) if called else 'passes'}\n{found!r}\n", flush=True)
    first = ["case", "simulations", "failed", "unconverged"]
    whole = pd.concat(tables, ignore_index=True)
    whole[[*first, *whole.columns.difference(first, sort=False)]].round(4).to_csv(
        arguments.out / f"calibration_{arguments.what}.csv", index=False
    )


if __name__ == "__main__":
    main()
