"""The numbers a model needs from a study: indices, shares and counts, taken once and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nsum_bayes.errors import ModelError
from nsum_bayes.model.spec import ModelSpec

if TYPE_CHECKING:
    from nsum_bayes.data.study import Study

MISSING = -1


@dataclass(frozen=True)
class LevelInputs:
    """One level wider than the area (province, region …) as the surveyed areas see it.

    Parameters
    ----------
    name
        The level.
    units
        Units with respondents.
    index
        Position in ``units`` of each surveyed area (surveyed_area).
    complete
        Whether every unit of the frame at this level has respondents.
    """

    name: str
    units: tuple[str, ...]
    index: np.ndarray
    complete: bool


@dataclass(frozen=True)
class SizeRows:
    """Known sizes as rows: an exact figure, a figure with a standard error, or a roster count.

    Parameters
    ----------
    log_share
        Log of size / population (size_row); zero in place of roster rows.
    log_sd
        Standard deviation of the log share from the figure's standard error (size_row); zero where exact.
    roster
        Positions of roster rows; ``rostered`` and ``members`` are their counts, ``roster_group`` their known group.
    row
        Row that applies to (surveyed_area, known_group).
    wider
        Whether that row is for a level wider than the area (surveyed_area, known_group).
    """

    log_share: np.ndarray
    log_sd: np.ndarray
    roster: np.ndarray
    rostered: np.ndarray
    members: np.ndarray
    roster_group: np.ndarray
    row: np.ndarray
    wider: np.ndarray


@dataclass(frozen=True)
class Inputs:
    """What `build_model` reads: arrays with their named dims in ``coords``."""

    coords: dict[str, list]
    answers: np.ndarray  # (respondent, group), MISSING where absent
    area: np.ndarray  # (respondent,) position among the surveyed areas
    sizes: SizeRows
    log_denominator_share: np.ndarray  # (surveyed_area, hidden_group)
    log_denominator_total: np.ndarray  # (hidden_group,)
    covariates: np.ndarray  # (surveyed_area, covariate), NaN where missing
    respondent_covariates: np.ndarray  # (respondent, respondent_covariate)
    levels: tuple[LevelInputs, ...]
    n_areas: int

    @property
    def n_known(self) -> int:
        """Number of known groups."""
        return len(self.coords["known_group"])

    @property
    def n_hidden(self) -> int:
        """Number of hidden groups."""
        return len(self.coords["hidden_group"])

    @property
    def n_surveyed(self) -> int:
        """Number of surveyed areas."""
        return len(self.coords["surveyed_area"])


def read_inputs(spec: ModelSpec, study: Study) -> Inputs:
    """Extract from a study what a model sees of it.

    Raises
    ------
    ModelError
        The model and the study do not fit together.
    """
    survey, areas = study.survey, study.areas
    surveyed = survey.surveyed_areas
    position = pd.Index(areas.codes).get_indexer(pd.Index(surveyed))
    denominators = [study.hidden(group).denominator for group in study.hidden_groups]
    shares = np.column_stack([areas.denominator_share(name)[position] for name in denominators])
    totals = [areas.table[name].sum() for name in denominators]
    design = areas.design_matrix()
    respondent_design = survey.design_matrix()
    use_covariates = spec.prevalence.coefficient is not None
    covariates = design.values[position] if use_covariates else np.zeros((len(surveyed), 0))
    use_respondent = spec.degree.coefficient is not None
    respondent_covariates = respondent_design.values if use_respondent else np.zeros((len(survey), 0))
    answers = np.where(np.isnan(survey.answers), MISSING, survey.answers).astype(np.int64)
    levels = _levels(study, position) if len(areas) > 1 else ()
    sizes = _size_rows(study, surveyed)
    coords: dict[str, list[Any]] = {
        "respondent": list(range(len(survey))),
        "group": list(survey.groups),
        "known_group": list(study.known_groups),
        "hidden_group": list(study.hidden_groups),
        "surveyed_area": list(surveyed),
        "covariate": list(design.coords["covariate"].values) if use_covariates else [],
        "respondent_covariate": list(respondent_design.coords["respondent_covariate"].values) if use_respondent else [],
        **{level.name: list(level.units) for level in levels},
    }
    _check(spec, coords)
    area = pd.Index(surveyed).get_indexer(pd.Index(survey.area))
    return Inputs(
        coords=coords,
        answers=answers,
        area=area,
        sizes=sizes,
        log_denominator_share=np.log(shares),
        log_denominator_total=np.log(np.array(totals, dtype=float)),
        covariates=covariates,
        respondent_covariates=respondent_covariates,
        levels=levels,
        n_areas=len(areas),
    )


def _check(spec: ModelSpec, coords: dict[str, list]) -> None:
    if not coords["hidden_group"]:
        raise ModelError(
            "The study has no hidden group, so there is nothing to estimate.",
            where=f"model {spec.name}",
            advice="Add a [[hidden]] table to the study file.",
        )


def _levels(study: Study, position: np.ndarray) -> tuple[LevelInputs, ...]:
    """Levels with at least two units in the frame; a single unit cannot be told from the intercept."""
    found = []
    for name in study.areas.levels:
        labels = study.areas.level_of(name)
        everywhere = np.unique(labels)
        if len(everywhere) < 2:
            continue
        units, index = np.unique(labels[position], return_inverse=True)
        found.append(LevelInputs(name, tuple(units), index, complete=len(units) == len(everywhere)))
    return tuple(found)


def _size_rows(study: Study, surveyed: np.ndarray) -> SizeRows:
    table = study.known.table
    used, row = np.unique(study.known.row_of(surveyed, study.areas), return_inverse=True)
    row = row.reshape(len(surveyed), len(study.known_groups))
    table = table.iloc[used]
    is_roster = table["rostered"].notna().to_numpy()
    cv = np.where(is_roster, 0.0, (table["se"] / table["size"]).fillna(0.0).to_numpy(dtype=float))
    log_share = np.log(table["share"].to_numpy(dtype=float), where=~is_roster, out=np.zeros(len(table)))
    roster = np.flatnonzero(is_roster)
    group = pd.Index(study.known_groups).get_indexer(pd.Index(table["group"]))
    wide = (table["level"] != "area").to_numpy()
    return SizeRows(
        log_share=log_share,
        log_sd=np.sqrt(np.log1p(cv**2)),
        roster=roster,
        rostered=table["rostered"].to_numpy(dtype=float)[roster].astype(np.int64),
        members=table["members"].to_numpy(dtype=float)[roster].astype(np.int64),
        roster_group=group[roster],
        row=row,
        wider=wide[row],
    )
