"""Which units a release hides: those that break a rule, and others so that the hidden cannot be worked out.

A first round hides what the rules hide. Then, as long as an atom (`nsum_bayes.report.atoms`) breaks a rule, or a hidden
count could be told closer than the rules allow, one more unit is hidden: the one with the fewest people that mends it.
What earlier releases have shown stays known; where that alone tells a hidden figure, nothing can be mended and it is
said.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from nsum_bayes.report.atoms import OPEN, Family, bounds
from nsum_bayes.report.rules import ReleaseRules

Unit = tuple[str, str]
"""Level and name of a unit."""

FEW, SMALL, COMPLEMENTARY = "few respondents", "few people", "protects another figure"
ROUNDING, TINY = 1e-9, 1e-300


@dataclass(frozen=True)
class Cells:
    """What the decision rests on, for one wave.

    Attributes
    ----------
    units
        Positions of the areas of each unit, by level and name.
    respondents
        (area,)
    count, cap
        Posterior mean of the number of members and denominator population (area, group).
    earlier
        Sets of positions whose totals earlier releases have shown.
    """

    units: Mapping[Unit, tuple[int, ...]]
    respondents: np.ndarray
    count: np.ndarray
    cap: np.ndarray
    earlier: Collection[tuple[int, ...]] = ()


@dataclass(frozen=True)
class Decision:
    """What is hidden and why.

    Attributes
    ----------
    hidden
        Reason by level and name of each hidden unit.
    known_before
        Hidden units whose figures follow from earlier releases; nothing done here can take that back.
    remainders
        By shown unit, the positions of its areas that no smaller shown unit holds; areas stand for themselves.
    tightest
        The smallest protection of a hidden unit: how far the nearer limit of its count is, as a share of the count.
    """

    hidden: Mapping[Unit, str]
    known_before: tuple[Unit, ...] = ()
    remainders: Mapping[Unit, tuple[int, ...]] = field(default_factory=dict)
    tightest: float = float("inf")


def decide(cells: Cells, rules: ReleaseRules) -> Decision:
    """Apply the rules to the units of one wave.

    Raises
    ------
    ReleaseError
        Units overlap without nesting.
    """
    return _Search(cells, rules).decision()


class _Search:
    """The state of one decision: which nodes are hidden, and what follows from the others."""

    def __init__(self, cells: Cells, rules: ReleaseRules) -> None:
        self.cells, self.rules = cells, rules
        self.family, node_of = Family.of([*cells.units.values(), *cells.earlier], len(cells.respondents))
        self.node_of = {unit: node_of[tuple(sorted(areas))] for unit, areas in cells.units.items()}
        self.public = {node_of[tuple(sorted(one))] for one in cells.earlier}
        self.people = np.array([cells.cap[areas].sum() for areas in self.family.members])
        self.why: dict[int, str] = {}
        self.hopeless: set[int] = set()
        self._look()
        first = {node: self._broken(self.family.members[node]) for node in self.node_of.values()}
        self._hide({node: why for node, why in first.items() if why})

    def decision(self) -> Decision:
        while (node := self._unmended()) is not None or (node := self._exposed()) is not None:
            (self._protect if node in self.why else self._mend)(node)
        hidden = {unit: self.why[node] for unit, node in self.node_of.items() if node in self.why}
        known = tuple(unit for unit in hidden if self._known(self.node_of[unit]))
        margins = [self._margin(self.node_of[unit]) for unit in hidden if unit not in known]
        return Decision(hidden, known, self._remainders(), min(margins, default=float("inf")))

    # --- what is known

    def _hide(self, nodes: Mapping[int, str]) -> None:
        self.why = {**nodes, **self.why}
        self._look()

    def _look(self) -> None:
        """Nodes whose totals are known, now or from before, and the smallest of them around each area."""
        self.shown = np.zeros(len(self.family), dtype=bool)
        self.shown[[node for node in self.node_of.values() if node not in self.why]] = True
        self.shown[list(self.public)] = True
        self.owner = self.family.owners(self.shown)

    def _broken(self, areas: np.ndarray) -> str:
        """The rule that a set of areas breaks, or nothing."""
        asked = self.cells.respondents[areas].sum()
        if 0 < asked < self.rules.fewest_respondents:
            return FEW
        return SMALL if (self.cells.cap[areas].sum(axis=0) < self.rules.least_denominator).any() else ""

    def _left(self, node: int) -> np.ndarray:
        """Areas of a shown node that no smaller shown node holds."""
        return np.flatnonzero(self.owner == node)

    def _unmended(self) -> int | None:
        """A shown node of which something is left that breaks a rule."""
        for node in np.unique(self.owner):
            if node != OPEN and node not in self.hopeless and self._broken(self._left(node)):
                return int(node)
        return None

    def _exposed(self) -> int | None:
        """A hidden node that can be told too closely."""
        for node in self.why:
            if node not in self.public | self.hopeless and not self._covered(node):
                return node
        return None

    def _covered(self, node: int) -> bool:
        return self._margin(node) >= self.rules.protection - ROUNDING

    def _margin(self, node: int) -> float:
        """How far the nearer limit of a count is, as a share of it, the smallest over the groups.

        Of a wide unit, the part that is known from its shown areas does not count; nothing but that gives 0.
        """
        members, count = self.family.members[node], self.cells.count
        known, low, high = bounds(members, self.owner, count, self.cells.cap)
        truth = count[members].sum(axis=0) - known
        return float((np.minimum(high - truth, truth - low) / np.maximum(truth, TINY)).min())

    def _known(self, node: int) -> bool:
        """Whether earlier releases tell a hidden unit, or too small a total that it lies in."""
        if node in self.public or not self._covered(node):
            return True
        atoms = set(self.owner[self.family.members[node]]) - {OPEN}
        return any(self._broken(self._left(atom)) for atom in atoms & self.hopeless)

    # --- hiding more

    def _mend(self, node: int) -> None:
        """Hide parts of a shown node, so that what is left of it grows; or itself, so that it joins what is around."""
        left = self._left(node)
        asked = int(self.cells.respondents[left].sum())
        moves = [(move, self._gain(move)) for move in self._openings(node)]
        if self._broken(left) == FEW:
            moves = [(move, gain) for move, gain in moves if self.cells.respondents[gain].sum()]
            reach = asked + sum(int(self.cells.respondents[gain].sum()) for _, gain in moves)
            moves = moves if reach >= self.rules.fewest_respondents else []
        mending = [move for move, gain in moves if not self._broken(np.concatenate([left, gain]))]
        self._take(mending or [move for move, _ in moves], node)

    def _protect(self, node: int) -> None:
        """Hide one more unit, inside a hidden one or beside it."""
        around = self.family.shown_around(node, self.shown)
        if not (self.owner[self.family.members[node]] == around).any():
            self._take(self._openings(node), node)
        elif around == OPEN:
            self.hopeless.add(node)
        else:
            beside = [move for move in self._openings(around) if not self._within(move[0], node)]
            beside.sort(key=lambda move: self.people[move[-1]])
            mending = next((move for move in beside if self._would_cover(node, move)), None)
            self._take(beside[-1:] if mending is None else [mending], around, node)

    def _would_cover(self, node: int, move: list[int]) -> bool:
        before = self.why
        self._hide(dict.fromkeys(move, COMPLEMENTARY))
        covered = self._covered(node)
        self.why = before
        self._look()
        return covered

    def _take(self, moves: list[list[int]], node: int, exposed: int | None = None) -> None:
        """Hide by the move that costs the fewest people their figure; without one, hide the node itself."""
        if moves:
            cheapest = int(np.argmin([self.people[move[-1]] for move in moves]))
            self._hide(dict.fromkeys(moves[cheapest], COMPLEMENTARY))
        elif node not in self.public and node not in self.why:
            self._hide({node: COMPLEMENTARY})
        else:
            self.hopeless.add(node if exposed is None else exposed)

    def _gain(self, move: list[int]) -> np.ndarray:
        """Areas that a move sets free."""
        return np.flatnonzero(np.isin(self.owner, move))

    def _openings(self, node: int) -> list[list[int]]:
        """Sets of nodes that, hidden together, set areas of a node free; a set for each largest shown part of it."""
        return [self._opening(part) for part in self._parts(node) if part not in self.public]

    def _opening(self, node: int) -> list[int]:
        """The node and, where nothing of it is left beside its parts, the smallest part, and so on."""
        if (self.owner == node).any():
            return [node]
        free = [part for part in self._parts(node) if part not in self.public]
        return [node, *self._opening(min(free, key=lambda part: self.people[part]))] if free else [node]

    def _parts(self, node: int) -> list[int]:
        """Largest shown nodes inside a node."""
        shown = np.flatnonzero(self.shown[:node])
        return [int(one) for one in shown if self._reaches(int(one), node)]

    def _reaches(self, one: int, node: int) -> bool:
        """Whether no shown node lies between a node and another around it."""
        around = self.family.parent[one]
        while around not in (OPEN, node) and not self.shown[around]:
            around = self.family.parent[around]
        return around == node

    def _within(self, one: int, node: int) -> bool:
        while one not in (OPEN, node):
            one = self.family.parent[one]
        return one == node

    # --- what is left

    def _remainders(self) -> dict[Unit, tuple[int, ...]]:
        left = {}
        for unit, node in self.node_of.items():
            areas = tuple(int(area) for area in self._left(node))
            if node not in self.why and areas and len(areas) < len(self.family.members[node]):
                left[unit] = areas
        return left
