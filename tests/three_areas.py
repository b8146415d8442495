"""The smallest study: three areas, one known group, one hidden group, one respondent each."""

from __future__ import annotations

from typing import Any

import pandas as pd

from nsum_bayes import Study


def three_areas(columns: dict[str, list[float]] | None = None, links: pd.DataFrame | None = None, **more: Any) -> Study:
    """The study with more columns of the areas, links between them, and more in the [areas] table."""
    settings = {
        "study": {"title": "t", "construct": "c", "period": "2025", "tie": "t", "frame": "area", "synthetic": True},
        "survey": {"area": "code"},
        "question": [{"column": "q_k", "group": "k"}, {"column": "q_h", "group": "h"}],
        "hidden": [{"group": "h", "denominator": "all", "transmission": {"fixed": 0.5, "reason": "t"}}],
        "areas": {"code": "code", "population": "pop", "denominators": {"all": "pop"}, **more},
    }
    return Study.from_frames(
        settings,
        survey=pd.DataFrame({"code": list("abc"), "q_k": [1, 2, 3], "q_h": [0, 1, 0]}),
        known=pd.DataFrame({"group": ["k"], "area": [""], "size": [10.0]}),
        areas=pd.DataFrame({"code": list("abc"), "pop": [100.0, 200.0, 300.0], **(columns or {})}),
        links=links,
    )
