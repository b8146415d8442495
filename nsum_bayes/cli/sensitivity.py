"""`nsum sensitivity`: how much does the national figure move with what was assumed?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsum_bayes.cli.console import Console, Json, Quiet, stdout_kept_clean
from nsum_bayes.cli.holdout import Cluster, Draws, Tune, Workers


def sensitivity(
    run: Annotated[Path, typer.Argument(help="A fit saved by `nsum fit`.")],
    out: Annotated[Path, typer.Option(help="Folder for tables and the figure.")],
    top_code: Annotated[list[int] | None, typer.Option(help="Largest count to take as it is; may be repeated.")] = None,
    refits: Annotated[bool, typer.Option(help="Leave out known groups and move the top code, by refitting.")] = True,
    seed: Annotated[int, typer.Option(help="One seed for all refits.", min=0)] = 1,
    draws: Draws = 500,
    tune: Tune = 700,
    workers: Workers = 0,
    cluster: Cluster = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Move what was assumed - priors, transmission, degree ratio, known groups, top code - and see what happens."""
    from nsum_bayes.checks.sensitivity import sensitivity as move
    from nsum_bayes.inference.fit import Fit
    from nsum_bayes.report.check_figures import sensitivity_figure
    from nsum_bayes.report.check_tables import write_sensitivity

    console = Console("sensitivity", as_json, quiet)
    with stdout_kept_clean():
        fit = Fit.load(run)
        found = move(
            fit,
            seed=seed,
            known_groups=None if refits else (),
            top_codes=(tuple(top_code) if top_code else (30,)) if refits else (),
            draws=draws,
            tune=tune,
            workers=workers,
            cluster=cluster,
            out=out / "refits.jsonl",
            progress=not quiet,
        )
        files = write_sensitivity(found, out)
        files.append(sensitivity_figure(found, fit.study, out / "sensitivity.png"))
    for row in found.table.to_dict("records"):
        if row["median"] == row["median"]:  # not NaN
            setting = row["setting"] or row["what"]
            console.result(f"{row['group']}: {row['median']:.3%}, {row['ratio']:.2f} times as stated ({setting})")
    for row in found.power[found.power["sensitive"]].to_dict("records"):
        console.result(f"{row['group']}: sensitive to {row['part']} (power-scaling index {row['index']:.2f})")
    for setting, why in found.failures.items():
        console.result(f"failed: {setting}: {why}")
    for file in files:
        console.result(f"wrote: {file}")
    console.emit(sensitivity=found.to_dict(), files=files)
