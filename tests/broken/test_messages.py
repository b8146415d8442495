"""One fault a study, the whole message asserted; and no answer of a respondent in any of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from nsum_bayes.data.study import Study
from nsum_bayes.errors import StudyError
from tests.broken.cases import CASES
from tests.small_study import write_small_study


def _expected() -> dict[str, str]:
    text = (Path(__file__).parent / "messages.txt").read_text(encoding="utf-8")
    sections = (section.partition("\n") for section in text.split("### ")[1:])
    return {name: message.rstrip("\n") for name, _, message in sections}


EXPECTED = _expected()


def _message(folder: Path, case: str) -> str:
    study = write_small_study(folder)
    CASES[case](folder)
    with pytest.raises(StudyError) as caught:
        Study.load(study)
    assert caught.value.exit_code == 3
    return str(caught.value)


def test_every_case_has_a_message_and_every_message_a_case() -> None:
    assert list(EXPECTED) == list(CASES)


def test_messages_tell_the_faults_apart() -> None:
    assert len(set(EXPECTED.values())) == len(EXPECTED)


@pytest.mark.parametrize("case", CASES)
def test_the_whole_message(case: str, tmp_path: Path) -> None:
    assert _message(tmp_path, case) == EXPECTED[case]


def test_an_unreadable_answer_is_not_quoted(tmp_path: Path) -> None:
    assert "a few" not in _message(tmp_path, "answer that is no number")


@pytest.mark.parametrize(
    ("case", "cell"),
    [("answer neither yes nor no", "perhaps"), ("answer above its top code", "98"), ("members twice", "m0")],
)
def test_a_cell_outside_the_vocabulary_is_not_quoted(case: str, cell: str, tmp_path: Path) -> None:
    assert cell not in _message(tmp_path, case)


def test_a_repeated_identifier_is_not_quoted(tmp_path: Path) -> None:
    assert "r05" not in _message(tmp_path, "duplicate respondents")


def test_no_study_file(tmp_path: Path) -> None:
    with pytest.raises(StudyError) as caught:
        Study.load(tmp_path / "absent.toml")
    assert str(caught.value) == (
        "1 fault in the study:\n"
        "1. There is no study file 'absent.toml'.\n"
        f"   where: {tmp_path}\n"
        "   to do: Give the path of a study file, or of the folder that holds study.toml."
    )
