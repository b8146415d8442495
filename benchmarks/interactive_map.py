"""How long the interactive map of a whole country takes, and how large its file is.

    NSUM_SHARED_DATA=… python benchmarks/interactive_map.py --out map.html

The Philippine frame has 1,642 polygons. Its figures here are **made up from a seed**, so the page that is written shows
the nation only. What a page with every figure costs is measured on the same polygons under invented names, in memory;
that page is not written.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from nsum_bayes.data.archipelago import invent_names  # noqa: E402
from nsum_bayes.data.areas import Areas  # noqa: E402
from nsum_bayes.estimates.estimates import Estimates  # noqa: E402
from nsum_bayes.report.interactive import interactive_page  # noqa: E402
from nsum_bayes.report.release import replacing  # noqa: E402
from tests.philippines import philippine_areas  # noqa: E402

MOST_SECONDS, MOST_MEGABYTES = 20.0, 5.0
SURVEYED, PER_AREA, TOO_FEW = 150, 24, 5
META = {
    "title": "Simulated figures", "construct": "children in forced labour (simulated)", "period": "2025",
    "tie": "not asked", "frame": "area", "synthetic": True, "model": "made up from a seed", "seed": 1,
}  # fmt: skip


def made_up(areas: Areas, draws: int, groups: int, *, fictional: bool) -> Estimates:
    """Draws of every area around a made-up centre; a few areas with too few respondents to show."""
    rng = np.random.default_rng(1)
    names = [f"group {number + 1}" for number in range(groups)]
    asked = np.zeros(len(areas), dtype=int)
    visited = rng.choice(len(areas), SURVEYED, replace=False)
    asked[visited] = PER_AREA
    asked[visited[:TOO_FEW]] = 6
    centre = rng.normal(np.log(0.004), 0.5, (len(areas), groups))
    spread = np.where(asked > 0, 0.3, 0.7)[:, None]
    prevalence = np.exp(centre + spread * rng.normal(size=(draws, *centre.shape)))
    coords = {"area": areas.codes.astype(object), "group": np.array(names, dtype=object)}
    own = np.where(asked > 0, 0.5, 0.0)[:, None].repeat(groups, axis=1)
    return Estimates(
        draws=xr.Dataset({"prevalence": (("draw", "area", "group"), prevalence)}, coords=coords),
        areas=areas,
        denominator=dict.fromkeys(names, "children"),
        respondents=asked,
        own_information=xr.DataArray(own, dims=("area", "group"), coords=coords),
        meta={**META, "fictional_places": fictional},
    )


def renamed(areas: Areas) -> Areas:
    """The same polygons and numbers under names and codes that do not exist."""
    rng = np.random.default_rng(2)
    table = areas.table.copy()
    names = invent_names(len(table) + 200, rng)
    table["name"] = names[: len(table)]
    spare = iter(names[len(table) :])
    for level in areas.levels:
        table[level] = table[level].map({unit: next(spare) for unit in table[level].unique()})
    codes = [f"x{number:05d}" for number in range(len(table))]
    polygons = areas.geometry.set_axis(codes) if areas.geometry is not None else None
    return replace(areas, table=table.set_axis(codes, axis=0), geometry=polygons)


def measured(make: Callable[[], str]) -> tuple[str, dict[str, float]]:
    begin = time.perf_counter()
    page = make()
    return page, {"seconds": time.perf_counter() - begin, "megabytes": len(page.encode()) / 1e6}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("map.html"), help="the page with the nation only")
    parser.add_argument("--draws", type=int, default=4000)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "interactive_map.csv")
    chosen = parser.parse_args()
    areas = philippine_areas(geometry=True)
    rows = []
    for places, groups in (("real: nation only", 1), ("invented names: every figure", 1), ("the same", 2)):
        fictional = not places.startswith("real")
        estimates = made_up(renamed(areas) if fictional else areas, chosen.draws, groups, fictional=fictional)
        page, found = measured(lambda estimates=estimates: interactive_page(estimates))
        within = found["seconds"] < MOST_SECONDS and found["megabytes"] < MOST_MEGABYTES
        rows.append({"places": places, "polygons": len(areas), "groups": groups, "draws": chosen.draws,
                     "seconds": f"{found['seconds']:.1f}", "megabytes": f"{found['megabytes']:.2f}",
                     "within_limits": within})  # fmt: skip
        print(rows[-1])
        if not fictional:
            with replacing(chosen.out) as temporary:
                temporary.write_text(page, encoding="utf-8")
    with replacing(chosen.results) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    print(f"wrote: {chosen.out} and {chosen.results}")


if __name__ == "__main__":
    main()
