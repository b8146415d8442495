"""Three maps side by side: the estimate, how sure it is, and the chance of exceeding a threshold.

Made to be printed: six classes from light to dark in equal steps of lightness, dots where nobody was asked,
hatches where a figure is unreliable, stripes where it is withheld, rings round islands too small to be seen. Nothing
is fetched from anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nsum_bayes.errors import ReleaseError, suggestion
from nsum_bayes.report.classes import CHANCE_LIMITS, Classes, classify, quantile_limits
from nsum_bayes.report.insets import draw_insets, insets_of
from nsum_bayes.report.map_drawing import (
    Marks,
    class_legend,
    draw_areas,
    fills_of,
    mark_legend,
    marks_of,
    too_small,
    write_heading,
)
from nsum_bayes.report.page import lay_out, words_of
from nsum_bayes.report.polygons import Shapes, shapes_of
from nsum_bayes.report.release import refuse_invented_places
from nsum_bayes.report.wording import (
    INTERVAL_WORDS,
    rate_of,
    rows_of,
    threshold_of,
    typical_share,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from nsum_bayes.estimates.estimates import Estimates, Suppression


@dataclass(frozen=True)
class Panel:
    """One map: its heading, its classes and what the class limits mean."""

    heading: str
    unit: str
    classes: Classes
    hatched: bool = True


def prevalence_map(
    estimates: Estimates,
    group: str,
    *,
    threshold: float | None = None,
    suppress: Suppression | None = None,
    width: float | None = None,
    wave: str | None = None,
) -> Figure:
    """Map a group's prevalence, its uncertainty and its chance of exceeding a threshold, side by side.

    Parameters
    ----------
    estimates
        Estimates of a frame with polygons.
    group
        Hidden group.
    threshold
        Share of the denominator; by default the posterior median of the national prevalence or, where that is
        withheld, the median of the areas shown.
    suppress
        Which figures to withhold; by default those that `Estimates.table` withholds.
    width
        Of the page, in inches; by default 13, or 16.5 (A3) for more than 400 areas. The country decides the height.
    wave
        By default the latest. Class limits are those of all waves together, so that their maps can be laid side by
        side.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ReleaseError
        Simulated answers about real places, no polygons, no such group or wave, a threshold that is no share, or none
        given where every figure is withheld.
    """
    refuse_invented_places(estimates)
    shapes = drawable(estimates)
    waves = estimates.by_wave
    chosen = checked_wave(estimates, wave) if wave else estimates.wave
    rows = {name: area_rows(one, group, suppress) for name, one in waves.items()}
    latest = rows[estimates.wave]
    threshold, words = threshold_of(estimates, group, threshold, latest, suppress)
    rate = rate_of(typical_share(estimates, group, latest, suppress)[0])
    marks = marks_of(waves[chosen], rows[chosen], shapes)
    chance = waves[chosen].exceedance(threshold).sel(group=group, unit=estimates.areas.codes).to_numpy().astype(float)
    panels = [
        *_panels(rows, chosen, rate, estimates.denominator[group]),
        Panel(
            "Probability of exceeding a threshold",
            f"Chance, in %, that prevalence is above\n{words}",
            classify(np.where(marks.suppressed, np.nan, 100 * chance), CHANCE_LIMITS, "YlOrBr"),
        ),
    ]
    return _compose(waves[chosen], group, shapes, marks, panels, width or page_width(len(latest)))


# --- what to draw ---------------------------------------------------------------------------------------------------


def drawable(estimates: Estimates) -> Shapes:
    """The frame's polygons.

    Raises
    ------
    ReleaseError
        There is none.
    """
    shapes = shapes_of(estimates.areas)
    if shapes is None:
        raise ReleaseError(
            "There is no geometry to draw a map from.",
            where="[areas] geometry",
            advice="Name a file of polygons in the study file, or draw `ranked_intervals` instead.",
        )
    return shapes


def checked_wave(estimates: Estimates, wave: str) -> str:
    """A wave that there is.

    Raises
    ------
    ReleaseError
        There is no such wave.
    """
    if wave not in estimates.waves:
        what = f"There is no wave '{wave}'.{suggestion(wave, estimates.waves)}"
        raise ReleaseError(what, where="wave of the map", advice=f"Waves are {', '.join(estimates.waves) or 'none'}.")
    return wave


def area_rows(estimates: Estimates, group: str, suppress: Suppression | None) -> pd.DataFrame:
    """The group's rows of the areas, in the order of the frame."""
    return rows_of(estimates, group, "area", suppress).reindex(estimates.areas.codes)


def page_width(areas: int) -> float:
    """Inches: A3 for many areas."""
    return 13.0 if areas <= 400 else 16.5


def _panels(rows: Mapping[str, pd.DataFrame], wave: str, rate: tuple[float, str], denominator: str) -> list[Panel]:
    """Estimate and uncertainty of one wave, in classes that are the same for every wave."""
    factor, per = rate
    median = {name: factor * table["prevalence_median"].to_numpy(dtype=float) for name, table in rows.items()}
    ratio = {name: interval_ratio(table) for name, table in rows.items()}
    return [
        Panel("Estimate", f"Posterior median, {per} {denominator}", _pooled(median, wave, "YlGnBu")),
        Panel(
            "Uncertainty", f"Upper ÷ lower limit of the {INTERVAL_WORDS} interval", _pooled(ratio, wave, "Purples"),
            hatched=False,
        ),
    ]  # fmt: skip


def _pooled(values: Mapping[str, np.ndarray], wave: str, ramp: str) -> Classes:
    """One wave's values in classes made of all waves' values."""
    return classify(values[wave], quantile_limits(np.concatenate(list(values.values()))), ramp)


def interval_ratio(rows: pd.DataFrame) -> np.ndarray:
    """Upper over lower limit (area,); infinite where the lower limit is zero, missing where the figure is."""
    lower, upper = (rows[f"prevalence_{limit}"].to_numpy(dtype=float) for limit in ("lower", "upper"))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(lower > 0, upper / lower, np.where(np.isnan(lower), np.nan, np.inf))


# --- drawing --------------------------------------------------------------------------------------------------------


def _compose(
    estimates: Estimates, group: str, shapes: Shapes, marks: Marks, panels: list[Panel], width: float
) -> Figure:
    insets = insets_of(shapes, width, len(panels))
    words = words_of(estimates, group, width, (*_sentences(marks), *insets.sentences))
    page = lay_out(words, shapes.bounds, strip=insets.height)
    small = too_small(shapes, page.scale)
    for panel, column in zip(panels, page.columns, strict=True):
        fills, hatched = fills_of(panel.classes), marks.unreliable & panel.hatched
        draw_areas(column.map, shapes, marks, fills, small, hatched=hatched)
        draw_insets(page, column, insets, shapes, marks, fills, hatched)
        write_heading(page.figure, column, panel.heading, panel.unit)
        class_legend(column.legend, panel.classes)
    mark_legend(page.marks, marks, len(small.isolates), estimates.areas.levels)
    return page.figure


def _sentences(marks: Marks) -> list[str]:
    """What the footnote says about the marks on this map."""
    said = []
    if marks.unsurveyed.any():
        said.append("Dotted areas have no respondents: the model predicts them from all the others.")
    if marks.unreliable.any():
        said.append(f"Hatched figures have a coefficient of variation above {marks.limit:g}.")
    if marks.missing.any():
        said.append(f"Not drawn, for want of a polygon: {int(marks.missing.sum()):,} of {len(marks.missing):,} areas.")
    return said
