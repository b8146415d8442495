"""The intrinsic conditional autoregression of a map of neighbours, scaled so that its variance is about one.

    p(u) ∝ exp(−½ Σ_{a~b} (u_a − u_b)²),   Σ u = 0 in each connected group of areas

Each group is scaled so that the geometric mean of its marginal variances is one (Freni-Sterrantino, Ventrucci, Rue
2018, doi:10.1016/j.sste.2018.04.002), and an area without neighbours is a standard normal of its own. That makes it a
normal with covariance K, the scaled pseudo-inverse of the graph's Laplacian Q: what is needed of K comes from one
sparse factorisation a group, and draws from u = K B'z with B'B = Q.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from nsum_bayes.data.neighbours import components, neighbours

if TYPE_CHECKING:
    from nsum_bayes.data.areas import Areas

BLOCK = 512
"""Right-hand sides solved at once."""

Solve = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class _Group:
    """A connected group of two or more areas."""

    areas: np.ndarray
    solve: Solve
    """Pseudo-inverse of the Laplacian times (area, column)."""
    incidence: Any
    scale: float


@dataclass(frozen=True, eq=False)
class IntrinsicField:
    """The scaled field on a frame of areas."""

    count: int
    alone: np.ndarray
    groups: tuple[_Group, ...]

    def covariance(self, rows: np.ndarray) -> np.ndarray:
        """Covariance of every area with some (area, row)."""
        found = np.zeros((self.count, len(rows)))
        for place in np.flatnonzero(np.isin(rows, self.alone)):
            found[rows[place], place] = 1.0
        for group in self.groups:
            places = np.flatnonzero(np.isin(rows, group.areas))
            if len(places):
                unit = group.areas[:, None] == rows[places]
                found[np.ix_(group.areas, places)] = group.solve(unit.astype(float)) / group.scale
        return found

    def draw(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Draws of the field (size, area)."""
        drawn = np.empty((size, self.count))
        drawn[:, self.alone] = rng.standard_normal((size, len(self.alone)))
        for group in self.groups:
            for start in range(0, size, BLOCK):
                rows = slice(start, min(start + BLOCK, size))
                noise = rng.standard_normal((group.incidence.shape[0], rows.stop - rows.start))
                field = group.solve(group.incidence.T @ noise) / np.sqrt(group.scale)
                drawn[rows, group.areas] = field.T
        return drawn


@lru_cache(maxsize=8)
def intrinsic_field(areas: Areas) -> IntrinsicField:
    """The scaled field of a frame, from its neighbours."""
    return field_of(neighbours(areas), len(areas))


def field_of(edges: np.ndarray, count: int) -> IntrinsicField:
    """The scaled field of a graph given by its edges (edge, 2) and its number of areas."""
    label = components(edges, count)
    size = np.bincount(label)
    alone = np.flatnonzero(size[label] == 1)
    groups = [_group(np.flatnonzero(label == number), edges) for number in np.flatnonzero(size > 1)]
    return IntrinsicField(count, alone, tuple(groups))


def _group(areas: np.ndarray, edges: np.ndarray) -> _Group:
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import splu

    own = np.searchsorted(areas, edges[np.isin(edges[:, 0], areas)])
    rows = np.repeat(np.arange(len(own)), 2)
    signs = np.tile([1.0, -1.0], len(own))
    incidence = csr_matrix((signs, (rows, own.ravel())), shape=(len(own), len(areas)))
    # One area held at zero makes the rest of the Laplacian invertible; centring before and after undoes the choice.
    held = splu((incidence.T @ incidence).tocsc()[1:, 1:])

    def solve(columns: np.ndarray) -> np.ndarray:
        centred = columns - columns.mean(axis=0)
        found = np.zeros_like(centred)
        found[1:] = held.solve(np.ascontiguousarray(centred[1:]))
        return np.asarray(found - found.mean(axis=0))

    variances = np.empty(len(areas))
    for start in range(0, len(areas), BLOCK):
        here = np.arange(start, min(start + BLOCK, len(areas)))
        unit = np.zeros((len(areas), len(here)))
        unit[here, np.arange(len(here))] = 1.0
        variances[here] = solve(unit)[here, np.arange(len(here))]
    return _Group(areas, solve, incidence, float(np.exp(np.log(variances).mean())))
