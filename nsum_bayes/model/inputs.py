"""The numbers a model needs from a study: indices, shares and counts, taken once and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nsum_bayes.data.secondary import covariate_knowledge
from nsum_bayes.data.strata import design_effects, strata_of, weights_of
from nsum_bayes.errors import ModelError, suggestion
from nsum_bayes.model.matching import check_fit
from nsum_bayes.model.recording import Recording, recordings_of
from nsum_bayes.model.side_data import SideData, side_data_of
from nsum_bayes.model.spatial_basis import SpatialBasis, spatial_inputs
from nsum_bayes.model.spec import DesignEffects, DesignWeights, ModelSpec
from nsum_bayes.model.surface import SurfaceBasis
from nsum_bayes.model.visits import Visits, visits_of

if TYPE_CHECKING:
    from nsum_bayes.data.settings import LocalShareStatement, RatioStatement
    from nsum_bayes.data.study import HiddenGroup, Study

MISSING = -1
OPEN = int(np.iinfo(np.int64).max)
"""Upper bound of an answer that has none."""


@dataclass(frozen=True)
class LevelInputs:
    """One level wider than the area (province, region …) as the areas with rates see it.

    Parameters
    ----------
    name
        The level.
    units
        Units of those areas.
    index
        Position in ``units`` of each area with a rate (rate_area).
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
class WideFrame:
    """The question's frame where it is wider than the area: ties beyond the respondent's own area.

    Parameters
    ----------
    share
        The study's statement on κ, the share of ties in the respondent's own area.
    weight
        Share of each area in the people of a surveyed area's frame unit (surveyed_area, area); rows sum to one.
    known
        Share of each known group in the frame unit (surveyed_area, known_group); errors of sizes ignored.
    """

    share: LocalShareStatement
    weight: np.ndarray
    known: np.ndarray


@dataclass(frozen=True)
class LinkInputs:
    """One link between hidden groups: position of ``group`` and ``of`` among the hidden groups, and ν's statement."""

    group: int
    of: int
    mean: RatioStatement
    log_denominator_ratio: np.ndarray  # (rate_area,) log of persons of ``of``'s denominator over ``group``'s


