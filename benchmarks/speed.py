"""Every named model beside PyMC's stock distributions, in the same run: effective draws per CPU second.

Each model is fitted to a survey simulated from it, once in the package's form and once with the likelihood cell by cell
in PyMC's own distribution. PyMC has no binomial and no beta-binomial with a continuous number of trials: those are
written out with log gamma functions, which is what PyMC's are inside. Every fit is a process of its own; CPU seconds
include compiling. The figure is the smallest number of effective draws among the reported quantities. Finished models
are kept in the output file.

    python benchmarks/speed.py [--models municipal barrier] [--draws 500] [--tune 500]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def log_gamma_counts(part: Any, measurement: Any, log_degree: Any, log_theta: Any, dispersion: Any, inputs: Any) -> Any:
    """Binomial and beta-binomial answers written out cell by cell."""
    import numpy as np
    import pymc as pm
    import pytensor.tensor as pt

    respondent, group = np.nonzero(inputs.answers >= 0)
    answers = inputs.answers[respondent, group].astype(float)

    def logp(value: Any, *tensors: Any) -> Any:
        degree = pt.exp(tensors[0][respondent])
        theta = pt.exp(tensors[1][inputs.visits.of[respondent], group])
        choose = pt.gammaln(degree + 1) - pt.gammaln(answers + 1) - pt.gammaln(degree - answers + 1)
        if part.kind == "binomial":
            return (choose + answers * pt.log(theta) + (degree - answers) * pt.log1p(-theta)).sum()
        size = 1 / tensors[2][group] - 1
        a, b = theta * size, (1 - theta) * size

        def log_beta(x: Any, y: Any) -> Any:
            return pt.gammaln(x) + pt.gammaln(y) - pt.gammaln(x + y)

        return (choose + log_beta(answers + a, degree - answers + b) - log_beta(a, b)).sum()

    arguments = [log_degree, log_theta, *([] if dispersion is None else [dispersion])]
    signature = "(n),(a,k)->(n,k)" if dispersion is None else "(n),(a,k),(k)->(n,k)"
    return pm.CustomDist("answers", *arguments, logp=logp, observed=inputs.answers, signature=signature, dtype="int64")


def take_the_stock_form(kind: str) -> None:
    """From here on models are built with the stock likelihood."""
    from nsum_bayes.model import build

    if kind in ("binomial", "beta_binomial"):
        build.add_counts = log_gamma_counts
        return
    original = build.build_from_inputs
    build.build_from_inputs = lambda spec, inputs: original(spec, inputs, stock=True)


def measure(model: str, form: str, draws: int, tune: int) -> dict[str, Any]:
    """Fit once; run in a process of its own."""
    warnings.simplefilter("ignore")
    import nsum_bayes.inference.fit as fitting
    from nsum_bayes import diagnose, load_model
    from tests.made_up import study_of
    from tests.statistical.test_recovery import CASES, SHARES

    choices, given, _ = CASES[model]
    spec = load_model(model)
    study, _ = study_of(**{"spec": spec, "known": SHARES, "seed": 4, **choices}, parameters=given)
    if form == "stock":
        take_the_stock_form(spec.counts.kind)
    wall, cpu = time.perf_counter(), time.process_time()
    run = fitting.fit(spec, study, seed=4, draws=draws, tune=tune, progress=False)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    quantities = diagnose(run).quantities
    return {
        "model": model,
        "form": form,
        "respondents": len(study.survey),
        "groups": len(study.survey.groups),
        "cpu_s": round(cpu, 1),
        "wall_s": round(wall, 1),
        "smallest_ess": round(float(quantities["ess_bulk"].min())),
        "slowest": str(quantities["ess_bulk"].idxmin()),
        "largest_rhat": round(float(quantities["rhat"].max()), 3),
        "ess_per_cpu_s": round(float(quantities["ess_bulk"].min()) / cpu, 2),
    }


def in_own_process(model: str, form: str, arguments: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, "-W", "ignore", __file__, "--one", model, form]
    command += ["--draws", str(arguments.draws), "--tune", str(arguments.tune)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+")
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--tune", type=int, default=500)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "speed.csv")
    parser.add_argument("--one", nargs=2, metavar=("MODEL", "FORM"))
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(*arguments.one, arguments.draws, arguments.tune)))
        return
    import pandas as pd

    from nsum_bayes.model.spec import ladder

    done = pd.read_csv(arguments.out) if arguments.out.is_file() else pd.DataFrame(columns=["model"])
    for model in arguments.models or [spec.name for spec in ladder()]:
        if model in set(done["model"]):
            continue
        rows = pd.DataFrame([in_own_process(model, form, arguments) for form in ("package", "stock")])
        rows["times_stock"] = (rows["ess_per_cpu_s"] / rows["ess_per_cpu_s"].iloc[1]).round(1)
        done = pd.concat([done, rows], ignore_index=True) if len(done) else rows
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        done.to_csv(arguments.out, index=False)
        print(rows.to_string(header=False), file=sys.stderr, flush=True)
    print(done.to_string(index=False))


if __name__ == "__main__":
    main()
