"""The sampling design behind a design-based error: strata, sampling units and weights.

Variances are those of sampling units drawn with replacement within strata, which is on the safe side where a good part
of the units was drawn. The rescaled bootstrap is that of Rao and Wu (1988, doi 10.1080/01621459.1988.10478591) with
one unit fewer drawn than there are, so that no weight is ever negative (Rao, Wu and Yue 1992, Survey Methodology 18,
209-217).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from nsum_bayes.data.faults import counted
from nsum_bayes.data.survey import Survey
from nsum_bayes.errors import ModelError, suggestion

LONE_UNITS = ("collapse", "certainty")


@dataclass(frozen=True, eq=False, repr=False)
class SamplingDesign:
    """Who was drawn with whom.

    Attributes
    ----------
    weight
        Survey weight of each respondent, shape (respondent,); ones where the study has none.
    unit
        Number of the sampling unit of each respondent, shape (respondent,).
    stratum
        Number of the stratum of each sampling unit, shape (unit,), after strata of one unit were dealt with; -1 for a
        unit taken with certainty.
    rules
        What was taken from the study and what was done, one sentence each.
    """

    weight: np.ndarray
    unit: np.ndarray
    stratum: np.ndarray
    rules: tuple[str, ...]

    def __repr__(self) -> str:
        return f"SamplingDesign({counted(len(self.stratum), 'unit')} in {_strata(np.unique(self.stratum).size)})"

    @property
    def has_error(self) -> bool:
        """Whether some stratum has two units or more, without which no sampling error can be told."""
        return bool((np.bincount(self.stratum[self.stratum >= 0], minlength=1) > 1).any())

    def variance(self, totals: np.ndarray) -> np.ndarray:
        """Variance of the sum of unit totals (unit, column) under the design, shape (column,); NaN where none is told.

        Parameters
        ----------
        totals
            Weighted sums of a linearised variable over each unit, zero for units outside the domain.
        """
        if not self.has_error:
            return np.full(totals.shape[1], np.nan)
        variance = np.zeros(totals.shape[1])
        for rows in self._members():
            about_mean = totals[rows] - totals[rows].mean(axis=0)
            variance += len(rows) / (len(rows) - 1) * (about_mean**2).sum(axis=0)
        return variance

    def multipliers(self, replicates: int, rng: np.random.Generator) -> np.ndarray:
        """What each replicate multiplies the weights of each unit by, shape (replicate, unit).

        Of the n units of a stratum n − 1 are drawn with replacement; a unit drawn r times has its weight multiplied by
        r n / (n − 1). Units taken with certainty keep theirs.
        """
        factor = np.ones((replicates, len(self.stratum)))
        for rows in self._members():
            n_units = len(rows)
            drawn = rng.multinomial(n_units - 1, np.full(n_units, 1 / n_units), size=replicates)
            factor[:, rows] = drawn * (n_units / (n_units - 1))
        return factor

    def _members(self) -> list[np.ndarray]:
        """Positions of the units of each stratum that has two or more."""
        numbers = np.unique(self.stratum[self.stratum >= 0])
        members = [np.flatnonzero(self.stratum == number) for number in numbers]
        return [rows for rows in members if len(rows) > 1]


def sampling_design(survey: Survey, lone_units: str = "collapse") -> SamplingDesign:
    """The design of a survey, from its columns stratum, unit and weight where it has them.

    Without a column of units every respondent is one; without one of strata there is one stratum. A unit is told by its
    label within its stratum.

    Parameters
    ----------
    survey
        The survey.
    lone_units
        What is done with strata of one unit, whose variance cannot be told: ``collapse`` puts them together into one
        stratum, and a single one to the next stratum in the order of labels; ``certainty`` takes the unit as sure to
        be drawn, so that it adds no variance.

    Raises
    ------
    ModelError
        There is no such rule.
    """
    if lone_units not in LONE_UNITS:
        raise ModelError(
            f"There is no rule '{lone_units}' for strata of one unit.{suggestion(lone_units, LONE_UNITS)}",
            where="lone_units",
            advice=f"Choose one of: {', '.join(LONE_UNITS)}.",
        )
    design, size = survey.design, len(survey)
    labels = design["stratum"].to_numpy(str) if "stratum" in design else np.zeros(size, dtype=str)
    units = design["unit"].to_numpy(str) if "unit" in design else np.arange(size).astype(str)
    weight = design["weight"].to_numpy(float) if "weight" in design else np.ones(size)
    strata, stratum_of = np.unique(labels, return_inverse=True)
    pairs = pd.DataFrame({"stratum": stratum_of, "unit": units})
    unit = pairs.groupby(["stratum", "unit"], sort=True).ngroup().to_numpy()
    stratum = np.zeros(unit.max() + 1, dtype=int)
    stratum[unit] = stratum_of
    dealt_with, treatment = _lone_units_dealt_with(stratum, lone_units)
    rules = (_told(design, len(strata), len(stratum)), *treatment)
    return SamplingDesign(weight, unit, dealt_with, rules)


def _lone_units_dealt_with(stratum: np.ndarray, rule: str) -> tuple[np.ndarray, list[str]]:
    """Strata (unit,) without those of one unit, and what was done in words."""
    sizes = np.bincount(stratum)
    lone = np.flatnonzero(sizes == 1)
    if not lone.size or len(sizes) == 1:
        return stratum, []
    which = f"{_strata(lone.size)} {'has' if lone.size == 1 else 'have'}"
    within = np.isin(stratum, lone)
    if rule == "certainty":
        told = f"{which} one sampling unit, taken as drawn with certainty: no variance is counted there."
        return np.where(within, -1, stratum), [told]
    if lone.size > 1:
        told = f"{which} one sampling unit: these were collapsed into one stratum for the errors."
        return np.where(within, lone[0], stratum), [told]
    neighbour = lone[0] + 1 if lone[0] + 1 < len(sizes) else lone[0] - 1
    told = f"{which} one sampling unit: it was joined to the next stratum for the errors."
    return np.where(within, neighbour, stratum), [told]


def _strata(number: int) -> str:
    return "1 stratum" if number == 1 else f"{number} strata"


def _told(design: pd.DataFrame, strata: int, units: int) -> str:
    weights = "weighted" if "weight" in design else "unweighted"
    if "unit" not in design and "stratum" not in design:
        return f"Errors: simple random sampling of {units} respondents, {weights}; the study names no strata or units."
    what = "sampling units" if "unit" in design else "respondents, each a sampling unit"
    where = f"in {_strata(strata)}" if "stratum" in design else "without strata"
    return f"Errors: {units} {what} {where}, {weights}, counted as drawn with replacement."