@dataclass(frozen=True)
class Inputs:
    """What `build_model` reads: arrays with their named dims in ``coords``.

    Hidden groups' rates are modelled for ``rate_area``: the surveyed areas or, in a frame wider than the area, all of
    them. ``visited`` are the positions of the surveyed areas among those.
    """

    coords: dict[str, list]
    answers: np.ndarray  # (respondent, group), lowest number the answer allows, MISSING where absent
    upper: np.ndarray  # (respondent, group), highest such number, OPEN where there is none
    heaped: np.ndarray  # (group,)
    zero_inflated: np.ndarray  # (group,)
    recorded: tuple[Recording, ...]  # (group,)
    area: np.ndarray  # (respondent,) position among the surveyed areas
    visits: Visits
    weights: np.ndarray  # (respondent, hidden_group) of the pseudo-likelihood, ones without one
    sizes: SizeRows
    log_denominator_share: np.ndarray  # (rate_area, hidden_group)
    log_denominator_total: np.ndarray  # (hidden_group,)
    population: float
    covariates: np.ndarray  # (rate_area, covariate), expected where not exact
    covariate_factors: np.ndarray  # (rate_area, covariate, covariate), of what is not known of them
    categories: np.ndarray  # (covariate,) position of each one's category
    respondent_covariates: np.ndarray  # (respondent, respondent_covariate)
    mixing_covariates: np.ndarray  # (respondent, mixing_covariate)
    respect: np.ndarray  # (respondent, group), zero where none is asked for
    reported_degree: np.ndarray  # (respondent,), NaN where none
    degree_heaped: bool
    levels: tuple[LevelInputs, ...]
    spatial: SpatialBasis | SurfaceBasis | None
    n_areas: int
    visited: np.ndarray  # (surveyed_area,) position among the areas with rates
    hidden: tuple[HiddenGroup, ...]
    kinds: dict[str, str | None]
    side_data: tuple[SideData, ...]
    links: tuple[LinkInputs, ...]
    frame: WideFrame | None

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

    @property
    def n_waves(self) -> int:
        """Number of waves."""
        return max(1, len(self.visits.waves))

    @property
    def rate_area(self) -> str:
        """Dim of the areas with rates: ``surveyed_area`` or, in a wider frame, ``area``."""
        return "surveyed_area" if self.frame is None else "area"

    @property
    def free_groups(self) -> np.ndarray:
        """Positions of the hidden groups whose rates do not follow from another's."""
        return np.setdiff1d(np.arange(self.n_hidden), [link.group for link in self.links])

    @property
    def free_group(self) -> str:
        """Dim of those groups: ``hidden_group`` where nothing is linked."""
        return "free_group" if self.links else "hidden_group"


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
    wide = len(areas) > 1 and study.local_share is not None and spec.prevalence is not None
    modelled = np.arange(len(areas)) if wide else position
    hidden = tuple(study.hidden(group) for group in study.hidden_groups)
    shares = np.column_stack([areas.denominator_share(group.denominator)[modelled] for group in hidden] or [[]])
    totals = [areas.table[group.denominator].sum() for group in hidden]
    design = areas.design_matrix()
    use_covariates = spec.prevalence is not None and spec.prevalence.uses_covariates
    if not use_covariates:
        design = design.isel(covariate=[])
    stated = covariate_knowledge(areas).of(modelled) if use_covariates else None
    categories = list(dict.fromkeys(str(name) for name in design.coords["category"].values))
    degree_columns, mixing_columns = covariate_columns(spec, study)
    respondents = survey.design_matrix()
    levels = _levels(study, position, modelled) if len(areas) > 1 else ()
    sizes = _size_rows(study, surveyed)
    coords: dict[str, list[Any]] = {
        "respondent": list(range(len(survey))),
        "group": list(survey.groups),
        "known_group": list(study.known_groups),
        "hidden_group": list(study.hidden_groups),
        "surveyed_area": list(surveyed),
        "area": list(areas.codes) if wide else [],
        "covariate": list(design.coords["covariate"].values),
        "category": categories if spec.prevalence is not None and spec.prevalence.shrinkage is not None else [],
        "respondent_covariate": degree_columns,
        "mixing_covariate": mixing_columns,
        "zero_inflated_group": [g for g in survey.groups if g in study.zero_inflated_groups],
        "respect_group": _respect_groups(spec, study),
        "kind": _kinds(study) if spec.bias.kind_sd is not None else [],
        "heap": ["exact", "five", "ten"] if study.heaped_groups else [],
        **{level.name: list(level.units) for level in levels},
    }
    check_fit(spec, study)
    strata = strata_of(study) if isinstance(spec.design, DesignEffects) else None
    visits = visits_of(study, strata)
    if strata is not None:
        coords |= {"visit": list(visits.labels), "stratum": list(strata.strata), "unit": list(strata.units)}
    if visits.waves:
        coords |= {"visit": list(visits.labels), "wave": list(visits.waves), "later_wave": list(visits.waves[1:])}
    links = _links(study, modelled)
    linked = {link.group for link in links}
    if links:
        coords["link"] = [hidden[link.group].group for link in links]
        coords["free_group"] = [h.group for number, h in enumerate(hidden) if number not in linked]
    spatial = spatial_inputs(spec, study.areas, modelled)
    if isinstance(spatial, SurfaceBasis):
        coords["ripple"] = list(range(len(spatial.frequencies)))
    lower, upper = _answers(study)
    return Inputs(
        coords=coords,
        answers=lower,
        upper=upper,
        heaped=np.isin(survey.groups, study.heaped_groups),
        zero_inflated=np.isin(survey.groups, study.zero_inflated_groups),
        recorded=recordings_of(study),
        area=pd.Index(surveyed).get_indexer(pd.Index(survey.area)),
        visits=visits,
        weights=_weights(spec, study),
        sizes=sizes,
        log_denominator_share=np.log(shares),
        log_denominator_total=np.log(np.array(totals, dtype=float)),
        population=float(areas.population.sum()),
        covariates=np.zeros((len(modelled), 0)) if stated is None else stated.mean,
        covariate_factors=np.zeros((len(modelled), 0, 0)) if stated is None else stated.factors(),
        categories=np.array([categories.index(str(name)) for name in design.coords["category"].values], dtype=int),
        respondent_covariates=respondents.sel(respondent_covariate=degree_columns).values,
        mixing_covariates=respondents.sel(respondent_covariate=mixing_columns).values,
        respect=_respect(study),
        reported_degree=survey.reported_degree,
        degree_heaped=study.degree_heaped,
        levels=levels,
        spatial=spatial,
        n_areas=len(areas),
        visited=position if wide else np.arange(len(surveyed)),
        hidden=hidden,
        kinds=study.kinds,
        side_data=side_data_of(study) if spec.transmission.kind != "none" else (),
        links=links,
        frame=_wide_frame(study, surveyed) if wide else None,
    )


def covariate_columns(spec: ModelSpec, study: Study) -> tuple[list[str], list[str]]:
    """Columns of the respondents' design matrix that act on the degree, and those that act group by group.

    Raises
    ------
    ModelError
        The model names a covariate that the study does not have.
    """
    columns = [str(column) for column in study.survey.design_matrix().coords["respondent_covariate"].values]
    mixing = spec.mixing
    by_group: list[str] = []
    if mixing is not None and (mixing.coefficient is not None or mixing.coefficient_sd is not None):
        by_group = _chosen(columns, mixing.covariates, study, "mixing")
    if spec.degree.coefficient is None:
        return [], by_group
    if spec.degree.covariates is None:
        return [column for column in columns if column not in by_group], by_group
    return _chosen(columns, spec.degree.covariates, study, "degree"), by_group


def _chosen(columns: list[str], names: tuple[str, ...] | None, study: Study, component: str) -> list[str]:
    if names is None:
        return columns
    known = [str(name) for name in study.survey.covariates.columns]
    for name in (name for name in names if name not in known):
        raise ModelError(
            f"The survey has no covariate '{name}'.{suggestion(name, known)}",
            where=f"[{component}], key covariates",
            advice="Name it under 'covariates' of [survey] in the study file, or change the model file.",
        )
    return [c for c in columns if any(c in (n, f"{n}_missing") or c.startswith(f"{n}=") for n in names)]


