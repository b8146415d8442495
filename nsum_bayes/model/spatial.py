"""Area effects that neighbours share: BYM2 on the map of neighbours.

    e_ha = area_sd_h (√(1 − ρ) v_ha + √ρ u_ha),   v ~ Normal(0, 1),   u: the scaled intrinsic field (`model.intrinsic`)

ρ (``spatial_share``) is the share of the variance that neighbours share: 0 is plain area effects, 1 a smooth map
(Riebler, Sørbye, Simpson, Rue 2016, doi:10.1177/0962280216660421). One share for all hidden groups, and groups
correlated in both parts alike, so that cov(e_h, e_g) = Ω_hg sd_h sd_g ((1 − ρ) I + ρ K). With K = V Λ V' over the
areas that have a rate,

    e_h = sd_h V √((1 − ρ) + ρ Λ) z_h

is the same distribution with one unknown an area: the two parts, which no answer tells apart, are never sampled singly.
"""

from __future__ import annotations

import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.model.inputs import Inputs
from nsum_bayes.model.priors import add_prior
from nsum_bayes.model.spatial_basis import SpatialBasis
from nsum_bayes.model.spec import Bym2, Hsgp
from nsum_bayes.model.surface import SurfaceBasis


def add_smooth_effects(part: Bym2 | Hsgp, inputs: Inputs) -> TensorVariable:
    """Area effects of variance about one (rate_area, free hidden group), independent over groups."""
    raw = pm.Normal("area_raw", 0.0, 1.0, dims=(inputs.rate_area, inputs.free_group))
    match part, inputs.spatial:
        case Bym2(), SpatialBasis() as basis:
            return add_spatial_effects(part, basis, raw)
        case Hsgp(), SurfaceBasis() as ripples:
            return add_surface(part, ripples, raw, inputs.free_group)
    raise TypeError(f"no area effects for the spatial term {type(part).__name__}")


def add_surface(part: Hsgp, basis: SurfaceBasis, raw: TensorVariable, group: str) -> TensorVariable:
    """The same, a surface by distance and what is left of each area.

    ``spatial_weight`` (ripple, free hidden group) are the surface's coefficients, which tell it everywhere else.
    """
    share = add_prior("spatial_share", part.share)
    length = add_prior("spatial_length_km", part.length_km)
    density = pm.gp.cov.Matern32(2, ls=length).power_spectral_density(basis.frequencies)
    ripples = pm.Normal("spatial_raw", 0.0, 1.0, dims=("ripple", group))
    weight = pm.Deterministic("spatial_weight", pt.sqrt(density)[:, None] * ripples, dims=("ripple", group))
    return pt.sqrt(1.0 - share) * raw + pt.sqrt(share) * pt.dot(basis.waves, weight)


def add_spatial_effects(part: Bym2, basis: SpatialBasis, raw: TensorVariable) -> TensorVariable:
    """Area effects of variance about one (rate_area, free hidden group), from as many standard normals."""
    share = add_prior("spatial_share", part.share)
    spread = pt.sqrt((1.0 - share) + share * basis.values)
    return pt.dot(basis.vectors, spread[:, None] * raw)
