"""A posterior that repeats its prior is named, and one that does not is not."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from nsum_bayes.inference import identification
from nsum_bayes.inference.identification import IdentificationWarning, repeated_priors, warn_of_repeated_priors


@pytest.fixture
def told(one_area_fit, monkeypatch):
    """A fit whose posterior of one name is replaced by draws."""

    def replaced(draws: np.ndarray, name: str = "bias_sd"):
        posterior = xr.Dataset({name: (("chain", "draw"), draws.reshape(2, -1))})
        monkeypatch.setattr(type(one_area_fit), "posterior", property(lambda self: posterior))
        return one_area_fit

    return replaced


def test_draws_of_the_prior_repeat_it(told):
    rng = np.random.default_rng(1)
    found = repeated_priors(told(np.abs(rng.normal(0, 0.5, 2000))))
    assert [one.parameter for one in found] == ["bias_sd"]
    assert 0.85 < found[0].width < 1.15


@pytest.mark.parametrize(
    "draws",
    [
        lambda rng: np.abs(rng.normal(0, 0.25, 2000)),
        lambda rng: 0.6 + np.abs(rng.normal(0, 0.5, 2000)),
    ],
)
def test_narrower_or_moved_draws_do_not(told, draws):
    assert repeated_priors(told(draws(np.random.default_rng(1)))) == []


def test_the_warning_names_the_parameters(told):
    fit = told(np.abs(np.random.default_rng(1).normal(0, 0.5, 2000)))
    with pytest.warns(IdentificationWarning) as caught:
        warn_of_repeated_priors(fit)
    assert str(caught[0].message) == (
        "The survey says nothing about bias_sd: the posterior repeats the prior. State the prior with the result."
    )


def test_elements_are_named_by_their_labels():
    values = xr.DataArray(
        np.zeros((1, 1, 2)), dims=("chain", "draw", "hidden_group"), coords={"hidden_group": ["a", "b"]}
    )
    assert identification._labels("transmission", values) == ["transmission[a]", "transmission[b]"]


def test_a_correlation_matrix_is_told_once_a_pair_and_never_on_its_diagonal():
    """Ones on the diagonal differ by rounding only, which looks as wide as the prior's."""
    rng = np.random.default_rng(1)

    def matrices(spread: np.ndarray) -> np.ndarray:
        values = np.ones((2000, 3, 3)) + 1e-16 * rng.integers(-1, 2, (2000, 3, 3))
        for pair, (row, column) in enumerate(((0, 1), (0, 2), (1, 2))):
            values[:, row, column] = rng.uniform(-spread[pair], spread[pair], 2000)
            values[:, column, row] = values[:, row, column] * (1 + 1e-15)
        return values

    prior, posterior = matrices(np.array([0.9, 0.9, 0.9])), matrices(np.array([0.9, 0.1, 0.9]))
    draws = xr.DataArray(posterior.reshape(2, 1000, 3, 3), dims=("chain", "draw", "row", "column"))
    found = [one.parameter for one in identification._repeated("residual_correlation", draws, prior)]
    assert found == ["residual_correlation[0, 1]", "residual_correlation[1, 2]"]
