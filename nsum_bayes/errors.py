"""Errors of the package. Every message says what is wrong, where, and what to do; no respondent's answer is echoed."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class NsumError(Exception):
    """Any error of the package.

    Parameters
    ----------
    what
        What is wrong, one sentence.
    where
        File, column, rows or setting concerned.
    advice
        What the user can do about it.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", advice: str = "") -> None:
        self.what, self.where, self.advice = what, where, advice
        super().__init__("\n".join(self._lines()))

    def _lines(self) -> list[str]:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.advice:
            lines.append(f"  to do: {self.advice}")
        return lines


class ModelError(NsumError):
    """A model file or model choice that cannot be used."""

    exit_code = 2


class StudyError(NsumError):
    """A study file or its data that cannot be used; carries every fault found, not only the first.

    Parameters
    ----------
    faults
        One `NsumError`-like (what, where, advice) triple per fault.
    """

    exit_code = 3

    def __init__(self, faults: Iterable[tuple[str, str, str]]) -> None:
        self.faults = tuple(faults)
        blocks = [
            "\n".join((f"{number}. {what}", f"   where: {where}", f"   to do: {advice}"))
            for number, (what, where, advice) in enumerate(self.faults, start=1)
        ]
        count = f"{len(self.faults)} fault{'s' if len(self.faults) != 1 else ''} in the study:"
        Exception.__init__(self, "\n".join([count, *blocks]))
        self.what, self.where, self.advice = count, "", ""


class FitError(NsumError):
    """A fit that cannot be run, read or used."""


class ReleaseError(NsumError):
    """A table, map or file that may not be written as asked."""

    exit_code = 2


def suggestion(word: str, known: Iterable[str]) -> str:
    """' Did you mean …?' for the nearest known word, or nothing."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean '{near[0]}'?" if near else ""
