"""Totals from outside: areas scaled to them draw by draw, or draws weighed by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nsum_bayes import Estimates, ReleaseError, StudyError, Suppression, estimate
from nsum_bayes.data.totals import read_totals
from nsum_bayes.report.tables import level_table
from nsum_bayes.report.wording import footnote_of, sources_of
from tests.constructed import constructed_fit


@pytest.fixture(scope="module")
def made_up() -> Estimates:
    return estimate(constructed_fit(), seed=1)


def national(estimates: Estimates, group: str = "held") -> np.ndarray:
    return estimates.level_draws("nation")["count"].sel(unit="nation", group=group).values


def test_scaled_draws_are_draws_of_the_total_and_keep_their_spread_over_areas(made_up: Estimates) -> None:
    before = np.median(national(made_up))
    total = {"group": "held", "estimate": 0.5 * before, "se": 0.05 * before}
    after = made_up.benchmark([total], seed=2)
    counts = national(after)
    error = total["se"] / np.sqrt(len(counts))
    assert abs(counts.mean() - total["estimate"]) < 5 * error
    assert counts.std() == pytest.approx(total["se"], rel=0.1)
    shares = [e.draws["prevalence"].sel(group="held").values for e in (made_up, after)]
    ratio = shares[1] / shares[0]
    np.testing.assert_allclose(ratio, ratio[:, :1].repeat(ratio.shape[1], axis=1), rtol=1e-5)
    np.testing.assert_array_equal(national(after, "sold"), national(made_up, "sold"))


def test_an_exact_total_is_met_exactly_by_unit(made_up: Estimates) -> None:
    rows = [{"group": "held", "level": "region", "unit": unit, "estimate": 500.0, "se": 0.0} for unit in ("R0", "R1")]
    regions = made_up.benchmark(rows).level_draws("region")["count"].sel(group="held")
    np.testing.assert_allclose(regions.sel(unit=["R0", "R1"]).values, 500.0, rtol=1e-5)
    untouched = made_up.level_draws("region")["count"].sel(group="held", unit="R2").values
    np.testing.assert_allclose(regions.sel(unit="R2").values, untouched, rtol=1e-6)


def test_weighed_draws_are_the_posterior_given_the_total(made_up: Estimates) -> None:
    logs = np.log(national(made_up))
    mean, sd = logs.mean(), logs.std()
    cv = float(np.sqrt(np.expm1(sd**2)))
    total = np.exp(mean + 0.7 * sd)
    after = made_up.benchmark([{"group": "held", "estimate": total, "se": cv * total}], "weights", seed=3)
    # The log count is close to normal: equal weight for survey and total.
    found = np.log(national(after))
    report = after.meta["benchmark"]["totals"][0]
    error = sd / np.sqrt(report["effective_draws"])
    assert abs(found.mean() - (mean + 0.35 * sd)) < 5 * error + 0.1 * sd
    assert found.std() == pytest.approx(sd / np.sqrt(2), rel=0.15)
    assert 100 < report["effective_draws"] < len(logs)


def test_a_total_that_the_survey_contradicts_is_refused(made_up: Estimates) -> None:
    far = 50 * np.median(national(made_up))
    with pytest.raises(ReleaseError, match=r"hardly meet: \d+ effective draws"):
        made_up.benchmark([{"group": "held", "estimate": far, "se": 0.02 * far}], "weights")


@pytest.mark.parametrize(
    ("total", "method", "said"),
    [
        ({"group": "helt"}, "ratio", "Did you mean 'held'"),
        ({"unit": "R9", "level": "region"}, "ratio", "no unit 'R9'"),
        ({"level": "county"}, "ratio", "no level 'county'"),
        ({"estimate": 0.0}, "ratio", "above zero"),
        ({"se": 0.0}, "weights", "above zero to weigh"),
        ({"colour": "red"}, "ratio", "'colour' that is not known"),
        ({}, "scale", "no method 'scale'"),
    ],
)
def test_wrong_totals_are_refused(made_up: Estimates, total: dict[str, Any], method: str, said: str) -> None:
    with pytest.raises(ReleaseError, match=said):
        made_up.benchmark([{"group": "held", "estimate": 100.0, "se": 10.0, **total}], method)


def test_an_area_is_scaled_once(made_up: Estimates) -> None:
    nation = {"group": "held", "estimate": 900.0, "se": 10.0}
    region = {**nation, "level": "region", "unit": "R0", "estimate": 300.0}
    with pytest.raises(ReleaseError, match="same areas"):
        made_up.benchmark([nation, region])
    with pytest.raises(ReleaseError, match="withheld"):
        made_up.withhold().benchmark([nation])


def test_readers_are_told(made_up: Estimates) -> None:
    after = made_up.benchmark([{"group": "held", "estimate": 900.0, "se": 10.0, "source": "court files"}])
    assert "scaled draw by draw to totals from outside: nation 900 (SE 10; court files)" in footnote_of(after, "held")
    assert "totals from outside" not in footnote_of(after, "sold")
    table = level_table(after, "nation", Suppression()).set_index("group")
    assert table.loc["held", "benchmark"].startswith("Draws scaled draw by draw")
    assert table.loc["sold", "benchmark"] == ""
    assert "benchmark" not in level_table(made_up, "nation", Suppression())
    assert sources_of(after, "held").startswith("not split")
    assert "survey" in sources_of(made_up, "held")


def test_totals_are_read_and_faults_are_said(tmp_path: Path, made_up: Estimates) -> None:
    good = tmp_path / "totals.csv"
    good.write_text("group,estimate,se,source\nheld,900,10,court files\n")
    assert np.median(national(made_up.benchmark(read_totals(good)))) == pytest.approx(900, rel=0.01)
    (tmp_path / "bad.csv").write_text("group,estimate\nheld,many\n")
    with pytest.raises(StudyError) as caught:
        read_totals(tmp_path / "bad.csv")
    assert "no column 'se'" in str(caught.value)
    assert "cannot be read as a number" in str(caught.value)
    with pytest.raises(StudyError, match="does not exist"):
        read_totals(tmp_path / "absent.csv")


def test_saved_estimates_say_it_too(tmp_path: Path, made_up: Estimates) -> None:
    after = made_up.benchmark(pd.DataFrame([{"group": "held", "estimate": 900, "se": 10}]))
    again = Estimates.load(after.to_netcdf(tmp_path / "e.nc"))
    assert again.meta["benchmark"] == after.meta["benchmark"]
