"""Suppression against an independent referee: linear programming over all that is shown."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from nsum_bayes import ReleaseError
from nsum_bayes.report.atoms import Family
from nsum_bayes.report.rules import ReleaseRules, load_rules, presets
from nsum_bayes.report.suppression import Cells, decide

LEVELS = ("area", "province", "region", "nation")


def random_cells(seed: int, *, earlier: tuple[tuple[int, ...], ...] = ()) -> Cells:
    """A random country in four levels, some areas surveyed by few, some of few people."""
    rng = np.random.default_rng(seed)
    areas = int(rng.integers(4, 40))
    province = rng.integers(0, max(1, areas // 4), areas)
    of = {"area": np.arange(areas), "province": province, "region": province % 3, "nation": np.zeros(areas, int)}
    units = {
        (level, str(unit)): tuple(np.flatnonzero(of[level] == unit).tolist())
        for level in LEVELS
        for unit in np.unique(of[level])
    }
    respondents = np.where(rng.random(areas) < rng.uniform(0.1, 0.9), rng.integers(1, 90, areas), 0)
    cap = np.rint(rng.lognormal(9, rng.uniform(0.3, 1.8), (areas, 2)))
    count = cap * np.minimum(1, rng.lognormal(-5, 1, (areas, 2)))
    return Cells(units, respondents, count, cap, earlier)


def limits_by_programming(target: tuple[int, ...], known: list[tuple[int, ...]], count: np.ndarray, cap: np.ndarray):
    """Lowest and highest total of the target areas that agree with known totals of one group."""
    matrix = np.zeros((len(known), len(count)))
    for row, areas in enumerate(known):
        matrix[row, list(areas)] = 1
    aim = np.zeros(len(count))
    aim[list(target)] = 1
    # In units of the largest count: the solver's tolerances are absolute.
    scale = count.max()
    ends = []
    for sign in (1, -1):
        solved = linprog(sign * aim, A_eq=matrix, b_eq=matrix @ count / scale, bounds=[(0, top / scale) for top in cap])
        assert solved.status == 0, solved.message
        ends.append(sign * solved.fun * scale)
    return ends


def derivable_totals(known: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Differences of shown units and what is shown inside them, worked out set by set."""
    left = []
    for outer in known:
        inside = [set(one) for one in known if set(one) < set(outer)]
        rest = set(outer).difference(*inside)
        if rest:
            left.append(tuple(sorted(rest)))
    return left


def follows(target: tuple[int, ...], known: list[tuple[int, ...]], areas: int) -> bool:
    """Whether a total is a linear combination of known ones, whatever the counts are."""
    rows = np.zeros((len(known) + 1, areas))
    for row, one in enumerate([*known, target]):
        rows[row, list(one)] = 1
    return bool(np.linalg.matrix_rank(rows) == np.linalg.matrix_rank(rows[:-1]))


@pytest.mark.parametrize("rules", [load_rules("statistics-office"), load_rules("restricted")], ids=lambda one: one.name)
@pytest.mark.parametrize("seed", range(20))
def test_no_hidden_count_follows_from_what_is_shown(seed: int, rules: ReleaseRules) -> None:
    cells = random_cells(seed)
    decision = decide(cells, rules)
    known = [areas for unit, areas in cells.units.items() if unit not in decision.hidden]
    assert decision.known_before == ()
    for unit in decision.hidden:
        areas = cells.units[unit]
        assert not follows(areas, known, len(cells.respondents)), unit
        for group in range(cells.count.shape[1]):
            low, high = limits_by_programming(areas, known, cells.count[:, group], cells.cap[:, group])
            # What is shown inside a wide unit is known; the rest of it has to be protected.
            covered = set().union(*(set(one) for one in known if set(one) <= set(areas)))
            rest = [area for area in areas if area not in covered]
            truth, hidden = cells.count[list(areas), group].sum(), cells.count[rest, group].sum()
            slack = (rules.protection - 1e-5) * hidden
            assert low <= truth - slack, (unit, group)
            assert high >= truth + slack, (unit, group)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_can_be_worked_out_keeps_the_rules(seed: int) -> None:
    rules = load_rules("statistics-office")
    cells = random_cells(seed)
    decision = decide(cells, rules)
    known = [areas for unit, areas in cells.units.items() if unit not in decision.hidden]
    for rest in derivable_totals(known):
        asked = cells.respondents[list(rest)].sum()
        assert asked == 0 or asked >= rules.fewest_respondents
        assert (cells.cap[list(rest)].sum(axis=0) >= rules.least_denominator).all()
    assert all(unit not in decision.hidden for unit in decision.remainders)


