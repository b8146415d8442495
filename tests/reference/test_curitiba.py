"""The random degree model gives the posterior of the published implementation."""

from __future__ import annotations

import numpy as np
import pytest

from tests.curitiba import curitiba_study
from tests.philippines import shared_data

PUBLISHED_MEAN, PUBLISHED_SD, PUBLISHED_DRAWS = 30396.0, 825.0, 354.0


@pytest.mark.reference
@pytest.mark.skipif(not (shared_data() / "peers").is_dir(), reason="the Curitiba survey is not part of the project")
def test_random_degree_reproduces_the_published_posterior():
    import arviz as az

    from nsum_bayes import fit, load_model

    study = curitiba_study("combined")
    run = fit(load_model("random_degree"), study, seed=5, progress=False)
    size = np.exp(run.posterior["rate_intercept"].isel(hidden_group=0)) * study.areas.population[0]
    ours = float(az.ess(size.to_dataset(name="size"))["size"])
    error = PUBLISHED_SD * np.sqrt(1 / PUBLISHED_DRAWS + 1 / ours)
    assert abs(float(size.mean()) - PUBLISHED_MEAN) < 4 * error
    # The standard deviation's own Monte Carlo error is sd / sqrt(2 n).
    assert abs(float(size.std()) - PUBLISHED_SD) < 4 * PUBLISHED_SD * np.sqrt(0.5 / PUBLISHED_DRAWS + 0.5 / ours)
