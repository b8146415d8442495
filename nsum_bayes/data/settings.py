"""The study file as data: a frozen mirror of study.toml. Unknown keys are refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Transform = Literal["none", "log", "log1p", "logit"]


class Section(BaseModel):
    """A frozen table of the study file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AboutSettings(Section):
    """[study]: what was asked, of whom, when.

    ``fictional_places`` says that not only the answers but the places too are invented. Simulated answers about places
    that exist show no figure below the nation.
    """

    title: Text = Field(description="the name of the study")
    # pydantic's own models have a method called construct, so the field goes by another name here.
    counted: Text = Field(alias="construct", description="what is counted and whom it concerns")
    period: Text = Field(description="the time the answers are about")
    tie: Text = Field(description="the definition of knowing someone that respondents were given")
    frame: Text = Field(description="where the people asked about live: area, one of the levels, or nation")
    synthetic: bool = False
    fictional_places: bool = False


class SurveySettings(Section):
    """[survey]: the file of answers and the roles of its columns.

    ``area`` may be left out where there is one area only; ``respondent`` where each row is one respondent and has no
    identifier. ``missing_codes`` concern answers, not covariates. ``allowed_codes`` are values such as 99 that look
    like missing codes and are true answers. ``covariate_ranges`` gives the lowest and highest believable value of a
    covariate; others are set missing.
    """

    file: str = ""
    respondent: Text | None = None
    area: Text | None = None
    stratum: Text | None = None
    unit: Text | None = None
    weight: Text | None = None
    wave: Text | None = None
    covariates: tuple[Text, ...] = ()
    covariate_ranges: dict[str, tuple[float, float]] = {}
    missing_codes: tuple[int, ...] = ()
    allowed_codes: tuple[int, ...] = ()


class AnswerSettings(Section):
    """The kind of answer a column holds."""

    type: Literal["count"] = "count"


class QuestionSettings(Section):
    """[[question]]: one answer column and its group."""

    column: Text = Field(description="the answer column of the survey file")
    group: Text = Field(description="the group the question asks about")
    kind: Text | None = None
    answer: AnswerSettings = AnswerSettings()


class KnownSettings(Section):
    """[known]: the file of known group sizes."""

    file: str = ""


def _one_form(fixed: float | None, prior: str | None, parameters: dict[str, float | None]) -> None:
    given = [name for name, value in parameters.items() if value is not None]
    if (fixed is None) == (prior is None):
        raise ValueError("give either 'fixed' or 'prior', one of the two")
    if fixed is not None and given:
        raise ValueError(f"a fixed value takes no {' or '.join(given)}")
    if prior is not None and len(given) < len(parameters):
        raise ValueError(f"a prior needs {' and '.join(parameters)}")


class TransmissionStatement(Section):
    """The chance that a tie to a member is known and reported: a fixed value or a beta prior, with its reason."""

    fixed: float | None = None
    prior: Literal["beta"] | None = None
    mean: float | None = None
    sd: float | None = None
    reason: Text = Field(description="why this value or prior")

    @model_validator(mode="after")
    def _complete(self) -> TransmissionStatement:
        _one_form(self.fixed, self.prior, {"mean": self.mean, "sd": self.sd})
        if self.fixed is not None and not 0 < self.fixed <= 1:
            raise ValueError("a fixed transmission must be above 0 and at most 1")
        if self.mean is not None and self.sd is not None:
            if not 0 < self.mean < 1:
                raise ValueError("the mean of a beta prior must lie between 0 and 1")
            if not 0 < self.sd**2 < self.mean * (1 - self.mean):
                raise ValueError("no beta distribution has this mean and sd; sd² must be below mean (1 − mean)")
        return self

    @property
    def shapes(self) -> tuple[float, float]:
        """The two shape parameters of the beta prior."""
        if self.mean is None or self.sd is None:
            raise ValueError("a fixed transmission has no beta shapes")
        concentration = self.mean * (1 - self.mean) / self.sd**2 - 1
        return self.mean * concentration, (1 - self.mean) * concentration

    @property
    def text(self) -> str:
        """The statement in words, for outputs."""
        form = f"fixed at {self.fixed:g}" if self.fixed is not None else f"beta, mean {self.mean:g}, sd {self.sd:g}"
        return f"{form} ({self.reason})"


class RatioStatement(Section):
    """Members' mean degree over everyone's: a fixed value or a log-normal prior, with its reason."""

    fixed: float | None = None
    prior: Literal["lognormal"] | None = None
    median: float | None = None
    log_sd: float | None = None
    reason: Text = Field(description="why this value or prior")

    @model_validator(mode="after")
    def _complete(self) -> RatioStatement:
        _one_form(self.fixed, self.prior, {"median": self.median, "log_sd": self.log_sd})
        for name in ("fixed", "median", "log_sd"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be above 0")
        return self

    @property
    def text(self) -> str:
        """The statement in words, for outputs."""
        if self.fixed is not None:
            return f"fixed at {self.fixed:g} ({self.reason})"
        return f"lognormal, median {self.median:g}, log sd {self.log_sd:g} ({self.reason})"


EQUAL_NETWORKS = RatioStatement(fixed=1.0, reason="not stated; members' networks assumed as large as everyone's")


class HiddenSettings(Section):
    """[[hidden]]: a group whose size is sought; ``construct`` says what is counted where there are several groups."""

    group: Text = Field(description="the group, as a [[question]] names it")
    counted: Text | None = Field(default=None, alias="construct", description="what is counted in this group")
    denominator: Text = Field(description="a name under [areas.denominators]")
    transmission: TransmissionStatement | None = None
    degree_ratio: RatioStatement = EQUAL_NETWORKS


class GeometrySettings(Section):
    """[areas.geometry]: polygons and their code column."""

    file: str = ""
    code: Text = Field(description="the column of the geometry file that holds the area code")


class CovariateSettings(Section):
    """[areas.covariates.NAME]: one category of secondary data."""

    columns: tuple[Text, ...] = Field(min_length=1, description="the columns of this category in the areas file")
    transform: Transform = "none"
    source: str = ""
    year: int | None = None


class AreasSettings(Section):
    """[areas]: the frame of areas, their levels, populations, covariates and geometry."""

    file: str = ""
    code: Text = Field(description="the column of the areas file that holds the area code")
    name: Text | None = None
    levels: tuple[Text, ...] = ()
    population: Text = Field(description="the column with everyone in the frame of the question")
    denominators: dict[str, Text] = Field(description="name = column of each population that a rate can be per")
    geometry: GeometrySettings | None = None
    vintage: str = ""
    covariates: dict[str, CovariateSettings] = {}


class StudySettings(Section):
    """The whole of study.toml."""

    study: AboutSettings = Field(description="what was asked, of whom, when")
    survey: SurveySettings = Field(description="the file of answers and the roles of its columns")
    question: tuple[QuestionSettings, ...] = ()
    known: KnownSettings = Field(description="the file of known group sizes")
    hidden: tuple[HiddenSettings, ...] = ()
    areas: AreasSettings = Field(description="the file of areas and the roles of its columns")
