"""Exports of Kobo and ODK give the study that a plain CSV gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nsum_bayes import Study, StudyError
from tests.small_study import edit_text, write_small_study

FORM = pd.DataFrame(
    [
        ("begin_group", "household", ""),
        ("text", "id", "Number of the interview"),
        ("integer", "q_teachers", "How many **teachers** do you know?"),
        ("select_one yesno", "q_nurses", "Do you know any nurse?"),
        ("end_group", "", ""),
    ],
    columns=["type", "name", "label::English (en)"],
)
CHOICES = pd.DataFrame(
    [("yesno", "1", "Yes, I do"), ("yesno", "0", "None")], columns=["list_name", "name", "label::English (en)"]
)
NURSES = ('column = "q_nurses"', 'column = "q_nurses"\nanswer = { type = "any" }')


def survey_of(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "survey.csv", dtype=str, keep_default_na=False)


def write_form(path: Path) -> None:
    with pd.ExcelWriter(path) as book:
        FORM.to_excel(book, sheet_name="survey", index=False)
        CHOICES.to_excel(book, sheet_name="choices", index=False)


def with_settings(folder: Path, lines: str) -> None:
    edit_text('file = "survey.csv"', f'file = "survey.csv"\n{lines}')(folder)


def test_paths_texts_and_labels_are_told_by_the_form(tmp_path: Path) -> None:
    plain_folder, folder = tmp_path / "plain", tmp_path / "kobo"
    for one in (plain_folder, folder):
        one.mkdir()
        write_small_study(one)
        edit_text(*NURSES)(one)
        frame = survey_of(one)
        frame["q_nurses"] = np.where(np.arange(len(frame)) % 3 == 0, "1", "0")
        frame.to_csv(one / "survey.csv", index=False)
    plain = Study.load(plain_folder)
    frame = survey_of(folder)
    frame["q_nurses"] = frame["q_nurses"].map({"1": "Yes, I do", "0": "None"})
    paths = {"q_teachers": "How many teachers do you know?", "q_nurses": "household/q_nurses", "id": "household/id"}
    frame.rename(columns=paths).assign(_index=range(len(frame)), _status="").to_csv(folder / "survey.csv", index=False)
    write_form(folder / "form.xlsx")
    with_settings(folder, 'form = "form.xlsx"')
    study = Study.load(folder)
    np.testing.assert_array_equal(study.survey.answers, plain.survey.answers)
    np.testing.assert_array_equal(study.survey.upper, plain.survey.upper)
    assert "form.xlsx" in study.hashes


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    write_small_study(tmp_path)
    frame = survey_of(tmp_path)
    frame["again/q_teachers"] = frame["q_teachers"]
    frame.to_csv(tmp_path / "survey.csv", index=False)
    write_form(tmp_path / "form.xlsx")
    with_settings(tmp_path, 'form = "form.xlsx"')
    with pytest.raises(StudyError, match="several columns for 'q_teachers', in different parts of the form"):
        Study.load(tmp_path)


def test_another_workbook_is_no_form(tmp_path: Path) -> None:
    write_small_study(tmp_path)
    CHOICES.to_excel(tmp_path / "form.xlsx", index=False)
    with_settings(tmp_path, 'form = "form.xlsx"')
    with pytest.raises(StudyError, match="is no XLSForm"):
        Study.load(tmp_path)


def rounds_of(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """One row an answer, in an order of its own, as Kobo writes repeats."""
    long = (
        frame[columns].assign(_parent_index=frame["_index"]).melt("_parent_index", var_name="about", value_name="many")
    )
    return long.iloc[::-1].rename(columns={"about": "groups/about", "many": "groups/many"})


@pytest.mark.parametrize("how", ["file", "sheet", "kobo columns", "numbered columns"])
def test_repeats_are_a_column_each(how: str, tmp_path: Path) -> None:
    plain = Study.load(write_small_study(tmp_path))
    frame = survey_of(tmp_path)
    asked = [question.column for question in plain.questions]
    frame["_index"] = [str(n) for n in range(len(frame))]
    rest, repeat = frame.drop(columns=asked), 'item = "about", value = "many"'
    if how == "file":
        rounds_of(frame, asked).to_csv(tmp_path / "rounds.csv", index=False)
        repeat += ', file = "rounds.csv"'
    elif how == "sheet":
        with pd.ExcelWriter(tmp_path / "rounds.xlsx") as book:
            rest.to_excel(book, sheet_name="main", index=False)
            rounds_of(frame, asked).to_excel(book, sheet_name="groups", index=False)
        repeat += ', file = "rounds.xlsx", sheet = "groups"'
    else:
        order = np.random.default_rng(1).permuted(np.tile(asked, (len(frame), 1)), axis=1)
        for number, items in enumerate(order.T, start=1):
            values = [frame.loc[row, item] for row, item in enumerate(items)]
            pair = (
                (f"groups[{number}]/about", f"groups[{number}]/many")
                if how[0] == "k"
                else (f"about_{number}", f"many_{number}")
            )
            rest = rest.assign(**dict(zip(pair, (items, values), strict=True)))
    rest.to_csv(tmp_path / "survey.csv", index=False)
    with_settings(tmp_path, f"repeat = {{ {repeat} }}")
    study = Study.load(tmp_path)
    np.testing.assert_array_equal(study.survey.answers, plain.survey.answers)


def test_what_is_wrong_with_repeats_is_said(tmp_path: Path) -> None:
    plain = Study.load(write_small_study(tmp_path))
    frame = survey_of(tmp_path).assign(_index=lambda t: [str(n) for n in range(len(t))])
    asked = [question.column for question in plain.questions]
    rounds = rounds_of(frame, asked)
    pd.concat([rounds, rounds.iloc[:2]]).to_csv(tmp_path / "rounds.csv", index=False)
    text = (tmp_path / "study.toml").read_text()
    frame.drop(columns=asked).to_csv(tmp_path / "survey.csv", index=False)
    with_settings(tmp_path, 'repeat = { item = "about", value = "many", file = "rounds.csv" }')
    with pytest.raises(StudyError, match="2 answers repeated for one respondent and group"):
        Study.load(tmp_path)
    (tmp_path / "study.toml").write_text(text)
    with_settings(tmp_path, 'repeat = { item = "of whom", value = "many", file = "rounds.csv" }')
    with pytest.raises(StudyError, match="has no column 'of whom'"):
        Study.load(tmp_path)
    (tmp_path / "study.toml").write_text(text)
    with_settings(tmp_path, 'repeat = { item = "about", value = "many" }')
    with pytest.raises(StudyError, match="has no columns 'about_1'"):
        Study.load(tmp_path)
