"""The field that neighbours share gives the posterior of PyMC's own intrinsic autoregression, visited areas or not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pymc as pm
import pytest
import xarray as xr

from nsum_bayes.data.neighbours import Neighbourhood
from nsum_bayes.model.intrinsic import intrinsic_field
from nsum_bayes.model.spatial_basis import conditional_effects, spatial_basis
from tests.made_up import frame_of
from tests.unit.test_spatial import lattice_edges

ROWS, COLUMNS, NOISE = 4, 5, 0.6
VISITED = np.array([0, 2, 3, 6, 9, 11, 12, 15, 17, 19])
SAMPLING = {"draws": 2000, "tune": 1000, "chains": 4, "random_seed": 5, "progressbar": False}


def summary(draws: xr.DataArray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, its Monte Carlo error, and standard deviation by area."""
    import arviz_stats  # noqa: F401  registers the accessor

    error = draws.azstats.mcse(sample_dims=["chain", "draw"])
    return tuple(np.asarray(part) for part in (draws.mean(["chain", "draw"]), error, draws.std(["chain", "draw"])))


@pytest.mark.slow
@pytest.mark.ci_slow
def test_the_posterior_is_that_of_pymcs_autoregression() -> None:
    edges, count = lattice_edges(ROWS, COLUMNS), ROWS * COLUMNS
    links = tuple((f"{one:04d}", f"{other:04d}") for one, other in edges)
    areas = replace(frame_of(count), neighbourhood=Neighbourhood(links))
    field = intrinsic_field(areas)
    rng = np.random.default_rng(3)
    answers = field.draw(rng, 1)[0, VISITED] + NOISE * rng.standard_normal(len(VISITED))

    adjacency = np.zeros((count, count))
    for one, other in edges:
        adjacency[[one, other], [other, one]] = 1
    with pm.Model():
        phi = pm.ICAR("phi", W=adjacency)
        u = pm.Deterministic("u", phi / np.sqrt(field.groups[0].scale))
        pm.Normal("y", u[VISITED], NOISE, observed=answers)
        stock = pm.sample(nuts_sampler="nutpie", target_accept=0.95, **SAMPLING)["posterior"]["u"]

    basis = spatial_basis(areas, VISITED)
    with pm.Model():
        z = pm.Normal("z", 0.0, 1.0, shape=len(VISITED))
        u = pm.Deterministic("u", pm.math.dot(basis.vectors, np.sqrt(basis.values) * z))
        pm.Normal("y", u, NOISE, observed=answers)
        own = pm.sample(nuts_sampler="nutpie", **SAMPLING)["posterior"]["u"]
    seen = own.values.reshape(-1, len(VISITED), 1)
    fresh = rng.standard_normal((len(seen), count, 1))
    free = field.draw(rng, len(seen))[:, :, None]
    everywhere = conditional_effects(areas, VISITED, np.ones(len(seen)), seen, fresh, free)[:, :, 0]
    shape = (own.sizes["chain"], own.sizes["draw"], count)
    ours = xr.DataArray(everywhere.reshape(shape), dims=("chain", "draw", "area"))

    (mean, error, sd), (mean_stock, error_stock, sd_stock) = summary(ours), summary(stock)
    assert (np.abs(mean - mean_stock) < 4 * np.hypot(error, error_stock)).all()
    np.testing.assert_allclose(sd, sd_stock, rtol=0.06)
    # Both are the exact posterior of a normal model.
    covariance = field.covariance(VISITED)
    exact = covariance @ np.linalg.solve(covariance[VISITED] + NOISE**2 * np.eye(len(VISITED)), answers)
    assert (np.abs(mean - exact) < 4 * error + 1e-9).all()
