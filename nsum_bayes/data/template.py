"""A first study file from a survey's header; what only the user can know is left as a text that begins with TODO."""

from __future__ import annotations

import json
from pathlib import Path

from nsum_bayes.data.readers import read_table
from nsum_bayes.errors import StudyError

RESPONDENT_NAMES = frozenset(
    {"id", "respondent", "respondent_id", "resp_id", "case_id", "caseid", "interview_id", "uuid", "_uuid", "_id"}
)
AREA_NAMES = frozenset(
    {"area", "area_code", "code", "municipality", "municipality_code", "mun_code", "muncode", "psgc", "commune"}
)
WEIGHT_NAMES = frozenset({"weight", "weights", "w", "wt", "wgt", "pweight", "sampling_weight", "svy_weight"})

OPENING = """\
# Drafted from the header of {file}. Decide every text that begins with TODO; `nsum check` lists those left.

[study]
title     = "TODO: name of the study"
construct = "TODO: what is counted and whom it concerns"
period    = "TODO: the time the answers are about"
tie       = "TODO: the definition of knowing someone that respondents were given"
frame     = "TODO: where the people asked about live: area, a level, or nation"
synthetic = false

[survey]
file = {file_text}
respondent = {respondent}
area       = {area}
{weight}# stratum = "…"      # optional column
# unit    = "…"      # optional column: primary sampling unit
covariates    = []   # columns that describe respondents
missing_codes = []   # for example [-9, 98, 99]
"""

QUESTIONS = """
# One [[question]] for each answer column; delete those of columns that are not answers.
"""

QUESTION = """
[[question]]
column = {column}
group  = "TODO: the group that this column asks about"
answer = {{ type = "count" }}
"""

CLOSING = """
[known]
file = "TODO: the file of known sizes: group, area (empty: the nation), size, se, source, year"

[[hidden]]
group        = "TODO: a group above whose size is sought"
denominator  = "TODO: a name under [areas.denominators]"
# TODO: the chance that a tie to a member is known and reported. Uncomment one of the two and fill it in.
# transmission = { prior = "beta", mean = …, sd = …, reason = "…" }
# transmission = { fixed = …, reason = "…" }

[areas]
file   = "TODO: the file of areas"
code   = "TODO: its column of area codes"
name   = "TODO: its column of names"
levels = []          # columns from smaller to larger, for example ["province", "region"]
population   = "TODO: its column with everyone in the frame of the question"
denominators = { adults = "TODO: its column with this population" }
vintage      = "TODO: of the area codes"
"""


def draft_study(survey: str | Path) -> str:
    """Draft a study file from the header of a survey.

    Only the columns of identifiers, area codes and weights are guessed, by their name. No cell of the survey is quoted.

    Parameters
    ----------
    survey
        A .csv, .parquet or .xlsx file, one row a respondent.

    Returns
    -------
    str
        TOML text that `nsum check` refuses until every TODO is decided.

    Raises
    ------
    StudyError
        The survey is absent or cannot be read.
    """
    path = Path(survey)
    columns = _columns(path)
    respondent = _named(columns, RESPONDENT_NAMES)
    area = _named(columns, AREA_NAMES)
    weight = _named(columns, WEIGHT_NAMES)
    opening = OPENING.format(
        file=path.name,
        file_text=_quoted(path.name),
        respondent=_quoted(respondent or "TODO: the column of identifiers; remove the key if there is none"),
        area=_quoted(area or "TODO: the column of area codes; remove the key if there is one area only"),
        weight=f"weight     = {_quoted(weight)}\n" if weight else '# weight  = "…"      # optional column\n',
    )
    rest = [column for column in columns if column not in (respondent, area, weight)]
    questions = "".join(QUESTION.format(column=_quoted(column)) for column in rest)
    return opening + QUESTIONS + questions + CLOSING


def _columns(path: Path) -> list[str]:
    if not path.is_file():
        advice = "Give the path of the survey file."
        raise StudyError([(f"There is no survey file '{path.name}'.", str(path.parent), advice)])
    faults: list[tuple[str, str, str]] = []
    table = read_table(path, faults)
    if table is None:
        raise StudyError(faults)
    return [str(column) for column in table.frame.columns if column]


def _named(columns: list[str], names: frozenset[str]) -> str | None:
    return next((column for column in columns if column.lower() in names), None)


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False)
