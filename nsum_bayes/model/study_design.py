"""What the generative story conditions on: who was asked, where, about which groups, with which known sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from nsum_bayes.data.study import HiddenGroup, Study

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LevelUnits:
    """One administrative level: each area's unit, and whether every unit has respondents."""

    name: str
    unit: NDArray[np.intp]
    count: int
    complete: bool


@dataclass(frozen=True)
class Sizes:
    """Known sizes row by row, and which row each surveyed area uses for each known group."""

    share: Floats
    log_sd: Floats
    rostered: Floats
    group: NDArray[np.intp]
    row: NDArray[np.intp]
    wide: NDArray[np.bool_]

    @property
    def roster(self) -> NDArray[np.bool_]:
        """Rows that are roster counts."""
        return np.isfinite(self.rostered)


@dataclass(frozen=True)
class StudyDesign:
    """Everything of a study that the story conditions on; the answers are not in it.

    Area covariates are NaN where the frame lacks a figure: the story draws it.
    """

    known_groups: tuple[str, ...]
    hidden: tuple[HiddenGroup, ...]
    area: NDArray[np.intp]
    surveyed: NDArray[np.intp]
    respondent_covariates: Floats
    area_covariates: Floats
    levels: tuple[LevelUnits, ...]
    denominator_share: Floats
    denominator_total: Floats
    sizes: Sizes

    @property
    def area_count(self) -> int:
        """Areas in the frame."""
        return len(self.area_covariates)

    @property
    def surveyed_position(self) -> NDArray[np.intp]:
        """Each respondent's position among the surveyed areas."""
        return np.searchsorted(self.surveyed, self.area)


def design_of(study: Study) -> StudyDesign:
    """What the story conditions on, taken from a study."""
    areas, survey = study.areas, study.survey
    area = np.searchsorted(areas.codes, survey.area, sorter=(order := np.argsort(areas.codes)))
    area = order[area]
    surveyed = np.unique(area)
    hidden = tuple(study.hidden(group) for group in study.hidden_groups)
    share = np.column_stack([areas.denominator_share(h.denominator) for h in hidden])
    total = areas.table["population"].to_numpy(dtype=float) @ share
    return StudyDesign(
        known_groups=tuple(study.known_groups),
        hidden=hidden,
        area=area,
        surveyed=surveyed,
        respondent_covariates=np.asarray(survey.design_matrix(), dtype=float),
        area_covariates=np.asarray(areas.design_matrix(), dtype=float),
        levels=tuple(level for name in areas.levels if (level := _level(study, name, surveyed)).count > 1),
        denominator_share=share,
        denominator_total=total,
        sizes=_sizes(study, surveyed),
    )


def _level(study: Study, name: str, surveyed: NDArray[np.intp]) -> LevelUnits:
    units, unit = np.unique(study.areas.level_of(name), return_inverse=True)
    return LevelUnits(name, unit, len(units), complete=len(np.unique(unit[surveyed])) == len(units))


def _sizes(study: Study, surveyed: NDArray[np.intp]) -> Sizes:
    known, table = study.known, study.known.table
    column = {name: table[name].to_numpy(dtype=float) for name in ("share", "size", "se", "rostered")}
    with np.errstate(invalid="ignore"):
        log_sd = np.sqrt(np.log1p((column["se"] / column["size"]) ** 2))
    row = np.asarray(known.row_of(study.areas.codes[surveyed], study.areas), dtype=np.intp)
    return Sizes(
        share=column["share"],
        log_sd=np.nan_to_num(log_sd),
        rostered=column["rostered"],
        group=np.array([known.groups.index(group) for group in table["group"]], dtype=np.intp),
        row=row,
        wide=(table["level"] != "area").to_numpy()[row],
    )
