"""`nsum diagnose`: can the draws of a saved fit be trusted?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsum_bayes.cli.console import Console, Json, stdout_kept_clean, stop_unless_publishable, tell_diagnosis

if TYPE_CHECKING:
    from nsum_bayes.checks.convergence import Finding
    from nsum_bayes.inference.fit import Fit


def diagnose(
    run: Annotated[Path, typer.Argument(help="A fit saved by `nsum fit`.")],
    answers: Annotated[
        bool, typer.Option("--answers", help="Also hold the answers against the model: replicates and residuals.")
    ] = False,
    figures: Annotated[Path | None, typer.Option(help="Folder for pictures of --answers.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of --answers.", min=0)] = 1,
    as_json: Json = False,
) -> None:
    """Judge a fit: publish, review or stop (exit code 4), with the findings that say why."""
    from nsum_bayes.checks.convergence import diagnose as judge
    from nsum_bayes.inference.fit import Fit

    console = Console("diagnose", as_json)
    with stdout_kept_clean():
        fit = Fit.load(run)
        diagnosis = judge(fit)
        found, files = _answers(fit, seed, figures) if answers or figures is not None else ((), [])
        diagnosis = replace(diagnosis, findings=(*diagnosis.findings, *found))
    tell_diagnosis(console, diagnosis)
    for file in files:
        console.result(f"wrote: {file}")
    console.emit(run=run, diagnosis=diagnosis.to_dict(), files=files)
    stop_unless_publishable(diagnosis)


def _answers(fit: Fit, seed: int, figures: Path | None) -> tuple[tuple[Finding, ...], list[Path]]:
    """Findings of the predictive check and of the residuals, and the pictures written."""
    from nsum_bayes.checks import convergence
    from nsum_bayes.checks.predictive import posterior_predictive_check
    from nsum_bayes.checks.residuals import residuals
    from nsum_bayes.inference.likelihood import is_available
    from nsum_bayes.report import check_figures as draw
    from nsum_bayes.report.figures import save_figure

    replicated = posterior_predictive_check(fit, seed=seed)
    pictures = (
        {"rootograms": draw.rootograms(replicated, fit.study), "pit": draw.pit_plots(replicated, fit.study)}
        if figures
        else {}
    )
    findings = replicated.findings
    if is_available(fit.spec):
        left = residuals(fit, seed=seed)
        findings = (*findings, *left.findings)
        if figures:
            pictures["residual_correlation"] = draw.residual_correlation(left, fit.study)
    else:
        findings = (
            *findings,
            convergence.Finding("note", "residuals", "Not computed: the model's residuals are not kept."),
        )
    written = [save_figure(picture, figures / f"{name}.png") for name, picture in pictures.items() if figures]
    return findings, written
