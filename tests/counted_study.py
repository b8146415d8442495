"""A study made of plain arrays of answers, for estimators whose figures can be worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from nsum_bayes.data.study import Study

STATED = {"fixed": 0.8, "reason": "made up"}


def counted_study(
    known: np.ndarray,
    hidden: np.ndarray,
    sizes: dict[str, float],
    population: float | dict[str, float],
    *,
    area: np.ndarray | None = None,
    design: dict[str, np.ndarray] | None = None,
    reported: np.ndarray | None = None,
    known_table: pd.DataFrame | None = None,
    frame: str = "area",
    synthetic: bool = False,
    provinces: list[str] | None = None,
    answers: dict[str, dict[str, Any]] | None = None,
) -> Study:
    """Answers (respondent, group) about known groups, named by ``sizes``, and hidden groups ``hidden_1``, …

    ``population`` is of one area, or by area code; NaN is a missing answer; ``answers`` names kinds of answer by group.
    """
    hidden_names = [f"hidden_{number}" for number in range(1, hidden.shape[1] + 1)]
    names = [*sizes, *hidden_names]
    people = population if isinstance(population, dict) else {"01": population}
    frame_columns: dict[str, Any] = dict(zip(names, np.column_stack([known, hidden]).T, strict=True))
    frame_columns["area"] = np.full(len(hidden), "01") if area is None else area
    frame_columns |= design or {}
    areas = pd.DataFrame({"code": list(people), "people": list(people.values())})
    if provinces:
        areas["province"] = provinces
    questions = [{"column": name, "group": name, "answer": (answers or {}).get(name, {})} for name in names]
    if reported is not None:
        frame_columns["degree"] = reported
        questions.append({"column": "degree", "answer": {"type": "degree"}})
    table = pd.DataFrame({"group": list(sizes), "area": "", "size": list(sizes.values())})
    settings = {
        "study": {
            "title": "Counted",
            "construct": "made up",
            "period": "2025",
            "tie": "know",
            "frame": frame,
            "synthetic": synthetic,
            **({} if frame == "area" or len(people) < 2 else {"local_share": STATED}),
        },
        "survey": {"area": "area", **{role: role for role in design or {}}},
        "question": questions,
        "known": {},
        "hidden": [{"group": name, "denominator": "everyone", "transmission": STATED} for name in hidden_names],
        "areas": {
            "code": "code",
            "population": "people",
            "denominators": {"everyone": "people"},
            "levels": ["province"] if provinces else [],
        },
    }
    return Study.from_frames(
        settings,
        survey=pd.DataFrame(frame_columns),
        known=table if known_table is None else known_table,
        areas=areas,
    )
