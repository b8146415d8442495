"""log Γ(x + n) / Γ(x), stable for any x and n in value and gradient."""

from __future__ import annotations

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

LARGE = 10.0
"""From here Stirling's series with four correction terms is exact to the last digits."""


def log_rising(x: TensorVariable, n: TensorVariable | np.ndarray) -> TensorVariable:
    """Log of the rising factorial x (x + 1) … (x + n − 1) = Γ(x + n) / Γ(x), n ≥ 0 real.

    The plain difference of two log gammas loses all its digits where x is large against n (a beta-binomial near its
    binomial limit: x of 1e8, n of 100). There the difference of Stirling's series is taken term by term.
    """
    large = x >= LARGE
    far, near = pt.switch(large, x, LARGE), pt.switch(large, LARGE, x)
    by_series = (far + n - 0.5) * pt.log1p(n / far) + n * pt.log(far) - n + _correction(far + n) - _correction(far)
    return pt.switch(large, by_series, pt.gammaln(near + n) - pt.gammaln(near))


def _correction(z: TensorVariable) -> TensorVariable:
    """1/(12z) − 1/(360z³) + 1/(1260z⁵) − 1/(1680z⁷)."""
    inverse = 1.0 / z
    square = inverse**2
    return inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)))
