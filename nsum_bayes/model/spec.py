"""What a model is, as data: one frozen choice per component, read from and written to TOML.

A specification knows nothing of PyMC. ``build.py`` turns it into a ``pm.Model``; ``simulate.py`` tells the same
story in NumPy. No file can name Python code: the vocabulary is closed (`prior_vocabulary`, `components`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import BaseModel, ValidationError, model_validator

from nsum_bayes.errors import ModelError, suggestion
from nsum_bayes.model.components import (
    BetaBinomial,
    Bias,
    Binomial,
    Bym2,
    Counts,
    Degree,
    DesignEffects,
    DesignWeights,
    FreeRates,
    Hsgp,
    KnownRates,
    KnownSizesUse,
    Link,
    Measurement,
    Mixing,
    NegativeBinomial1,
    NegativeBinomial2,
    Poisson,
    PooledRates,
    Prevalence,
    Rates,
    Shrinkage,
    SurveyDesign,
    Transmission,
    Waves,
)
from nsum_bayes.model.prior_vocabulary import (
    LKJ,
    Beta,
    Dirichlet,
    Fixed,
    Gamma,
    HalfCauchy,
    HalfNormal,
    InterceptPrior,
    InverseUniform,
    LocationPrior,
    LogNormal,
    Normal,
    OverdispersionPrior,
    Part,
    Reciprocal,
    ScalePrior,
    Uniform,
    UniformPrecision,
    UniformShare,
)

__all__ = [
    "ModelSpec",
    "dumps",
    "loads",
    "load_model",
    "model_names",
    "ladder",
    "Part",
    "Normal",
    "HalfNormal",
    "LogNormal",
    "Uniform",
    "Reciprocal",
    "LKJ",
    "Fixed",
    "HalfCauchy",
    "Gamma",
    "UniformPrecision",
    "UniformShare",
    "InverseUniform",
    "Beta",
    "Dirichlet",
    "ScalePrior",
    "LocationPrior",
    "InterceptPrior",
    "OverdispersionPrior",
    "Counts",
    "Poisson",
    "NegativeBinomial1",
    "NegativeBinomial2",
    "Binomial",
    "BetaBinomial",
    "Measurement",
    "Degree",
    "Bias",
    "KnownSizesUse",
    "Prevalence",
    "Shrinkage",
    "Bym2",
    "Hsgp",
    "Transmission",
    "Mixing",
    "Rates",
    "KnownRates",
    "FreeRates",
    "PooledRates",
    "Link",
    "Waves",
    "SurveyDesign",
    "DesignEffects",
    "DesignWeights",
]


class ModelSpec(Part):
    """A named network scale-up model: one choice per component, priors as data.

    ``rung`` is its place on the ladder from the simplest model upwards.

    Examples
    --------
    >>> from nsum_bayes import load_model
    >>> load_model("municipal").counts.kind
    'nb1'
    """

    name: str
    rung: int = 1000
    title: str
    description: str
    references: tuple[str, ...] = ()
    counts: Counts
    degree: Degree
    bias: Bias = Bias()
    known_sizes: KnownSizesUse = KnownSizesUse()
    rates: Rates = KnownRates()
    prevalence: Prevalence | None = None
    waves: Waves | None = None
    design: SurveyDesign | None = None
    mixing: Mixing | None = None
    measurement: Measurement = Measurement()
    transmission: Transmission = Transmission()
    link: Link | None = None

    @model_validator(mode="after")
    def _fit_together(self) -> ModelSpec:
        known = isinstance(self.rates, KnownRates)
        if known == (self.prevalence is None):
            raise ValueError("rates of kind 'known' need [prevalence]; free and pooled rates take its place")
        if not known and (self.bias.sd or self.link or self.transmission.kind == "joint"):
            raise ValueError("free and pooled rates take no bias, link or joint transmission")
        if self.waves is not None and (not known or self.link or self.transmission.kind == "joint"):
            raise ValueError("waves take rates of kind 'known', no link and no joint transmission")
        if self.design is not None and (not known or self.counts.kind not in ("poisson", "nb1", "nb2")):
            raise ValueError("a design takes rates of kind 'known' and counts of kind poisson, nb1 or nb2")
        if self.waves is not None and self.design is not None and self.design.kind == "effects":
            raise ValueError("effects of strata and units are not modelled over waves; use weights")
        if self.design is not None and (self.link or self.mixing):
            raise ValueError("a design takes no link and no mixing")
        if self.mixing is not None and self.counts.kind not in ("poisson", "nb1", "nb2"):
            raise ValueError("mixing needs counts of kind poisson, nb1 or nb2")
        weighted = isinstance(self.rates, FreeRates) and self.rates.rescale.startswith("weighted")
        if weighted and (self.mixing is None or self.mixing.correlation is None):
            raise ValueError("rescaling by correlations needs mixing with a correlation")
        if self.bias.recall is not None and self.transmission.kind == "joint":
            raise ValueError("a recall slope takes no joint transmission")
        if self.link is not None and self.transmission.kind != "joint":
            raise ValueError("linked groups tie transmissions to the answers: they need transmission kind = 'joint'")
        return self

    def __str__(self) -> str:
        return dumps(self)

    def __repr__(self) -> str:
        return f"ModelSpec({self.name!r}, {self.counts.kind} counts: {self.title})"

    def _repr_html_(self) -> str:
        from nsum_bayes.model.equations import spec_markup

        return spec_markup(self)

    def prior_table(self) -> list[dict[str, str]]:
        """Every prior with its reason: component, parameter, distribution, reason."""
        return [row for component, part in self if isinstance(part, Part) for row in _prior_rows(component, part)]

    def replace(self, **parts: Any) -> ModelSpec:
        """Return a copy with whole components replaced; validated again.

        Raises
        ------
        ModelError
            An unknown component or a value outside the vocabulary; every fault is listed.
        """
        return _validated({**self.model_dump(), **{k: _plain(v) for k, v in parts.items()}}, f"model {self.name}")


def _prior_rows(component: str, part: Part) -> Iterator[dict[str, str]]:
    for parameter, prior in part:
        if isinstance(prior, Part) and "prior" in type(prior).model_fields:
            fields = prior.model_dump()
            name, reason = fields.pop("prior"), fields.pop("reason")
            text = f"{name}({', '.join(f'{k} = {_shown(v)}' for k, v in fields.items())})"
            yield {"component": component, "parameter": parameter, "prior": text, "reason": reason}
        elif isinstance(prior, Part):
            yield from _prior_rows(f"{component}.{parameter}", prior)


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


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


def ladder() -> list[ModelSpec]:
    """All named models, from the simplest to the flagship and past it (by their ``rung``)."""
    return sorted((load_model(name) for name in model_names()), key=lambda spec: (spec.rung, spec.name))


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
