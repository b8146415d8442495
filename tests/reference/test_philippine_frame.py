"""The Philippine frame, whose levels have to nest for its provinces to be summed to regions."""

from __future__ import annotations

import numpy as np
import pytest

from nsum_bayes.model.fieldwork import Fieldwork, blank_frames
from tests.philippines import HIDDEN, KNOWN_SHARES, philippine_areas, shared_data

pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif(
        not (shared_data() / "philippines" / "municipalities.csv").is_file(), reason="the data are not here"
    ),
]


def test_a_study_of_the_frame_is_valid_and_its_provinces_nest_in_regions() -> None:
    areas = philippine_areas()
    work = Fieldwork(KNOWN_SHARES, [HIDDEN], respondents_per_area=1, surveyed=3)
    study = blank_frames(areas, work, np.random.default_rng(1)).study()  # by way of Study.from_frames
    assert len(study.areas) == 1642
    assert study.areas.table.groupby("province")["region"].nunique().eq(1).all()
    assert study.describe()["areas"]["levels"] == {"province": 118, "region": 17}
