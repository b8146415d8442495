"""`nsum`: the commands, and the exit codes they leave with."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Annotated

import typer

from nsum_bayes.cli import (
    calibrate,
    check,
    classical,
    compare,
    demo,
    diagnose,
    estimate,
    export,
    figures,
    fit,
    frame,
    holdout,
    map,
    models,
    plan,
    predictors,
    release,
    report,
    sensitivity,
    simulate,
    verify,
)
from nsum_bayes.errors import NsumError

app = typer.Typer(
    name="nsum",
    help="Bayesian network scale-up: from a household survey to prevalence by municipality.",
    epilog="Exit: 0 done, 1 unexpected, 2 usage or model file, 3 bad data, 4 not fit to publish, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    # Locals in a traceback would be rows of the survey.
    pretty_exceptions_enable=False,
)
for command in (
    check.check,
    classical.classical,
    models.models,
    frame.frame,
    plan.plan,
    simulate.simulate,
    fit.fit,
    diagnose.diagnose,
    holdout.holdout,
    compare.compare,
    sensitivity.sensitivity,
    predictors.predictors,
    calibrate.calibrate,
    estimate.estimate,
    export.export,
    map.map,
    figures.figures,
    report.report,
    release.release,
    verify.verify,
    demo.demo,
):
    app.command()(command)


def _tell_version(asked: bool) -> None:
    if asked:
        import nsum_bayes

        typer.echo(nsum_bayes.__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Bayesian network scale-up: from a household survey to prevalence by municipality."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `nsum`; every way out is an exit code.

    Parameters
    ----------
    arguments
        What stands after `nsum`; by default the process's own arguments.
    """
    # About PyTensor's C back end; sampling here is compiled by numba, so the advice would mislead.
    warnings.filterwarnings("ignore", message="PyTensor could not link to a BLAS installation")
    # What the survey does not tell is among the findings that each command prints.
    warnings.filterwarnings("ignore", message="The survey says nothing about")
    try:
        app(args=None if arguments is None else list(arguments))
    except NsumError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        typer.echo(
            f"Error: {error.strerror or type(error).__name__}.\n  where: {error.filename or 'not told'}", err=True
        )
        sys.exit(1)
    except Exception as error:
        _tell_unexpected(error)
        sys.exit(1)


def _tell_unexpected(error: Exception) -> None:
    """Name the kind of error only: its message comes from elsewhere and may quote a value of the survey."""
    if os.environ.get("NSUM_DEBUG") == "1":
        traceback.print_exception(error)
        return
    typer.echo(
        f"Error: something unexpected happened ({type(error).__name__}), which is a fault of the program.\n"
        "  to do: run the command again with NSUM_DEBUG=1 for the traceback. It may quote a value from your data: "
        "read it before you send it to anyone.",
        err=True,
    )


if __name__ == "__main__":
    main()
