"""Small surveys of one area made by hand, for tests of single parts of a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

PEOPLE = 1_000_000
KNOWN = {"teachers": 0.02, "twins": 0.01, "bakers": 0.006, "police": 0.004}
FIXED = {"fixed": 1.0, "reason": "not used"}


def settings_of(
    groups: list[str], hidden: list[dict[str, Any]], questions: list[dict[str, Any]] | None = None, **more: Any
) -> dict[str, Any]:
    """A study file of one area, or of areas with column ``code`` in the survey where ``area`` is given."""
    asked = [{"column": group, "group": group} for group in [*groups, *(row["group"] for row in hidden)]]
    raw = {
        "study": {
            "title": "small",
            "construct": "simulated",
            "period": "none",
            "tie": "simulated",
            "frame": "area",
            "synthetic": True,
        },
        "survey": {},
        "question": questions or asked,
        "known": {},
        "hidden": hidden,
        "areas": {"code": "code", "population": "people", "denominators": {"everyone": "people"}},
    }
    return {**raw, **more}


def binomial_study(respondents: int, transmission: float, share: float = 0.01, seed: int = 3) -> Any:
    """Binomial answers on four known groups and a hidden one of which a share is told."""
    from nsum_bayes import Study

    rng = np.random.default_rng(seed)
    degree = np.rint(np.exp(rng.normal(5.3, 0.5, respondents))).astype(int)
    shares = [*KNOWN.values(), share * transmission]
    survey = pd.DataFrame(rng.binomial(degree[:, None], shares), columns=[*KNOWN, "hidden"])
    hidden = [{"group": "hidden", "denominator": "everyone", "transmission": FIXED}]
    known = pd.DataFrame({"group": list(KNOWN), "area": "", "size": [s * PEOPLE for s in KNOWN.values()]})
    areas = pd.DataFrame({"code": ["A"], "people": [PEOPLE]})
    return Study.from_frames(settings_of(list(KNOWN), hidden), survey=survey, known=known, areas=areas)
