"""What can be worked out from a set of shown totals.

Shown units nest: areas in provinces, provinces in regions, all in the nation. Each area belongs to the smallest shown
unit around it, and the areas that share one are an *atom*: a shown unit less all that is shown inside it. Every total
that follows from the shown ones by adding and subtracting is a sum of atoms, and nothing finer follows. So a rule that
holds for each atom holds for all that a reader can work out, and how closely a hidden count can be told is a matter of
its atoms alone:

    in an atom of total R, a part h of it lies between max(0, R − cap(rest)) and min(R, cap(h)),

with cap the population. A program that solves for these limits by linear programming agrees (tests).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from nsum_bayes.errors import ReleaseError

OPEN = -1
"""Number of the atom of areas that no shown unit holds."""


@dataclass(frozen=True)
class Family:
    """Distinct sets of areas that nest; sets with the same areas are one node, whatever levels they stand for.

    Attributes
    ----------
    members
        Positions of each node's areas.
    parent
        Node around each node, -1 for none; smaller nodes come first.
    chains
        Nodes that hold each area, from the smallest, filled up with ``OPEN`` (area, depth).
    """

    members: tuple[np.ndarray, ...]
    parent: tuple[int, ...]
    chains: np.ndarray

    def __len__(self) -> int:
        return len(self.members)

    @classmethod
    def of(cls, sets: Iterable[Iterable[int]], areas: int) -> tuple[Family, Mapping[tuple[int, ...], int]]:
        """The family of some sets of positions, and the node of each set.

        Raises
        ------
        ReleaseError
            Two sets overlap and neither holds the other.
        """
        distinct = sorted({tuple(sorted(one)) for one in sets}, key=lambda one: (len(one), one))
        chains: list[list[int]] = [[] for _ in range(areas)]
        for node, one in enumerate(distinct):
            for area in one:
                chains[area].append(node)
        parent = []
        for node, one in enumerate(distinct):
            above = {_next(chains[area], node) for area in one}
            if len(above) != 1:
                raise ReleaseError(
                    "Shown units overlap without nesting, so what follows from them cannot be bounded here.",
                    where="levels of this release and of earlier ones in the ledger",
                    advice="Use the boundaries of the earlier release, or release the nation only.",
                )
            parent.append(above.pop())
        depth = max(map(len, chains), default=0) + 1
        padded = np.array([[*chain, *[OPEN] * (depth - len(chain))] for chain in chains])
        family = cls(tuple(map(np.array, distinct)), tuple(parent), padded)
        return family, {one: node for node, one in enumerate(distinct)}

    def owners(self, shown: np.ndarray) -> np.ndarray:
        """Smallest shown node around each area (area,), ``OPEN`` where there is none; its number is the atom's."""
        first = np.append(shown, True)[self.chains].argmax(axis=1)  # the last one stands for OPEN
        return self.chains[np.arange(len(self.chains)), first]

    def shown_around(self, node: int, shown: np.ndarray) -> int:
        """Nearest shown node strictly around a node, ``OPEN`` where there is none."""
        around = self.parent[node]
        while around != OPEN and not shown[around]:
            around = self.parent[around]
        return around


def _next(chain: list[int], node: int) -> int:
    place = chain.index(node) + 1
    return chain[place] if place < len(chain) else OPEN


def bounds(members: np.ndarray, owner: np.ndarray, count: np.ndarray, cap: np.ndarray) -> tuple[np.ndarray, ...]:
    """What is known of a set of areas from all that is shown: its known part, and limits of the rest, each (group,).

    Parameters
    ----------
    members
        Positions of the set's areas.
    owner
        Atom of each area (area,).
    count, cap
        Counts as they are and populations (area, group).

    Returns
    -------
    known, low, high
        Sum of the atoms that lie wholly in the set, and lowest and highest count of what remains.
    """
    inside = np.zeros(len(owner), dtype=bool)
    inside[members] = True
    known, low, high = (np.zeros(count.shape[1]) for _ in range(3))
    for atom in set(owner[members].tolist()):
        here = owner == atom
        part, rest = here & inside, here & ~inside
        if atom == OPEN:
            high += cap[part].sum(axis=0)
        elif rest.any():
            total = count[here].sum(axis=0)
            low += np.maximum(0.0, total - cap[rest].sum(axis=0))
            high += np.minimum(total, cap[part].sum(axis=0))
        else:
            known += count[here].sum(axis=0)
    return known, low, high
