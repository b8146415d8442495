"""`nsum demo`: the whole road on the fictional study that comes with the package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsum_bayes.cli.console import (
    Console,
    Json,
    Quiet,
    stdout_kept_clean,
    stop_unless_publishable,
    tell_diagnosis,
)

if TYPE_CHECKING:
    import pandas as pd

    from nsum_bayes.data.study import Study
    from nsum_bayes.estimates.estimates import Estimates
    from nsum_bayes.inference.fit import Fit

MODEL = "municipal"


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the fit, the tables and the maps.")],
    draws: Annotated[int, typer.Option(help="Draws kept per chain.", min=1)] = 1500,
    tune: Annotated[int, typer.Option(help="Draws for warming up, per chain.", min=1)] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same draws.", min=0)] = 1,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Check, fit, diagnose, estimate and map a fictional archipelago, and hold the result against its truth."""
    from nsum_bayes.data.bundled import sample_folder
    from nsum_bayes.data.study import Study

    console = Console("demo", as_json, quiet)
    path = sample_folder() / "study.toml"
    console.say(f"1/5 nsum check {path}")
    study = Study.load(path)
    console.say(f"    {study!r}")

    from nsum_bayes.checks.convergence import diagnose
    from nsum_bayes.estimates.from_fit import estimate

    run = out / "fit.nc"
    with stdout_kept_clean():
        fitted = _fit(console, study, path, run, draws, tune, seed)
        console.say(f"3/5 nsum diagnose {run}")
        diagnosis = diagnose(fitted)
        estimates = estimate(fitted).noting(verdict=diagnosis.verdict)
        tables = _tables(console, estimates, run, out)
        maps = _maps(console, estimates, run, out)
    tell_diagnosis(console, diagnosis)
    counted = _tell_truth(console, estimates, path.with_name("truth.csv"))
    console.result(f"fit:    {run} (restricted: it holds the survey)")
    console.result(f"tables: {out / 'tables'}")
    for picture in maps:
        console.result(f"map:    {picture}")
    console.emit(fit=run, tables=tables, maps=maps, diagnosis=diagnosis.to_dict(), beside_truth=counted)
    stop_unless_publishable(diagnosis)


def _fit(console: Console, study: Study, path: Path, run: Path, draws: int, tune: int, seed: int) -> Fit:
    from nsum_bayes.inference.fit import fit
    from nsum_bayes.model.spec import load_model

    console.say(f"2/5 nsum fit {path} --model {MODEL} --out {run} --seed {seed} --draws {draws} --tune {tune}")
    progress = console.shows_progress
    fitted = fit(load_model(MODEL), study, seed=seed, draws=draws, tune=tune, progress=progress)
    fitted.save(run)
    return fitted


def _tables(console: Console, estimates: Estimates, run: Path, out: Path) -> list[Path]:
    from nsum_bayes.estimates.summaries import Suppression
    from nsum_bayes.report.manifest import write_manifest
    from nsum_bayes.report.tables import write_estimates

    console.say(f"4/5 nsum estimate {run} --out {out / 'tables'}")
    files = write_estimates(estimates, out / "tables", suppress=Suppression())
    return [*files, write_manifest(estimates, out / "tables", files)]


def _maps(console: Console, estimates: Estimates, run: Path, out: Path) -> list[Path]:
    from nsum_bayes.report.figures import figure_for, save_figure
    from nsum_bayes.report.interactive import write_interactive_map

    pictures = []
    for group in estimates.groups:
        picture = out / f"map_{group}.png"
        console.say(f"5/5 nsum map {run} --group {group} --out {picture}")
        figure, message = figure_for(estimates, group, None)
        save_figure(figure, picture)
        if message:
            console.say(f"    {message}")
        pictures.append(picture)
    page = out / "map.html"
    console.say(f"5/5 nsum map {run} --out {page}")
    return [*pictures, write_interactive_map(estimates, page)]


def _tell_truth(console: Console, estimates: Estimates, file: Path) -> list[dict[str, object]]:
    import pandas as pd

    from nsum_bayes.checks.known_truth import beside_truth, intervals_holding_truth

    comparison = beside_truth(estimates, pd.read_csv(file, dtype={"unit": str}))
    for row in comparison[comparison["level"] == "nation"].itertuples():
        figures = f"{row.median:.3%} ({row.lower:.3%} to {row.upper:.3%}), truth {row.truth:.3%}"
        console.result(f"{row.group}, share of {estimates.denominator[str(row.group)]} in the nation: {figures}")
    counted = intervals_holding_truth(comparison)
    console.result("95 % intervals that hold the truth (one data set; its areas share one national error):")
    for line in _lines(counted):
        console.result(f"  {line}")
    return [{str(key): value for key, value in row.items()} for row in counted.to_dict("records")]


def _lines(counted: pd.DataFrame) -> list[str]:
    return [
        f"{row.group}, {row.level}, {'surveyed' if row.surveyed else 'nobody asked'}: {row.inside} of {row.units}"
        for row in counted.itertuples()
    ]
