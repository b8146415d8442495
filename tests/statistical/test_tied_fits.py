"""Real fits of what ties a hidden group to other data: both ways where both are possible, and what only they can do."""

from __future__ import annotations

import arviz as az
import numpy as np
import pandas as pd
import pytest

from tests.made_up import frame_of, study_of

KNOWN = {f"known_{k}": float(share) for k, share in enumerate(np.geomspace(0.002, 0.02, 6))}
BETA = {"prior": "beta", "mean": 0.6, "sd": 0.1, "reason": "test"}
HELD = {"group": "held", "denominator": "adults", "transmission": BETA}
GIVEN = {"degree_mean": 5.3, "degree_sd": 0.5, "rate_intercept": -4.6, "overdispersion": 0.5}


def one_area(**choices):
    from nsum_bayes import load_model

    given = {**GIVEN, **choices.pop("given", {})}
    if "prevalence_intercept" in given:
        del given["rate_intercept"]
    wanted = {"surveyed": 1, "respondents_per_area": 200, "known": KNOWN, "hidden": (HELD,), "seed": 6, **choices}
    return study_of(frame_of(1), spec=load_model("overdispersed_known"), parameters=given, **wanted)


def log_prevalence(run):
    """Draws of the log national prevalence (chain, draw)."""
    from nsum_bayes import estimate

    draws = np.log(estimate(run).draws["prevalence"].values[:, 0, 0].astype(float))
    return draws.reshape(run.posterior.sizes["chain"], -1)


@pytest.mark.slow
def test_joint_and_divided_out_transmission_agree():
    from nsum_bayes import fit, load_model

    study, _ = one_area()
    spec = load_model("overdispersed_known")
    both = [spec, spec.replace(transmission={"kind": "joint"})]
    draws = [log_prevalence(fit(s, study, seed=6, draws=1000, tune=800, progress=False)) for s in both]
    for quantity in (lambda d: d, lambda d: (d - d.mean()) ** 2):
        values = [quantity(d) for d in draws]
        effective = [float(az.ess(az.convert_to_dataset({"x": v}), method="mean")["x"]) for v in values]
        error = np.sqrt(sum(v.var() / n for v, n in zip(values, effective, strict=True)))
        assert abs(values[0].mean() - values[1].mean()) < 4 * error


@pytest.mark.slow
def test_contacts_tell_the_transmission():
    """The posterior of τ is that of the members' table, by quadrature over τ and the correlation within members."""
    import scipy.stats

    from nsum_bayes import fit, load_model

    told = {"side_data": "members.csv", "reason": "test"}
    table = pd.DataFrame({"contacts": np.full(40, 20), "aware": 0})
    study, _ = one_area(
        hidden=({**HELD, "transmission": told},), side_data={"members.csv": table}, given={"transmission": 0.4}
    )
    run = fit(load_model("overdispersed_known"), study, seed=6, draws=1000, tune=800, progress=False)
    tau, rho = np.linspace(0.001, 0.999, 400), np.linspace(0.0005, 0.9, 400)
    size = 1 / rho[:, None] - 1
    log_density = scipy.stats.beta(1, 4).logpdf(rho)[:, None] + np.zeros_like(tau)
    for contacts, aware in study.contacts["held"][["contacts", "aware"]].to_numpy(dtype=int):
        log_density = log_density + scipy.stats.betabinom(contacts, tau * size, (1 - tau) * size).logpmf(aware)
    weight = np.exp(log_density - log_density.max()).sum(axis=0)
    weight /= weight.sum()
    mean = (weight * tau).sum()
    sd = np.sqrt((weight * (tau - mean) ** 2).sum())
    draws = run.posterior["transmission"].isel(hidden_group=0)
    effective = float(az.ess(draws.to_dataset(name="tau"))["tau"])
    assert abs(float(draws.mean()) - mean) < 4 * sd / np.sqrt(effective)
    assert sd < 0.1


@pytest.mark.slow
@pytest.mark.ci_slow
def test_a_study_without_known_groups_rests_on_reported_network_sizes():
    from nsum_bayes import diagnose, estimate, fit, load_model

    questions = [
        {"column": "q_held", "group": "held"},
        {"column": "q_all", "answer": {"type": "degree", "heaped": True}},
    ]
    nothing = pd.DataFrame({"group": pd.Series(dtype=str), "area": "", "size": pd.Series(dtype=float)})
    fixed = {**HELD, "transmission": {"fixed": 0.6, "reason": "test"}}
    study, truth = one_area(
        known=nothing,
        hidden=(fixed,),
        settings={"question": questions},
        given={"report_sd": 0.3, "hidden_bias": 0.0, "prevalence_intercept": -4.0},
    )
    assert study.known_groups == ()
    run = fit(load_model("overdispersed_known"), study, seed=6, draws=700, tune=700, progress=False)
    assert diagnose(run).verdict != "stop"
    estimates = estimate(run)
    low, _, high = estimates.national()["prevalence"].sel(group="held").values
    assert low < float(truth.national["prevalence"].sel(group="held")) < high
    # The common error of such reports is unknown: no interval is narrower than it alone makes it.
    sd = run.spec.measurement.report_bias_sd
    assert np.log(high / low) > 2 * 1.96 * sd
