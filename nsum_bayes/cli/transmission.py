"""`--transmission GROUP=VALUE:REASON`: another fixed transmission, without another fit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from nsum_bayes.data.settings import TransmissionStatement

TransmissionOption = Annotated[
    list[str] | None,
    typer.Option(
        "--transmission",
        metavar="GROUP=VALUE:REASON",
        help="Fix a hidden group's transmission, with the reason, instead of what the study states; may be repeated.",
    ),
]


def read_transmission(texts: Iterable[str] | None, groups: Iterable[str]) -> dict[str, TransmissionStatement] | None:
    """Statements by hidden group; none given leaves those of the study."""
    if not texts:
        return None
    known = tuple(groups)
    return dict(_read_one(text, known) for text in texts)


def _read_one(text: str, known: tuple[str, ...]) -> tuple[str, TransmissionStatement]:
    from nsum_bayes.data.settings import TransmissionStatement
    from nsum_bayes.errors import suggestion

    group, equals, rest = text.partition("=")
    value, _, reason = rest.partition(":")
    if not equals or not reason.strip():
        raise typer.BadParameter(f"'{text}' is not GROUP=VALUE:REASON; the reason is required.")
    if group not in known:
        raise typer.BadParameter(f"'{group}' is not a hidden group of this fit.{suggestion(group, known)}")
    return group, TransmissionStatement(fixed=_share(value), reason=reason.strip())


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value <= 1:
        raise typer.BadParameter(f"Transmission '{text}' is not a number above 0 and at most 1.")
    return value
