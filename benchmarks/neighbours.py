"""What neighbours are worth for areas nobody visited, and what the field they share costs beside PyMC's own.

Worth: surveys of half of a lattice, ten in which neighbours are alike and ten in which they are not, fitted with
neighbours and without. Cost: a normal model of 150 visited areas among those of the Philippine frame (needs
NSUM_SHARED_DATA) with the package's form and with `pm.ICAR`, in the same run.

    python benchmarks/neighbours.py worth [--replicates 10] [--workers 2]
    python benchmarks/neighbours.py cost
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

from benchmarks.replicates import RESULTS, kept  # noqa: E402

NOISE, VISITED = 0.5, 150
SAMPLING = {"draws": 500, "tune": 500, "chains": 2, "random_seed": 1, "progressbar": False, "nuts_sampler": "nutpie"}


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Means by case; the ratio of errors is that of areas nobody visited."""
    marked = table.assign(ratio_of_errors=table["neighbours_error_unsurveyed"] / table["alone_error_unsurveyed"])
    found = marked.groupby("case", sort=False)
    means = [column for column in marked.columns if column not in ("case", "seed")]
    better = marked["ratio_of_errors"] < 1
    return pd.concat([found.size().rename("replicates"), better.groupby(marked["case"]).sum().rename("better"),
                      found[means].mean().round(3)], axis=1)  # fmt: skip


def cost() -> pd.DataFrame:
    """CPU seconds of building, and of compiling and sampling; smallest bulk effective draws among the visited areas.

    Building the package's form works out the covariance of the visited areas, once a map.
    """
    import numpy as np
    import pymc as pm
    from scipy.sparse import coo_array

    from nsum_bayes.data.neighbours import components, neighbours
    from nsum_bayes.model.intrinsic import intrinsic_field
    from nsum_bayes.model.spatial_basis import spatial_basis
    from tests.philippines import philippine_areas

    areas = philippine_areas(geometry=True)
    pairs, count = np.asarray(neighbours(areas)), len(areas)
    rng = np.random.default_rng(4)
    group = components(pairs, count)
    largest = np.flatnonzero(group == np.bincount(group).argmax())
    # pm.ICAR takes one connected map only: the largest island.
    visited = np.sort(rng.choice(largest, VISITED, replace=False))
    answers = intrinsic_field(areas).draw(rng, 1)[0, visited] + NOISE * rng.standard_normal(VISITED)
    place = {int(area): number for number, area in enumerate(largest)}
    inside = [(place[int(a)], place[int(b)]) for a, b in pairs if int(a) in place and int(b) in place]
    one, other = np.array(inside).T
    ends = (np.concatenate([one, other]), np.concatenate([other, one]))
    adjacency = coo_array((np.ones(len(ends[0])), ends), (len(largest), len(largest)))
    own, stock = pm.Model(), pm.Model()
    with pm.Model():  # what the first compilation in a process costs is nobody's
        pm.Normal("y", pm.Normal("x"), observed=answers)
        pm.sample(**SAMPLING)
    with own:
        intrinsic_field.cache_clear()  # the answers above were drawn from it, and have worked it out
        began = time.process_time()
        basis = spatial_basis(areas, visited)
        z = pm.Normal("z", 0.0, 1.0, shape=VISITED)
        u = pm.Deterministic("u", pm.math.dot(basis.vectors, np.sqrt(basis.values) * z))
        pm.Normal("y", u, NOISE, observed=answers)
    rows = [_sampled("the package's", own, began)]
    with stock:
        began = time.process_time()
        phi = pm.ICAR("phi", W=adjacency.toarray())
        u = pm.Deterministic("u", phi[np.array([place[int(area)] for area in visited])])
        pm.Normal("y", u, NOISE, observed=answers)
    return pd.DataFrame([*rows, _sampled("pm.ICAR", stock, began)])


def _sampled(name: str, model: Any, began: float) -> dict[str, Any]:
    import arviz as az
    import pymc as pm

    built = time.process_time()
    with model:
        tree = pm.sample(**SAMPLING)
    cpu = time.process_time() - built
    draws, field = tree["posterior"].to_dataset()[["u"]], tree["sample_stats"].to_dataset()
    smallest = float(az.ess(draws)["u"].min())
    return {
        "form": name,
        "build_cpu_s": round(built - began, 1),
        "sample_cpu_s": round(cpu, 1),
        "smallest_ess": round(smallest),
        "ess_per_sample_cpu_s": round(smallest / cpu, 2),
        "steps": int(field["n_steps"].sum()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["worth", "cost"])
    parser.add_argument("--replicates", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS / "neighbours.csv")
    arguments = parser.parse_args()
    if arguments.what == "cost":
        warnings.filterwarnings("ignore")
        found = cost()
        found.to_csv(arguments.out.with_name(f"{arguments.out.stem}_cost.csv"), index=False)
    else:
        from tests.spatial_surveys import SHARES, compared_on_a_lattice

        cases = [(case, seed) for seed in range(1, arguments.replicates + 1) for case in SHARES]
        table = kept(compared_on_a_lattice, cases, ["case", "seed"], arguments.out, arguments.workers)
        found = summary(table)
        found.to_csv(arguments.out.with_name(f"{arguments.out.stem}_summary.csv"))
    print(found.to_string())


if __name__ == "__main__":
    main()
