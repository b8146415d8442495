"""An interactive map as one file: figures, shapes, style and script in a page that asks nothing of any network.

The page shows what the tables show and withholds what they withhold. Simulated answers about real places show the
nation's figure over empty outlines, and the file holds no figure of any place.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsum_bayes.estimates.summaries import Suppression
from nsum_bayes.report.classes import CHANCE_LIMITS, classify
from nsum_bayes.report.map_figures import (
    PROBABILITIES,
    Told,
    classes_of,
    columns_of,
    hides_any,
    legend_of,
    numbers,
    scale_of,
    threshold_in,
    thresholds_around,
    told,
)
from nsum_bayes.report.map_shapes import MapShapes, map_shapes
from nsum_bayes.report.release import invents_places, releasable_levels, replacing
from nsum_bayes.report.wording import (
    INTERVAL_WORDS,
    check_group,
    footnote_of,
    nation_of,
    stamp_of,
    subtitle_of,
    title_of,
    unreliable_above,
)

if TYPE_CHECKING:
    from nsum_bayes.estimates.estimates import Estimates

SCRIPTS = ("interactive_map.js", "interactive_map_view.js", "interactive_map_list.js")
NATION_ONLY = "The answers are simulated and the places are real: outlines only, no figure for any place."
NO_SHAPES = "There is no geometry in this study, so the page has the list of places and no map."
QUANTILE_NOTE = "Chances are read from 41 quantiles of each posterior and are accurate to about 1 percentage point."
WITHHELD, WITHHELD_BY_RULE = "withheld, too few respondents", "withheld under the rules of release"


def write_interactive_map(
    estimates: Estimates,
    path: str | Path,
    *,
    suppress: Suppression | None = None,
    threshold: float | None = None,
    group: str | None = None,
) -> Path:
    """Write the interactive map; it opens from disk in any browser, without a network.

    Parameters
    ----------
    estimates
        With or without polygons: without, the page has the list of places only.
    path
        Of the page, ``.html``.
    suppress
        Which figures to withhold; by default those that `Estimates.table` withholds.
    threshold
        Share of the denominator where the slider of the exceedance probability begins; by default the national median
        or, where that is withheld, the median of the areas shown.
    group
        The only hidden group to show; by default all, to choose from.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ReleaseError
        No such group, a threshold that is no share, or none given where every figure is withheld.
    """
    target = Path(path)
    page = interactive_page(estimates, suppress=suppress, threshold=threshold, group=group)
    with replacing(target) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return target


def interactive_page(
    estimates: Estimates,
    *,
    suppress: Suppression | None = None,
    threshold: float | None = None,
    group: str | None = None,
) -> str:
    """The page as text; see `write_interactive_map`."""
    from jinja2 import Environment
    from markupsafe import Markup

    data = map_data(estimates, suppress or Suppression(), threshold, group)
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        _asset("interactive_map.html")
    )
    # "<" in a name would end the script element that holds the data.
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    safe = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    style = Markup(_asset("interactive_map.css"))
    script = Markup("\n".join(_asset(name) for name in SCRIPTS))
    return template.render(data=data, json=Markup(safe), style=style, script=script)


def map_data(
    estimates: Estimates, suppress: Suppression, threshold: float | None = None, group: str | None = None
) -> dict[str, Any]:
    """Everything the page tells, as it stands in it.

    Figures are by group, wave and level, in the order of ``groups``, ``waves`` and ``levels``; the last level is the
    nation.
    """
    if group is not None:
        check_group(estimates, group)
    levels = releasable_levels(estimates)
    shapes = map_shapes(estimates.areas)
    collected = [told(estimates, one, levels, suppress) for one in ((group,) if group else estimates.groups)]
    release = estimates.meta.get("release") or {}
    return {
        "stamp": stamp_of(estimates),
        "nation_only": invents_places(estimates),
        "notes": _notes(estimates, shapes),
        "interval": INTERVAL_WORDS,
        "withheld": WITHHELD_BY_RULE if release else WITHHELD,
        "caution_cv": unreliable_above(estimates),
        "waves": list(estimates.by_wave),
        "frame": _frame(estimates, shapes),
        "levels": [_level(collected[0], level, estimates, shapes) for level in levels],
        "probabilities": numbers(PROBABILITIES, 6),
        "chance_classes": legend_of(classify(PROBABILITIES[:0], CHANCE_LIMITS, "YlOrBr")),
        "groups": [_group(estimates, one, levels, threshold, suppress) for one in collected],
    }


def _notes(estimates: Estimates, shapes: MapShapes | None) -> list[str]:
    """What a reader has to know besides the footnote."""
    if invents_places(estimates):
        return [NATION_ONLY]
    missing = sum(not path for path in shapes.paths["area"]) if shapes else 0
    absent = f"Not drawn, for want of a polygon: {missing:,} of {len(estimates.areas):,} areas." if missing else ""
    return [note for note in ("" if shapes else NO_SHAPES, absent, QUANTILE_NOTE) if note]


def _frame(estimates: Estimates, shapes: MapShapes | None) -> dict[str, Any] | None:
    """Extent and boundaries; the outlines of all areas where they may have no figure and no name."""
    if shapes is None:
        return None
    outlines = "".join(shapes.paths["area"]) if invents_places(estimates) else ""
    return {"width": shapes.width, "height": shapes.height, "lines": list(shapes.lines.values()), "outlines": outlines}


def _level(said: Told, level: str, estimates: Estimates, shapes: MapShapes | None) -> dict[str, Any]:
    """Units of a level: codes, names, wider units and paths."""
    rows = said.tables[level, estimates.wave]
    wider = [list(map(str, rows[one])) for one in estimates.areas.levels if (rows[one] != "").any()]
    own = level in estimates.areas.levels
    return {
        "name": level,
        "codes": [] if level != "area" else list(map(str, rows["area"])),
        "names": list(map(str, rows["name"])),
        "wider": wider[1:] if own else wider,
        "paths": shapes.paths[level] if shapes and level in shapes.paths and level != "nation" else [],
    }


def _group(
    estimates: Estimates, said: Told, levels: tuple[str, ...], threshold: float | None, suppress: Suppression
) -> dict[str, Any]:
    """Words, scales and figures of a hidden group."""
    factor, per = scale_of(estimates, said, levels[0], suppress)
    begin, origin = threshold_in(estimates, said, levels[0], threshold, suppress)
    steps = thresholds_around(said, begin)
    denominator = estimates.denominator[said.group]
    population = {level: said.tables[level, estimates.wave]["population"] for level in levels}
    return {
        "name": said.group,
        "denominator": denominator,
        "factor": factor,
        "per": f"{per} {denominator}",
        "threshold": steps.index(begin),
        "origin": origin,
        "thresholds": steps,
        "population": [[int(number) for number in population[level]] for level in levels],
        "classes": [classes_of(said, level, factor) for level in levels],
        "waves": [_wave(one, said, wave, levels, suppress) for wave, one in estimates.by_wave.items()],
    }


def _wave(one: Estimates, said: Told, wave: str, levels: tuple[str, ...], suppress: Suppression) -> dict[str, Any]:
    """Words and figures of a group in one wave."""
    classed = bool(one.meta.get("release")) or hides_any(said, wave)
    return {
        "title": title_of(one, said.group),
        "subtitle": subtitle_of(one, said.group),
        "footnote": footnote_of(one, said.group),
        "nation": nation_of(one, said.group, suppress),
        "classed": classed,
        "figures": [columns_of(said.tables[level, wave], said.quantiles[level, wave], classed) for level in levels],
    }


def _asset(name: str) -> str:
    return (resources.files("nsum_bayes") / "assets" / name).read_text(encoding="utf-8")
