"""`nsum simulate`: a fictional study with its truth beside it."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import Annotated, Any

import typer

from nsum_bayes.cli.console import Console, Json, Quiet, stdout_kept_clean


def simulate(
    out: Annotated[Path, typer.Option(help="Folder for the study's files; made if it is not there.")],
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same files.", min=0)] = None,
    model: Annotated[str | None, typer.Option(help="Model that the answers are drawn from.")] = None,
    respondents: Annotated[int | None, typer.Option(help="Respondents in the survey.", min=1)] = None,
    areas: Annotated[int | None, typer.Option(help="Areas in the frame.", min=1)] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write a fictional archipelago: study file, survey, known sizes, areas, polygons, and the truth."""
    from nsum_bayes.model.sample import make_sample

    console = Console("simulate", as_json, quiet)
    asked = {"seed": seed, "model": model, "respondents": respondents, "areas": areas}
    given: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    unknown = [f"--{name}" for name in given if name not in signature(make_sample).parameters]
    if unknown:
        raise typer.BadParameter(f"The fictional archipelago has no {' and no '.join(unknown)}.")
    with stdout_kept_clean():
        files = make_sample(out, **given)
    for path in files:
        console.result(f"wrote: {path}")
    console.emit(files=files)