def _kinds(study: Study) -> list[str]:
    """Kinds of the known groups that state one."""
    return sorted({kind for group in study.known_groups if (kind := study.kinds[group]) is not None})


def _respect(study: Study) -> np.ndarray:
    """Level of respect (respondent, group): the mean of those told where one is missing, zero where none is asked."""
    respect = study.survey.respect
    told = ~np.isnan(respect)
    mean = np.where(told, respect, 0.0).sum(axis=0) / np.maximum(told.sum(axis=0), 1)
    return np.where(told, respect, mean)


def _respect_groups(spec: ModelSpec, study: Study) -> list[str]:
    """Groups with a level of respect, where the model uses it."""
    if spec.mixing is None or (spec.mixing.respect is None and spec.mixing.respect_sd is None):
        return []
    stated = np.isfinite(study.survey.respect).any(axis=0)
    return [group for group, there in zip(study.survey.groups, stated, strict=True) if there]


def _answers(study: Study) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest number each answer allows (respondent, group)."""
    lower, upper = study.survey.answers, study.survey.upper
    missing = np.isnan(lower)
    whole = np.where(missing, MISSING, lower).astype(np.int64)
    # Infinity has no integer; it is replaced before the cast.
    highest = np.where(missing | np.isinf(upper), MISSING, upper).astype(np.int64)
    return whole, np.where(np.isinf(upper), OPEN, highest)


def _levels(study: Study, position: np.ndarray, modelled: np.ndarray) -> tuple[LevelInputs, ...]:
    """Levels with at least two units in the frame; a single unit cannot be told from the intercept."""
    found = []
    for name in study.areas.levels:
        labels = study.areas.level_of(name)
        everywhere = np.unique(labels)
        if len(everywhere) < 2:
            continue
        units, index = np.unique(labels[modelled], return_inverse=True)
        complete = len(np.unique(labels[position])) == len(everywhere)
        found.append(LevelInputs(name, tuple(units), index, complete=complete))
    return tuple(found)


def _weights(spec: ModelSpec, study: Study) -> np.ndarray:
    """Weights (respondent, hidden_group), their mean the share of the answers that the design leaves of their worth."""
    weight = np.repeat(weights_of(study)[:, None], len(study.hidden_groups), axis=1)
    if not isinstance(spec.design, DesignWeights):
        return np.ones_like(weight)
    answers = study.survey.answers[:, : len(study.known_groups)]
    share = np.nan_to_num(np.stack([study.known.share_of(group, study.areas) for group in study.known_groups], axis=1))
    covered = share[pd.Index(study.areas.codes).get_indexer(pd.Index(study.survey.area))]
    ties = np.nansum(answers, axis=1) + 0.5
    degree = ties / np.where(np.isnan(answers), 0.0, covered).sum(axis=1).clip(min=1e-9)
    return weight / design_effects(study, degree)


def _links(study: Study, modelled: np.ndarray) -> tuple[LinkInputs, ...]:
    groups, table = list(study.hidden_groups), study.areas.table
    found = []
    for link in study.links:
        people, others = (table[study.hidden(g).denominator].to_numpy(dtype=float) for g in (link.of, link.group))
        ratio = np.log(people[modelled]) - np.log(others[modelled])
        found.append(LinkInputs(groups.index(link.group), groups.index(link.of), link.mean, ratio))
    return tuple(found)


def _wide_frame(study: Study, surveyed: np.ndarray) -> WideFrame:
    areas = study.areas
    unit = np.zeros(len(areas)) if study.frame == "nation" else areas.level_of(study.frame)
    position = pd.Index(areas.codes).get_indexer(pd.Index(surveyed))
    together = (unit[position][:, None] == unit[None, :]) * np.asarray(areas.population, dtype=float)
    weight = together / together.sum(axis=1, keepdims=True)
    known = [_frame_share(study, group, weight, unit) for group in study.known_groups]
    if study.local_share is None:
        raise ValueError("a wide frame needs a local share")
    return WideFrame(study.local_share, weight, np.array(known).reshape(-1, len(surveyed)).T)


def _frame_share(study: Study, group: str, weight: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Share of a known group in the frame unit of each surveyed area: its own figure, or the mean over areas."""
    table = study.known.table[study.known.table["group"] == group]
    areas = study.areas
    position = pd.Index(areas.codes).get_indexer(pd.Index(study.survey.surveyed_areas))
    own = table[table["level"] == study.frame].set_index("unit")["share"]
    labels = np.full(len(position), "") if study.frame == "nation" else unit[position]
    stated = own.reindex(labels).to_numpy(dtype=float)
    if not np.isnan(stated).any():
        return stated
    shares = study.known.share_of(group, areas)
    there = np.where(np.isnan(shares), 0.0, 1.0)
    mean = (weight @ np.nan_to_num(shares)) / (weight @ there)
    return np.where(np.isnan(stated), mean, stated)


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
