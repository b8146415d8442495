"""`nsum verify`: whether an export is as it was written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsum_bayes.cli.console import Console, Json, Quiet


def verify(
    folder: Annotated[
        Path, typer.Argument(help="A folder that `nsum estimate`, `export` or `release` wrote, with its manifest.json.")
    ],
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Check the files of an export against its manifest; exit code 4 where they differ."""
    from nsum_bayes.cli.console import NOT_FIT_TO_PUBLISH
    from nsum_bayes.report.manifest import verify_folder

    console = Console("verify", as_json, quiet)
    wrong = verify_folder(folder)
    for line in wrong:
        console.result(line)
    if not wrong:
        console.result("every file is as it was written")
    console.emit(folder=folder, same=not wrong, differences=wrong)
    if wrong:
        raise typer.Exit(NOT_FIT_TO_PUBLISH)
