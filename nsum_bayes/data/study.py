"""Study: everything observed in one frozen bundle, from a study file or from frames."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from nsum_bayes.data import payload, summary
from nsum_bayes.data.areas import Areas, area_codes, build_areas, match_geometry
from nsum_bayes.data.columns import Table
from nsum_bayes.data.faults import Fault
from nsum_bayes.data.groups import KnownSizes, build_known
from nsum_bayes.data.readers import find_file, geometry_by_code, read_geometry, read_table, sha256
from nsum_bayes.data.settings import RatioStatement, StudySettings, TransmissionStatement
from nsum_bayes.data.survey import Survey, build_survey, ordered_groups
from nsum_bayes.data.vocabulary import read_settings
from nsum_bayes.errors import StudyError

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["HiddenGroup", "Question", "RatioStatement", "Study", "TransmissionStatement"]


@dataclass(frozen=True)
class Question:
    """One answer column: its group, the group's kind and the kind of answer."""

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

    def __repr__(self) -> str:
        return f"Study({self.title!r}: {self.survey!r}, {self.known!r}, {self.areas!r})"

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
        return HiddenGroup(row.group, row.denominator, row.transmission, row.degree_ratio, construct)

    def kind_of(self, group: str) -> str | None:
        """The kind (name, occupation, event …) that the study file gives a group.

        Raises
        ------
        KeyError
            No question asks about the group.
        """
        return {question.group: question.kind for question in self.settings.question}[group]

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
        settings, faults = read_settings(raw)
        if settings is None:
            raise StudyError(faults)
        tables, geometry, hashes = _read_files(settings, file.parent, faults)
        return _assembled(settings, tables, geometry, {file.name: sha256(file), **hashes}, faults)

    @classmethod
    def from_frames(
        cls,
        settings: Mapping[str, Any],
        *,
        survey: pd.DataFrame,
        known: pd.DataFrame,
        areas: pd.DataFrame,
        geometry: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    ) -> Study:
        """Check a study given as frames; its settings are the content of study.toml without the file names.

        Parameters
        ----------
        settings
            The study file as a dictionary.
        survey, known, areas
            The frames that the study file would name; not changed.
        geometry
            Polygons: a GeoSeries indexed by area code, or a GeoDataFrame with the code column of [areas.geometry]
            ([areas] where that is absent).

        Raises
        ------
        StudyError
            Whatever is wrong, all faults at once.
        """
        parsed, faults = read_settings(dict(settings))
        if parsed is None:
            raise StudyError(faults)
        frames = {"survey": survey, "known": known, "areas": areas}
        tables: Tables = {}
        hashes: dict[str, str] = {}
        for name, frame in frames.items():
            tables[name] = Table(f"the {name} frame", frame.reset_index(drop=True))
            hashes[name] = hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest()
        return _assembled(parsed, tables, _given_geometry(geometry, parsed, faults), hashes, faults)

    def to_payload(self) -> dict[str, str]:
        """The whole study as JSON texts; holds respondents' answers, so it is restricted."""
        return payload.written(self.settings, self.survey, self.known, self.areas, self.hashes, self.notes)

    @classmethod
    def from_payload(cls, texts: Mapping[str, str]) -> Study:
        """The study that `to_payload` wrote, exactly."""
        return cls(*payload.read(texts))

    def describe(self) -> dict[str, Any]:
        """Counts and statements that `nsum check` shows; plain values that JSON can hold."""
        return summary.described(self)


def _read_toml(file: Path) -> dict[str, Any]:
    if not file.is_file():
        advice = "Give the path of a study file, or of the folder that holds study.toml."
        raise StudyError([(f"There is no study file '{file.name}'.", str(file.parent), advice)])
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        advice = "Mend the line named; texts stand in double quotes."
        raise StudyError([(f"The study file is not valid TOML: {error}.", file.name, advice)]) from None


Tables = dict[str, Table | None]
NamedGeometry = tuple["gpd.GeoSeries | None", str]


def _read_files(
    settings: StudySettings, folder: Path, faults: list[Fault]
) -> tuple[Tables, NamedGeometry, dict[str, str]]:
    tables: Tables = {}
    hashes: dict[str, str] = {}
    names = {"survey": settings.survey.file, "known": settings.known.file, "areas": settings.areas.file}
    stated = settings.areas.geometry
    named = [*names.values(), *([stated.file] if stated else [])]
    for role, name in names.items():
        what = {"known": "known sizes"}.get(role, role)
        path = find_file(folder, name, named, what, f"study.toml, [{role}]", faults)
        tables[role] = read_table(path, faults) if path else None
        if path:
            hashes[name] = sha256(path)
    if stated is None:
        return tables, (None, ""), hashes
    path = find_file(folder, stated.file, named, "geometry", "study.toml, [areas.geometry]", faults)
    if path is None:
        return tables, (None, ""), hashes
    return tables, (read_geometry(path, stated.code, faults), path.name), hashes | {stated.file: sha256(path)}


def _given_geometry(geometry: Any, settings: StudySettings, faults: list[Fault]) -> NamedGeometry:
    name = "the geometry frame"
    if geometry is None or not hasattr(geometry, "columns"):
        return geometry, name
    code = settings.areas.geometry.code if settings.areas.geometry else settings.areas.code
    return geometry_by_code(geometry, code, name, faults), name


def _assembled(
    settings: StudySettings, tables: Tables, geometry: NamedGeometry, hashes: dict[str, str], faults: list[Fault]
) -> Study:
    """Build the parts, hold each against the others, and raise all faults together."""
    notes: list[str] = []
    codes, areas = None, None
    if table := tables["areas"]:
        codes = area_codes(table, settings.areas, faults)
        areas = build_areas(table, settings.areas, codes, faults, notes)
    faults += _frame_faults(settings, codes)
    survey = build_survey(tables["survey"], settings, codes, faults, notes) if tables["survey"] else None
    known = None
    if table := tables["known"]:
        surveyed = survey.surveyed_areas if survey is not None and not faults else pd.Index([]).to_numpy(dtype=str)
        known = build_known(table, ordered_groups(settings)[0], areas, surveyed, faults, notes)
    polygons, name = geometry
    if polygons is not None and codes is not None:
        polygons = match_geometry(polygons, name, codes, faults)
    if faults or survey is None or known is None or areas is None:
        raise StudyError(faults)
    return Study(settings, survey, known, replace(areas, geometry=polygons), hashes, tuple(notes))


def _frame_faults(settings: StudySettings, codes: Any) -> list[Fault]:
    wider = (*settings.areas.levels, "nation")
    if settings.study.frame not in wider or codes is None or len(codes) < 2:
        return []
    what = f"The frame '{settings.study.frame}' is wider than the area, which is not supported yet for several areas."
    advice = 'Only frame = "area" can be used with several areas; with one area, any frame.'
    return [(what, "study.toml, [study], key frame", advice)]
