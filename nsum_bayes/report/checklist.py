"""Points of a reporting guideline, each with its answer and whose answer it is."""

from __future__ import annotations

from dataclasses import dataclass

from nsum_bayes.report.material import Material
from nsum_bayes.report.pieces import Grid

ANSWERED, BY_AUTHORS, NOT_APPLICABLE, NOT_RUN = "answered", "authors", "not applicable", "not run"
TO_SUPPLY = "To be supplied by the authors: "
DOES_NOT_APPLY = "Not applicable because "


@dataclass(frozen=True)
class Point:
    """A point of a guideline: its number, what it asks in a few words, and the answer."""

    number: str
    asked: str
    answer: str

    @property
    def status(self) -> str:
        """Whether it is answered from the run, left to the authors, not applicable, or waits for a check."""
        if self.answer.startswith(DOES_NOT_APPLY):
            return NOT_APPLICABLE
        if self.answer.startswith(TO_SUPPLY):
            return BY_AUTHORS
        if self.answer.startswith("Not run"):
            return NOT_RUN
        return f"{ANSWERED}, authors add" if TO_SUPPLY in self.answer else ANSWERED


def checklist_grid(caption: str, points: tuple[Point, ...], name: str) -> Grid:
    """The points as a table."""
    rows = tuple((point.number, point.asked, point.answer, point.status) for point in points)
    return Grid(caption, ("Item", "Asks for", "Answer", "Status"), rows, name=name)


def checks_said(material: Material) -> str:
    """What the checks beyond the sampler's found, or that they were not run."""
    from nsum_bayes.report.survey_sections import hold_out_sentences

    parts = [one for one in hold_out_sentences(material) if "not run" not in one]
    parts.append("" if material.hold_out("group") else "Not run: hold-out of known groups.")
    moved = "Section 6 tells how far the figure moves with what was assumed."
    parts.append(moved if material.surface is not None or material.sensitivity is not None else "")
    parts.append("" if material.sensitivity else "Not run: refits with known groups left out, and power-scaling.")
    return " ".join(part for part in parts if part)


def sources_said(material: Material) -> str:
    """Sources and years of known sizes and secondary data."""
    table = material.study.known.table
    known = sorted({f"{row['source'] or 'source not stated'} {row['year']}".strip() for _, row in table.iterrows()})
    data = [
        f"{one.category}: {one.source or 'source not stated'} {one.year or ''}".strip()
        for one in material.study.areas.covariates
    ]
    said = [f"Known sizes: {'; '.join(known)}." if known else "", f"Secondary data: {'; '.join(data)}." if data else ""]
    return " ".join(part for part in said if part)
