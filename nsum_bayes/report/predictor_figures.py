"""What each category of secondary data is worth, as one picture: a panel a view, a row a category."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nsum_bayes.report.check_figures import INK, MISS, SOFT, check_page
from nsum_bayes.report.figures import save_figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from nsum_bayes.checks.predictors import Predictors
    from nsum_bayes.data.study import Study


def predictors_figure(found: Predictors, study: Study, path: str | Path | None = None) -> Any:
    """One row of panels a hidden group; saved where a path is given."""
    groups = list(dict.fromkeys(found.table["group"]))
    views = _views(found.table)
    height = 0.34 * len(found.table) + 1.5 * len(groups) + 0.6
    title = "What each category of secondary data is worth"
    figure, panels = check_page(study, title, height, len(views), len(groups))
    panels = np.atleast_1d(panels).reshape(len(groups), len(views))
    for row, group in zip(panels, groups, strict=True):
        rows = found.table[found.table["group"] == group].iloc[::-1]
        for axes, (label, names) in zip(row, views, strict=True):
            _panel(axes, rows, names)
            axes.set_xlabel(label, fontsize=8)
            axes.set_yticks(range(len(rows)), [""] * len(rows))
        row[0].set_yticks(range(len(rows)), rows["category"], fontsize=9)
        told = "red: told from none" if rows["told"].any() else "no category told from none"
        row[0].set_title(f"{group} ({found.areas} surveyed areas; {told})", fontsize=10, loc="left")
    return figure if path is None else save_figure(figure, path)


def _views(table: pd.DataFrame) -> list[tuple[str, tuple[str, ...]]]:
    """Label and columns of each view that was taken."""
    views: list[tuple[str, tuple[str, ...]]] = [("share of variance between areas (Shapley), 95 %", ("split",))]
    schemes = [name.removesuffix("_lost") for name in table.columns if name.endswith("_lost")]
    views += [
        (f"log score by {scheme}: dot lost without, ring gained alone, ± 2 SE", (f"{scheme}_lost", f"{scheme}_gained"))
        for scheme in schemes
    ]
    if "forest" in table.columns:
        views.append(("variance lost when shuffled: dot boosting, ring forest", ("boosting", "forest")))
    return views


def _panel(axes: Axes, rows: pd.DataFrame, names: tuple[str, ...]) -> None:
    axes.axvline(0.0, color=SOFT, linewidth=0.8)
    for place, (_, row) in enumerate(rows.iterrows()):
        for number, name in enumerate(names):
            value, colour = row[name], MISS if row["told"] else INK
            if f"{name}_se" in row:
                low, high = value - 2 * row[f"{name}_se"], value + 2 * row[f"{name}_se"]
            else:
                low, high = row[f"{name}_lower"], row[f"{name}_upper"]
            at = place + 0.12 - 0.24 * number if len(names) > 1 else place
            axes.plot([low, high], [at, at], color=colour, linewidth=1.2)
            axes.plot(value, at, "o", color=colour, markersize=4, markerfacecolor="white" if number else colour)
    axes.tick_params(axis="x", labelsize=8)
    axes.margins(y=0.12)
