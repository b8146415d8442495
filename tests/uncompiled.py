"""PyTensor functions run by Python, node by node, and not compiled: ready at once, fast enough for small studies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pymc as pm
    from pytensor.compile.mode import Mode


@contextmanager
def uncompiled() -> Iterator[Mode]:
    """A mode that rewrites nothing; inside, the C compiler is never called, whose first runs take half a minute."""
    import pytensor
    from pytensor.compile.mode import Mode

    with pytensor.config.change_flags(cxx=""):
        yield Mode(linker="py", optimizer=None)


def function(inputs: Sequence[Any], outputs: Any) -> Callable[..., Any]:
    """An uncompiled PyTensor function."""
    import pytensor

    with uncompiled() as mode:
        return pytensor.function(list(inputs), outputs, mode=mode, on_unused_input="ignore")


def log_density(model: pm.Model, *, gradient: bool = True) -> Callable[[dict[str, np.ndarray]], np.ndarray]:
    """A model's joint log density by a point of its value variables, followed by its gradient in their order."""
    import pytensor

    joint, variables = model.logp(), model.value_vars
    parts = [joint, *(pytensor.grad(joint, variables) if gradient else ())]
    evaluate = function(variables, parts)
    return lambda point: np.concatenate([np.ravel(part) for part in evaluate(**point)])
