"""Rules of release as data: what a figure needs in order to be shown, and how exactly it is told."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from nsum_bayes.errors import ReleaseError, suggestion
from nsum_bayes.estimates.summaries import FEWEST_RESPONDENTS

Share = Annotated[float, Field(ge=0, le=1)]


class ReleaseRules(BaseModel):
    """What a unit needs in order to have a figure, at every level and in every wave.

    Attributes
    ----------
    name
        Of the preset or file.
    restricted
        Whether the release is for named readers only; each of its files says so.
    fewest_respondents
        A surveyed unit with fewer has no figure. At least ten, whatever a file says.
    caution_below
        A surveyed unit with fewer respondents is marked.
    least_denominator
        Persons; a unit with fewer has no figure, surveyed or predicted.
    caution_cv, largest_cv
        Coefficient of variation above which a figure is marked, and above which it is not shown (0: always shown).
    caution_own, least_own
        Share of own information below which a surveyed unit is marked, and below which it has no figure.
    protection
        No hidden count can be told closer than this share of itself from all that is shown.
    digits
        Significant digits of counts; 0 keeps all.
    draws
        Whether ``estimates.nc`` goes along.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    restricted: bool = False
    fewest_respondents: Annotated[int, Field(ge=FEWEST_RESPONDENTS)] = 25
    caution_below: Annotated[int, Field(ge=0)] = 50
    least_denominator: Annotated[float, Field(ge=0)] = 1000.0
    caution_cv: Annotated[float, Field(ge=0)] = 0.5
    largest_cv: Annotated[float, Field(ge=0)] = 1.0
    caution_own: Share = 0.2
    least_own: Share = 0.0
    protection: Annotated[float, Field(gt=0, le=1)] = 0.10
    digits: Annotated[int, Field(ge=0, le=12)] = 3
    draws: bool = False

    @model_validator(mode="after")
    def _one_digit_says_too_little(self) -> ReleaseRules:
        if self.digits == 1:
            raise ValueError("digits: one significant digit moves a figure by up to a third; give 2 or more, or 0")
        return self


def presets() -> tuple[str, ...]:
    """Names of the rules that come with the package."""
    return tuple(sorted(file.name.removesuffix(".toml") for file in _folder().iterdir() if file.name != "__init__.py"))


def load_rules(name_or_path: str | Path) -> ReleaseRules:
    """Rules by the name of a preset, or from a TOML file.

    Raises
    ------
    ReleaseError
        No such preset or file; a setting that is unknown or not allowed, for instance fewer than ten respondents.

    Examples
    --------
    >>> load_rules("statistics-office").fewest_respondents
    25
    """
    text, where = _text(name_or_path)
    try:
        return ReleaseRules(**{"name": Path(name_or_path).stem, **tomllib.loads(text)})
    except tomllib.TOMLDecodeError as error:
        raise ReleaseError(f"This is not TOML: {error}.", where=where, advice="Correct the file.") from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'rules'}: {one['msg']}" for one in error.errors())
        advice = (
            f"Settings are {', '.join(ReleaseRules.model_fields)}; fewest_respondents is {FEWEST_RESPONDENTS} or more."
        )
        raise ReleaseError(f"These release rules cannot be used: {wrong}.", where=where, advice=advice) from None


def _text(name_or_path: str | Path) -> tuple[str, str]:
    name = str(name_or_path)
    if name in presets():
        return (_folder() / f"{name}.toml").read_text(encoding="utf-8"), f"preset '{name}'"
    path = Path(name_or_path)
    if not path.is_file():
        what = f"There are no release rules '{name}'.{suggestion(name, presets())}"
        raise ReleaseError(what, where="rules", advice=f"Give {', '.join(presets())}, or a TOML file.")
    return path.read_text(encoding="utf-8"), str(path)


def _folder() -> resources.abc.Traversable:
    return resources.files("nsum_bayes") / "assets" / "release_rules"
