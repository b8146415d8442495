"""Random studies, every export, two releases: nothing hidden can be worked out from the files, no word leaks."""

from __future__ import annotations

import json

import pytest

from nsum_bayes.report.canaries import found_in
from nsum_bayes.report.exports import WRITERS
from nsum_bayes.report.manifest import verify_folder
from nsum_bayes.report.public import units_of
from nsum_bayes.report.release import release
from nsum_bayes.report.rules import load_rules
from tests.random_studies import CANARY, GROUPS, WAVES, limits_of, random_estimates, told_by

EXACT = {"digits": 0, "largest_cv": 0.0}
"""Figures to the last digit and none hidden for quality: the worst case for what is hidden."""


def released_twice(seed: int, rules, folder, formats):
    """The first wave alone, then both, under the same ledger."""
    given, house = random_estimates(seed), folder / "house" / "releases.jsonl"
    first = release(given.at(WAVES[0]), folder / "one", ledger=house, rules=rules, formats=formats, scan_for=[CANARY])
    second = release(given, folder / "two", ledger=house, rules=rules, formats=formats, scan_for=[CANARY])
    return given, (first, second)


def recovered(given, releases, wave: str, group: int, rules, leaked=()) -> list[tuple[str, str]]:
    """Hidden units whose count can be told too closely from the tables of both releases and some that leaked."""
    one, units = given.at(wave), units_of(given)
    cap = one.denominators()[:, group]
    truth = one.draws["prevalence"].mean("draw").transpose("area", "group").values[:, group] * cap
    told = {}
    for done in releases:
        told |= {units[unit]: count for unit, count in told_by(done.folder, wave, GROUPS[group]).items()}
    told |= {units[unit]: truth[list(units[unit])].sum() for unit in leaked}
    found = []
    for unit in set(releases[-1].cleared.decisions[wave].hidden) - set(leaked):
        areas = list(units[unit])
        inside = set().union(*(set(one) for one in told if set(one) <= set(areas)))
        rest = [area for area in areas if area not in inside]
        low, high = limits_of(areas, told, cap, 1e-9)
        least = (rules.protection - 1e-4) * truth[rest].sum()
        if low > truth[areas].sum() - least or high < truth[areas].sum() + least:
            found.append(unit)
    return found


def check_study(seed: int, folder, formats=()) -> int:
    """How many figures a study hides, all of which cannot be worked out."""
    preset = ("statistics-office", "restricted")[seed % 2]
    rules = load_rules(preset).model_copy(update=EXACT)
    given, releases = released_twice(seed, rules, folder, formats)
    hidden = 0
    for wave in WAVES:
        assert releases[-1].cleared.decisions[wave].known_before == ()
        for group in range(len(GROUPS)):
            assert recovered(given, releases, wave, group, rules) == []
        hidden += len(releases[-1].cleared.decisions[wave].hidden)
    for done in releases:
        assert verify_folder(done.folder) == []
        assert found_in(done.folder, [CANARY]) == []
    changes = (releases[-1].folder / "changes.csv").read_text()
    for level, unit in {unit for one in releases[-1].cleared.decisions.values() for unit in one.hidden}:
        for line in changes.splitlines():
            if line.startswith(f'"{level}","{WAVES[0]}","{WAVES[1]}","{unit}"'):
                assert '"withheld"' in line
    return hidden


def test_nothing_hidden_follows_from_the_files_of_two_releases(tmp_path) -> None:
    hidden = [check_study(seed, tmp_path / str(seed), ["tables"]) for seed in range(20)]
    assert sum(hidden) > 100


def test_the_referee_finds_what_follows(tmp_path) -> None:
    """The check can fail: told of one more unit, it finds hidden counts."""
    rules = load_rules("statistics-office").model_copy(update=EXACT)
    found = 0
    for seed in range(8):
        given, releases = released_twice(seed, rules, tmp_path / str(seed), ["tables"])
        for wave in WAVES:
            hidden = [unit for unit in releases[-1].cleared.decisions[wave].hidden if unit[0] == "area"]
            found += sum(bool(recovered(given, releases, wave, 0, rules, [unit])) for unit in hidden)
    assert found > 4


@pytest.mark.parametrize("seed", [3, 4])
def test_every_export_of_a_study(seed: int, tmp_path) -> None:
    check_study(seed, tmp_path)
    body = json.loads((tmp_path / "two" / "manifest.json").read_text())
    endings = {name.rsplit(".", 1)[1] for name in body["files"]}
    assert endings >= {"csv", "parquet", "gpkg", "geojson", "xlsx", "tex", "docx", "png", "html"}
    assert len(WRITERS) == 7
    assert body["release"] == 2
    assert body["previous_release"]["number"] == 1
    assert any("not in the release before" in line for line in body["differences"])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_every_export_of_many_studies(seed: int, tmp_path) -> None:
    check_study(seed, tmp_path)
