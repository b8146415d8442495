"""Direct estimates under a design: those of an independent package, by area and for the nation.

The figures are those of `svy` 0.35.0 (Taylor linearisation of the ratio y / d, by domain), whose numbers follow R's
`survey`. It was run once on the data made below, which hold no random number.
"""

from __future__ import annotations

import numpy as np
import pytest

from nsum_bayes import scale_up
from tests.counted_study import counted_study

PEOPLE = 100_000.0
SIZES = {"one": 300.0, "two": 500.0, "three": 200.0}
NATION = (4.352226720648e-04, 1.010929666183e-04)
AREAS = {
    "00": (4.897959183673e-04, 2.480086449509e-04),
    "01": (4.081632653061e-04, 1.684404491806e-04),
    "02": (5.148514851485e-04, 2.105143967871e-04),
    "03": (3.258655804481e-04, 1.707915553937e-04),
}


@pytest.fixture(scope="module")
def clustered():
    """Four areas, two strata in each, three units of five in each of those; weights of one to five."""
    i = np.arange(120)
    known = np.stack([i * 3 % 4, i * 5 % 7, i * 11 % 3], axis=1).astype(float)
    hidden = 1.0 * (i * 13 % 5 == 0) + 2.0 * (i * 17 % 11 == 0)
    area = np.array([f"0{n}" for n in i // 30])
    stratum = np.array([f"{a} {s}" for a, s in zip(area, i // 15 % 2, strict=True)])
    design = {"stratum": stratum, "unit": (i // 5).astype(str), "weight": 1.0 + i * 7 % 5}
    people = dict.fromkeys(["00", "01", "02", "03"], PEOPLE)
    sizes = {group: 4 * size for group, size in SIZES.items()}
    study = counted_study(known, hidden[:, None], sizes, people, area=area, design=design)
    return scale_up(study, ["killworth_mle"], ("area", "nation"), replicates=0)


def test_the_nation(clustered):
    row = clustered.table("nation").iloc[0]
    assert row["estimate"] / (4 * PEOPLE) == pytest.approx(NATION[0], rel=1e-6)
    assert row["se"] / (4 * PEOPLE) == pytest.approx(NATION[1], rel=1e-6)


@pytest.mark.parametrize("area", AREAS)
def test_an_area_as_a_domain(clustered, area):
    row = clustered.table("area").set_index("unit").loc[area]
    assert row["estimate"] / PEOPLE == pytest.approx(AREAS[area][0], rel=1e-6)
    assert row["se"] / PEOPLE == pytest.approx(AREAS[area][1], rel=1e-6)
