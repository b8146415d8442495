"""Effects of single areas on the hidden groups' rates: independent, or shared with neighbours in part."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from nsum_bayes.data.neighbours import centroids, distances_km, neighbours
from nsum_bayes.model import spec as sp
from nsum_bayes.model.story_draws import Floats, Values, draw_correlation, draw_prior
from nsum_bayes.model.story_draws import value as _value
from nsum_bayes.model.study_design import StudyDesign


def draw_area_effects(
    part: sp.Prevalence, design: StudyDesign, rng: np.random.Generator, given: Mapping[str, Any], free: int
) -> Values:
    """Area effects (area, free hidden group), with their spread, correlation and, on a map, the neighbours' share."""
    sd = _value(given, "area_sd", draw_prior(several_areas(part.area_sd, design), rng, (free,)))
    correlation = np.eye(free)
    if part.correlation is not None and free > 1:
        correlation = draw_correlation(part.correlation.shape, free, rng)
    correlation = _value(given, "area_correlation", correlation)
    together = np.linalg.cholesky(correlation).T
    raw = rng.standard_normal((design.area_count, free)) @ together
    shared: Values = {}
    if part.spatial is not None and design.area_count > 1:
        share = _value(given, "spatial_share", draw_prior(part.spatial.share, rng))
        shared = {"spatial_share": share}
        if isinstance(part.spatial, sp.Hsgp):
            length = _value(given, "spatial_length_km", draw_prior(part.spatial.length_km, rng))
            shared |= {"spatial_length_km": length}
            smooth = _surface(design, rng, free, float(length))
        else:
            smooth = _field(design, rng, free)
        raw = np.sqrt(1.0 - share) * raw + np.sqrt(share) * smooth @ together
    effect = _value(given, "area_effect", sd * raw)
    return {"area_sd": sd, "area_correlation": correlation, **shared, "area_effect": effect}


def several_areas(prior: Any, design: StudyDesign) -> Any:
    """Effects of areas and levels exist only where there are several areas."""
    return prior if design.area_count > 1 else None


def _surface(design: StudyDesign, rng: np.random.Generator, free: int, length: float) -> Floats:
    """Independent draws (area, free hidden group) of a Gaussian process, Matérn 3/2 of great-circle distances."""
    points = centroids(design.areas.geometry)
    scaled = np.sqrt(3.0) * distances_km(points, points) / length
    values, vectors = np.linalg.eigh((1.0 + scaled) * np.exp(-scaled))
    return np.asarray(vectors @ (np.sqrt(np.maximum(values, 0.0))[:, None] * rng.standard_normal((len(points), free))))


def _field(design: StudyDesign, rng: np.random.Generator, free: int) -> Floats:
    """Independent draws (area, free hidden group) of the scaled intrinsic field."""
    root = _root(neighbours(design.areas).astype(np.int64).tobytes(), design.area_count)
    return np.asarray(root @ rng.standard_normal((root.shape[1], free)))


@lru_cache(maxsize=8)
def _root(edges: bytes, count: int) -> Floats:
    """A square root of the field's covariance, island by island, from the eigenvectors of the graph's Laplacian."""
    pairs = np.frombuffer(edges, dtype=np.int64).reshape(-1, 2)
    laplacian = np.zeros((count, count))
    for one, other in pairs:
        laplacian[one, one] += 1
        laplacian[other, other] += 1
        laplacian[one, other] -= 1
        laplacian[other, one] -= 1
    root, left = np.zeros((count, count)), set(range(count))
    while left:
        island, edge = set(), {min(left)}
        while edge:
            island |= edge
            edge = {int(b) for a in edge for b in np.flatnonzero(laplacian[a] < 0)} - island
        left -= island
        here = np.array(sorted(island))
        if len(here) == 1:
            root[here, here] = 1.0
            continue
        values, vectors = np.linalg.eigh(laplacian[np.ix_(here, here)])
        own = vectors[:, 1:] / np.sqrt(values[1:])
        own /= np.exp(np.log((own**2).sum(axis=1)).mean() / 2)
        root[np.ix_(here, here[1:])] = own
    return root
