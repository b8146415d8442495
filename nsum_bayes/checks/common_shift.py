"""Did answers about all known groups move together from one wave to the next?

Known groups have the same sizes in all waves. Where reports of all of them rise or fall, networks or the way of asking
have changed, and the model takes the hidden groups' reports relative to that. It can be right only as far as the hidden
group moved with the known ones: a large shift makes every change between the waves a matter of that belief.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nsum_bayes.estimates.rates import flat_draws
from nsum_bayes.estimates.summaries import INTERVAL

if TYPE_CHECKING:
    from nsum_bayes.inference.fit import Fit

CLEAR = 0.1
"""A common shift is named where all but one in forty of its draws lie beyond a tenth up, or a tenth down."""


def common_shifts(fit: Fit) -> pd.DataFrame:
    """The common shift of known groups between waves, one row a pair of waves that follow one another.

    Returns
    -------
    pandas.DataFrame
        ``before``, ``after``, ``ratio`` of answers about all known groups with ``lower`` and ``upper`` limit of its
        interval, ``clear``. Empty for a model without waves.
    """
    columns = ["before", "after", "ratio", "lower", "upper", "clear"]
    if "degree_wave" not in fit.posterior:
        return pd.DataFrame(columns=columns)
    shift = flat_draws(fit.posterior, "degree_wave")
    low, high = (1 - INTERVAL) / 2, (1 + INTERVAL) / 2
    rows = []
    for place, (before, after) in enumerate(pairwise(fit.study.waves)):
        ratio = np.exp(shift[:, place + 1] - shift[:, place])
        lower, median, upper = np.quantile(ratio, [low, 0.5, high])
        rows.append((before, after, median, lower, upper, bool(lower > 1 + CLEAR or upper < 1 / (1 + CLEAR))))
    return pd.DataFrame(rows, columns=columns)


def shift_sentences(fit: Fit) -> Iterator[str]:
    """A sentence for each clear shift."""
    for row in common_shifts(fit).to_dict("records"):
        if row["clear"]:
            way = "more" if row["ratio"] > 1 else "fewer"
            times = "{ratio:.2f} times as many ({lower:.2f} to {upper:.2f})".format_map(row)
            yield f"From {row['before']} to {row['after']} {way} members of all known groups were told: {times}."
