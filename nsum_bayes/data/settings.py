"""The study file as data: a frozen mirror of study.toml. Unknown keys are refused."""

from __future__ import annotations

from math import inf
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from nsum_bayes.data.bins import Interval, intervals_of
from nsum_bayes.data.statements import (
    DriftStatement,
    LocalShareStatement,
    RatioStatement,
    Section,
    Text,
    TransmissionStatement,
)

Transform = Literal["none", "log", "log1p", "logit"]


class AboutSettings(Section):
    """[study]: what was asked, of whom, when.

    ``fictional_places`` says that not only the answers but the places too are invented. Simulated answers about places
    that exist show no figure below the nation. ``local_share`` is the share of a respondent's ties that are in the own
    area, where the frame is wider than that.
    """

    title: Text = Field(description="the name of the study")
    # pydantic's own models have a method called construct, so the field goes by another name here.
    counted: Text = Field(alias="construct", description="what is counted and whom it concerns")
    period: Text = Field(description="the time the answers are about")
    tie: Text = Field(description="the definition of knowing someone that respondents were given")
    frame: Text = Field(description="where the people asked about live: area, one of the levels, or nation")
    local_share: LocalShareStatement | None = Field(
        default=None, description="share of ties in the own area, where the frame is wider"
    )
    synthetic: bool = Field(
        default=False, description="whether the answers are simulated; stamped on every picture and table"
    )
    fictional_places: bool = Field(default=False, description="whether the places are invented too")


class RepeatSettings(Section):
    """[survey.repeat]: a question that was repeated, once for each group asked about.

    ``item`` and ``value`` are the names of the group's and the answer's question. Without more, the rounds are columns
    of the survey (``item_1``, ``value_1``, …, or ``…[1]/item``). With ``file`` or ``sheet`` they are rows there, joined
    by ``key`` (a column of the survey) and ``parent``; those of Kobo and ODK are known. Each group becomes a column.
    """

    item: Text = Field(description="name of the question that says which group")
    value: Text = Field(description="name of the question that says how many")
    file: str = Field(default="", description="table with a row for each round")
    sheet: str = Field(default="", description="sheet of the workbook with a row for each round")
    key: str = Field(default="", description="column of the survey that rounds are joined by")
    parent: str = Field(default="", description="column of the rounds that holds the survey's key")


class CellsSettings(Section):
    """[survey.cells]: how many people of each kind of respondent live in an area, by covariates of the survey.

    Columns ``area`` (empty: every area without rows of its own), covariates by their names, and ``people``.
    """

    file: str = Field(default="", description="table of people by area and kind: area, covariates, people")


class SurveySettings(Section):
    """[survey]: the file of answers and the roles of its columns.

    ``area`` may be left out where there is one area only; ``respondent`` where each row is one respondent and has no
    identifier. ``missing_codes`` concern answers, not covariates. ``allowed_codes`` are values such as 99 that look
    like missing codes and are true answers. ``covariate_ranges`` gives the lowest and highest believable value of a
    covariate or of a column of respect; others are set missing. ``covariate_scales`` gives the centre and the unit that
    a covariate of numbers is taken in, [centre, unit], in place of the survey's own mean and standard deviation.
    ``form`` is the XLSForm of an export of KoboToolbox or ODK, ``repeat`` what was asked again for each group.
    """

    file: str = Field(default="", description="the table of answers, one row a respondent")
    form: str = Field(default="", description="the XLSForm of a KoboToolbox or ODK export")
    repeat: RepeatSettings | None = Field(default=None, description="a question asked once for each group")
    cells: CellsSettings | None = Field(default=None, description="how many people of each kind there are")
    respondent: Text | None = Field(default=None, description="column with the respondent's identifier")
    area: Text | None = Field(default=None, description="column with the area code")
    stratum: Text | None = Field(default=None, description="column with the stratum of the sampling design")
    unit: Text | None = Field(default=None, description="column with the primary sampling unit, such as a village")
    weight: Text | None = Field(default=None, description="column with the sampling weight")
    wave: Text | None = Field(default=None, description="column with the wave, where the survey was repeated")
    covariates: tuple[Text, ...] = Field(default=(), description="columns that describe the respondent")
    covariate_ranges: dict[str, tuple[float, float]] = Field(
        default_factory=dict, description="lowest and highest believable value by column"
    )
    covariate_scales: dict[str, tuple[float, float]] = Field(
        default_factory=dict, description="centre and unit by column"
    )
    missing_codes: tuple[int, ...] = Field(default=(), description="numbers that stand for no answer")
    allowed_codes: tuple[int, ...] = Field(
        default=(), description="numbers that look like missing codes and are answers"
    )


