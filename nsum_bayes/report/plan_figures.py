"""What designs of a survey would reach, as one picture: a panel a hidden group, a line a number of municipalities."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nsum_bayes.report.check_figures import MISS, SOFT, check_page
from nsum_bayes.report.figures import save_figure

if TYPE_CHECKING:
    from nsum_bayes.data.study import Study
    from nsum_bayes.planning import Plan


SHADES = ("#1b6ca8", "#3f9b8f", "#8aa62f", "#c98a1b", "#8a4f9e")


def plan_figure(found: Plan, study: Study, path: str | Path | None = None) -> Any:
    """Coefficient of variation of the nation against respondents; saved where a path is given."""
    groups = list(dict.fromkeys(found.table["group"]))
    figure, panels = check_page(study, "What a survey would tell", 4.2, len(groups), 1)
    ways = [(marker, colour) for marker in "osD^v" for colour in SHADES]
    for axes, group in zip(np.atleast_1d(panels).ravel(), groups, strict=True):
        rows = found.table[found.table["group"] == group]
        formula = rows.groupby("respondents")["formula"].min()
        axes.plot(formula.index, formula, "--", color=SOFT, linewidth=1.0, label="formula, best case")
        settings = rows.groupby(["municipalities", "known_groups"], sort=True)
        for number, (setting, line) in enumerate(settings):
            line = line.dropna(subset=["nation"]).sort_values("respondents")
            if line.empty:
                continue
            text = f"{setting[0]} municipalities, {setting[1]} known groups"  # type: ignore[index]
            (marker, colour), error = ways[number % len(ways)], line["nation_error"].fillna(0.0)
            look: dict[str, Any] = {"fmt": f"{marker}-", "color": colour, "markersize": 4}
            axes.errorbar(line["respondents"], line["nation"], error, label=text, **look)
            axes.plot(line["respondents"], line["survey"], ":", color=colour, linewidth=1.0)
        axes.axhline(found.target, color=MISS, linewidth=0.9)
        axes.annotate(
            "target", (1.0, found.target), xycoords=("axes fraction", "data"), fontsize=7, color=MISS, ha="right"
        )
        axes.set_ylim(bottom=0.0)
        axes.set_title(group, fontsize=10, loc="left")
        axes.set_xlabel("respondents", fontsize=8)
        axes.set_ylabel("cv of the national figure\n(dotted: of what is reported)", fontsize=8)
        axes.tick_params(labelsize=8)
    handles, labels = np.atleast_1d(panels).ravel()[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels)), fontsize=7, frameon=False)
    return figure if path is None else save_figure(figure, path)
