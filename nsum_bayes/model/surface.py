"""A smooth surface over the map as a sum of waves: the Hilbert-space form of a Gaussian process.

    f(x) ≈ Σ_j √S(ω_j; ℓ) φ_j(x) z_j,   z ~ Normal(0, 1)

φ_j are the sine waves of a box around all areas, on a plane in km; S is the spectral density of the Matérn 3/2
covariance of length ℓ and variance one. How many waves, and how much wider than the areas the box is, follows from the
lengths that the prior allows (Riutort-Mayol, Bürkner, Andersen, Solin, Vehtari 2023, doi:10.1007/s11222-022-10167-2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nsum_bayes.data.neighbours import centroids, plane_km
from nsum_bayes.errors import ModelError
from nsum_bayes.model.spec import Hsgp

if TYPE_CHECKING:
    from nsum_bayes.data.areas import Areas

SHORTEST, LONGEST = -1.0, 1.0
"""Lengths that the waves have to serve well, in standard deviations of the prior of log length."""
MOST = 60
"""Waves along one side; beyond, the surface is rougher than this form is good for."""


@dataclass(frozen=True, eq=False)
class SurfaceBasis:
    """Waves at every area (area, wave) and their frequencies (wave, side), in radians per km."""

    waves: np.ndarray
    frequencies: np.ndarray


def surface_basis(part: Hsgp, areas: Areas) -> SurfaceBasis:
    """The waves of a surface over a frame of areas.

    Raises
    ------
    ModelError
        No polygons; lengths so short that there would be too many waves.
    """
    if areas.geometry is None:
        raise ModelError(
            "A surface by distance needs the places of the areas, and the study has no polygons.",
            where="study.toml, [areas]",
            advice="Name them under [areas.geometry], or use a model without a spatial term.",
        )
    points = plane_km(centroids(areas.geometry))
    points = points - (points.min(axis=0) + points.max(axis=0)) / 2
    half = np.maximum(np.abs(points).max(axis=0), 1.0)
    shortest, longest = (part.length_km.median * np.exp(q * part.length_km.log_sd) for q in (SHORTEST, LONGEST))
    side = np.maximum(1.2 * half, 4.5 * longest)
    count = np.ceil(3.42 * side / shortest).astype(int)
    if (count > MOST).any():
        what = f"Lengths of {shortest:.0f} km are too short for a frame of {2 * half.max():,.0f} km."
        raise ModelError(
            what,
            where="[prevalence.spatial], key length_km",
            advice=f"Choose a longer or narrower prior, or kind = 'bym2' ({MOST} waves a side at most).",
        )
    numbers = np.stack(np.meshgrid(*(np.arange(1, n + 1) for n in count), indexing="ij"), axis=-1).reshape(-1, 2)
    frequencies = np.pi * numbers / (2 * side)
    angles = frequencies[None, :, :] * (points + side)[:, None, :]
    return SurfaceBasis(np.prod(np.sin(angles) / np.sqrt(side), axis=2), frequencies)
