"""`nsum simulate`: a fictional study with its truth beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsum_bayes.cli.console import Console, Json, Quiet, stdout_kept_clean


def simulate(
    out: Annotated[Path, typer.Option(help="Folder for the study's files; made if it is not there.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.", min=0)] = 2025,
    visited: Annotated[int, typer.Option(help="Municipalities surveyed, of 120.", min=1, max=120)] = 60,
    per_area: Annotated[int, typer.Option(help="Respondents in each of them, on average.", min=1, max=500)] = 20,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write a fictional archipelago: study file, survey, known sizes, areas, polygons, and the truth."""
    from nsum_bayes.model.sample import make_sample

    console = Console("simulate", as_json, quiet)
    with stdout_kept_clean():
        files = make_sample(out, seed, visited=visited, per_area=per_area)
    for path in files:
        console.result(f"wrote: {path}")
    console.emit(files=files)
