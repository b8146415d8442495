"""What a study states of what its answers do not tell, each with its reason: a fixed value, a prior, side data."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Section(BaseModel):
    """A frozen table of the study file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _one_form(
    fixed: float | None, prior: str | None, parameters: dict[str, float | None], side_data: str | None = None
) -> None:
    """Fixed, or a prior, or side data with or without a prior before them."""
    given = [name for name, value in parameters.items() if value is not None]
    if side_data is None and (fixed is None) == (prior is None):
        raise ValueError("give either 'fixed' or 'prior', one of the two")
    if side_data is not None and fixed is not None:
        raise ValueError("a fixed value takes no side_data")
    if fixed is not None and given:
        raise ValueError(f"a fixed value takes no {' or '.join(given)}")
    if (prior is not None or given) and len(given) < len(parameters):
        raise ValueError(f"a prior needs {' and '.join(parameters)}")


def _check_beta(mean: float | None, sd: float | None) -> None:
    if mean is None or sd is None:
        return
    if not 0 < mean < 1:
        raise ValueError("the mean of a beta prior must lie between 0 and 1")
    if not 0 < sd**2 < mean * (1 - mean):
        raise ValueError("no beta distribution has this mean and sd; sd² must be below mean (1 − mean)")


def _beta_shapes(mean: float, sd: float) -> tuple[float, float]:
    concentration = mean * (1 - mean) / sd**2 - 1
    return mean * concentration, (1 - mean) * concentration


class TransmissionStatement(Section):
    """The chance that a tie to a member is known and reported, with its reason.

    A fixed value, a beta prior, or ``side_data``: the table of members' contacts that tells it, after a beta prior
    where one is given and else after a uniform one.
    """

    fixed: float | None = Field(default=None, description="one value, taken as known")
    prior: Literal["beta"] | None = Field(default=None, description="the family of the prior")
    mean: float | None = Field(default=None, description="mean of the prior")
    sd: float | None = Field(default=None, description="standard deviation of the prior")
    side_data: Text | None = Field(default=None, description="table of members' contacts")
    reason: Text = Field(description="why this value or prior")

    @model_validator(mode="after")
    def _complete(self) -> TransmissionStatement:
        _one_form(self.fixed, self.prior, {"mean": self.mean, "sd": self.sd}, self.side_data)
        if self.fixed is not None and not 0 < self.fixed <= 1:
            raise ValueError("a fixed transmission must be above 0 and at most 1")
        _check_beta(self.mean, self.sd)
        return self

    @property
    def shapes(self) -> tuple[float, float]:
        """The two shape parameters of the beta prior."""
        if self.fixed is not None:
            raise ValueError("a fixed transmission has no beta shapes")
        return (1.0, 1.0) if self.mean is None or self.sd is None else _beta_shapes(self.mean, self.sd)

    @property
    def text(self) -> str:
        """The statement in words, for outputs."""
        if self.fixed is not None:
            return f"fixed at {self.fixed:g} ({self.reason})"
        prior = "uniform" if self.mean is None else f"beta, mean {self.mean:g}, sd {self.sd:g}"
        return f"{_told(self.side_data, prior)} ({self.reason})"


def _told(side_data: str | None, prior: str) -> str:
    return prior if side_data is None else f"told by {side_data}, prior {prior}"


class LocalShareStatement(Section):
    """The share of a respondent's ties that are in the own area: a fixed value or a beta prior, with its reason."""

    fixed: float | None = Field(default=None, description="one value, taken as known")
    prior: Literal["beta"] | None = Field(default=None, description="the family of the prior")
    mean: float | None = Field(default=None, description="mean of the prior")
    sd: float | None = Field(default=None, description="standard deviation of the prior")
    reason: Text = Field(description="why this value or prior")

    @model_validator(mode="after")
    def _complete(self) -> LocalShareStatement:
        _one_form(self.fixed, self.prior, {"mean": self.mean, "sd": self.sd})
        if self.fixed is not None and not 0 < self.fixed <= 1:
            raise ValueError("a fixed local share must be above 0 and at most 1")
        _check_beta(self.mean, self.sd)
        return self

    @property
    def shapes(self) -> tuple[float, float]:
        """The two shape parameters of the beta prior."""
        if self.mean is None or self.sd is None:
            raise ValueError("a fixed local share has no beta shapes")
        return _beta_shapes(self.mean, self.sd)

    @property
    def text(self) -> str:
        """The statement in words, for outputs."""
        form = f"fixed at {self.fixed:g}" if self.fixed is not None else f"beta, mean {self.mean:g}, sd {self.sd:g}"
        return f"{form} ({self.reason})"


RATIO_PRIOR = {"median": 1.0, "log_sd": 0.5}
"""Before side data on the degree ratio, where no other prior is stated: within a factor of 2.7 of one."""


class RatioStatement(Section):
    """A ratio above zero, with its reason: members' mean degree over everyone's, or members of one group per member of
    another.

    A fixed value, a log-normal prior, or ``side_data``: the table of members' contacts that tells it.
    """

    fixed: float | None = Field(default=None, description="one value, taken as known")
    prior: Literal["lognormal"] | None = Field(default=None, description="the family of the prior")
    median: float | None = Field(default=None, description="median of the prior")
    log_sd: float | None = Field(default=None, description="standard deviation of its logarithm")
    side_data: Text | None = Field(default=None, description="table of members' contacts")
    reason: Text = Field(description="why this value or prior")

    @model_validator(mode="before")
    @classmethod
    def _with_prior(cls, stated: Any) -> Any:
        bare = isinstance(stated, dict) and stated.get("side_data") is not None
        names = ("fixed", "prior", "median", "log_sd")
        if bare and all(stated.get(name) is None for name in names):
            return {**stated, **RATIO_PRIOR}
        return stated

    @model_validator(mode="after")
    def _complete(self) -> RatioStatement:
        _one_form(self.fixed, self.prior, {"median": self.median, "log_sd": self.log_sd}, self.side_data)
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
        prior = f"lognormal, median {self.median:g}, log sd {self.log_sd:g}"
        return f"{_told(self.side_data, prior)} ({self.reason})"


class DriftStatement(Section):
    """How far the transmission may change from one wave to the next: the standard deviation of the change of its
    logarithm, with the reason. 0.2 is a change by a fifth either way, 0 none at all.
    """

    sd: float = Field(ge=0, description="standard deviation of the change of log transmission from wave to wave")
    reason: Text = Field(description="why it may change so far")

    @property
    def text(self) -> str:
        """The statement in words, for outputs."""
        return f"log sd {self.sd:g} from wave to wave ({self.reason})"
