"""Pictures of the checks: replicated answers (ArviZ's rootograms and PIT plots), residuals, hold-outs, sensitivity.

Rootograms and PIT plots are of all answers together by group; no respondent can be read off any of them.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nsum_bayes.report.figures import save_figure
from nsum_bayes.report.wording import SIMULATED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nsum_bayes.checks.holdout import HoldOut
    from nsum_bayes.checks.predictive import PredictiveCheck
    from nsum_bayes.checks.residuals import Residuals
    from nsum_bayes.checks.sensitivity import Sensitivity
    from nsum_bayes.data.study import Study

INK, SOFT, MISS = "#1a1a1a", "#8a8a8a", "#a50f15"
COLUMNS = 4
NARROW = 6.0
"""Ratio of a log axis's ends below which it has ticks at more numbers than 1, 2 and 5."""


def rootograms(check: PredictiveCheck, study: Study, *, groups: list[str] | None = None) -> Figure:
    """Square roots of how often each count was answered and replicated, by group (ArviZ)."""
    return _arviz(
        "plot_ppc_rootogram", "Answered (dots) and replicated counts, square root scale", check, study, groups
    )


def pit_plots(check: PredictiveCheck, study: Study, *, groups: list[str] | None = None) -> Figure:
    """Difference of the probability integral transform from uniform, by group (ArviZ)."""
    return _arviz("plot_ppc_pit", "Ranks of answers among replicates, less uniform", check, study, groups)


def _arviz(plot: str, title: str, check: PredictiveCheck, study: Study, groups: list[str] | None) -> Figure:
    import arviz as az
    from matplotlib import pyplot

    names = list(check.tree["observed_data"].data_vars) if groups is None else groups
    size = (11.0, 2.3 * np.ceil(len(names) / COLUMNS) + 0.6)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Found chain dimension")  # of ArviZ's own counts
        warnings.filterwarnings("ignore", message=".*look binary")  # a rare group may be known once at most
        collection = getattr(az, plot)(
            check.tree,
            var_names=[str(name) for name in names],
            group=f"{check.kind}_predictive",
            backend="matplotlib",
            col_wrap=COLUMNS,
            figure_kwargs={"figsize": size, "layout": "constrained"},
        )
    figure: Figure = collection.viz["figure"].item()
    pyplot.close(figure)  # a notebook would show it a second time
    figure.suptitle(f"{title}{_stamp(study)}", fontsize=11, x=0.01, ha="left")
    return figure


def residual_correlation(found: Residuals, study: Study) -> Figure:
    """Correlation of quantile residuals between groups."""
    figure, axes = check_page(study, "Correlation of residuals between groups", 0.38 * len(found.correlation) + 2.0)
    values = found.correlation.to_numpy() - np.eye(len(found.correlation))
    largest = max(0.3, float(np.abs(values).max()))
    image = axes.imshow(values, cmap="RdBu_r", vmin=-largest, vmax=largest)
    names = [str(name) for name in found.correlation.index]
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    figure.colorbar(image, ax=axes, shrink=0.8, label="correlation (diagonal left out)")
    p = found.eigenvalue["p"]
    axes.set_xlabel(f"largest eigenvalue {found.eigenvalue['largest']:.2f}, p = {p:.2g} (Tracy–Widom)")
    return figure


def hold_out_figure(found: HoldOut, study: Study) -> Figure:
    """Estimate and interval over truth for each unit left out; one is right."""
    rows = found.table.dropna(subset=["median"]).sort_values("log_ratio")
    label = "known group" if found.what == "group" else found.what
    title = f"Held out by {label}: {found.held} of {len(found.table)} intervals hold the truth"
    figure, axes = check_page(study, title, 0.26 * len(rows) + 1.8)
    half = 0.0 if found.what == "group" else 0.5
    for place, (_, row) in enumerate(rows.iterrows()):
        colour, truth = INK if row["inside"] else MISS, row["truth"] + half
        axes.plot(
            [(row[end] + half) / truth for end in ("lower", "upper")], [place, place], color=colour, linewidth=1.2
        )
        axes.plot((row["median"] + half) / truth, place, "o", color=colour, markersize=4)
    axes.axvline(1.0, color=SOFT, linewidth=0.8)
    _log_axis(axes)
    names = rows["unit"] if found.what == "group" else rows["unit"] + ", " + rows["group"]
    axes.set_yticks(range(len(rows)), names, fontsize=8)
    axes.set_xlabel("estimate over truth, 95 % interval (log scale); red: misses")
    return figure


def sensitivity_figure(found: Sensitivity, study: Study, path: str | Path | None = None) -> Any:
    """National figure under each setting beside that as stated, one column a group; saved where a path is given."""
    groups = list(dict.fromkeys(found.table["group"]))
    tallest = int(found.table.groupby("group").size().max())
    figure, all_axes = check_page(
        study, "National prevalence under other assumptions", 0.26 * tallest + 1.9, len(groups)
    )
    for axes, group in zip(np.atleast_1d(all_axes), groups, strict=True):
        rows = found.table[(found.table["group"] == group) & found.table["median"].notna()].iloc[::-1]
        base = rows[rows["what"] == "as stated"].iloc[0]
        axes.axvspan(100 * base["lower"], 100 * base["upper"], color="#e4e4e4", zorder=0)
        axes.axvline(100 * base["median"], color=SOFT, linewidth=0.8)
        for place, (_, row) in enumerate(rows.iterrows()):
            axes.plot([100 * row["lower"], 100 * row["upper"]], [place, place], color=INK, linewidth=1.2)
            axes.plot(100 * row["median"], place, "o", color=INK, markersize=4)
        labels = [row["setting"] or row["what"] for _, row in rows.iterrows()]
        axes.set_yticks(range(len(rows)), labels, fontsize=8)
        axes.set_title(f"{group} (% of {study.hidden(group).denominator})", fontsize=10, loc="left")
        _log_axis(axes)
        axes.set_xlabel("median and 95 % interval, log scale", fontsize=8)
    return figure if path is None else save_figure(figure, path)


def _log_axis(axes: Axes) -> None:
    """A log scale with plain numbers, a few of them where it spans less than a power of ten."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set_xscale("log")
    low, high = axes.get_xlim()
    subs = (1.0, 2.0, 5.0) if high > NARROW * low else (1.0, 1.2, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
    axes.xaxis.set_major_locator(LogLocator(subs=subs))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())


def check_page(study: Study, title: str, height: float, columns: int = 1, rows: int = 1) -> tuple[Figure, Any]:
    """A figure of so many panels, with title, and stamped where answers are simulated."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5 + 4.5 * (columns - 1), max(height, 3.0)), layout="constrained")
    axes = figure.subplots(rows, columns)
    figure.suptitle(f"{title}{_stamp(study)}", fontsize=11, x=0.01, ha="left")
    return figure, axes


def _stamp(study: Study) -> str:
    return f"   [{SIMULATED}]" if study.synthetic else ""
