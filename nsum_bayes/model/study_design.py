"""What the generative story conditions on: who was asked, where, about which groups, with which known sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nsum_bayes.data.secondary import covariate_knowledge
from nsum_bayes.data.strata import Strata, strata_of

if TYPE_CHECKING:
    from nsum_bayes.data.areas import Areas
    from nsum_bayes.data.settings import AnswerSettings
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
    point_share: Floats
    group: NDArray[np.intp]
    row: NDArray[np.intp]
    wide: NDArray[np.bool_]

    @property
    def roster(self) -> NDArray[np.bool_]:
        """Rows that are roster counts."""
        return np.isfinite(self.rostered)


@dataclass(frozen=True)
class Contacts:
    """Members of a hidden group who were asked about their contacts, and about the known groups named."""

    group: str
    hidden: int
    contacts: NDArray[np.int64]
    known: NDArray[np.intp]
    answered: NDArray[np.bool_]
    tells_transmission: bool
    tells_ratio: bool


@dataclass(frozen=True)
class LinkDesign:
    """A hidden group that follows from another: their positions, and the statement on how many there are of it."""

    group: int
    of: int
    mean: Any


@dataclass(frozen=True)
class FrameDesign:
    """A frame wider than the area: the statement on local ties, weights over all areas, known shares of the frame."""

    share: Any
    weight: Floats
    known: Floats


@dataclass(frozen=True)
class StudyDesign:
    """Everything of a study that the story conditions on; the answers are not in it.

    A visit is a surveyed area in one wave: `visit` is each respondent's, `visit_area` and `visit_wave` say which it is.
    Without waves, `wave` is empty and the visits are the surveyed areas.

    Where the frame lacks an area covariate, or gives it with an error, `area_covariates` is what to expect of it and
    `covariate_covariance` (area, covariate, covariate) the covariance of the truth around that: the story draws it.
    """

    known_groups: tuple[str, ...]
    hidden: tuple[HiddenGroup, ...]
    area: NDArray[np.intp]
    surveyed: NDArray[np.intp]
    waves: tuple[str, ...]
    wave: NDArray[np.intp]
    strata: Strata
    respondent_covariates: Floats
    area_covariates: Floats
    covariate_covariance: Floats
    covariate_category: NDArray[np.intp]
    areas: Areas
    levels: tuple[LevelUnits, ...]
    denominator_share: Floats
    denominator_total: Floats
    sizes: Sizes
    population: float
    respondent_names: tuple[str, ...]
    respondent_columns: tuple[str, ...]
    respect: Floats
    respected: NDArray[np.bool_]
    kinds: tuple[str | None, ...]
    heaped: NDArray[np.bool_]
    zero_inflated: NDArray[np.bool_]
    edges: tuple[Floats | None, ...]
    reports: NDArray[np.bool_]
    contacts: tuple[Contacts, ...]
    links: tuple[LinkDesign, ...]
    frame: FrameDesign | None

    @property
    def area_count(self) -> int:
        """Areas in the frame."""
        return len(self.area_covariates)

    @property
    def surveyed_position(self) -> NDArray[np.intp]:
        """Each respondent's position among the surveyed areas."""
        return np.searchsorted(self.surveyed, self.area)

    @property
    def visit(self) -> NDArray[np.intp]:
        """Each respondent's position among the visits."""
        return np.searchsorted(self._visits(), self._visits_of_respondents())

    @property
    def visit_area(self) -> NDArray[np.intp]:
        """Position of each visit's area among the surveyed ones."""
        return self._visits() // max(1, len(self.waves))

    @property
    def visit_wave(self) -> NDArray[np.intp]:
        """Position of each visit's wave."""
        return self._visits() % max(1, len(self.waves))

    def _visits_of_respondents(self) -> NDArray[np.intp]:
        """One number an area and wave, in that order."""
        return self.surveyed_position * len(self.waves) + self.wave if self.waves else self.surveyed_position

    def _visits(self) -> NDArray[np.intp]:
        return np.unique(self._visits_of_respondents())


def design_of(study: Study) -> StudyDesign:
    """What the story conditions on, taken from a study."""
    areas, survey = study.areas, study.survey
    area = np.searchsorted(areas.codes, survey.area, sorter=(order := np.argsort(areas.codes)))
    area = order[area]
    surveyed = np.unique(area)
    hidden = tuple(study.hidden(group) for group in study.hidden_groups)
    share = np.column_stack([areas.denominator_share(h.denominator) for h in hidden])
    total = areas.table["population"].to_numpy(dtype=float) @ share
    sizes = _sizes(study, surveyed)
    told, matrix = covariate_knowledge(areas), areas.design_matrix()
    return StudyDesign(
        known_groups=tuple(study.known_groups),
        hidden=hidden,
        area=area,
        surveyed=surveyed,
        waves=study.waves,
        wave=_waves(study),
        strata=strata_of(study),
        respondent_covariates=np.asarray(survey.design_matrix(), dtype=float),
        area_covariates=told.mean,
        covariate_covariance=told.covariance,
        covariate_category=np.unique(matrix.coords["category"].values.astype(str), return_inverse=True)[1],
        areas=areas,
        levels=tuple(level for name in areas.levels if (level := _level(study, name, surveyed)).count > 1),
        denominator_share=share,
        denominator_total=total,
        sizes=sizes,
        population=float(areas.table["population"].sum()),
        **_questions(study),
        contacts=_contacts(study),
        links=_links(study),
        frame=_frame(study, surveyed, sizes),
    )


