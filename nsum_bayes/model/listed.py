"""Lists that are as long as the answers make them."""

from __future__ import annotations

import numpy as np
import pytensor
from pytensor.tensor.variable import TensorVariable


def listed(array: np.ndarray) -> TensorVariable:
    """A list of cells as a tensor of no stated length.

    A constant states its length, and a model with another number of such cells would be another model to the compiler;
    see `nsum_bayes.inference.compiled`.
    """
    return pytensor.shared(array, shape=(None,) * array.ndim)
