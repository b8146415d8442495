"""Priors as data with their reason: the closed vocabulary that model files draw on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, model_validator


class Part(BaseModel):
    """A frozen piece of a specification; unknown keys and numbers that are not finite are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Normal(Part):
    """Normal(mean, sd)."""

    prior: Literal["normal"] = "normal"
    mean: float = 0.0
    sd: PositiveFloat
    reason: str = ""


class HalfNormal(Part):
    """Normal(0, sd) folded at zero, for scales."""

    prior: Literal["half_normal"] = "half_normal"
    sd: PositiveFloat
    reason: str = ""


class LogNormal(Part):
    """exp(Normal(log median, log_sd)), for positive quantities."""

    prior: Literal["lognormal"] = "lognormal"
    median: PositiveFloat
    log_sd: PositiveFloat
    reason: str = ""


class Uniform(Part):
    """Uniform(lower, upper)."""

    prior: Literal["uniform"] = "uniform"
    lower: float
    upper: float
    reason: str = ""

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if not self.lower < self.upper:
            raise ValueError("lower must be below upper")
        return self


class Reciprocal(Part):
    """p(N_h) ∝ 1/N_h for the size of a hidden group, from one person to the whole denominator population.

    On the log of the reported rate this is Uniform(-log N, 0) with N the denominator population of the frame.
    """

    prior: Literal["reciprocal"] = "reciprocal"
    reason: str = ""


class LKJ(Part):
    """A correlation matrix with density proportional to its determinant to the power ``shape`` − 1.

    Lewandowski, Kurowicka, Joe (2009), doi:10.1016/j.jmva.2009.04.008.
    """

    prior: Literal["lkj"] = "lkj"
    shape: PositiveFloat
    reason: str = ""


class Fixed(Part):
    """One value, not estimated."""

    prior: Literal["fixed"] = "fixed"
    value: float
    reason: str = ""


class HalfCauchy(Part):
    """Cauchy(0, scale) folded at zero, for scales."""

    prior: Literal["half_cauchy"] = "half_cauchy"
    scale: PositiveFloat
    reason: str = ""


class Gamma(Part):
    """Gamma(shape, rate), for scales."""

    prior: Literal["gamma"] = "gamma"
    shape: PositiveFloat
    rate: PositiveFloat
    reason: str = ""


class UniformPrecision(Part):
    """A scale s whose precision 1/s² is Uniform(0, upper)."""

    prior: Literal["uniform_precision"] = "uniform_precision"
    upper: PositiveFloat
    reason: str = ""


class UniformShare(Part):
    """exp(value) ~ Uniform(0, upper × what): flat in a number of people, given on the log scale.

    ``of`` is ``one`` (upper is a share) or ``population`` (upper is a multiple of everyone in the frame).
    """

    prior: Literal["uniform_share"] = "uniform_share"
    upper: PositiveFloat
    of: Literal["one", "population"] = "one"
    reason: str = ""


class InverseUniform(Part):
    """ω − 1 where 1/ω ~ Uniform(0, 1): Zheng et al.'s prior of the overdispersion ω."""

    prior: Literal["inverse_uniform"] = "inverse_uniform"
    reason: str = ""


class Beta(Part):
    """Beta with this mean and standard deviation."""

    prior: Literal["beta"] = "beta"
    mean: float = Field(gt=0, lt=1)
    sd: PositiveFloat
    reason: str = ""

    @model_validator(mode="after")
    def _exists(self) -> Beta:
        if self.sd**2 >= self.mean * (1 - self.mean):
            raise ValueError("no beta distribution has this mean and sd; sd² must be below mean (1 − mean)")
        return self

    @property
    def shapes(self) -> tuple[float, float]:
        """The two shape parameters."""
        concentration = self.mean * (1 - self.mean) / self.sd**2 - 1
        return self.mean * concentration, (1 - self.mean) * concentration


class Dirichlet(Part):
    """Shares that sum to one: Dirichlet(weights)."""

    prior: Literal["dirichlet"] = "dirichlet"
    weights: tuple[PositiveFloat, ...] = Field(min_length=2)
    reason: str = ""


ScalePrior = Annotated[
    HalfNormal | LogNormal | Uniform | HalfCauchy | Gamma | UniformPrecision, Field(discriminator="prior")
]
SharePrior = Annotated[Beta | Uniform, Field(discriminator="prior")]
LocationPrior = Annotated[Normal | Uniform | Fixed | UniformShare, Field(discriminator="prior")]
InterceptPrior = Annotated[Normal | Reciprocal | UniformShare, Field(discriminator="prior")]
OverdispersionPrior = Annotated[LogNormal | InverseUniform, Field(discriminator="prior")]