class AnswerSettings(Section):
    """The kind of answer a column holds.

    ``count``, a number, of which ``top_code`` means itself or more; ``bins``, one of the intervals ``bins``, written as
    there or as the whole numbers ``codes``; ``any``, yes or no; ``zero_one_more``, 0, 1 or "2+"; ``degree``, how many
    people the respondent knows altogether. ``heaped`` numbers crowd at 5 and 10; ``zero_inflated`` counts are zero more
    often than the truth is.
    """

    type: Literal["count", "bins", "any", "zero_one_more", "degree"] = Field(
        default="count", description="what was recorded"
    )
    top_code: int | None = Field(default=None, description="this number means itself or more")
    heaped: bool = Field(default=False, description="whether answers crowd at 5 and 10")
    zero_inflated: bool = Field(default=False, description="whether zeros are too many")
    bins: tuple[Text, ...] = Field(default=(), description="the intervals, ascending")
    codes: tuple[int, ...] = Field(default=(), description="the number recorded for each bin")

    @model_validator(mode="after")
    def _consistent(self) -> AnswerSettings:
        takes = {"count": ("top_code", "heaped", "zero_inflated"), "bins": ("bins", "codes"), "degree": ("heaped",)}
        given = [name for name in ("top_code", "heaped", "zero_inflated", "bins", "codes") if getattr(self, name)]
        odd = [name for name in given if name not in takes.get(self.type, ())]
        if odd:
            raise ValueError(f"an answer of type '{self.type}' takes no {' or '.join(odd)}")
        if self.top_code is not None and self.top_code < 1:
            raise ValueError("a top code must be 1 or more")
        if self.type == "bins":
            intervals_of(self.bins)
        if self.codes and (len(self.codes) != len(self.bins) or len(set(self.codes)) < len(self.codes)):
            raise ValueError("'codes' must be one number a bin, each another one")
        return self

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """Lowest and highest number of each possible answer, ascending; none where the number itself is recorded."""
        match self.type:
            case "any":
                return (0, 0), (1, inf)
            case "zero_one_more":
                return (0, 0), (1, 1), (2, inf)
            case "bins":
                return intervals_of(self.bins)
        return ()

    @property
    def text(self) -> str:
        """The kind of answer in words, for outputs."""
        top = () if self.top_code is None else (f"{self.top_code} or more as one",)
        crowded = (name.replace("_", "-") for name in ("heaped", "zero_inflated") if getattr(self, name))
        return ", ".join((self.type.replace("_", " "), *self.bins, *top, *crowded))


class QuestionSettings(Section):
    """[[question]]: one answer column and its group.

    ``respect`` is the column with the respondent's level of respect for the group, or acceptance of it. A question on
    the respondent's own degree has no group.
    """

    column: Text = Field(description="the answer column of the survey file")
    group: Annotated[str, StringConstraints(strip_whitespace=True)] = Field(
        default="", description="the group asked about"
    )
    kind: Text | None = Field(
        default=None, description="name, occupation, event …; groups of one kind may share a bias"
    )
    respect: Text | None = Field(default=None, description="column with the respondent's respect for the group")
    answer: AnswerSettings = Field(default=AnswerSettings(), description="how the answer was recorded")


class KnownSettings(Section):
    """[known]: the file of known group sizes."""

    file: str = Field(default="", description="table of sizes: group, area, size, se, source, year")


EQUAL_NETWORKS = RatioStatement(fixed=1.0, reason="not stated; members' networks assumed as large as everyone's")


class HiddenSettings(Section):
    """[[hidden]]: a group whose size is sought; ``construct`` says what is counted where there are several groups.

    ``transmission_drift`` says how far transmission may have changed from one wave to the next.
    """

    group: Text = Field(description="the group, as a [[question]] names it")
    counted: Text | None = Field(default=None, alias="construct", description="what is counted in this group")
    denominator: Text = Field(description="a name under [areas.denominators]")
    transmission: TransmissionStatement | None = Field(
        default=None, description="chance that a tie to a member is known and told, with its reason"
    )
    degree_ratio: RatioStatement = Field(
        default=EQUAL_NETWORKS, description="members' network size over everyone's, with its reason"
    )
    transmission_drift: DriftStatement | None = Field(
        default=None, description="how far transmission may change from wave to wave"
    )


