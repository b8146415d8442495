"""Surveys simulated from the Curitiba study (Salganik et al. 2011) as packaged in R NSUM 1.0; one area."""

from __future__ import annotations

from typing import Any

import pandas as pd

from tests.philippines import shared_data


def curitiba_study(which: str) -> Any:
    """The survey simulated under ``degree``, ``barrier``, ``transmission`` or ``combined``."""
    from nsum_bayes import Study

    folder = shared_data() / "peers"
    sizes = pd.read_csv(folder / "curitiba_params.csv")
    people = float(pd.read_csv(folder / "curitiba_scalars.csv").set_index("name")["value"]["N"])
    survey = pd.read_csv(folder / f"curitiba_sim_{which}.csv")[sizes["group"]]
    known = sizes[sizes["status"] == "known"]
    hidden = sizes.loc[sizes["status"] != "known", "group"]
    stated = {"fixed": 1.0, "reason": "not used: the model has no transmission"}
    settings = {
        "study": {"title": "Curitiba", "construct": "simulated", "period": "2010", "tie": "know", "frame": "nation"},
        "survey": {},
        "question": [{"column": group, "group": group} for group in sizes["group"]],
        "known": {},
        "hidden": [{"group": group, "denominator": "everyone", "transmission": stated} for group in hidden],
        "areas": {"code": "code", "name": "name", "population": "people", "denominators": {"everyone": "people"}},
    }
    areas = pd.DataFrame({"code": ["CWB"], "name": ["Curitiba"], "people": [people]})
    frame = pd.DataFrame({"group": known["group"], "area": "", "size": known["size"].astype(float)})
    return Study.from_frames(settings, survey=survey, known=frame, areas=areas)
