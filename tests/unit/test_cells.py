"""Respondent cells: read, refused, and turned into shares of the people and columns of the model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nsum_bayes.data.cells import Cells
from nsum_bayes.data.study import Study
from nsum_bayes.data.waves import join_waves
from nsum_bayes.errors import StudyError
from tests.small_study import CODES, edit_text, survey_frame, write_small_study

STATED = 'covariates    = ["age", "urban"]\ncells = { file = "cells.csv" }'


def cells_frame() -> pd.DataFrame:
    """Own rows for the first area, the others alike."""
    return pd.DataFrame(
        {
            "area": [CODES[0], CODES[0], "", ""],
            "urban": ["yes", "no", "yes", "no"],
            "people": [3000, 1000, 1, 3],
        }
    )


def survey_with_labels() -> pd.DataFrame:
    survey = survey_frame()
    return survey.assign(urban=np.where(np.arange(len(survey)) % 4 == 0, "no", "yes"))


@pytest.fixture
def load(tmp_path: Path) -> Callable[[pd.DataFrame], Study]:
    def loaded(cells: pd.DataFrame) -> Study:
        study = write_small_study(tmp_path)
        survey_with_labels().to_csv(tmp_path / "survey.csv", index=False)
        edit_text('covariates    = ["age", "urban"]', STATED)(tmp_path)
        cells.to_csv(tmp_path / "cells.csv", index=False)
        return Study.load(study)

    return loaded


def cells_of(study: Study) -> Cells:
    assert study.cells is not None
    return study.cells


def test_an_area_has_its_own_people_and_the_others_those_of_everywhere_else(load: Callable[..., Study]) -> None:
    study = load(cells_frame())
    cells = cells_of(study)
    assert cells.profiles["urban"].tolist() == ["yes", "no"]
    np.testing.assert_allclose(cells.shares(study.areas.codes), [[0.75, 0.25], *[[0.25, 0.75]] * 3])
    assert "cells.csv" in study.hashes
    assert study.describe()["respondent_cells"] == ["urban"]


def test_columns_are_in_the_units_of_the_respondents(load: Callable[..., Study]) -> None:
    study = load(cells_frame())
    design = study.survey.design_matrix()
    columns = design.coords["respondent_covariate"].values.tolist()
    found = cells_of(study).design_matrix(study.survey)
    assert found.shape == (2, len(columns))
    assert found[:, columns.index("urban=yes")].tolist() == [1.0, 0.0]
    # What the cells do not tell apart is as among the respondents.
    others = [name for name in columns if not name.startswith("urban")]
    means = design.sel(respondent_covariate=others).values.mean(axis=0)
    np.testing.assert_allclose(found[:, [columns.index(name) for name in others]], [means, means])


def test_numbers_are_centred_and_scaled_as_the_respondents_are(load: Callable[..., Study]) -> None:
    study = load(pd.DataFrame({"age": [20, 60], "people": [1, 1]}))
    ages = study.survey.covariates["age"].to_numpy(dtype=float)
    place = study.survey.design_matrix().coords["respondent_covariate"].values.tolist().index("age")
    found = cells_of(study).design_matrix(study.survey)[:, place]
    np.testing.assert_allclose(found, (np.array([20, 60]) - np.nanmean(ages)) / np.nanstd(ages))


def test_a_saved_study_keeps_its_cells(load: Callable[..., Study]) -> None:
    study = load(cells_frame())
    again = cells_of(Study.from_payload(study.to_payload()))
    pd.testing.assert_frame_equal(again.table, cells_of(study).table, check_dtype=False)
    without = {name: text for name, text in study.to_payload().items() if name != "cells"}
    assert Study.from_payload(without).cells is None


def test_areas_taken_together_add_their_people_up() -> None:
    rows = [("a", "yes", 3.0), ("a", "no", 1.0), ("b", "yes", 1.0), ("b", "no", 3.0), ("c", "no", 2.0), ("", "no", 9.0)]
    cells = Cells(pd.DataFrame(rows, columns=["area", "urban", "people"]))
    merged = cells.of_unions({"a": "a+b", "b": "a+b", "c": "c+d", "d": "c+d"})
    np.testing.assert_allclose(merged.shares(np.array(["a+b", "c+d"])), [[0.5, 0.5], [0.0, 1.0]])
    assert "c+d" not in set(merged.table["area"])  # d has no rows of its own


def test_waves_have_the_people_of_the_latest(load: Callable[..., Study], tmp_path: Path) -> None:
    study = load(cells_frame())
    joined = join_waves({"1": study, "2": study})
    np.testing.assert_allclose(cells_of(joined).shares(study.areas.codes), cells_of(study).shares(study.areas.codes))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"people": [1, -1, 1, 1]}, "negative in 1 cell"),
        ({"urban": ["yes", "yes", "yes", "no"]}, "more than one row in an area"),
        ({"urban": ["yes", "nope", "yes", "no"]}, "No respondent is 'nope'"),
        ({"urban": ["yes", "", "yes", "no"]}, "'urban' is missing in 1 cell"),
        ({"area": ["9999", "9999", "", ""]}, "1 area of the cells that the areas file does not have: '9999'"),
        ({"area": [CODES[0], CODES[0], CODES[1], CODES[1]]}, "2 areas without cells"),
        ({"people": [0, 0, 1, 1]}, "without a single person"),
    ],
)
def test_cells_that_cannot_be_are_refused(
    load: Callable[..., Study], change: dict[str, list[object]], message: str
) -> None:
    with pytest.raises(StudyError, match=message) as caught:
        load(cells_frame().assign(**change))
    assert "cells.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (pd.DataFrame({"urban": ["yes", "no"]}), "has no column 'people'"),
        (pd.DataFrame({"town": ["yes", "no"], "people": [1, 1]}), "no column that is a covariate of the survey"),
        (pd.DataFrame({"urban": [], "people": []}), "has no rows"),
    ],
)
def test_tables_that_are_no_cells_are_refused(load: Callable[..., Study], cells: pd.DataFrame, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        load(cells)


def test_columns_and_kinds_that_are_not_used_are_noted(load: Callable[..., Study]) -> None:
    study = load(pd.DataFrame({"urban": ["yes"], "people": [5], "source": ["census"]}))
    assert any("columns not used: 'source'" in note for note in study.notes)
    assert any("nobody is 'no' by 'urban'" in note for note in study.notes)
