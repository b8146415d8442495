"""The barrier and transmission models give the posteriors of the published implementation, and say what they assume."""

from __future__ import annotations

import numpy as np
import pytest

from tests.curitiba import curitiba_study
from tests.philippines import shared_data
from tests.small_survey import binomial_study

here = pytest.mark.skipif(not (shared_data() / "peers").is_dir(), reason="the Curitiba survey is not in the project")


@pytest.mark.reference
@pytest.mark.slow
@here
def test_barrier_reproduces_the_published_posterior():
    import arviz as az

    from nsum_bayes import fit, load_model

    mean, sd, draws = 30367.0, 2788.0, 374.0
    study = curitiba_study("combined")
    run = fit(load_model("barrier"), study, seed=5, progress=False)
    size = np.exp(run.posterior["rate_intercept"].isel(hidden_group=0)) * study.areas.population[0]
    ours = float(az.ess(size.to_dataset(name="size"))["size"])
    assert abs(float(size.mean()) - mean) < 4 * sd * np.sqrt(1 / draws + 1 / ours)
    assert abs(float(size.std()) - sd) < 4 * sd * np.sqrt(0.5 / draws + 0.5 / ours)


def transmission_repeats_its_prior(study):
    """τ under its uniform prior: the same mean and standard deviation as before, and a warning that says so."""
    import arviz as az

    from nsum_bayes import fit, load_model
    from nsum_bayes.inference.identification import IdentificationWarning

    with pytest.warns(IdentificationWarning, match="transmission"):
        run = fit(load_model("transmission"), study, seed=5, draws=1000, tune=1000, progress=False)
    tau = run.posterior["transmission"].isel(hidden_group=0)
    effective = float(az.ess(tau.to_dataset(name="tau"))["tau"])
    assert abs(float(tau.mean()) - 0.5) < 4 * np.sqrt(1 / 12 / effective)
    # Alternating draws tell a mean better than their number, a variance not.
    squares = float(az.ess(((tau - 0.5) ** 2).to_dataset(name="tau"), method="mean")["tau"])
    assert abs(float(((tau - 0.5) ** 2).mean()) - 1 / 12) < 4 * np.sqrt(1 / 180 / squares)
    return run


def test_transmission_is_not_identified():
    from nsum_bayes import diagnose

    run = transmission_repeats_its_prior(binomial_study(respondents=120, transmission=0.6))
    codes = {finding.code: finding for finding in diagnose(run).findings}
    assert codes["identification"].severity == "note"
    assert "transmission" in codes["identification"].message.lower()


@pytest.mark.reference
@pytest.mark.slow
@here
def test_transmission_is_not_identified_in_curitiba():
    transmission_repeats_its_prior(curitiba_study("transmission"))


@pytest.mark.parametrize("respondents", [50, 500])
def test_the_prior_of_transmission_counts_once(respondents):
    import scipy.stats

    from nsum_bayes import build_model, load_model
    from nsum_bayes.model.spec import Beta, Transmission
    from tests.uncompiled import uncompiled

    prior = Beta(mean=0.7, sd=0.1, reason="test")
    spec = load_model("combined").replace(transmission=Transmission(kind="joint", prior=prior))
    with uncompiled():
        model = build_model(spec, binomial_study(respondents=respondents, transmission=0.7))
        tau = model["transmission_free"]
        logp = model.compile_logp(vars=[tau], jacobian=False)
        everything = model.compile_logp(jacobian=False)
        point = model.initial_point()
        name = model.rvs_to_values[tau].name
        found, whole = [], []
        for value in (0.5, 0.8):
            moved = {**point, name: np.log(value / (1 - value)) * np.ones_like(point[name])}
            found.append(float(logp(moved)))
            whole.append(float(everything(moved)))
    expected = scipy.stats.beta(*prior.shapes).logpdf([0.5, 0.8])
    assert found == pytest.approx(expected, rel=1e-9)
    # With the reported rate held, the transmission touches nothing but its own prior.
    assert whole[1] - whole[0] == pytest.approx(found[1] - found[0], rel=1e-9)
