"""What a model is, as data: one frozen choice per component, read from and written to TOML.

A specification knows nothing of PyMC. ``build.py`` turns it into a ``pm.Model``; ``simulate.py`` tells the same
story in NumPy. No file can name Python code: the vocabulary is closed.
"""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, ValidationError, model_validator

from nsum_bayes.errors import ModelError, suggestion


class Part(BaseModel):
    """A frozen piece of a specification; unknown keys and numbers that are not finite are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


# --- priors, as data with their reason ------------------------------------------------------------------------------


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


ScalePrior = Annotated[HalfNormal | LogNormal | Uniform, Field(discriminator="prior")]
LocationPrior = Annotated[Normal | Uniform, Field(discriminator="prior")]
InterceptPrior = Annotated[Normal | Reciprocal, Field(discriminator="prior")]


# --- components -----------------------------------------------------------------------------------------------------


class Poisson(Part):
    """y ~ Poisson(d θ)."""

    kind: Literal["poisson"] = "poisson"


class NegativeBinomial1(Part):
    """y ~ NB with mean d θ and variance ω · mean; ``overdispersion`` is ω − 1, one value a group."""

    kind: Literal["nb1"] = "nb1"
    overdispersion: LogNormal


class NegativeBinomial2(Part):
    """y ~ NB with mean μ = d θ and variance μ + μ²/r; ``size`` is r, one value a group."""

    kind: Literal["nb2"] = "nb2"
    size: LogNormal


class Binomial(Part):
    """y ~ Binomial(d, θ) with a continuous degree d, at least the respondent's largest answer."""

    kind: Literal["binomial"] = "binomial"


Counts = Annotated[Poisson | NegativeBinomial1 | NegativeBinomial2 | Binomial, Field(discriminator="kind")]


class Degree(Part):
    """log d_i = mean + x_i γ + u_area(i) + sd z_i.

    ``area_sd`` absent: no area effect. ``coefficient`` absent: respondent covariates are not used.
    """

    mean: LocationPrior
    sd: ScalePrior
    area_sd: ScalePrior | None = None
    coefficient: Normal | None = None


class Bias(Part):
    """b_k ~ Normal(0, sd), the same distribution for known groups (summing to zero) and hidden groups.

    ``sd`` absent: no bias term (the plain model).
    """

    sd: ScalePrior | None = None


class KnownSizesUse(Part):
    """How known sizes enter.

    ``deviation_sd`` present: where a group's size is known only for a level wider than the area, each surveyed area's
    share deviates by exp(v_ak), v ~ Normal(0, deviation_sd). ``roster_mean`` and ``roster_sd`` are the distribution of
    log shares that roster counts (members of rostered) are drawn from.
    """

    deviation_sd: ScalePrior | None = None
    roster_mean: Normal = Normal(mean=-5.0, sd=2.0, reason="shares of 0.01 % to 30 %")
    roster_sd: HalfNormal = HalfNormal(sd=1.0, reason="areas within a factor of seven of one another")


class Prevalence(Part):
    """log r_ha = α_h + X_a β_h + level effects + area effect: the *reported* rate of a hidden group per denominator.

    ``coefficient`` absent: covariates are not used. ``level_sd`` / ``area_sd`` absent: no effects of that kind.
    ``correlation`` present: area effects of several hidden groups are correlated.
    """

    intercept: InterceptPrior
    coefficient: Normal | None = None
    level_sd: ScalePrior | None = None
    area_sd: ScalePrior | None = None
    correlation: LKJ | None = None


class Transmission(Part):
    """``study``: τ and δ as the study file states them. ``none``: the model has no such term, for the reason given."""

    kind: Literal["study", "none"] = "study"
    reason: str = ""

    @model_validator(mode="after")
    def _reason_given(self) -> Transmission:
        if self.kind == "none" and not self.reason:
            raise ValueError("a model without transmission must give its reason")
        return self


