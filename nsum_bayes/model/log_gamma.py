"""log Γ(x + n) / Γ(x), stable for any x and n in value and gradient."""

from __future__ import annotations

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

LARGE = 10
"""From here Stirling's series with five correction terms is exact to 14 digits."""


def log_rising(x: TensorVariable, n: TensorVariable | np.ndarray) -> TensorVariable:
    """Log of the rising factorial x (x + 1) … (x + n − 1) = Γ(x + n) / Γ(x), n ≥ 0 real.

    The plain difference of two log gammas loses all its digits where x is large against n (a beta-binomial near its
    binomial limit: x of 1e8, n of 100), and where n is next to nothing. So the difference of Stirling's series is taken
    term by term, and a small x is first raised:

        Γ(x + n) / Γ(x) = Γ(x + 10 + n) / Γ(x + 10) · Π_{j < 10} (x + j) / (x + n + j)
    """
    large = x >= LARGE
    far, near = pt.switch(large, x, x + LARGE), pt.switch(large, LARGE, x)
    by_series = (far + n - 0.5) * pt.log1p(n / far) + n * pt.log(far) - n + _correction(far + n) - _correction(far)
    return by_series - pt.switch(large, 0.0, _log_raised(near, n))


def _log_raised(x: TensorVariable, n: TensorVariable | np.ndarray) -> TensorVariable:
    """Log Π_{j < 10} (1 + n / (x + j)); the product less one is built up, so that none of a tiny n is lost."""
    less_one = n / x
    for j in range(1, LARGE):
        less_one = less_one + (1.0 + less_one) * (n / (x + j))
    return pt.log1p(less_one)


def _correction(z: TensorVariable) -> TensorVariable:
    """1/(12z) − 1/(360z³) + 1/(1260z⁵) − 1/(1680z⁷) + 1/(1188z⁹)."""
    inverse = 1.0 / z
    square = inverse**2
    return inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))))
