"""The Singapore survey, read through the package: its columns, its gaps, and the classical figures they give."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from nsum_bayes.data.study import Study
from tests.singapore import ALL_KNOWN_NUMBERS, POPULATION, singapore_folder, singapore_study

pytestmark = pytest.mark.reference


@pytest.fixture(scope="module")
def folder() -> Path:
    found = singapore_folder()
    if found is None:
        pytest.skip("the Singapore survey is not here; set NSUM_SHARED_DATA to the folder that holds singapore/")
    return found


@pytest.fixture(scope="module")
def study(folder: Path) -> Study:
    return singapore_study(folder)


def test_shape(study: Study) -> None:
    assert len(study.survey) == 198
    assert len(study.known_groups) == 10
    assert study.hidden_groups == ("clients", "MSM", "FSW", "PWID")
    assert study.frame == "nation"
    assert len(study.areas) == 1
    assert set(study.known.table["level"]) == {"nation"}


def test_the_columns_give_the_classical_figures(study: Study) -> None:
    answers = study.survey.answers
    known = answers[:, :10]
    assert not np.isnan(known).any()
    sizes = study.known.table["size"].to_numpy()
    degrees = POPULATION * known.sum(axis=1) / sizes.sum()
    hidden = POPULATION * np.nansum(answers[:, 10:], axis=0) / degrees.sum()
    assert round(float(degrees.mean()), 2) == 189.83
    assert [round(float(size), digits) for size, digits in zip(hidden, (2, 2, 3, 2), strict=True)] == [
        44297.43,
        41503.90,
        4389.835,
        8779.67,
    ]


def test_missing_answers_are_those_of_the_file(folder: Path) -> None:
    with (folder / "nsum_sg.csv").open(newline="") as lines:
        header, *rows = csv.reader(lines)
    answers = [position for position, name in enumerate(header) if name.startswith("pop3")]
    assert (len(header), len(answers), len(rows)) == (34, 24, 198)
    gaps = [
        (row, header[position]) for row, cells in enumerate(rows) for position in answers if cells[position] == "NA"
    ]
    assert [column for _, column in gaps] == ["pop3e_total"]
    full = singapore_study(folder, ALL_KNOWN_NUMBERS)
    missing = np.isnan(full.survey.answers)
    assert full.describe()["missing_answers"] == missing.sum() == len(gaps) == 1
    assert np.argwhere(missing).tolist() == [[gaps[0][0], full.survey.groups.index("Hawker stalls owners")]]


def test_the_missing_age_and_the_absurd_score_are_reported(study: Study) -> None:
    assert study.notes == (
        "Covariate 'age': missing for 1 respondent (the survey frame, row 86).",
        "Covariate 'socialaccept_pwid': 1 value more than 8 robust standard deviations from the middle, kept "
        "(the survey frame, row 15). If wrong, correct the file or declare the range under [survey.covariate_ranges].",
    )


def test_every_hidden_group_has_answers(study: Study) -> None:
    assert all(row["mean_answer"] > 0 for row in study.describe()["hidden_groups"])
