"""The areas that calibration simulates surveys of."""

from __future__ import annotations

import numpy as np
import pandas as pd

from nsum_bayes.data.areas import Areas
from nsum_bayes.data.covariates import CovariateCategory

SECONDARY = (
    CovariateCategory("gappy", ("gappy",), "none", "made up", 2025),
    CovariateCategory("income", ("income",), "log", "made up", 2025, (("income", "income error"),)),
    CovariateCategory("access", ("roads", "phones"), "none", "made up", 2025),
)


def frame(count: int, *, covariates: bool = False) -> Areas:
    """So many made-up areas, in provinces of two and regions of four.

    Parameters
    ----------
    covariates
        Four columns in three categories that go together: 3 % of the figures missing of each, 40 % of one, and one
        with a coefficient of variation of 30 %.
    """
    number = np.arange(count)
    people = 10_000.0 + 1_000.0 * number
    table = pd.DataFrame(
        {
            "name": [f"area {n}" for n in number],
            "province": [f"P{n // 2}" for n in number],
            "region": [f"R{n // 4}" for n in number],
            "population": people,
            "everyone": people,
        },
        index=pd.Index([f"{n:04d}" for n in number], name="area", dtype=object),
    )
    if covariates:
        table = table.assign(**_secondary_data(count))
    return Areas(table, ("province", "region"), ("everyone",), SECONDARY if covariates else ())


def _secondary_data(count: int) -> dict[str, np.ndarray]:
    """Figures by column, the same at every call; what is missing of them, and the error of one."""
    rng = np.random.default_rng(1)
    shared = rng.normal(size=count)
    columns = {name: 0.6 * shared + 0.8 * rng.normal(size=count) for name in ("gappy", "income", "roads", "phones")}
    columns["income"] = 200.0 * np.exp(0.5 * columns["income"])
    for name, values in columns.items():
        missing = np.ceil((0.4 if name == "gappy" else 0.03) * count)
        values[rng.choice(count, int(missing), replace=False)] = np.nan
    return {**columns, "income error": 0.3 * columns["income"]}
