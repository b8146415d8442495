"""The Philippine frame with simulated answers: convergence, the national total, and coverage of areas."""

from __future__ import annotations

import numpy as np
import pytest

from tests.philippines import national_study, philippine_areas, shared_data

needs_frame = pytest.mark.skipif(
    not (shared_data() / "philippines" / "municipalities.csv").is_file(),
    reason="the Philippine frame is not part of the project; set NSUM_SHARED_DATA to its folder",
)


@needs_frame
def test_every_municipality_is_in_the_frame():
    areas = philippine_areas(geometry=True)
    assert len(areas) == 1642
    assert areas.geometry is not None
    assert areas.geometry.notna().all()
    assert list(areas.geometry.index) == list(areas.codes)
    assert areas.design_matrix().shape == (1642, 6)
    assert int(areas.table["poverty"].isna().sum()) == 45


@needs_frame
@pytest.mark.slow
def test_national_study_converges_and_holds_the_truth(tmp_path):
    from nsum_bayes import (
        ReleaseError,
        Suppression,
        diagnose,
        estimate,
        figure_for,
        fit,
        load_model,
        write_estimates,
    )

    study, truth = national_study(3, areas=philippine_areas(geometry=True))
    run = fit(load_model("municipal"), study, seed=1, progress=False)
    diagnosis = diagnose(run)
    assert diagnosis.verdict == "publish", diagnosis
    estimates = estimate(run)
    low, _, high = estimates.national()["count"].isel(group=0).values
    assert low <= float(truth.count.sum()) <= high
    assert estimates.draws.sizes["area"] == 1642
    # Simulated answers about real places: the nation may be shown, no municipality.
    with pytest.raises(ReleaseError, match="real"):
        figure_for(estimates, "trafficked")
    files = write_estimates(estimates, tmp_path, suppress=Suppression())
    assert sorted(path.name for path in files) == ["nation.csv", "nation.parquet"]


@needs_frame
@pytest.mark.slow
def test_coverage_of_areas_over_twenty_replicates(tmp_path):
    from benchmarks.national_coverage import replicates, summary

    table = replicates([1000 + number for number in range(20)], tmp_path / "coverage.csv", workers=2)
    assert len(table) == 20
    found = summary(table)
    for which in ("surveyed", "unsurveyed"):
        coverage, error = found.loc[which]
        # Bias and transmission are shared by all areas of a replicate, so the error over replicates is what counts.
        assert abs(coverage - 0.95) <= 3 * error + 0.5 / np.sqrt(20 * 60), found
