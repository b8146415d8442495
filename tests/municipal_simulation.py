"""The published municipal simulation: 150 areas of a million, four known and two hidden groups, very uneven answers.

Design of Nyarko-Agyei et al., arXiv 2407.13267; the score is the mean absolute relative error over the two hidden
groups and all areas.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

AREAS, PEOPLE = 150, 1_000_000
LOG_INVERSE_SHARE = np.array([2.5, 3.5, 4.5, 5.0, 5.5, 6.5])
SIZE = np.array([35.0, 35.0, 35.0, 35.0, 2.0, 0.3])
N_KNOWN = 4


def simulated_answers(per_area: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Answers (respondent, group), area (respondent,) and true shares (area, group) of one replicate."""
    rng = np.random.default_rng(seed)
    inverse = rng.gamma(LOG_INVERSE_SHARE**2, 1.0 / LOG_INVERSE_SHARE, (AREAS, len(SIZE)))
    area = np.repeat(np.arange(AREAS), per_area)
    mean = np.exp(rng.normal(5.5, 1.0, len(area))[:, None] - inverse[area])
    answers = rng.poisson(rng.gamma(np.broadcast_to(SIZE, mean.shape)) * mean / SIZE)
    return answers, area, np.exp(-inverse)


def killworth_by_area(answers: np.ndarray, area: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Killworth's maximum likelihood estimate of the hidden shares by area, each with its own known sizes."""
    member = (area[:, None] == np.arange(AREAS)).astype(float)
    totals = member.T @ answers
    degrees = totals[:, :N_KNOWN].sum(axis=1) / share[:, :N_KNOWN].sum(axis=1)
    return totals[:, N_KNOWN:] / degrees[:, None]


def score(estimate: np.ndarray, share: np.ndarray) -> float:
    """Mean absolute relative error over areas and hidden groups."""
    actual = share[:, N_KNOWN:]
    return float((np.abs(estimate - actual) / actual).mean())


def simulated_study(answers: np.ndarray, area: np.ndarray, share: np.ndarray) -> Any:
    """One replicate as a study; transmission is one by construction, and says so."""
    from nsum_bayes import Study

    codes = np.array([f"{number:03d}" for number in range(AREAS)])
    names = [f"group_{number}" for number in range(len(SIZE))]
    survey = pd.DataFrame(answers, columns=names).assign(code=codes[area])
    areas = pd.DataFrame({"code": codes, "name": codes, "population": PEOPLE, "everyone": PEOPLE})
    sizes = [(names[k], code, share[a, k] * PEOPLE) for k in range(N_KNOWN) for a, code in enumerate(codes)]
    stated = {"fixed": 1.0, "reason": "the simulation has no transmission error"}
    settings = {
        "study": {
            "title": "municipal simulation",
            "construct": "simulated",
            "period": "none",
            "tie": "simulated",
            "frame": "area",
            "synthetic": True,
        },
        "survey": {"area": "code", "allowed_codes": [88, 98, 99, 888, 998, 999]},
        "question": [{"column": name, "group": name} for name in names],
        "known": {},
        "hidden": [{"group": n, "denominator": "everyone", "transmission": stated} for n in names[N_KNOWN:]],
        "areas": {
            "code": "code",
            "name": "name",
            "population": "population",
            "denominators": {"everyone": "everyone"},
        },
    }
    known = pd.DataFrame(sizes, columns=["group", "area", "size"])
    return Study.from_frames(settings, survey=survey, known=known, areas=areas)


def model_replicate(model: str, per_area: int, seed: int, draws: int = 500, tune: int = 700) -> dict[str, Any]:
    """Scores of Killworth and of a model on one replicate, coverage of its 95 % intervals, and the worst R-hat.

    `municipal` takes nb2 counts here, as the simulation does; `partially_pooled` is taken as published.
    """
    from nsum_bayes import diagnose, estimate, fit, load_model
    from nsum_bayes.model.spec import LogNormal, NegativeBinomial2

    answers, area, share = simulated_answers(per_area, seed)
    spec = load_model(model)
    if model == "municipal":
        spec = spec.replace(
            counts=NegativeBinomial2(size=LogNormal(median=3.0, log_sd=1.5, reason="sizes of 0.15 to 60"))
        )
    # Compiling counts for more than sampling where respondents are few.
    settings = {"draws": draws, "tune": tune, "progress": False, "reuse": per_area <= 30}
    run = fit(spec, simulated_study(answers, area, share), seed=seed, **settings)
    estimates = estimate(run)
    low, high = estimates.draws["prevalence"].quantile([0.025, 0.975], dim="draw").values
    actual = share[:, N_KNOWN:]
    diagnosis = diagnose(run).to_dict()
    return {
        "model": model,
        "per_area": per_area,
        "seed": seed,
        "killworth": score(killworth_by_area(answers, area, share), share),
        "relative": score(estimates.point("relative").values, share),
        "median": score(estimates.point("absolute").values, share),
        "coverage": float(((low <= actual) & (actual <= high)).mean()),
        "rhat": diagnosis["largest_rhat"],
        "fewest_bulk": diagnosis["fewest_bulk"],
        "divergent": int(run.tree["sample_stats"]["diverging"].sum()),
    }


def replicate(per_area: int, seed: int) -> dict[str, float]:
    """The same for `municipal`."""
    return model_replicate("municipal", per_area, seed)
