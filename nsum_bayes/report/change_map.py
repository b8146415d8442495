"""What changed from one wave to another, by area: how much, and how sure that it fell.

A change is called one only where it is one whether or not transmission drifted; every other area is hatched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nsum_bayes.estimates.waves import READINGS
from nsum_bayes.report.classes import CHANCE_LIMITS, Classes, classify
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
from nsum_bayes.report.maps import area_rows, checked_wave, drawable
from nsum_bayes.report.page import lay_out, words_of
from nsum_bayes.report.release import refuse_invented_places
from nsum_bayes.report.wording import check_group

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from nsum_bayes.estimates.estimates import Estimates, Suppression

LIMITS = (0.0, 0.5, 0.8, 1.25, 2.0, np.inf)
COLOURS = ("#5e3c99", "#b2abd2", "#e4e4e4", "#fdb863", "#e66101")
"""Fewer to more, purple to orange: told apart with every common kind of colour blindness; the middle is not paper."""
LABELS = ("less than half", "0.5 – 0.8", "0.8 – 1.25", "1.25 – 2", "more than double")
TOLD = (READINGS["fewer"], READINGS["more"])


def change_map(
    estimates: Estimates,
    group: str,
    before: str,
    after: str,
    *,
    suppress: Suppression | None = None,
    width: float = 11.0,
) -> Figure:
    """Map the ratio of prevalence of two waves, and the probability that it fell, side by side.

    Parameters
    ----------
    estimates
        Of a study with waves and polygons.
    group
        Hidden group.
    before, after
        Waves.
    suppress
        Which figures to withhold; by default those that `Estimates.change` withholds.
    width
        Of the page, in inches.

    Raises
    ------
    ReleaseError
        Simulated answers about real places, no polygons, no such group or wave.
    """
    refuse_invented_places(estimates)
    check_group(estimates, group)
    for wave in (before, after):
        checked_wave(estimates, wave)
    shapes = drawable(estimates)
    one = estimates.at(after)
    change = _change(estimates, group, before, after, suppress)
    marks = marks_of(one, area_rows(one, group, suppress).assign(cv=np.nan, estimate_type=_kinds(change)), shapes)
    open_ = (~change["reading"].isin((*TOLD, READINGS["withheld"]))).to_numpy(dtype=bool)
    insets = insets_of(shapes, width, 2)
    notes = (*_sentences(one, group, marks, open_), *insets.sentences)
    words = words_of(one, group, width, notes, after=f": change since {before}")
    page = lay_out(words, shapes.bounds, columns=2, strip=insets.height)
    small = too_small(shapes, page.scale)
    ratio, chance = (change[name].to_numpy(dtype=float) for name in ("ratio_median", "chance_of_decrease"))
    panels = (
        ("Change", f"Prevalence of {after} over that of {before}, posterior median", ratio_classes(ratio)),
        (
            "Probability of a decrease",
            "Chance, in %, that prevalence fell, transmission drifting as stated",
            classify(100 * chance, CHANCE_LIMITS, "YlOrBr"),
        ),
    )
    for column, (heading, unit, classes) in zip(page.columns, panels, strict=True):
        fills = fills_of(classes)
        draw_areas(column.map, shapes, marks, fills, small, hatched=open_)
        draw_insets(page, column, insets, shapes, marks, fills, open_)
        write_heading(page.figure, column, heading, unit)
        class_legend(column.legend, classes)
    said = f"No change can be told ({int(open_.sum()):,})" if open_.any() else ""
    mark_legend(page.marks, marks, len(small.isolates), estimates.areas.levels, hatched=said)
    return page.figure


def ratio_classes(ratio: np.ndarray) -> Classes:
    """Ratios (area,) in fixed classes about one, the same for every pair of waves."""
    member = np.where(np.isnan(ratio), -1, np.searchsorted(LIMITS[1:-1], ratio, side="right"))
    return Classes(LIMITS, COLOURS, member, LABELS)


def _change(estimates: Estimates, group: str, before: str, after: str, suppress: Suppression | None) -> pd.DataFrame:
    table = estimates.change(before, after, "area", suppress)
    return table[table["group"] == group].set_index("unit").reindex(estimates.areas.codes)


def _kinds(change: pd.DataFrame) -> np.ndarray:
    """``suppressed`` where either wave's figure is withheld (area,)."""
    return np.where(change["reading"] == READINGS["withheld"], "suppressed", "")


def _sentences(estimates: Estimates, group: str, marks: Marks, open_: np.ndarray) -> list[str]:
    drift = (estimates.meta.get("drift") or {}).get(group)
    said = [
        "A change in what was reported is a changed prevalence or a changed transmission, and no answer tells which."
    ]
    if drift:
        said.append(f"Transmission may drift: {drift}.")
    if open_.any():
        said.append("Hatched areas: no change that holds both with and without that drift.")
    if marks.unsurveyed.any():
        said.append("Dotted areas had no respondents in the later wave.")
    return said
