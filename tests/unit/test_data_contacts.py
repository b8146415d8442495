"""Side data: members of a hidden group and their contacts."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nsum_bayes.data.study import Study
from nsum_bayes.errors import StudyError
from tests.small_study import STUDY, areas_frame, edit_text, groups_frame, survey_frame, write_small_study

BETA = 'transmission = { prior = "beta", mean = 0.6, sd = 0.15, reason = "awareness study" }'
TOLD = 'transmission = { side_data = "contacts.csv", reason = "game of contacts" }'
RATIO = 'degree_ratio = { side_data = "contacts.csv", reason = "members\' own answers" }'


def contacts_frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "member": ["m0", "m1", "m2"],
            "contacts": [10, 8, 12],
            "aware": [4, 0, 12],
            "farmers": [3, "", 1],
            "teachers": [1, 0, -9],
            "comment": ["x", "y", "z"],
        }
    )


def _study(statements: str, frames: dict[str, pd.DataFrame] | None) -> Study:
    return Study.from_frames(
        tomllib.loads(STUDY.replace(BETA, statements)),
        survey=survey_frame(),
        known=groups_frame(),
        areas=areas_frame(),
        side_data=frames,
    )


def _loaded(folder: Path, statements: str) -> Study:
    file = write_small_study(folder)
    contacts_frame().to_csv(folder / "contacts.csv", index=False)
    edit_text(BETA, statements)(folder)
    return Study.load(file)


def test_members_are_read_without_their_identifiers(tmp_path: Path) -> None:
    study = _loaded(tmp_path, f"{TOLD}\n{RATIO}")
    table = study.contacts["bonded"]
    assert list(study.contacts) == ["bonded"]
    assert list(table.columns) == ["contacts", "aware", "teachers", "farmers"]  # the order of the questions
    np.testing.assert_array_equal(table["contacts"], [10, 8, 12])
    np.testing.assert_array_equal(table["aware"], [4, 0, 12])
    np.testing.assert_array_equal(table["teachers"], [1, 0, np.nan])
    np.testing.assert_array_equal(table["farmers"], [3, np.nan, 1])
    assert "contacts.csv: columns not used: 'comment'." in study.notes
    assert not any("m0" in text for text in study.to_payload().values())
    assert len(study.hashes["contacts.csv"]) == 64
    assert study.hidden("bonded").transmission.side_data == "contacts.csv"


@pytest.mark.parametrize("statements", [TOLD, f"{BETA}\n{RATIO}", f"{TOLD}\n{RATIO}"])
def test_either_statement_brings_the_table(statements: str) -> None:
    study = _study(statements, {"contacts.csv": contacts_frame()})
    assert len(study.contacts["bonded"]) == 3
    assert study.describe()["hidden_groups"][0]["members_asked"] == 3


def test_without_side_data_there_is_no_table() -> None:
    study = _study(BETA, None)
    assert study.contacts == {}
    assert "members_asked" not in study.describe()["hidden_groups"][0]


def test_frames_give_the_same_side_data_as_files_and_the_saved_form_is_exact(tmp_path: Path) -> None:
    loaded = _loaded(tmp_path, f"{TOLD}\n{RATIO}")
    framed = _study(f"{TOLD}\n{RATIO}", {"contacts.csv": contacts_frame()})
    assert framed.to_payload()["contacts"] == loaded.to_payload()["contacts"]
    again = Study.from_payload(loaded.to_payload())
    pd.testing.assert_frame_equal(again.contacts["bonded"], loaded.contacts["bonded"])
    assert again.to_payload() == loaded.to_payload()


def test_a_study_saved_before_there_were_side_data_is_still_read() -> None:
    texts = _study(BETA, None).to_payload()
    del texts["contacts"]
    assert Study.from_payload(texts).contacts == {}


@pytest.mark.parametrize(
    ("statements", "frames", "words"),
    [
        (TOLD, None, "The side data 'contacts.csv' are not given."),
        (TOLD, {"contact.csv": contacts_frame()}, "Did you mean 'contact.csv'"),
        (BETA, {"contacts.csv": contacts_frame()}, "are given, and no statement names them"),
        (TOLD, {"contacts.csv": contacts_frame().drop(columns="aware")}, "contacts.csv has no column 'aware'"),
    ],
)
def test_frames_and_statements_that_do_not_match_are_refused(
    statements: str, frames: dict[str, pd.DataFrame] | None, words: str
) -> None:
    with pytest.raises(StudyError, match=words):
        _study(statements, frames)


def test_frames_are_not_changed() -> None:
    frame = contacts_frame()
    study = _study(f"{TOLD}\n{RATIO}", {"contacts.csv": frame})
    pd.testing.assert_frame_equal(frame, contacts_frame())
    assert study.contacts["bonded"] is not frame
