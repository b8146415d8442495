"""The figures of a report as pictures inside the page; one that cannot be drawn says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from nsum_bayes.errors import NsumError
from nsum_bayes.report import area_figures
from nsum_bayes.report.figures import figure_for, ranked_intervals
from nsum_bayes.report.material import Material
from nsum_bayes.report.pieces import Picture, picture
from nsum_bayes.report.polygons import has_polygons
from nsum_bayes.report.release import invents_places
from nsum_bayes.report.wording import nation_of, title_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAP = "Map"
TELLING = (
    "Not drawn: figures by number of respondents. Those of the places shown, with the total, would tell how many were "
    "asked where figures are withheld."
)


def pictures(material: Material) -> tuple[list[Picture], list[str]]:
    """Every figure that the estimates allow, and what was not drawn and why."""
    drawn, left_out = [], [TELLING] if material.coarse and not invents_places(material.estimates) else []
    for group in material.groups:
        title = title_of(material.estimates, group)
        for kind, draw in _kinds(material, group):
            try:
                figure = draw()
            except NsumError as error:
                left_out.append(f"Not drawn: {kind} of {group}. {str(error).splitlines()[0]}")
                continue
            drawn.append(picture(figure, f"{kind}: {title}", _described(material, group, kind), broad=kind == MAP))
    return sorted(drawn, key=lambda one: not one.broad), left_out


def _described(material: Material, group: str, kind: str) -> str:
    """The picture in words for who does not see it; its figures are those of the tables."""
    nation = nation_of(material.estimates, group, material.suppress)
    return f"{kind} of {title_of(material.estimates, group)}. Nation: {nation}. The tables give every figure."


def _kinds(material: Material, group: str) -> Iterator[tuple[str, Callable[[], Figure]]]:
    estimates, rule = material.estimates, material.suppress
    if not invents_places(estimates):
        yield from _of_places(material, group)
    if estimates.waves:
        yield "Waves", partial(area_figures.wave_figure, estimates, group, suppress=rule)


def _of_places(material: Material, group: str) -> Iterator[tuple[str, Callable[[], Figure]]]:
    estimates, rule = material.estimates, material.suppress
    if has_polygons(estimates.areas):
        yield MAP, lambda: figure_for(estimates, group, suppress=rule)[0]
    yield "Ranked intervals", partial(ranked_intervals, estimates, group, suppress=rule)
    yield "Ranks", partial(area_figures.rank_distributions, estimates, group, suppress=rule)
    if material.coarse:
        return
    yield "What the survey tells", partial(area_figures.shrinkage_figure, estimates, group, suppress=rule)
    yield "Direct and modelled", partial(area_figures.direct_figure, material.run, estimates, group, suppress=rule)