def _waves(study: Study) -> NDArray[np.intp]:
    """Each respondent's wave; empty where there is one only."""
    if not study.waves:
        return np.zeros(0, dtype=np.intp)
    named = study.survey.design["wave"].astype(str).to_numpy()
    return np.array([study.waves.index(name) for name in named], dtype=np.intp)


def _questions(study: Study) -> dict[str, Any]:
    """What was asked besides plain counts, in the order of the survey's groups."""
    survey = study.survey
    settings = {question.group: question.answer for question in study.settings.question}
    return {
        "respondent_names": tuple(str(name) for name in survey.covariates.columns),
        "respondent_columns": tuple(str(c) for c in survey.design_matrix().coords["respondent_covariate"].values),
        "respect": _with_means(survey.respect),
        "respected": np.isfinite(survey.respect).any(axis=0),
        "kinds": tuple(study.kinds[group] for group in survey.groups),
        "heaped": np.array([settings[group].heaped for group in survey.groups]),
        "zero_inflated": np.array([settings[group].zero_inflated for group in survey.groups]),
        "edges": tuple(_edges(settings[group]) for group in survey.groups),
        "reports": ~np.isnan(survey.reported_degree),
    }


def _with_means(levels: Floats) -> Floats:
    """Missing levels as the mean of those told about the same group; zero for a group nobody was asked about."""
    whole = levels.copy()
    for column in whole.T:
        column[np.isnan(column)] = np.mean(column[~np.isnan(column)]) if np.isfinite(column).any() else 0.0
    return whole


def _edges(answer: AnswerSettings) -> Floats | None:
    """Lowest number of each record of a count; None where the number itself is recorded."""
    if answer.intervals:
        return np.array([float(low) for low, _ in answer.intervals])
    return None if answer.top_code is None else np.arange(answer.top_code + 1.0)


def _contacts(study: Study) -> tuple[Contacts, ...]:
    found = []
    for number, name in enumerate(study.hidden_groups):
        if name not in study.contacts:
            continue
        table, hidden = study.contacts[name], study.hidden(name)
        asked = [group for group in study.known_groups if group in table.columns]
        found.append(
            Contacts(
                group=name,
                hidden=number,
                contacts=table["contacts"].to_numpy(dtype=np.int64),
                known=np.array([study.known_groups.index(group) for group in asked], dtype=np.intp),
                answered=table[asked].notna().to_numpy().reshape(len(table), len(asked)),
                tells_transmission=hidden.transmission.side_data is not None,
                tells_ratio=hidden.degree_ratio.side_data is not None,
            )
        )
    return tuple(found)


def _links(study: Study) -> tuple[LinkDesign, ...]:
    groups = list(study.hidden_groups)
    return tuple(LinkDesign(groups.index(link.group), groups.index(link.of), link.mean) for link in study.links)


def _frame(study: Study, surveyed: NDArray[np.intp], sizes: Sizes) -> FrameDesign | None:
    areas, known = study.areas, study.known
    if study.local_share is None or len(areas) < 2:
        return None
    everyone = areas.table["population"].to_numpy(dtype=float)
    unit = np.array(["" if study.frame == "nation" else str(u) for u in _labels(study)])
    weight = np.array([np.where(unit == unit[area], everyone, 0.0) for area in surveyed])
    weight /= weight.sum(axis=1)[:, None]
    rows = known.rows(areas.codes, areas)
    shares = np.where(rows >= 0, sizes.point_share[np.maximum(rows, 0)], np.nan)
    met = np.empty((len(surveyed), len(known.groups)))
    stated = known.table[known.table["level"] == study.frame]
    for column, group in enumerate(known.groups):
        own = stated[stated["group"] == group].set_index("unit")["share"].to_dict()
        for row, area in enumerate(surveyed):
            there = ~np.isnan(shares[:, column]) & (weight[row] > 0)
            mean = np.average(shares[there, column], weights=weight[row, there])
            met[row, column] = own.get(unit[area], mean)
    return FrameDesign(study.local_share, weight, met)


def _labels(study: Study) -> NDArray[Any]:
    """The frame's unit of each area."""
    areas = study.areas
    return np.full(len(areas), "") if study.frame == "nation" else np.asarray(areas.level_of(study.frame))


def _level(study: Study, name: str, surveyed: NDArray[np.intp]) -> LevelUnits:
    units, unit = np.unique(study.areas.level_of(name), return_inverse=True)
    return LevelUnits(name, unit, len(units), complete=len(np.unique(unit[surveyed])) == len(units))


def _sizes(study: Study, surveyed: NDArray[np.intp]) -> Sizes:
    known, table = study.known, study.known.table
    column = {name: table[name].to_numpy(dtype=float) for name in ("share", "size", "se", "rostered", "members")}
    with np.errstate(invalid="ignore"):
        log_sd = np.sqrt(np.log1p((column["se"] / column["size"]) ** 2))
    row = np.asarray(known.row_of(study.areas.codes[surveyed], study.areas), dtype=np.intp)
    return Sizes(
        share=column["share"],
        log_sd=np.nan_to_num(log_sd),
        rostered=column["rostered"],
        # Of a roster, half a member more: a roster without members still has a share.
        point_share=np.where(
            np.isnan(column["rostered"]), column["share"], (column["members"] + 0.5) / (column["rostered"] + 1.0)
        ),
        group=np.array([known.groups.index(group) for group in table["group"]], dtype=np.intp),
        row=row,
        wide=(table["level"] != "area").to_numpy()[row],
    )