class LinkSettings(Section):
    """[[link]]: a hidden group whose number of members follows from another's; ``mean`` is how many there are per
    member of the other.
    """

    group: Text = Field(description="the hidden group that follows")
    of: Text = Field(description="the hidden group it follows from")
    mean: RatioStatement = Field(description="members of 'group' per member of 'of'")

    @field_validator("mean")
    @classmethod
    def _stated(cls, mean: RatioStatement) -> RatioStatement:
        if mean.side_data is not None:
            raise ValueError("the mean of a link takes no side_data; give 'fixed' or 'prior'")
        return mean


class GeometrySettings(Section):
    """[areas.geometry]: polygons and their code column."""

    file: str = Field(default="", description="polygons: a GeoJSON or GeoPackage file")
    code: Text = Field(description="the column of the geometry file that holds the area code")


class NeighbourSettings(Section):
    """[areas.neighbours]: which areas are neighbours, for models with a spatial term; by default those whose borders
    touch.

    ``links`` is a table of pairs of area codes (columns ``from`` and ``to``) that are neighbours as well, such as ports
    of a ferry. ``join_islands`` joins groups of areas without a common border, each to the nearest area of another.
    ``within_km``: borders closer than this touch. ``contiguity = false``: only links count.
    """

    links: str = Field(default="", description="table of pairs that are neighbours as well: from, to")
    join_islands: bool = Field(default=False, description="whether islands are joined to the nearest area of another")
    within_km: float = Field(default=0.1, ge=0, description="borders closer than this touch")
    contiguity: bool = Field(default=True, description="whether areas whose borders touch are neighbours")


class CovariateSettings(Section):
    """[areas.covariates.NAME]: one category of secondary data.

    ``cv`` names, for columns that are estimates themselves, the column with the coefficient of variation of each
    figure (0.3 for 30 %); ``se``, the column with its standard error.
    """

    columns: tuple[Text, ...] = Field(min_length=1, description="the columns of this category in the areas file")
    transform: Transform = Field(default="none", description="taken before the column is centred and scaled")
    cv: dict[str, Text] = Field(default_factory=dict, description="column with the coefficient of variation, by column")
    se: dict[str, Text] = Field(default_factory=dict, description="column with the standard error, by column")
    source: str = Field(default="", description="where the figures come from")
    year: int | None = Field(default=None, description="the year they are about")

    @model_validator(mode="after")
    def _errors_of_columns(self) -> CovariateSettings:
        odd = [name for name in (*self.cv, *self.se) if name not in self.columns]
        if odd:
            raise ValueError(f"'{odd[0]}' has an error and is not among the columns")
        twice = set(self.cv) & set(self.se)
        if twice:
            raise ValueError(f"give the error of '{min(twice)}' by 'cv' or by 'se', not both")
        return self

    @property
    def errors(self) -> dict[str, str]:
        """Column with the error of each column that has one."""
        return {**self.cv, **self.se}


class AreasSettings(Section):
    """[areas]: the frame of areas, their levels, populations, covariates and geometry."""

    file: str = Field(default="", description="the table of areas, visited or not")
    code: Text = Field(description="the column of the areas file that holds the area code")
    name: Text | None = Field(default=None, description="column with the area's name")
    levels: tuple[Text, ...] = Field(default=(), description="columns with wider units, from smaller to larger")
    population: Text = Field(description="the column with everyone in the frame of the question")
    denominators: dict[str, Text] = Field(description="name = column of each population that a rate can be per")
    geometry: GeometrySettings | None = Field(default=None, description="polygons of the areas")
    neighbours: NeighbourSettings = Field(default=NeighbourSettings(), description="which areas are neighbours")
    vintage: str = Field(default="", description="of the codes, such as 2023Q4")
    covariates: dict[str, CovariateSettings] = Field(default_factory=dict, description="secondary data by category")


class StudySettings(Section):
    """The whole of study.toml."""

    study: AboutSettings = Field(description="what was asked, of whom, when")
    survey: SurveySettings = Field(description="the file of answers and the roles of its columns")
    question: tuple[QuestionSettings, ...] = Field(default=(), description="answer columns, a table each")
    known: KnownSettings = Field(default=KnownSettings(), description="the file of known sizes")
    hidden: tuple[HiddenSettings, ...] = Field(default=(), description="groups whose size is sought, a table each")
    link: tuple[LinkSettings, ...] = Field(default=(), description="hidden groups that imply each other")
    areas: AreasSettings = Field(description="the file of areas and the roles of its columns")
