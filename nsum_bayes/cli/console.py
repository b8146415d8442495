"""What every command says, and where: results on stdout, narration on stderr, one JSON object when asked."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import nsum_bayes
from nsum_bayes.errors import ReleaseError

if TYPE_CHECKING:
    from nsum_bayes.checks.convergence import Diagnosis

NOT_FIT_TO_PUBLISH = 4

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No narration, no progress.")]


@dataclass(frozen=True)
class Console:
    """The manners of one command."""

    command: str
    as_json: bool = False
    quiet: bool = False

    @property
    def shows_progress(self) -> bool:
        """Whether somebody is looking."""
        return sys.stderr.isatty() and not self.quiet

    def say(self, text: str) -> None:
        """Narration: what is being done."""
        if not self.quiet:
            typer.echo(text, err=True)

    def warn(self, text: str) -> None:
        """What a user has to know even when no narration is wanted."""
        typer.echo(f"Warning: {text}", err=True)

    def result(self, text: str = "") -> None:
        """A line of the result, for readers."""
        if not self.as_json:
            typer.echo(text)

    def emit(self, **body: Any) -> None:
        """Print the result for programs: one object, with the version and the command."""
        if self.as_json:
            head = {"nsum": nsum_bayes.__version__, "command": self.command}
            typer.echo(json.dumps(_plain({**head, **body}), ensure_ascii=False, allow_nan=False))


@contextmanager
def stdout_kept_clean() -> Iterator[None]:
    """Send what libraries print on stdout to stderr, so that a program can read the result."""
    with redirect_stdout(sys.stderr):
        yield


def refuse_to_overwrite(out: Path, force: bool) -> None:
    """Stop before any work where the result has no free place.

    Raises
    ------
    ReleaseError
        ``out`` is a folder, or exists and ``force`` is not given.
    """
    if out.is_dir():
        raise ReleaseError("The result is one file, and a folder has that name.", where=str(out), advice="Name a file.")
    if out.exists() and not force:
        raise ReleaseError(
            "The file exists already and is not overwritten.",
            where=str(out),
            advice="Name another file with --out, or give --force.",
        )


def outline(value: Any, indent: int = 0) -> list[str]:
    """Nested plain values as indented lines."""
    pad = "  " * indent
    if isinstance(value, Mapping):
        return [line for key, item in value.items() for line in _entry(str(key), item, indent)]
    if isinstance(value, list | tuple):
        return [line for item in value for line in _bullet(item, indent)]
    return [f"{pad}{_scalar(value)}"]


def _entry(key: str, item: Any, indent: int) -> list[str]:
    pad, key = "  " * indent, key.replace("_", " ")
    if isinstance(item, Mapping | list | tuple):
        if not item:
            return [f"{pad}{key}: none"]
        if isinstance(item, list | tuple) and not any(isinstance(part, Mapping | list | tuple) for part in item):
            joined = ", ".join(map(_scalar, item))
            if len(joined) <= 90:
                return [f"{pad}{key}: {joined}"]
        return [f"{pad}{key}:", *outline(item, indent + 1)]
    return [f"{pad}{key}: {_scalar(item)}"]


def _bullet(item: Any, indent: int) -> list[str]:
    if isinstance(item, Mapping):
        return [f"{'  ' * indent}- {', '.join(f'{key}: {_scalar(part)}' for key, part in item.items())}"]
    return [f"{'  ' * indent}- {_scalar(item)}"]


def _scalar(value: Any) -> str:
    if value is None or value == "":
        return "not stated"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return f"{value:,.0f}"
    return f"{value:,g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    """The JSON form; what is not a number becomes null, since JSON has no NaN."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | int | float) else str(value)


def tell_diagnosis(console: Console, diagnosis: Diagnosis) -> None:
    """The verdict and its findings, for readers."""
    console.result(f"verdict: {diagnosis.verdict}")
    for finding in diagnosis.findings:
        console.result(f"  [{finding.severity}] {finding.code}: {finding.message}")
        if finding.advice:
            console.result(f"      to do: {finding.advice}")


def stop_unless_publishable(diagnosis: Diagnosis) -> None:
    """Leave with exit code 4 where the verdict is stop."""
    if diagnosis.verdict == "stop":
        raise typer.Exit(NOT_FIT_TO_PUBLISH)
