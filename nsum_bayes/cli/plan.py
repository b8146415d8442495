"""`nsum plan`: how many municipalities, households and known groups?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsum_bayes.cli.console import Console, Json, Quiet, stdout_kept_clean
from nsum_bayes.cli.holdout import Cluster, Draws, Tune, Workers


def plan(
    study: Annotated[Path, typer.Argument(help="A study file: its frame, known sizes and statements are used.")],
    out: Annotated[Path, typer.Option(help="Folder for the table and the figure.")],
    expect: Annotated[list[str], typer.Option(help="Prevalence to expect, GROUP=SHARE; once a hidden group.")],
    municipalities: Annotated[str, typer.Option(help="Numbers to try, with commas.")],
    households: Annotated[str, typer.Option(help="Households in each municipality to try, with commas.")],
    known_groups: Annotated[str, typer.Option(help="Numbers of known groups to try; by default all.")] = "",
    target: Annotated[float, typer.Option(help="Coefficient of variation to reach.", min=0.01, max=2.0)] = 0.2,
    model: Annotated[str, typer.Option(help="A named model, or a model file.")] = "municipal",
    replicates: Annotated[int, typer.Option(help="Surveys simulated a design; 0: the formula alone.", min=0)] = 5,
    seed: Annotated[int, typer.Option(help="One seed for all.", min=0)] = 1,
    draws: Draws = 400,
    tune: Tune = 500,
    workers: Workers = 0,
    cluster: Cluster = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Say what designs of a survey would reach: by formula, and by simulating and fitting each."""
    from nsum_bayes.data.study import Study
    from nsum_bayes.model.spec import load_model
    from nsum_bayes.planning import plan as planned
    from nsum_bayes.report.check_tables import write_plan
    from nsum_bayes.report.plan_figures import plan_figure

    console = Console("plan", as_json, quiet)
    with stdout_kept_clean():
        read = Study.load(study)
        found = planned(
            load_model(model),
            read,
            expected=_shares(expect),
            municipalities=_numbers(municipalities, "--municipalities"),
            households=_numbers(households, "--households"),
            known_groups=_numbers(known_groups, "--known-groups") if known_groups else None,
            target=target,
            replicates=replicates,
            seed=seed,
            draws=draws,
            tune=tune,
            workers=workers,
            cluster=cluster,
            out=out / "plan_refits.jsonl" if replicates else None,
            progress=not quiet,
        )
        files = [*write_plan(found, out), plan_figure(found, read, out / "plan.png")]
    console.result(repr(found))
    for file in files:
        console.result(f"wrote: {file}")
    console.emit(plan=found.table.to_dict("records"), target=target, cheapest=found.cheapest(), files=files)


def _numbers(text: str, option: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"'{text}' is no list of whole numbers.", param_hint=option) from None


def _shares(texts: list[str]) -> dict[str, float]:
    found = {}
    for text in texts:
        group, _, share = text.partition("=")
        try:
            found[group] = float(share)
        except ValueError:
            raise typer.BadParameter(
                f"'{text}' is not GROUP=SHARE, such as bonded=0.005.", param_hint="--expect"
            ) from None
    return found
