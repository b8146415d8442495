"""Figures beyond the map: ranks that say how uncertain they are, shrinkage, direct against modelled, waves.

Every figure carries what is counted, whom it concerns, what was assumed and, where so, that the answers are simulated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nsum_bayes.errors import ReleaseError
from nsum_bayes.estimates.summaries import INTERVAL
from nsum_bayes.report.figures import DOT_NOTE, INK, ROW, short_name
from nsum_bayes.report.page import MARGIN, Words, words_of
from nsum_bayes.report.release import refuse_invented_places
from nsum_bayes.report.wording import (
    INTERVAL_WORDS,
    check_group,
    rate_of,
    rows_of,
    typical_share,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nsum_bayes.estimates.estimates import Estimates, Suppression
    from nsum_bayes.inference.fit import Fit

LIMITS = ((1 - INTERVAL) / 2, 0.5, (1 + INTERVAL) / 2)
MOST_RANKED = 40
TOP = 10
BLUE, ORANGE, PALE = "#1b6ca8", "#c05a00", "#b8b8b8"
AXIS, NAMES, TITLES = 0.75, 1.75, 0.3  # inches: below the axes, left of them for names, above them for headings


def framed(
    estimates: Estimates, group: str, notes: Sequence[str], height: float, headings: Sequence[str], names: float = 0.7
) -> tuple[Figure, list[Axes], Words]:
    """A page with so many axes side by side, each under its heading; ``names`` inches are kept left of the first."""
    from matplotlib.figure import Figure

    words = words_of(estimates, group, 2 * MARGIN + 4.6 * max(len(headings), 1.7), notes)
    tall = words.head + TITLES + height + AXIS + words.foot
    figure = Figure(figsize=(words.width, tall), facecolor="white")
    left, gap = MARGIN + names, 0.75
    wide = (words.width - left - MARGIN - gap * (len(headings) - 1)) / len(headings)
    axes = []
    for number, heading in enumerate(headings):
        place = (left + number * (wide + gap), words.foot + AXIS, wide, height)
        box = (place[0] / words.width, place[1] / tall, wide / words.width, height / tall)
        axes.append(figure.add_axes(box))
        axes[-1].set_title(heading, fontsize=9.5, loc="left", fontweight="bold", parse_math=False)
        axes[-1].tick_params(labelsize=8)
        axes[-1].spines[["top", "right"]].set_visible(False)
    words.write_on(figure)
    return figure, axes, words


# --- ranks ----------------------------------------------------------------------------------------------------------


def rank_table(
    estimates: Estimates, group: str, level: str = "area", *, top: int = TOP, suppress: Suppression | None = None
) -> pd.DataFrame:
    """Ranks of the units that are shown, 1 the highest prevalence, with their intervals, draw by draw.

    Returns
    -------
    pandas.DataFrame
        One row a unit: ``name``, ``respondents``, ``rank_median``, ``rank_lower``, ``rank_upper``, ``chance_of_top``
        (probability of being among the ``top`` highest). Withheld units take no rank.
    """
    check_group(estimates, group)
    refuse_invented_places(estimates, level)
    rows = rows_of(estimates, group, level, suppress)
    shown = rows[rows["prevalence_median"].notna()]
    draws = estimates.level_draws(level)["prevalence"].sel(group=group, unit=shown.index.to_numpy(dtype=object))
    values = draws.transpose("draw", "unit").values
    rank = (-values).argsort(axis=1).argsort(axis=1) + 1
    lower, median, upper = np.quantile(rank, LIMITS, axis=0, method="closest_observation")
    found = shown[["name", "respondents"]].copy()
    found["rank_median"], found["rank_lower"], found["rank_upper"] = median, lower, upper
    found["chance_of_top"] = (rank <= min(top, rank.shape[1])).mean(axis=0)
    return found


def rank_distributions(
    estimates: Estimates, group: str, level: str = "area", *, top: int = TOP, suppress: Suppression | None = None
) -> Figure:
    """Intervals of ranks, and the probability of being among the highest: what a league table does not say.

    Raises
    ------
    ReleaseError
        No such level or group, fewer than two units to rank, or simulated answers about real places.
    """
    found = rank_table(estimates, group, level, top=top, suppress=suppress)
    if len(found) < 2:
        raise ReleaseError("There are not two units to rank.", where=f"level '{level}'", advice="Take another level.")
    top = min(top, len(found))
    chosen = found.sort_values(["chance_of_top", "rank_median"], ascending=[False, True]).head(MOST_RANKED)
    notes = [f"Ranks among {len(found):,} units of level {level}, with {INTERVAL_WORDS} intervals.", DOT_NOTE]
    if len(chosen) < len(found):
        notes.append(f"Shown are the {len(chosen)} likeliest to be among the {top} highest.")
    headings = ("Rank (1: highest)", f"Probability of being among the {top} highest")
    figure, (ranks, chances), _ = framed(estimates, group, notes, max(0.6, ROW * len(chosen)), headings, NAMES)
    places = np.arange(len(chosen))
    ranks.hlines(places, chosen["rank_lower"], chosen["rank_upper"], colors=INK, linewidth=0.9)
    fill = [INK if asked else "#ffffff" for asked in chosen["respondents"] > 0]
    ranks.scatter(chosen["rank_median"], places, s=15, c=fill, edgecolors=INK, linewidths=0.8, zorder=3)
    ranks.set_xlim(0.5, len(found) + 0.5)
    ranks.set_yticks(places, [short_name(str(name)) for name in chosen["name"]], fontsize=7.5, parse_math=False)
    chances.barh(places, chosen["chance_of_top"], color=BLUE, height=0.6)
    chances.set_xlim(0, 1)
    chances.set_yticks(places, [""] * len(chosen))
    for axes in (ranks, chances):
        axes.set_ylim(len(chosen) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
    return figure


# --- what the survey tells ------------------------------------------------------------------------------------------


def shrinkage_figure(estimates: Estimates, group: str, *, suppress: Suppression | None = None) -> Figure:
    """How much of what is known of an area comes from its own respondents, and how sure its figure is, by their number.

    Raises
    ------
    ReleaseError
        No such group, no area to show, or simulated answers about real places.
    """
    refuse_invented_places(estimates)
    rows = rows_of(estimates, group, "area", suppress)
    shown = rows[rows["prevalence_median"].notna()]
    asked = shown[shown["respondents"] > 0]
    if asked.empty:
        raise ReleaseError("No area with respondents is shown.", where="figure", advice="Loosen the rule, if you may.")
    notes = ["Own information: share of what is known of an area's deviation that its own respondents tell."]
    figure, (own, sure), _ = framed(estimates, group, notes, 2.8, ("Own information", "Coefficient of variation"))
    own.scatter(asked["respondents"], asked["own_information"], s=14, color=BLUE, alpha=0.7, linewidths=0)
    own.set_ylim(0, 1)
    sure.scatter(asked["respondents"], asked["cv"], s=14, color=BLUE, alpha=0.7, linewidths=0, label="with respondents")
    alone = shown.loc[shown["respondents"] == 0, "cv"]
    if len(alone):
        low, middle, high = np.quantile(alone, LIMITS)
        sure.errorbar(0, middle, [[middle - low], [high - middle]], fmt="o", color=ORANGE, mfc="white", ms=5,
                      label=f"predicted ({len(alone):,} areas: median, {INTERVAL_WORDS} of them)")  # fmt: skip
    sure.set_ylim(bottom=0)
    sure.legend(fontsize=7.5, frameon=False)
    for axes in (own, sure):
        axes.set_xlabel("respondents in the area", fontsize=8.5)
    return figure


def direct_figure(run: Fit, estimates: Estimates, group: str, *, suppress: Suppression | None = None) -> Figure:
    """Direct estimates of surveyed areas (Killworth's, with the design's errors) beside the model's reported rate.

    Both are of what respondents report, before transmission, degree ratio and bias are divided out; only that can be
    estimated from one area's answers.

    Raises
    ------
    ReleaseError
        No such group, no area to show, or simulated answers about real places.
    ModelError
        Answers that the direct estimate does not take.
    """
    from nsum_bayes.classical.scale_up import scale_up
    from nsum_bayes.estimates.rates import log_reported_rates

    refuse_invented_places(estimates)
    direct = scale_up(run.study, ["killworth_mle"], ("area",), replicates=0).figures
    direct = direct[direct["group"] == group].set_index("unit")
    shown = rows_of(estimates, group, "area", suppress)
    codes = [code for code in shown.index[shown["prevalence_median"].notna()] if code in direct.index]
    if not codes:
        raise ReleaseError("No area with respondents is shown.", where="figure", advice="Loosen the rule, if you may.")
    place = pd.Index(run.study.areas.codes).get_indexer(pd.Index(codes))
    rates = log_reported_rates(run, np.random.default_rng(run.seed))[:, place, run.study.hidden_groups.index(group)]
    low, middle, high = 1000 * np.exp(np.quantile(rates, LIMITS, axis=0))
    people = shown.loc[codes, "population"].to_numpy(dtype=float)
    figures = 1000 * direct.loc[codes, ["estimate", "se"]].to_numpy(dtype=float) / people[:, None]
    return _beside(estimates, group, figures, np.stack([low, middle, high]), shown.loc[codes, "respondents"])


def _beside(estimates: Estimates, group: str, direct: np.ndarray, model: np.ndarray, respondents: pd.Series) -> Figure:
    """Direct estimate and standard error (area, 2) beside limits and median of the model (3, area), per 1,000."""
    notes = [
        "Reported rates: transmission, degree ratio and bias are not divided out.",
        f"Direct: Killworth's estimate with 1.96 design errors; model: median and {INTERVAL_WORDS} interval.",
    ]
    unknown = ~(direct[:, 1] > 0)  # nobody reported, or one sampling unit: zero or none, and neither is certainty
    if unknown.any():
        notes.append(
            f"Crosses: {int(unknown.sum()):,} direct estimates whose error the area's answers do not tell; they have "
            "no width."
        )
    headings = (f"Reported, per 1,000 {estimates.denominator[group]}", "Width of the interval by respondents")
    figure, (pairs, widths), _ = framed(estimates, group, notes, 3.4, headings)
    low, middle, high = model
    error = np.where(unknown, np.nan, 1.96 * direct[:, 1])
    pairs.errorbar(direct[:, 0], middle, [middle - low, high - middle], [np.minimum(error, direct[:, 0]), error],
                   fmt="o", color=BLUE, ecolor=PALE, ms=3.5, elinewidth=0.7)  # fmt: skip
    crosses = pairs.scatter(direct[unknown, 0], middle[unknown], marker="x", s=22, color=ORANGE, zorder=4)
    crosses.set(clip_on=False, label="error unknown")
    across, up = 1.03 * float(np.nanmax(direct[:, 0] + np.nan_to_num(error))), 1.03 * float(np.max(high))
    pairs.plot([0, max(across, up)], [0, max(across, up)], color=INK, linewidth=0.8, zorder=0)
    pairs.set_xlim(0, across)
    pairs.set_ylim(0, up)
    pairs.set_xlabel("direct", fontsize=8.5)
    pairs.set_ylabel("model", fontsize=8.5)
    widths.scatter(respondents, 2 * error, s=14, color=ORANGE, linewidths=0, alpha=0.7, label="direct")
    widths.scatter(respondents, high - low, s=14, color=BLUE, linewidths=0, alpha=0.7, label="model")
    widths.set_xlabel("respondents in the area", fontsize=8.5)
    widths.set_ylabel("per 1,000", fontsize=8.5)
    widths.set_ylim(bottom=0)
    widths.legend(fontsize=8, frameon=False)
    return figure


# --- waves ----------------------------------------------------------------------------------------------------------


def wave_figure(
    estimates: Estimates, group: str, level: str = "nation", units: Sequence[str] = (), *,
    suppress: Suppression | None = None,
) -> Figure:  # fmt: skip
    """Prevalence from wave to wave, with transmission drifting as stated and as if it had stayed.

    Parameters
    ----------
    units
        Units of the level, at most six; by default the six largest.

    Raises
    ------
    ReleaseError
        A study of one wave; no such level, group or unit; simulated answers about real places.
    """
    refuse_invented_places(estimates, level)
    check_group(estimates, group)
    if not estimates.waves:
        raise ReleaseError("There is one wave only.", where="figure of waves", advice="Fit a study with waves.")
    last = rows_of(estimates.at(estimates.wave), group, level, suppress).sort_values("population", ascending=False)
    chosen = list(units or last.index[:6])
    unknown = [unit for unit in chosen if unit not in last.index]
    if unknown:
        raise ReleaseError(f"There is no unit '{unknown[0]}'.", where=f"level '{level}'", advice="Give its code.")
    factor, per = rate_of(typical_share(estimates, group, last, suppress)[0])
    notes = ["Filled: transmission drifting as stated. Open: as if transmission had stayed."]
    names = [str(last.loc[unit, "name"]) for unit in chosen]
    figure, panels, _ = framed(estimates, group, notes, 2.6, names)
    for axes, unit in zip(panels, chosen, strict=True):
        _wave_panel(axes, estimates, group, level, unit, factor, suppress)
        axes.set_ylabel(f"{per} {estimates.denominator[group]}" if axes is panels[0] else "", fontsize=8.5)
    return figure


def _wave_panel(
    axes: Axes, estimates: Estimates, group: str, level: str, unit: str, factor: float, suppress: Suppression | None
) -> None:
    for place, wave in enumerate(estimates.waves):
        one = estimates.at(wave)
        if rows_of(one, group, level, suppress).loc[unit, "estimate_type"] == "suppressed":
            axes.annotate("withheld", (place, 0), rotation=90, fontsize=7, ha="center")
            continue
        draws = factor * one.level_draws(level)["prevalence"].sel(group=group, unit=unit).values
        stayed = draws * np.exp(one.draws["drift"].sel(group=group).values)
        for shift, values, fill in ((-0.07, draws, BLUE), (0.07, stayed, "white")):
            low, middle, high = np.quantile(values, LIMITS)
            axes.errorbar(place + shift, middle, [[middle - low], [high - middle]], fmt="o", color=BLUE, mfc=fill, ms=5)
    axes.set_xticks(range(len(estimates.waves)), estimates.waves)
    axes.set_xlim(-0.5, len(estimates.waves) - 0.5)
    axes.set_ylim(bottom=0)
