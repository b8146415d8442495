"""`nsum estimate`: tables for every area and level."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsum_bayes.cli.console import Console, Json, Quiet, stdout_kept_clean
from nsum_bayes.cli.transmission import TransmissionOption, read_transmission

if TYPE_CHECKING:
    from nsum_bayes.estimates.estimates import Estimates
    from nsum_bayes.estimates.summaries import Suppression

LARGEST_SHARE_ABOVE_ONE = 0.001
NATION_ONLY = (
    "only the nation is shown: the answers are simulated, and the places may be real. "
    "If they are invented too, say fictional_places = true under [study]."
)


def estimate(
    run: Annotated[Path, typer.Argument(help="A fit saved by `nsum fit`.")],
    out: Annotated[Path, typer.Option(help="Folder for the tables; made if it is not there.")],
    transmission: TransmissionOption = None,
    threshold: Annotated[
        float | None, typer.Option(help="Also write the probability that prevalence exceeds this share.", min=0, max=1)
    ] = None,
    min_respondents: Annotated[
        int | None, typer.Option(help="Withhold figures of surveyed areas with fewer respondents.", min=10)
    ] = None,
    benchmark: Annotated[
        Path | None, typer.Option(help="Table of totals from outside: group, estimate, se, level, unit, source.")
    ] = None,
    benchmark_by: Annotated[
        str, typer.Option(help="ratio: scale areas to the totals; weights: the totals are further observations.")
    ] = "ratio",
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Estimate prevalence and counts for every area of the frame and every level, and write the tables."""
    from nsum_bayes.checks.convergence import diagnose
    from nsum_bayes.data.totals import read_totals
    from nsum_bayes.estimates.from_fit import estimate as estimate_fit
    from nsum_bayes.estimates.summaries import Suppression
    from nsum_bayes.inference.fit import Fit
    from nsum_bayes.report.exceedance import write_exceedance
    from nsum_bayes.report.manifest import write_manifest
    from nsum_bayes.report.network_tables import write_network_sizes
    from nsum_bayes.report.release import invents_places
    from nsum_bayes.report.tables import write_estimates
    from nsum_bayes.report.wording import assumptions_of, nation_of, sources_of

    console = Console("estimate", as_json, quiet)
    suppress = Suppression() if min_respondents is None else Suppression(min_respondents=min_respondents)
    with stdout_kept_clean():
        fitted = Fit.load(run)
        statements = read_transmission(transmission, fitted.study.hidden_groups)
        verdict = diagnose(fitted).verdict
        estimates = estimate_fit(fitted, transmission=statements).noting(verdict=verdict)
        if benchmark is not None:
            estimates = estimates.benchmark(read_totals(benchmark), benchmark_by, seed=fitted.seed)
        files = write_estimates(estimates, out, suppress=suppress)
        files += write_network_sizes(fitted, estimates, out, suppress=suppress)
        if threshold is not None:
            files.append(write_exceedance(estimates, threshold, out, suppress=suppress))
        files.append(write_manifest(estimates, out, files, fewest_respondents=suppress.min_respondents))
    if verdict == "stop":
        console.warn("the fit's verdict is 'stop': these figures are not fit to publish; `nsum diagnose` says why.")
    for group, share in estimates.meta["share_above_one"].items():
        if share > LARGEST_SHARE_ABOVE_ONE:
            console.warn(f"{share:.1%} of the draws of '{group}' lie above its whole denominator and were cut to it.")
    if invents_places(estimates):
        console.warn(NATION_ONLY)
    nation = _nation(estimates, suppress)
    for group in estimates.groups:
        console.result(f"{group}, nation: {nation_of(estimates, group, suppress)}")
        console.result(f"  assumed: {assumptions_of(estimates, group)}")
        console.result(f"  uncertainty from: {sources_of(estimates, group)}")
    for path in files:
        console.result(f"wrote: {path}")
    console.emit(files=files, groups=estimates.groups, nation=nation, verdict=verdict, meta=estimates.meta)


def _nation(estimates: Estimates, suppress: Suppression) -> list[dict[str, Any]]:
    """The national figures, one a hidden group; missing where they are withheld."""
    from nsum_bayes.report.wording import PARTS

    columns = ["group", "denominator", *(f"{what}_{part}" for what in ("prevalence", "count") for part in PARTS)]
    rows = estimates.table("nation", suppress)[columns].to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]
