"""`nsum map`: estimate, uncertainty and exceedance side by side, or one page to move about in."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsum_bayes.cli.console import Console, Json, Quiet, stdout_kept_clean
from nsum_bayes.cli.saved import read_estimates
from nsum_bayes.cli.transmission import TransmissionOption
from nsum_bayes.errors import suggestion

if TYPE_CHECKING:
    from nsum_bayes.estimates.estimates import Estimates


class Kind(StrEnum):
    """What a picture shows."""

    panels = "panels"
    value_by_uncertainty = "value-by-uncertainty"


def map(
    run: Annotated[Path, typer.Argument(help="A fit saved by `nsum fit`, or an estimates.nc of `nsum estimate`.")],
    out: Annotated[Path, typer.Option(help="Picture (.png, .svg or .pdf) or interactive page (.html) to write.")],
    group: Annotated[str | None, typer.Option(help="Hidden group; needed for a picture of several.")] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Share of the denominator to exceed; by default the national median or, where that is withheld, "
            "the median of the areas shown.",
            min=0,
            max=1,
        ),
    ] = None,
    wave: Annotated[str | None, typer.Option(help="Wave of a picture; by default the latest.")] = None,
    change: Annotated[
        tuple[str, str] | None, typer.Option(help="Two waves: map what changed from the first to the second.")
    ] = None,
    kind: Annotated[
        Kind, typer.Option(help="panels: estimate, uncertainty, exceedance; value-by-uncertainty: both in one map.")
    ] = Kind.panels,
    transmission: TransmissionOption = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Draw the map of one hidden group; without polygons, a ranked interval plot. As .html, all groups in one page."""
    console = Console("map", as_json, quiet)
    _check_choices(out, wave, change, kind)
    with stdout_kept_clean():
        estimates = read_estimates(run, transmission)
        chosen = _choose(group, estimates.groups) if group or out.suffix.lower() != ".html" else None
        if chosen is None or out.suffix.lower() == ".html":
            message = _page(estimates, out, chosen, threshold)
        else:
            message = _picture(estimates, out, chosen, threshold, wave, change, kind)
    if message:
        console.say(message)
    console.result(f"wrote: {out}")
    console.emit(file=out, group=chosen, message=message)


def _check_choices(out: Path, wave: str | None, change: tuple[str, str] | None, kind: Kind) -> None:
    """Stop at choices of which one would be passed over in silence."""
    if out.suffix.lower() == ".html" and (wave or change or kind is not Kind.panels):
        raise typer.BadParameter("--wave, --change and --kind are for pictures; the page holds every wave.")
    if change and (wave or kind is not Kind.panels):
        raise typer.BadParameter("--change is a map of its own; it takes neither --wave nor --kind.")


def _picture(
    estimates: Estimates,
    out: Path,
    group: str,
    threshold: float | None,
    wave: str | None,
    change: tuple[str, str] | None,
    kind: Kind,
) -> str:
    from nsum_bayes.report.change_map import change_map
    from nsum_bayes.report.figures import figure_for, save_figure
    from nsum_bayes.report.value_by_uncertainty import value_by_uncertainty_map
    from nsum_bayes.report.wording import stamp_of

    message = ""
    if change:
        figure = change_map(estimates, group, *change)
    elif kind is Kind.value_by_uncertainty:
        figure = value_by_uncertainty_map(estimates, group, wave=wave)
    else:
        figure, message = figure_for(estimates, group, threshold, wave=wave)
    save_figure(figure, out, stamp_of(estimates))
    return message


def _page(estimates: Estimates, out: Path, group: str | None, threshold: float | None) -> str:
    from nsum_bayes.report.interactive import NATION_ONLY, NO_SHAPES, write_interactive_map
    from nsum_bayes.report.polygons import has_polygons
    from nsum_bayes.report.release import invents_places

    write_interactive_map(estimates, out, group=group, threshold=threshold)
    if invents_places(estimates):
        return NATION_ONLY
    return "" if has_polygons(estimates.areas) else NO_SHAPES


def _choose(group: str | None, known: tuple[str, ...]) -> str:
    if group is None and len(known) == 1:
        return known[0]
    if group is None:
        raise typer.BadParameter(f"This fit has several hidden groups; name one with --group: {', '.join(known)}.")
    if group not in known:
        raise typer.BadParameter(f"'{group}' is not a hidden group of this fit.{suggestion(group, known)}")
    return group
