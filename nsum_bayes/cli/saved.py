"""Estimates for the commands that show them: from a fit, or as they were saved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from nsum_bayes.cli.transmission import read_transmission

if TYPE_CHECKING:
    from nsum_bayes.estimates.estimates import Estimates


def read_estimates(path: Path, transmission: list[str] | None) -> Estimates:
    """Estimates from a fit, or as they were saved."""
    from nsum_bayes.estimates.estimates import Estimates
    from nsum_bayes.inference.fit import Fit

    if path.name == "estimates.nc":
        if transmission:
            raise typer.BadParameter("Saved estimates have their transmission; name the fit to state another one.")
        return Estimates.load(path)
    from nsum_bayes.checks.convergence import diagnose
    from nsum_bayes.estimates.from_fit import estimate

    fitted = Fit.load(path)
    statements = read_transmission(transmission, fitted.study.hidden_groups)
    return estimate(fitted, transmission=statements).noting(verdict=diagnose(fitted).verdict)
