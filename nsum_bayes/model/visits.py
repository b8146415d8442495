"""Visits: the places and times that respondents answered at, one an area and wave, or an area, stratum and unit.

Without either a visit is a surveyed area. Shares are told by visit, network sizes by area with a shift by wave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nsum_bayes.data.strata import Strata
    from nsum_bayes.data.study import Study


@dataclass(frozen=True)
class Visits:
    """Areas and waves with respondents.

    Parameters
    ----------
    waves
        Names of the waves, in order; empty for a study of one.
    area
        Position of each visit's area among the surveyed ones (visit,).
    wave
        Position of each visit's wave (visit,).
    of
        Position of each respondent's visit (respondent,).
    labels
        Names (visit,): area code, and wave where there are several.
    stratum, unit
        Position of each visit's stratum and sampling unit (visit,), where visits are told apart by them.
    split
        Whether they are.
    """

    waves: tuple[str, ...]
    area: np.ndarray
    wave: np.ndarray
    of: np.ndarray
    labels: tuple[str, ...]
    stratum: np.ndarray
    unit: np.ndarray
    split: bool = False

    def __len__(self) -> int:
        return len(self.area)

    @property
    def dim(self) -> str:
        """Name of the visits' dim."""
        return "visit" if self.waves or self.split else "surveyed_area"


def one_a_place(labels: Sequence[str], of: np.ndarray) -> Visits:
    """Visits of a survey of one time: the surveyed areas themselves, given each respondent's (respondent,)."""
    nothing = np.zeros(len(labels), dtype=int)
    return Visits((), np.arange(len(labels)), nothing, of, tuple(labels), nothing, nothing)


def visits_of(study: Study, strata: Strata | None = None) -> Visits:
    """The visits of a study, ordered by area, then by wave; told apart by strata and sampling units where given."""
    survey = study.survey
    codes, area = np.unique(survey.area, return_inverse=True)
    waves = study.waves
    if not waves and strata is None:
        return one_a_place(codes.tolist(), area)
    wave = np.array([waves.index(name) for name in survey.design["wave"]]) if waves else np.zeros(len(area), dtype=int)
    nowhere = np.zeros(len(area), dtype=int)
    within = (nowhere, nowhere) if strata is None else (strata.stratum, strata.unit)
    cells, of = np.unique(np.column_stack([area, wave, *within]), axis=0, return_inverse=True)
    labels = tuple(f"{codes[a]} {waves[t]}" if waves else str(codes[a]) for a, t, *_ in cells)
    if strata is not None:
        labels = tuple(f"{label} {number}" for number, label in enumerate(labels))
    places = {"area": cells[:, 0], "wave": cells[:, 1], "stratum": cells[:, 2], "unit": cells[:, 3]}
    return Visits(waves=waves, of=of.reshape(-1), labels=labels, split=strata is not None, **places)
