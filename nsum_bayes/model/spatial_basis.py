"""The covariance of the intrinsic field over the areas with rates, taken apart once, and what it says of all others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from nsum_bayes.model.intrinsic import intrinsic_field
from nsum_bayes.model.spec import Bym2, Hsgp, ModelSpec
from nsum_bayes.model.surface import SurfaceBasis, surface_basis

if TYPE_CHECKING:
    from nsum_bayes.data.areas import Areas


@dataclass(frozen=True, eq=False)
class SpatialBasis:
    """K over some areas as V Λ V', and its rows for all areas times V.

    Parameters
    ----------
    vectors, values
        V (row, mode) and Λ (mode,).
    across
        K of every area with those, times V (area, mode).
    """

    vectors: np.ndarray
    values: np.ndarray
    across: np.ndarray


@lru_cache(maxsize=8)
def _basis(areas: Areas, rows: tuple[int, ...]) -> SpatialBasis:
    covariance = intrinsic_field(areas).covariance(np.array(rows, dtype=int))
    own = covariance[list(rows)]
    values, vectors = np.linalg.eigh((own + own.T) / 2)
    return SpatialBasis(vectors, np.maximum(values, 0.0), covariance @ vectors)


def spatial_basis(areas: Areas, rows: np.ndarray) -> SpatialBasis:
    """The field's covariance over some areas of the frame, by position."""
    return _basis(areas, tuple(int(row) for row in rows))


def spatial_inputs(spec: ModelSpec, areas: Areas, rows: np.ndarray) -> SpatialBasis | SurfaceBasis | None:
    """What a model's spatial term needs of some areas of the frame; None where it has none, or there is one area."""
    part = None if spec.prevalence is None or len(areas) < 2 else spec.prevalence.spatial
    match part:
        case Bym2():
            return spatial_basis(areas, rows)
        case Hsgp():
            basis = surface_basis(part, areas)
            return SurfaceBasis(basis.waves[rows], basis.frequencies)
    return None


def conditional_effects(
    areas: Areas, rows: np.ndarray, share: np.ndarray, seen: np.ndarray, fresh: np.ndarray, field: np.ndarray
) -> np.ndarray:
    """Effects of every area given those of some, draw by draw (draw, area, group), in units of their spread.

    Parameters
    ----------
    areas, rows
        The frame, and the positions in it of the areas whose effects are known.
    share
        ρ (draw,).
    seen
        Their effects (draw, row, group).
    fresh, field
        Unconditional draws of v and of u for the whole frame (draw, area, group), correlated over groups as they are.

    Returns
    -------
    numpy.ndarray
        Unconditional effects, moved by what the known ones differ from their own unconditional draws.
    """
    basis = spatial_basis(areas, rows)
    rho = share[:, None, None]
    free = np.sqrt(1.0 - rho) * fresh + np.sqrt(rho) * field
    gap = np.einsum("rm,drg->dmg", basis.vectors, seen - free[:, rows], optimize=True)
    # Where ρ is one and a mode of K is none, nothing is to be moved along it.
    weight = rho / np.maximum(1.0 - rho + rho * basis.values[None, :, None], 1e-12)
    moved = free + np.einsum("am,dmg->dag", basis.across, weight * gap, optimize=True)
    moved[:, rows] = seen
    return np.asarray(moved)
