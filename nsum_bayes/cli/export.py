"""`nsum export`: estimates in the formats that readers ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsum_bayes.cli.console import Console, Json, Quiet, stdout_kept_clean
from nsum_bayes.cli.saved import read_estimates
from nsum_bayes.cli.transmission import TransmissionOption

FormatOption = Annotated[
    list[str] | None,
    typer.Option(
        help="tables, xlsx, geojson, latex, word, maps or page; may be given again. By default all that there can be."
    ),
]


def export(
    run: Annotated[Path, typer.Argument(help="A fit saved by `nsum fit`, or an estimates.nc of `nsum estimate`.")],
    out: Annotated[Path, typer.Option(help="Folder for the files; made if it is not there.")],
    format: FormatOption = None,
    transmission: TransmissionOption = None,
    min_respondents: Annotated[
        int | None, typer.Option(help="Withhold figures of surveyed areas with fewer respondents.", min=10)
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write estimates as workbook, GeoJSON, LaTeX, Word and tables, with a manifest of what each file is."""
    from nsum_bayes.estimates.summaries import Suppression
    from nsum_bayes.report.exports import write_exports
    from nsum_bayes.report.manifest import write_manifest

    console = Console("export", as_json, quiet)
    rule = Suppression() if min_respondents is None else Suppression(min_respondents=min_respondents)
    with stdout_kept_clean():
        estimates = read_estimates(run, transmission)
        files = write_exports(estimates, out, format or (), suppress=rule)
        files.append(write_manifest(estimates, out, files, fewest_respondents=rule.min_respondents))
    if estimates.meta.get("verdict") == "stop":
        console.warn("the fit's verdict is 'stop': these figures are not fit to publish; `nsum diagnose` says why.")
    for path in files:
        console.result(f"wrote: {path}")
    console.emit(files=files, verdict=estimates.meta.get("verdict"))
