"""`nsum diagnose`: can the draws of a saved fit be trusted?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsum_bayes.cli.console import Console, Json, stdout_kept_clean, stop_unless_publishable, tell_diagnosis


def diagnose(
    run: Annotated[Path, typer.Argument(help="A fit saved by `nsum fit`.")],
    as_json: Json = False,
) -> None:
    """Judge a fit: publish, review or stop (exit code 4), with the findings that say why."""
    from nsum_bayes.checks.convergence import diagnose as judge
    from nsum_bayes.inference.fit import Fit

    console = Console("diagnose", as_json)
    with stdout_kept_clean():
        diagnosis = judge(Fit.load(run))
    tell_diagnosis(console, diagnosis)
    console.emit(run=run, diagnosis=diagnosis.to_dict())
    stop_unless_publishable(diagnosis)
