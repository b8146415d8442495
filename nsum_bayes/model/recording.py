"""How a question records a count: as it is, top-coded, in bins, as yes or no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nsum_bayes.data.settings import AnswerSettings
    from nsum_bayes.data.study import Study


@dataclass(frozen=True)
class Recording:
    """How one question records a count.

    Parameters
    ----------
    edges
        Lowest number of each thing that can be recorded, ascending from zero; None where the number itself is.
    """

    edges: np.ndarray | None = None

    def record(self, counts: np.ndarray) -> np.ndarray:
        """The lowest number that the record of each count allows; any shape."""
        if self.edges is None:
            return counts
        return self.edges[np.searchsorted(self.edges, counts, side="right") - 1]


def recording_of(answer: AnswerSettings) -> Recording:
    """How a question with these settings records a count."""
    if answer.intervals:
        return Recording(np.array([lower for lower, _ in answer.intervals]))
    return Recording() if answer.top_code is None else Recording(np.arange(answer.top_code + 1))


def recordings_of(study: Study) -> tuple[Recording, ...]:
    """The recording of each group's question, in the order of the survey's groups."""
    by_group = {question.group: recording_of(question.answer) for question in study.settings.question}
    return tuple(by_group[group] for group in study.survey.groups)