def test_without_complementary_suppression_the_referee_finds_hidden_counts() -> None:
    """The check can fail: hiding only what the rules hide is found out."""
    found = 0
    rules = load_rules("statistics-office")
    for seed in range(20):
        cells = random_cells(seed)
        first = [unit for unit, why in decide(cells, rules).hidden.items() if why != "protects another figure"]
        known = [areas for unit, areas in cells.units.items() if unit not in first]
        found += sum(follows(cells.units[unit], known, len(cells.respondents)) for unit in first)
    assert found > 10


def test_what_an_earlier_release_showed_is_counted() -> None:
    """Province of three: two hidden now; an earlier release showed one of them, so the other must be protected anew."""
    units = {("area", str(i)): (i,) for i in range(8)}
    units |= {("province", "A"): (0, 1, 2, 3), ("province", "B"): (4, 5, 6, 7), ("nation", "nation"): tuple(range(8))}
    respondents = np.array([20, 22, 40, 60, 40, 40, 40, 40])
    cap = np.full((8, 1), 10_000.0)
    count = np.full((8, 1), 50.0)
    rules = load_rules("statistics-office")
    alone = decide(Cells(units, respondents, count, cap), rules)
    assert set(alone.hidden) == {("area", "0"), ("area", "1")}
    after = decide(Cells(units, respondents, count, cap, earlier=[(1,)]), rules)
    assert after.known_before == (("area", "1"),)
    assert len(after.hidden) == 3
    assert ("area", "0") in after.hidden
    known = [areas for unit, areas in units.items() if unit not in after.hidden] + [(1,)]
    assert not follows((0,), known, 8)


def test_what_earlier_releases_tell_cannot_be_taken_back() -> None:
    units = {("area", "0"): (0,), ("area", "1"): (1,), ("nation", "nation"): (0, 1)}
    cells = Cells(units, np.array([12, 60]), np.full((2, 1), 30.0), np.full((2, 1), 5000.0), earlier=[(1,), (0, 1)])
    decision = decide(cells, load_rules("statistics-office"))
    assert ("area", "0") in decision.known_before


def test_sets_that_overlap_are_refused() -> None:
    with pytest.raises(ReleaseError, match="overlap without nesting"):
        Family.of([(0, 1), (1, 2)], 3)


def test_a_frame_without_hidden_units_stays_whole() -> None:
    units = {("area", "0"): (0,), ("area", "1"): (1,), ("nation", "nation"): (0, 1)}
    cells = Cells(units, np.array([30, 0]), np.full((2, 1), 30.0), np.full((2, 1), 5000.0))
    decision = decide(cells, load_rules("statistics-office"))
    assert decision.hidden == {}
    assert decision.tightest == float("inf")


def test_presets_and_the_floor(tmp_path) -> None:
    assert presets() == ("restricted", "statistics-office")
    assert load_rules("statistics-office").fewest_respondents == 25
    assert load_rules("restricted").restricted
    own = tmp_path / "office.toml"
    own.write_text("fewest_respondents = 9\n")
    with pytest.raises(ReleaseError, match="greater than or equal to 10"):
        load_rules(own)
    own.write_text("fewest_respondents = 30\n")
    assert load_rules(own).fewest_respondents == 30
    assert load_rules(own).name == "office"
    own.write_text("fewest = 30\n")
    with pytest.raises(ReleaseError, match="fewest"):
        load_rules(own)
    own.write_text("digits = 1\n")
    with pytest.raises(ReleaseError, match="one significant digit"):
        load_rules(own)
    with pytest.raises(ReleaseError, match="Did you mean 'restricted'"):
        load_rules("restrict")
