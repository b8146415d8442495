"""The simulated example of the R package networkscaleup (100 respondents, five groups) as a study, and a twin of it.

The example is not part of the project; set NSUM_SHARED_DATA to the folder that holds ``peers/``. The twin is drawn here
from the correlated model of Laga, Bao, Niu (2023, doi:10.1080/01621459.2023.2165929) with two covariates and a level of
respect, at the same sizes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nsum_bayes.data.study import Study
from tests.small_survey import PEOPLE, settings_of

GROUPS = ("group1", "group2", "group3", "group4", "group5")
KNOWN = ("group1", "group2", "group4")
HIDDEN = ("group3", "group5")
CORRELATION = np.eye(5)
CORRELATION[[0, 2, 1, 4], [2, 0, 4, 1]] = 0.7
"""Of the twin's residuals, in the order of the groups."""
SLOPE = 0.15
"""Of the twin's answers on the level of respect, where it has one."""
STATED = {"fixed": 1.0, "reason": "not used: the published models have no transmission"}


def example_study(folder: Path) -> Study:
    """The example without its covariates; ``folder`` holds the networkscaleup_example_* files."""
    answers = pd.read_csv(folder / "networkscaleup_example_ard.csv")[list(GROUPS)]
    sizes = pd.read_csv(folder / "networkscaleup_example_sizes.csv").set_index("group")["size"]
    return study_of_answers(answers, {group: float(sizes[group]) for group in KNOWN})


def study_of_answers(
    survey: pd.DataFrame, sizes: dict[str, float], covariates: tuple[str, ...] = (), respect: tuple[str, ...] = ()
) -> Study:
    """One area of a million with three known groups and two hidden ones; ``respect``: those that have a level."""
    questions = [{"column": g, "group": g, **({"respect": f"respect_{g}"} if g in respect else {})} for g in GROUPS]
    hidden = [{"group": group, "denominator": "everyone", "transmission": STATED} for group in HIDDEN]
    known = pd.DataFrame({"group": list(sizes), "area": "", "size": list(sizes.values())})
    areas = pd.DataFrame({"code": ["A"], "people": [PEOPLE]})
    settings = settings_of(list(KNOWN), hidden, questions, survey={"covariates": list(covariates)})
    return Study.from_frames(settings, survey=survey, known=known, areas=areas)


@dataclass(frozen=True)
class Twin:
    """A survey simulated from the correlated model, and what was true."""

    study: Study
    share: dict[str, float]
    log_degree: np.ndarray


def twin(respondents: int = 100, seed: int = 4, *, covariates: bool = False, residual_cv: float = 0.5) -> Twin:
    """Poisson answers with log-normal residuals; those of group1 and group3 go together, as do group2's and group5's.

    A correlation that all groups share would be told from nothing but the shape of degrees, which are log-normal too.
    With ``covariates``: a numeric and a binary one, and a level of respect from −4 to 0 for the hidden groups.
    """
    rng = np.random.default_rng(seed)
    share = dict(zip(GROUPS, (0.14, 0.06, 0.035, 0.08, 0.02), strict=True))
    log_degree = rng.normal(4.3, 0.5, respondents)
    variance = np.log1p(residual_cv**2)
    residual = rng.multivariate_normal(np.full(len(GROUPS), -variance / 2), variance * CORRELATION, respondents)
    survey: dict[str, Any] = {}
    effect = np.zeros((respondents, len(GROUPS)))
    if covariates:
        survey = {"age": rng.normal(40.0, 12.0, respondents).round(), "urban": rng.integers(0, 2, respondents)}
        effect += (survey["urban"] - survey["urban"].mean())[:, None] * np.array([0.3, -0.3, 0.0, 0.0, 0.5])
        for column, group in ((2, "group3"), (4, "group5")):
            survey[f"respect_{group}"] = -rng.integers(0, 5, respondents).astype(float)
            effect[:, column] += SLOPE * survey[f"respect_{group}"]
    mean = np.exp(log_degree[:, None] + np.log(list(share.values())) + residual + effect)
    frame = pd.DataFrame(rng.poisson(mean), columns=list(GROUPS)).assign(**survey)
    sizes = {group: share[group] * PEOPLE for group in KNOWN}
    extra = (("age", "urban"), HIDDEN) if covariates else ((), ())
    return Twin(study_of_answers(frame, sizes, *extra), share, log_degree)
