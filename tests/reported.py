"""A study with everything a report has to be careful with, its constructed fit, and results of checks of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from nsum_bayes.checks.sensitivity import Sensitivity
from nsum_bayes.estimates.from_fit import estimate
from nsum_bayes.inference.fit import Fit
from nsum_bayes.inference.refits import job_of
from nsum_bayes.model.spec import dumps
from nsum_bayes.report.check_tables import write_sensitivity
from tests.constructed import VISITED, constructed_fit, constructed_study
from tests.made_up import frame_of

NASTY = ('<script>alert("1")</script>', "O'Brien & <b>sons</b>")
HIDDEN_PLACE, FEW, MANY = VISITED[0], 6, 20
CANARY = "canarylabel"
STUDY = {
    "title": "A study & <i>more</i>",
    "construct": 'people "held" </style><b>and</b> sold',
    "period": "2025",
    "fictional_places": True,
}


def reported_fit(**about: Any) -> Fit:
    """A fit of twelve places with names that could break a page: six visited, one of them by too few to show."""
    frame = frame_of()
    names = [*frame.table["name"].iloc[:4], *NASTY, *frame.table["name"].iloc[6:]]
    frame.table["name"] = names
    asked = {code: FEW if code == HIDDEN_PLACE else MANY for code in VISITED}
    labels = pd.DataFrame({"village": [f"{CANARY}{number:04d}" for number in range(sum(asked.values()))]})
    study = constructed_study(
        frame, respondents_per_area=asked, settings={"study": STUDY | about}, respondent_covariates=labels
    )
    return constructed_fit(study)


def write_hold_out(run: Fit, path: Path, *, misses: int = 0, job: str = "") -> Path:
    """What `nsum holdout --out` leaves: every known group held out, some of them missed."""
    rows = [{"job": job or job_of("hold out group", 1, {"draws": 500}, run.study, dumps(run.spec))}]
    for number, group in enumerate(run.study.known_groups):
        missed = number < misses
        figures = {
            "truth": 0.01,
            "median": 0.03 if missed else 0.011,
            "lower": 0.02 if missed else 0.005,
            "upper": 0.05,
        }
        said = {"log_ratio": 1.1 if missed else 0.1, "inside": not missed, "rhat": 1.0, "divergent": 0}
        rows.append({"key": group, "result": [{"unit": group, "group": group, **figures, **said}]})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_changed(run: Fit, folder: Path, *, ratio: float = 1.5, stated: float = 1.0) -> Path:
    """What `nsum sensitivity --out` leaves: the figure as stated, and one refit that moves it."""
    rows = []
    for group, figures in estimate(run).national()["prevalence"].to_series().unstack("quantile").iterrows():
        lower, median, upper = (stated * value for value in figures.to_list())
        span = {"median": median, "lower": lower, "upper": upper}
        rows.append({"group": group, "what": "as stated", "setting": "", **span, "ratio": 1.0})
        moved = {name: ratio * value for name, value in span.items()}
        rows.append({"group": group, "what": "known group", "setting": "without twins", **moved, "ratio": ratio})
    power = pd.DataFrame([{"group": "held", "part": "prior of bias_sd", "index": 0.2, "sensitive": True}])
    write_sensitivity(Sensitivity(pd.DataFrame(rows), power, None, pd.DataFrame({"area": []}), {}), folder)
    return folder