class ModelSpec(Part):
    """A named network scale-up model: one choice per component, priors as data.

    Examples
    --------
    >>> from nsum_bayes import load_model
    >>> load_model("municipal").counts.kind
    'nb1'
    """

    name: str
    title: str
    description: str
    references: tuple[str, ...] = ()
    counts: Counts
    degree: Degree
    bias: Bias = Bias()
    known_sizes: KnownSizesUse = KnownSizesUse()
    prevalence: Prevalence
    transmission: Transmission = Transmission()

    def __str__(self) -> str:
        return dumps(self)

    def __repr__(self) -> str:
        return f"ModelSpec({self.name!r}, {self.counts.kind} counts: {self.title})"

    def prior_table(self) -> list[dict[str, str]]:
        """Every prior with its reason: component, parameter, distribution, reason."""
        rows = []
        for component, part in self:
            for parameter, prior in part if isinstance(part, Part) else ():
                if isinstance(prior, Part):
                    fields = prior.model_dump()
                    name, reason = fields.pop("prior"), fields.pop("reason")
                    text = f"{name}({', '.join(f'{k} = {v:g}' for k, v in fields.items())})"
                    rows.append({"component": component, "parameter": parameter, "prior": text, "reason": reason})
        return rows

    def replace(self, **parts: Any) -> ModelSpec:
        """Return a copy with whole components replaced; validated again.

        Raises
        ------
        ModelError
            An unknown component or a value outside the vocabulary; every fault is listed.
        """
        return _validated({**self.model_dump(), **{k: _plain(v) for k, v in parts.items()}}, f"model {self.name}")


def _plain(part: Any) -> Any:
    return part.model_dump() if isinstance(part, BaseModel) else part


# --- TOML -----------------------------------------------------------------------------------------------------------


def dumps(spec: ModelSpec) -> str:
    """The specification as TOML; ``loads(dumps(spec)) == spec``."""
    return tomli_w.dumps(spec.model_dump(mode="json", exclude_none=True), multiline_strings=True)


def loads(text: str, source: str = "model file") -> ModelSpec:
    """Read a specification from TOML text.

    Raises
    ------
    ModelError
        Not TOML, an unknown key or a value outside the vocabulary; every fault is listed.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ModelError(f"{source} is not valid TOML: {error}.", where=source, advice="Mend the line named.") from None
    return _validated(raw, source)


def _validated(raw: dict[str, Any], source: str) -> ModelSpec:
    try:
        return ModelSpec.model_validate(raw)
    except ValidationError as error:
        faults = "; ".join(_fault(".".join(map(str, e["loc"])), e["type"], e["msg"]) for e in error.errors())
        raise ModelError(
            f"The model does not follow the vocabulary: {faults}.",
            where=source,
            advice="Compare it with a file that `nsum models NAME` prints.",
        ) from None


def _fault(place: str, kind: str, message: str) -> str:
    if kind != "extra_forbidden":
        return f"{place}: {message.removeprefix('Value error, ')}"
    key = place.rpartition(".")[2]
    parts: list[type[Part]] = [ModelSpec, *Part.__subclasses__()]
    vocabulary = {name for part in parts for name in part.model_fields}
    near = get_close_matches(key, vocabulary - {key}, n=1)
    return f"{place}: unknown key{f', perhaps {near[0]!r}' if near and key not in vocabulary else ''}"


def _folders() -> tuple[Path, ...]:
    """Where named models are looked for: ./models, inside the wheel, the repository root."""
    package = Path(__file__).resolve().parent.parent
    return (Path("models"), package / "_bundled" / "models", package.parent / "models")


def model_names() -> list[str]:
    """Names of all models that can be loaded by name."""
    return sorted({p.stem for folder in _folders() if folder.is_dir() for p in folder.glob("*.toml")})


def load_model(name_or_path: str | Path) -> ModelSpec:
    """Load a named model, or a model file by its path.

    Raises
    ------
    ModelError
        No such model (with the nearest name), or a file that does not follow the vocabulary.
    """
    path = Path(name_or_path)
    if path.suffix == ".toml" and path.is_file():
        return loads(path.read_text(encoding="utf-8"), source=str(path))
    for folder in _folders():
        candidate = folder / f"{name_or_path}.toml"
        if candidate.is_file():
            return loads(candidate.read_text(encoding="utf-8"), source=candidate.name)
    names = model_names()
    raise ModelError(
        f"There is no model '{name_or_path}'.{suggestion(str(name_or_path), names)}",
        where="model name",
        advice=f"Known models: {', '.join(names)}; or give the path of a .toml file.",
    )
