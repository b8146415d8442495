"""`nsum check`: is the study usable, and what does it say?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsum_bayes.cli.console import Console, Json, outline
from nsum_bayes.errors import StudyError


def check(
    study: Annotated[Path | None, typer.Argument(help="The study file (study.toml).")] = None,
    template: Annotated[
        Path | None, typer.Option(help="Draft a study file from the header of this survey file.", metavar="SURVEY_FILE")
    ] = None,
    as_json: Json = False,
) -> None:
    """Read a study with all its files; list every fault, or say what it holds."""
    console = Console("check", as_json)
    if (study is None) == (template is None):
        raise typer.BadParameter("Name a study file, or give --template SURVEY_FILE.")
    if template is not None:
        _draft(console, template)
    elif study is not None:
        _describe(console, study)


def _draft(console: Console, survey: Path) -> None:
    from nsum_bayes.data.template import draft_study

    text = draft_study(survey)
    console.result(text.rstrip())
    console.emit(template=text)


def _describe(console: Console, path: Path) -> None:
    from nsum_bayes.data.study import Study

    try:
        summary = Study.load(path).describe()
    except StudyError as error:
        faults = [{"what": what, "where": where, "advice": advice} for what, where, advice in error.faults]
        console.emit(ok=False, faults=faults)
        raise
    console.result("The study can be used.")
    for line in outline({key: value for key, value in summary.items() if key != "hashes"}):
        console.result(line)
    console.emit(ok=True, study=summary)
