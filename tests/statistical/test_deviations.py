"""National sizes only and groups that differ locally: what the deviations do for the intervals of visited areas."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.deviations import deviations_replicate

VISITED = 60


@pytest.mark.slow
@pytest.mark.parametrize("groups", [4, 20])
def test_deviations_mend_the_coverage_of_visited_areas(groups):
    without, within = (deviations_replicate(groups, 100, modelled) for modelled in (False, True))
    error = np.sqrt(0.95 * 0.05 / VISITED)
    assert abs(within["coverage"] - 0.95) <= 3 * error, within
    assert without["coverage"] < 0.95 - 3 * error, without
    assert within["abs_log_error"] < without["abs_log_error"]
