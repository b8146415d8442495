"""Map classes: limits a reader can say aloud, and light-to-dark colours that survive a black-and-white printer."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LIGHTEST, DARKEST = 93.0, 27.0
CHANCE_LIMITS = (0.0, 5.0, 20.0, 50.0, 80.0, 95.0, 100.0)  # per cent


@dataclass(frozen=True)
class Classes:
    """Values put into classes.

    Attributes
    ----------
    limits
        Class limits (class + 1,), rising; a class holds its lower limit, the last one both.
    colours
        One colour a class, light to dark, as "#rrggbb".
    member
        Class (area,) of each value, -1 where it is missing.
    labels
        One text a class: "1.2 – 1.9".
    """

    limits: tuple[float, ...]
    colours: tuple[str, ...]
    member: np.ndarray
    labels: tuple[str, ...]

    @property
    def counts(self) -> list[int]:
        """How many values each class holds."""
        return [int((self.member == number).sum()) for number in range(len(self.colours))]


def classify(values: np.ndarray, limits: Sequence[float], ramp: str) -> Classes:
    """Put values into the classes between ``limits``, coloured along a matplotlib ramp; the last holds infinity too."""
    inner = np.asarray(limits[1:-1])
    member = np.where(np.isnan(values), -1, np.searchsorted(inner, values, side="right"))
    count = max(len(limits) - 1, 0)
    labels = [f"{spoken(low)} – {spoken(high)}" for low, high in itertools.pairwise(limits)]
    if np.isinf(values).any():
        labels[-1] = f"{spoken(limits[-2])} or more"
    return Classes(tuple(limits), class_colours(ramp, count), member, tuple(labels))


def quantile_limits(values: np.ndarray, classes: int = 6) -> tuple[float, ...]:
    """Limits at the quantiles, rounded to as few digits as keep them apart; none where nothing is finite.

    Equal counts suit prevalence, whose distribution over areas is skewed: equal steps would leave one class with
    nearly all areas.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return (1.0, np.inf) if np.isinf(values).any() else ()
    wanted = np.quantile(finite, np.linspace(0, 1, classes + 1))
    inner: list[float] = []
    for digits in (2, 3, 4):
        inner = sorted({_rounded(limit, digits) for limit in wanted[1:-1]})
        if len(inner) == classes - 1:
            break
    inside = [limit for limit in inner if finite.min() < limit <= finite.max()]
    return (_outward(finite.min(), np.floor), *inside, _outward(finite.max(), np.ceil))


def _step(value: float, digits: int) -> float:
    return 1.0 if value == 0 else float(10.0 ** (np.floor(np.log10(abs(value))) - digits + 1))


def _rounded(value: float, digits: int) -> float:
    step = _step(value, digits)
    return float(f"{round(value / step) * step:.10g}")


def _outward(value: float, direction: np.ufunc, digits: int = 2) -> float:
    step = _step(value, digits)
    return float(f"{direction(round(value / step, 6)) * step:.10g}")


def spoken(value: float) -> str:
    """A number as a reader would say it: no exponent, at most four digits of precision, thousands parted."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return np.format_float_positional(float(f"{value:.4g}"), trim="-")


# --- colour ---------------------------------------------------------------------------------------------------------


def lightness(colours: np.ndarray) -> np.ndarray:
    """CIE L* (colour,), 0 black to 100 white, of sRGB colours (colour, 3) in 0 to 1."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance)


def class_colours(ramp: str, count: int) -> tuple[str, ...]:
    """Colours along a light-to-dark matplotlib ramp, in *equal steps of lightness*, so that greys stay apart too."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    along = colormaps[ramp](np.linspace(0, 1, 512))[:, :3]
    darkness = np.maximum.accumulate(100 - lightness(along))
    lightest, darkest = (LIGHTEST, DARKEST) if count > 1 else (75.0, 75.0)
    wanted = 100 - np.linspace(lightest, darkest, count)
    places = np.searchsorted(darkness, wanted).clip(0, len(along) - 1)
    return tuple(to_hex(along[place]) for place in places)


def is_dark(colour: str) -> bool:
    """Whether black marks would vanish on this colour."""
    from matplotlib.colors import to_rgb

    return bool(lightness(np.array([to_rgb(colour)]))[0] < 58.0)
