"""Estimates as a release shows them, the ledger, the manifest, and the search for words that must not be there."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from nsum_bayes import ReleaseError
from nsum_bayes.estimates.summaries import to_digits
from nsum_bayes.report.canaries import found_in
from nsum_bayes.report.exports import write_exports
from nsum_bayes.report.ledger import append_entry, read_ledger, shown_before
from nsum_bayes.report.manifest import verify_folder, write_manifest
from nsum_bayes.report.public import class_of, clear, remainder_table, units_of
from nsum_bayes.report.rules import load_rules
from tests.unit.report_fixtures import areas, estimates, squares

RULES = load_rules("statistics-office").model_copy(update={"fewest_respondents": 10, "largest_cv": 0.0})


def in_waves():
    drift = xr.DataArray(np.zeros((200, 1)), dims=("draw", "group"), coords={"group": ["bonded"]})
    first, second = (estimates(seed=seed) for seed in (1, 2))
    first = replace(first, draws=first.draws.assign(drift=drift), wave="2023")
    return replace(second, draws=second.draws.assign(drift=drift), wave="2025", earlier={"2023": first})


def test_hidden_units_have_no_draws_at_any_level_or_wave() -> None:
    given = in_waves()
    cleared = clear(given, RULES)
    for wave, decision in cleared.decisions.items():
        shown = cleared.estimates.at(wave)
        assert decision.hidden
        for level in given.levels:
            draws = shown.level_draws(level)["prevalence"]
            for unit in draws.coords["unit"].values:
                hidden = (level, str(unit)) in decision.hidden
                assert bool(draws.sel(unit=unit).isnull().all()) == hidden
                assert bool(draws.sel(unit=unit).isnull().any()) == hidden
            kinds = shown.table(level).set_index("area")["estimate_type"]
            assert {(level, unit) for unit in kinds.index[kinds == "suppressed"]} == {
                unit for unit in decision.hidden if unit[0] == level
            }


def test_shown_counts_are_the_rounded_ones_and_sizes_of_samples_are_classes() -> None:
    given = estimates()
    cleared = clear(given, RULES)
    truth, told = given.table("province"), cleared.estimates.table("province")
    seen = told["estimate_type"] != "suppressed"
    assert seen.any()
    np.testing.assert_allclose(told.loc[seen, "count_median"], truth.loc[seen, "count_median"], rtol=0.011)
    np.testing.assert_allclose(
        told.loc[seen, "count_median"], to_digits(told.loc[seen, "count_median"].to_numpy(), 3), rtol=1e-9
    )
    area = cleared.estimates.table("area")
    assert set(area["respondents"]) <= {0, 1, 10}
    assert int(cleared.estimates.table("nation")["respondents"].iloc[0]) == int(given.respondents.sum())


def test_classes_of_respondents() -> None:
    assert class_of(np.array([0, 1, 9, 10, 24, 25, 49, 50, 1234])).tolist() == [0, 1, 1, 10, 10, 25, 25, 50, 1000]


def test_figures_too_imprecise_are_hidden_and_said() -> None:
    rules = RULES.model_copy(update={"largest_cv": 0.4})
    cleared = clear(estimates(), rules)
    cv = estimates().table("area").set_index("area")["cv"]
    poor = {cell[2] for cell in cleared.unreliable if cell[1] == "area"}
    hidden = {unit for level, unit in cleared.decisions[""].hidden if level == "area"}
    assert poor == set(cv.index[cv > 0.4]) - hidden
    assert poor


def test_remainders_are_what_is_left_of_shown_units() -> None:
    given = estimates()
    cleared = clear(given, RULES)
    table = remainder_table(given, cleared)
    assert len(table)
    units = units_of(given)
    for row in table.to_dict("records"):
        codes = set(row["codes"].split())
        places = [place for place, code in enumerate(given.areas.codes) if code in codes]
        assert set(places) <= set(units[row["level"], row["unit"]])
        asked = given.respondents[places].sum()
        assert asked == 0 or asked >= RULES.fewest_respondents
        mean = (given.draws["prevalence"].values[:, places, 0] * given.denominators()[places, 0]).sum(axis=1)
        assert row["count_median"] == pytest.approx(np.median(mean), rel=0.011)


def test_the_ledger_grows_and_tells_when_it_was_changed(tmp_path) -> None:
    path = tmp_path / "ledger.jsonl"
    assert read_ledger(path) == []
    first = append_entry(path, {"restricted": False, "groups": ["bonded"]})
    second = append_entry(path, {"restricted": True, "groups": ["bonded"]})
    assert (first["number"], second["number"], second["previous"]) == (1, 2, first["hash"])
    lines = path.read_text().splitlines()
    path.write_text(lines[1] + "\n")
    with pytest.raises(ReleaseError, match=r"line 1"):
        read_ledger(path)
    path.write_text(lines[0].replace('"restricted": false', '"restricted": true') + "\n" + lines[1] + "\n")
    with pytest.raises(ReleaseError, match="broken"):
        append_entry(path, {})


def test_earlier_releases_are_read_from_the_ledger() -> None:
    given = estimates()
    entry = {
        "number": 1, "restricted": False, "groups": ["bonded"], "period": "2025",
        "shown": {"": {"area": ["0100"], "province": ["West"]}},
        "members": {"province": {"West": ["0100", "0101"]}},
    }  # fmt: skip
    assert shown_before([entry], given, restricted=False) == {"": [(0,), (0, 1)]}
    assert shown_before([{**entry, "restricted": True}], given, restricted=False) == {}
    assert shown_before([{**entry, "period": "2019"}], given, restricted=False) == {}
    first = replace(in_waves(), earlier={"2025": in_waves().at("2023")}, wave="2026")
    assert shown_before([entry], first, restricted=False) == {"2025": [(0,), (0, 1)]}, "the first wave was once alone"
    other = {**entry, "shown": {"": {"area": ["9999"]}}}
    with pytest.raises(ReleaseError, match="does not have"):
        shown_before([other], given, restricted=False)


def test_the_manifest_tells_what_was_changed(tmp_path) -> None:
    given = estimates()
    files = write_exports(given, tmp_path, ["tables"])
    body = json.loads(write_manifest(given, tmp_path, files).read_text())
    assert body["settings"]["model"] == "municipal"
    assert set(body["files"]) == {path.name for path in files}
    assert verify_folder(tmp_path) == []
    (tmp_path / "nation.csv").write_text("changed")
    (tmp_path / "areas.parquet").unlink()
    (tmp_path / "more.txt").write_text("x")
    assert sorted(verify_folder(tmp_path)) == [
        "changed: nation.csv", "missing: areas.parquet", "not in the manifest: more.txt",
    ]  # fmt: skip
    with pytest.raises(ReleaseError, match="no manifest"):
        verify_folder(tmp_path / "elsewhere")


def test_words_are_found_in_every_format(tmp_path) -> None:
    frame = areas(*squares())
    named = replace(frame, table=frame.table.assign(name=["canary-7731", *frame.table["name"].iloc[1:]]))
    files = write_exports(estimates(named), tmp_path)
    found = dict(found_in(tmp_path, ["canary-7731", "respondent-0001", "no"]))
    assert set(found.values()) == {1}
    assert {"areas.csv", "areas.parquet", "areas.gpkg", "estimates.nc", "estimates.xlsx", "areas.geojson"} <= set(found)
    assert {path.suffix for path in files} >= {".docx", ".tex"}
    assert found_in(tmp_path, ["respondent-0001"]) == []
