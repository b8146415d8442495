"""Exceedance tables withhold what tables withhold; estimates stand beside the truth unit by unit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from nsum_bayes import Areas, Estimates
from nsum_bayes.checks.known_truth import beside_truth, intervals_holding_truth
from nsum_bayes.estimates.summaries import Suppression
from nsum_bayes.report.exceedance import exceedance_table, write_exceedance

CODES = np.array(["02", "10", "01"])  # not in alphabetical order, with leading zeros
RESPONDENTS = np.array([20, 5, 0])


@pytest.fixture
def estimates() -> Estimates:
    """Three areas in two provinces; prevalence is uniform on a grid from 0 to twice its middle."""
    table = pd.DataFrame(
        {
            "name": ["Two", "Ten", "One"],
            "province": ["P", "Q", "P"],
            "population": 1000.0,
            "adults": [100.0, 300.0, 200.0],
        },
        index=pd.Index(CODES, name="area"),
    )
    middle = np.array([[0.10, 0.20], [0.30, 0.40], [0.05, 0.25]])
    grid = np.linspace(0, 2, 1001)
    draws = xr.Dataset(
        {"prevalence": (("draw", "area", "group"), grid[:, None, None] * middle)},
        coords={"area": CODES, "group": ["b", "a"]},
    )
    return Estimates(
        draws=draws,
        areas=Areas(table=table, levels=("province",), denominators=("adults",), covariates=(), geometry=None),
        denominator={"b": "adults", "a": "adults"},
        respondents=RESPONDENTS,
        own_information=xr.DataArray(np.zeros((3, 2)), dims=("area", "group")),
        meta={"title": "T", "synthetic": True, "fictional_places": True},
    )


def test_probabilities_stand_at_their_area_and_group(estimates: Estimates) -> None:
    table = exceedance_table(estimates, 0.1, "area", Suppression()).set_index(["area", "group"])["probability"]
    # P(x · middle > 0.1) for x uniform on 0 to 2 is 1 − 0.05 / middle.
    assert table["02", "b"] == pytest.approx(0.50, abs=0.002)
    assert table["02", "a"] == pytest.approx(0.75, abs=0.002)
    assert table["01", "a"] == pytest.approx(0.80, abs=0.002)


def test_what_tables_withhold_has_no_probability(estimates: Estimates) -> None:
    table = exceedance_table(estimates, 0.1, "area", Suppression()).set_index("area")
    assert table.loc["10", "probability"].isna().all()
    assert table.loc["01", "probability"].notna().all()


def test_the_file_has_every_level(estimates: Estimates, tmp_path: Path) -> None:
    path = write_exceedance(estimates, 0.1, tmp_path, suppress=Suppression())
    table = pd.read_csv(path, dtype={"area": str})
    assert path.name == "exceedance.csv"
    assert list(dict.fromkeys(table["level"])) == ["area", "province", "nation"]
    assert set(table.loc[table["level"] == "area", "area"]) == set(CODES)
    assert (table["threshold"] == 0.1).all()
    assert list(table.columns)[-1] == "simulated"
    assert table["simulated"].all()


def test_real_answers_carry_no_stamp(estimates: Estimates) -> None:
    real = replace(estimates, meta={"title": "T", "synthetic": False})
    assert "simulated" not in exceedance_table(real, 0.1, "area", Suppression()).columns


def test_simulated_answers_about_real_places_have_the_nation_only(estimates: Estimates, tmp_path: Path) -> None:
    path = write_exceedance(estimates.noting(fictional_places=False), 0.1, tmp_path, suppress=Suppression())
    assert set(pd.read_csv(path)["level"]) == {"nation"}


def test_units_stand_beside_their_own_truth(estimates: Estimates) -> None:
    truth = pd.DataFrame(
        [
            ("area", "01", "a", 0.25),
            ("area", "02", "a", 0.20),
            ("area", "10", "a", 0.799),  # above the upper end, 0.4 · 1.95
            ("province", "P", "a", (0.2 * 100 + 0.25 * 200) / 300),
            ("province", "Q", "a", 0.4),
            ("nation", "nation", "a", (0.2 * 100 + 0.4 * 300 + 0.25 * 200) / 600),
        ],
        columns=["level", "unit", "group", "prevalence"],
    )
    found = beside_truth(estimates, truth).query("group == 'a'").set_index(["level", "unit"])
    inside = found["inside"].to_dict()
    assert inside.pop(("area", "10")) is False
    assert all(inside.values())
    close = found.drop(("area", "10"))
    np.testing.assert_allclose(close["median"], close["truth"], rtol=1e-9)
    assert found["surveyed"].to_dict() == {
        ("area", "01"): False,
        ("area", "02"): True,
        ("area", "10"): True,
        ("province", "P"): True,
        ("province", "Q"): True,
        ("nation", "nation"): True,
    }
    counted = intervals_holding_truth(found.reset_index()).set_index(["level", "surveyed"])
    assert counted.loc[("area", True), ["units", "inside"]].tolist() == [2, 1]
    assert counted.loc[("area", False), ["units", "inside"]].tolist() == [1, 1]
