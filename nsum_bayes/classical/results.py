"""What the classical estimators give: one row a group, method and unit, and the rules by which it was made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from nsum_bayes.data.faults import counted
from nsum_bayes.errors import ReleaseError, suggestion
from nsum_bayes.estimates.summaries import Suppression

COLUMNS = (
    "group", "method", "level", "unit", "name", "population", "respondents", "estimate", "se", "lower", "upper",
    "se_bootstrap", "se_binomial", "degree_mean", "note",
)  # fmt: skip
FIGURES = ("estimate", "se", "lower", "upper", "se_bootstrap", "se_binomial", "degree_mean")


@dataclass(frozen=True, eq=False, repr=False)
class ClassicalEstimates:
    """Numbers of members of hidden groups by classical estimators.

    Attributes
    ----------
    figures
        One row a method, level, unit and group, nothing withheld; for columns see `table`. Restricted: to show
        figures, use `table`.
    rules
        What was done with the data and what the errors are, one sentence each; to be printed with the figures.
    title
        Of the study.
    synthetic, fictional_places
        Whether the answers are simulated, and whether the places are invented.
    """

    figures: pd.DataFrame
    rules: tuple[str, ...]
    title: str
    synthetic: bool
    fictional_places: bool

    def __repr__(self) -> str:
        methods = self.figures["method"].nunique()
        return f"ClassicalEstimates({self.title!r}: {counted(methods, 'method')}, levels {', '.join(self.levels)})"

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels estimated, in the order asked for."""
        return tuple(dict.fromkeys(self.figures["level"]))

    @property
    def released_levels(self) -> tuple[str, ...]:
        """Levels whose figures may be shown: the nation alone for simulated answers about places not said invented."""
        invented = self.synthetic and not self.fictional_places
        return tuple(level for level in self.levels if level == "nation" or not invented)

    def table(self, level: str | None = None, suppress: Suppression | None = None) -> pd.DataFrame:
        """The figures that may be shown.

        Columns ``group``, ``method``, ``level``, ``unit``, ``name``; ``population`` (persons, everyone in the frame of
        the question); ``respondents`` who enter the row; ``estimate`` (persons); ``se`` (persons, linearised, under
        the design); ``lower`` and ``upper`` (95 %, rescaled bootstrap); ``se_bootstrap``; ``se_binomial`` (persons, of
        a binomial model without design; empty for means of ratios); ``degree_mean`` (persons, weighted); ``note``;
        and ``simulated`` where the answers are.

        Parameters
        ----------
        level
            One level; all that may be shown if left out.
        suppress
            Rows of fewer respondents lose their figures; fewer than ten if left out.

        Raises
        ------
        ReleaseError
            The level was not estimated, or would put invented figures on real places.
        """
        self._check(level)
        hidden = (suppress or Suppression()).hides(self.figures["respondents"].to_numpy())
        table = self.figures.copy()
        table.loc[hidden, list(FIGURES)] = np.nan
        table.loc[hidden, "note"] = "suppressed: too few respondents"
        wanted = self.released_levels if level is None else (level,)
        table = table[table["level"].isin(wanted)].reset_index(drop=True)
        return table.assign(simulated=True) if self.synthetic else table

    def _check(self, level: str | None) -> None:
        if level in self.released_levels or (level is None and self.released_levels):
            return
        if level is not None and level not in self.levels:
            raise ReleaseError(
                f"The level '{level}' was not estimated.{suggestion(level, self.levels)}",
                where="level of the table",
                advice=f"Choose one of: {', '.join(self.levels)}.",
            )
        raise ReleaseError(
            "This would show invented figures for real places: the answers are simulated, the places are not.",
            where=f"study '{self.title}', level '{level or self.levels[0]}'",
            advice="Show the nation only; if the places are invented too, say fictional_places = true under [study].",
        )
