"""Study: everything observed in one frozen bundle, from a study file or from frames."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from nsum_bayes.data import payload, summary
from nsum_bayes.data.areas import Areas, area_codes, build_areas, match_geometry
from nsum_bayes.data.cells import Cells, build_cells
from nsum_bayes.data.columns import Table
from nsum_bayes.data.contacts import build_contacts, given_side_data, read_side_data
from nsum_bayes.data.faults import Fault
from nsum_bayes.data.groups import KnownSizes, build_known, no_known_sizes
from nsum_bayes.data.neighbours import neighbourhood_of
from nsum_bayes.data.readers import sha256
from nsum_bayes.data.secondary import collinear_notes, leak_notes
from nsum_bayes.data.settings import (
    DriftStatement,
    LinkSettings,
    LocalShareStatement,
    RatioStatement,
    StudySettings,
    TransmissionStatement,
)
from nsum_bayes.data.study_files import CELLS, LINKS, NamedGeometry, Tables, given_geometry, read_files
from nsum_bayes.data.survey import Survey, build_survey, ordered_groups
from nsum_bayes.data.vocabulary import place, read_settings
from nsum_bayes.errors import StudyError

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["HiddenGroup", "Question", "RatioStatement", "Study", "TransmissionStatement"]


@dataclass(frozen=True)
class Question:
    """One answer column: its group ('' for the respondent's own degree), the group's kind and the kind of answer."""

    group: str
    column: str
    kind: str | None
    answer: str = "count"


@dataclass(frozen=True)
class HiddenGroup:
    """A group whose size is sought, with its denominator and what is assumed about reporting and network size."""

    group: str
    denominator: str
    transmission: TransmissionStatement
    degree_ratio: RatioStatement
    construct: str
    drift: DriftStatement | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Study:
    """Everything observed: the survey, known sizes, areas, hidden groups, and the question's tie, frame and period.

    Attributes
    ----------
    settings
        The study file.
    survey, known, areas
        The data, validated.
    hashes
        SHA-256 by file name.
    notes
        What was found and does not stop the study.
    contacts
        By hidden group whose transmission or degree ratio rests on side data: one row a member, columns ``contacts``,
        ``aware`` and the known groups asked about, NaN where an answer is missing.
    cells
        How many people of each kind of respondent live in each area, where that is known.

    Examples
    --------
    >>> from nsum_bayes import Study
    >>> study = Study.load("data_samples/study.toml")  # doctest: +SKIP
    >>> study.known_groups  # doctest: +SKIP
    """

    settings: StudySettings
    survey: Survey
    known: KnownSizes
    areas: Areas
    hashes: dict[str, str]
    notes: tuple[str, ...] = ()
    contacts: dict[str, pd.DataFrame] = field(default_factory=dict)
    cells: Cells | None = None

    def __repr__(self) -> str:
        return f"Study({self.title!r}: {self.survey!r}, {self.known!r}, {self.areas!r})"

    def _repr_html_(self) -> str:
        from nsum_bayes.data.markup import study_markup

        return study_markup(self)

    @property
    def title(self) -> str:
        """Name of the study."""
        return self.settings.study.title

    @property
    def construct(self) -> str:
        """What is counted and whom it concerns."""
        return self.settings.study.counted

    @property
    def period(self) -> str:
        """The time the answers are about."""
        return self.settings.study.period

    @property
    def tie(self) -> str:
        """The definition of knowing someone that respondents were given."""
        return self.settings.study.tie

    @property
    def frame(self) -> str:
        """Where the people asked about live: "area", a level, or "nation"."""
        return self.settings.study.frame

    @property
    def local_share(self) -> LocalShareStatement | None:
        """The share of ties that are in the respondent's own area, where the frame is wider than that."""
        return self.settings.study.local_share

    @property
    def synthetic(self) -> bool:
        """Whether the answers are simulated."""
        return self.settings.study.synthetic

    @property
    def fictional_places(self) -> bool:
        """Whether the places are invented as well as the answers."""
        return self.settings.study.fictional_places

    @property
    def known_groups(self) -> tuple[str, ...]:
        """Groups of known size, in the order of the questions."""
        return ordered_groups(self.settings)[0]

    @property
    def hidden_groups(self) -> tuple[str, ...]:
        """Groups whose size is sought, in the order of the questions."""
        return ordered_groups(self.settings)[1]

    @property
    def questions(self) -> tuple[Question, ...]:
        """The answer columns, in the order of the study file."""
        return tuple(Question(q.group, q.column, q.kind, q.answer.type) for q in self.settings.question)

    @property
    def kinds(self) -> dict[str, str | None]:
        """The kind (name, occupation, event …) of each group, None where the study file gives none."""
        return {question.group: question.kind for question in self.settings.question if question.group}

    @property
    def heaped_groups(self) -> tuple[str, ...]:
        """Groups whose answers are said to crowd at 5 and 10, in the order of the questions."""
        return tuple(q.group for q in self.settings.question if q.group and q.answer.heaped)

    @property
    def zero_inflated_groups(self) -> tuple[str, ...]:
        """Groups with more answers of zero than there are true zeros, in the order of the questions."""
        return tuple(q.group for q in self.settings.question if q.answer.zero_inflated)

    @property
    def reports_degree(self) -> bool:
        """Whether respondents were asked how many people they know."""
        return any(q.answer.type == "degree" for q in self.settings.question)

    @property
    def degree_heaped(self) -> bool:
        """Whether these reports come in round numbers."""
        return any(q.answer.type == "degree" and q.answer.heaped for q in self.settings.question)

    @property
    def waves(self) -> tuple[str, ...]:
        """Waves of the survey in the order of their names; none where there is only one."""
        if "wave" not in self.survey.design:
            return ()
        found = sorted(set(self.survey.design["wave"].astype(str)), key=in_order)
        return tuple(found) if len(found) > 1 else ()

    @property
    def links(self) -> tuple[LinkSettings, ...]:
        """Hidden groups whose number of members follows from another's."""
        return self.settings.link

    def hidden(self, group: str) -> HiddenGroup:
        """A hidden group by its name.

        Raises
        ------
        KeyError
            No such hidden group.
        """
        row = next((row for row in self.settings.hidden if row.group == group), None)
        if row is None or row.transmission is None:
            raise KeyError(f"'{group}' is not a hidden group; those are {', '.join(self.hidden_groups)}")
        construct = row.counted or self.construct
        return HiddenGroup(
            row.group, row.denominator, row.transmission, row.degree_ratio, construct, row.transmission_drift
        )

    def kind_of(self, group: str) -> str | None:
        """The kind (name, occupation, event …) that the study file gives a group.

        Raises
        ------
        KeyError
            No question asks about the group.
        """
        return self.kinds[group]

    @classmethod
    def load(cls, path: str | Path) -> Study:
        """Read and check a study.

        Parameters
        ----------
        path
            study.toml, or the folder it lies in.

        Raises
        ------
        StudyError
            Whatever is wrong with the study file or the data, all faults at once.
        """
        file = Path(path) / "study.toml" if Path(path).is_dir() else Path(path)
        raw = _read_toml(file)
        if isinstance(raw.get("wave"), list):
            from nsum_bayes.data.waves import load_waves

            return load_waves(raw, file.parent)
        settings, faults = read_settings(raw)
        if settings is None:
            raise StudyError(faults)
        tables, geometry, hashes = read_files(settings, file.parent, faults)
        side_data, more = read_side_data(settings, file.parent, list(hashes), faults)
        return _assembled(settings, tables, side_data, geometry, {file.name: sha256(file), **hashes, **more}, faults)

    @classmethod
    def from_frames(
        cls,
        settings: Mapping[str, Any],
        *,
        survey: pd.DataFrame,
        known: pd.DataFrame | None = None,
        areas: pd.DataFrame,
        links: pd.DataFrame | None = None,
        cells: pd.DataFrame | None = None,
        geometry: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
        side_data: Mapping[str, pd.DataFrame] | None = None,
    ) -> Study:
        """Check a study given as frames; its settings are the content of study.toml without the file names.

        Parameters
        ----------
        settings
            The study file as a dictionary.
        survey, known, areas
            The frames that the study file would name; not changed. ``known`` may be left out where no question asks
            about a group of known size.
        links
            Pairs of area codes that are neighbours, columns ``from`` and ``to``.
        cells
            People by kind of respondent, columns ``area``, covariates of the survey, and ``people``.
        geometry
            Polygons: a GeoSeries indexed by area code, or a GeoDataFrame with the code column of [areas.geometry]
            ([areas] where that is absent).
        side_data
            Tables of members' contacts, by the name that the statements of the hidden groups use.

        Raises
        ------
        StudyError
            Whatever is wrong, all faults at once.
        """
        parsed, faults = read_settings(dict(settings))
        if parsed is None:
            raise StudyError(faults)
        frames = {"survey": survey, "known": pd.DataFrame() if known is None else known, "areas": areas}
        frames |= {name: frame for name, frame in ((LINKS, links), (CELLS, cells)) if frame is not None}
        tables: Tables = {name: Table(f"the {name} frame", f.reset_index(drop=True)) for name, f in frames.items()}
        hashes = {name: _frame_hash(frame) for name, frame in {**(side_data or {}), **frames}.items()}
        members = given_side_data(parsed, side_data or {}, faults)
        return _assembled(parsed, tables, members, given_geometry(geometry, parsed, faults), hashes, faults)

    def to_payload(self) -> dict[str, str]:
        """The whole study as JSON texts; holds respondents' answers, so it is restricted."""
        parts = (self.settings, self.survey, self.known, self.areas, self.hashes, self.notes, self.contacts)
        return payload.written(*parts, self.cells)

    @classmethod
    def from_payload(cls, texts: Mapping[str, str]) -> Study:
        """The study that `to_payload` wrote, exactly."""
        return cls(*payload.read(texts))

    def describe(self) -> dict[str, Any]:
        """Counts and statements that `nsum check` shows; plain values that JSON can hold."""
        return summary.described(self)


def in_order(wave: str) -> tuple[float, str]:
    """Numbers by their size (2 before 10), other names after them by the alphabet."""
    return (float(wave), "") if wave.isdecimal() else (float("inf"), wave)


def _read_toml(file: Path) -> dict[str, Any]:
    if not file.is_file():
        advice = "Give the path of a study file, or of the folder that holds study.toml."
        raise StudyError([(f"There is no study file '{file.name}'.", str(file.parent), advice)])
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        advice = "Mend the line named; texts stand in double quotes."
        raise StudyError([(f"The study file is not valid TOML: {error}.", file.name, advice)]) from None


def _frame_hash(frame: pd.DataFrame) -> str:
    return hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest()


def _assembled(
    settings: StudySettings,
    tables: Tables,
    side_data: Mapping[str, Table],
    geometry: NamedGeometry,
    hashes: dict[str, str],
    faults: list[Fault],
) -> Study:
    """Build the parts, hold each against the others, and raise all faults together."""
    notes: list[str] = []
    codes, areas = None, None
    if table := tables["areas"]:
        codes = area_codes(table, settings.areas, faults)
        areas = build_areas(table, settings.areas, codes, faults, notes)
    _check_frame(settings, codes, faults, notes)
    survey = build_survey(tables["survey"], settings, codes, faults, notes) if tables["survey"] else None
    known = _known(settings, tables.get("known"), areas, survey, faults, notes)
    contacts = build_contacts(side_data, settings, ordered_groups(settings)[0], faults, notes)
    near = neighbourhood_of(settings.areas.neighbours, tables.get(LINKS), codes, faults)
    cells = build_cells(tables.get(CELLS), survey, codes, faults, notes)
    polygons, name = geometry
    if polygons is not None and codes is not None:
        polygons = match_geometry(polygons, name, codes, faults)
    if faults or survey is None or known is None or areas is None:
        raise StudyError(faults)
    areas = replace(areas, geometry=polygons, neighbourhood=near)
    notes += [*collinear_notes(areas), *leak_notes(areas, survey, len(known.groups))]
    return Study(settings, survey, known, areas, hashes, tuple(notes), contacts, cells)


def _known(
    settings: StudySettings,
    table: Table | None,
    areas: Areas | None,
    survey: Survey | None,
    faults: list[Fault],
    notes: list[str],
) -> KnownSizes | None:
    groups = ordered_groups(settings)[0]
    if not groups and (table is None or not len(table.frame)):
        return no_known_sizes()
    if table is None:
        return None
    surveyed = survey.surveyed_areas if survey is not None and not faults else pd.Index([]).to_numpy(dtype=str)
    return build_known(table, groups, areas, surveyed, faults, notes)


def _check_frame(settings: StudySettings, codes: Any, faults: list[Fault], notes: list[str]) -> None:
    """A frame wider than the area spreads ties over several areas, in shares that no answer tells."""
    frame, share = settings.study.frame, settings.study.local_share
    if frame not in (*settings.areas.levels, "nation") or codes is None:
        return
    if len(codes) < 2 and share is not None:
        notes.append("local_share is not used, since there is one area only.")
    if len(codes) < 2 or share is not None:
        return
    what = f"The frame '{frame}' is wider than the area, and the share of ties in the own area is not stated."
    advice = (
        'State it: local_share = { prior = "beta", mean = …, sd = …, reason = "…" } '
        'or { fixed = …, reason = "…" }; answers about a wider frame tell little of a single area.'
    )
    faults.append((what, place(("study",)), advice))
