"""Surveys of one area whose answers are recorded inexactly: fitted as what they are, and as if they were exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

PEOPLE, RESPONDENTS, DISPERSION = 1_000_000, 400, 1.0
KNOWN = np.geomspace(0.002, 0.03, 8)
LARGE = np.geomspace(0.03, 0.1, 8)
"""Known groups for heaping: it moves answers of a few upwards and those of many hardly at all."""
HIDDEN = 0.01
BINS = ("0", "1-2", "3-5", "6-10", "11+")
ALLOWED = [77, 88, 97, 98, 99, 777, 888, 997, 998, 999]
KINDS: dict[str, dict[str, Any]] = {
    "top_coded": {"type": "count", "top_code": 3},
    "bins": {"type": "bins", "bins": list(BINS)},
    "any": {"type": "any"},
    "zero_one_more": {"type": "zero_one_more"},
    "heaped": {"type": "count", "heaped": True},
    "zero_inflated": {"type": "count", "zero_inflated": True},
}
"""Questions on every group are of the kind, but for zero inflation: there it is the hidden group's alone."""


def known_shares(kind: str) -> np.ndarray:
    """Shares of the known groups in the survey of a kind."""
    return LARGE if kind == "heaped" else KNOWN


GROUPS = [*(f"known_{k}" for k in range(len(KNOWN))), "hidden"]


def true_counts(kind: str, rng: np.random.Generator) -> np.ndarray:
    """How many members of each group each respondent knows (respondent, group)."""
    mean = np.exp(rng.normal(5.3, 0.6, RESPONDENTS))[:, None] * np.append(known_shares(kind), HIDDEN)
    return rng.poisson(rng.gamma(mean / DISPERSION) * DISPERSION)


def recorded(kind: str, counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The number that a naive reader would take from the record."""
    match kind:
        case "top_coded":
            return np.minimum(counts, 3)
        case "bins":
            # Coded by their middles; the open bin by its lower end.
            edges, middles = np.array([0, 1, 3, 6, 11]), np.array([0, 1, 4, 8, 11])
            return middles[np.searchsorted(edges, counts, side="right") - 1]
        case "any":
            return np.minimum(counts, 1)
        case "zero_one_more":
            return np.minimum(counts, 2)
        case "heaped":
            return heaped(counts, rng)
        case "zero_inflated":
            silent = rng.random(len(counts)) < 0.4
            return np.column_stack([counts[:, :-1], np.where(silent, 0, counts[:, -1])])
    raise ValueError(f"no such kind: {kind}")


def heaped(counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Reports exact (30 %), to the nearest five (30 %) or ten (40 %), halves up; never rounded to none."""
    base = rng.choice([1, 5, 10], counts.shape, p=[0.3, 0.3, 0.4])
    rounded = base * ((2 * counts + base) // (2 * base))
    return np.where(rounded == 0, counts, rounded)


def cells(kind: str, naive: np.ndarray) -> pd.DataFrame:
    """What a survey file of that kind would hold."""
    frame = pd.DataFrame(naive, columns=[f"q_{group}" for group in GROUPS])
    if kind == "bins":
        labels = dict(zip((0, 1, 4, 8, 11), BINS, strict=True))
        return frame.map(lambda value: labels[value])
    return frame


def study_of(frame: pd.DataFrame, shares: np.ndarray, answer: dict[str, Any], hidden_answer: dict[str, Any]) -> Any:
    """One area of a million, eight groups of known size, transmission of one by construction."""
    from nsum_bayes import Study

    stated = {"fixed": 1.0, "reason": "the simulation has no transmission error"}
    settings = {
        "study": {
            "title": "inexact answers",
            "construct": "simulated",
            "period": "none",
            "tie": "simulated",
            "frame": "area",
            "synthetic": True,
        },
        "survey": {"allowed_codes": ALLOWED},
        "question": [
            {"column": f"q_{g}", "group": g, "answer": hidden_answer if g == "hidden" else answer} for g in GROUPS
        ],
        "known": {},
        "hidden": [{"group": "hidden", "denominator": "everyone", "transmission": stated}],
        "areas": {"code": "code", "population": "people", "denominators": {"everyone": "people"}},
    }
    areas = pd.DataFrame({"code": ["A"], "people": [PEOPLE]})
    known = pd.DataFrame({"group": GROUPS[:-1], "area": "", "size": shares * PEOPLE})
    return Study.from_frames(settings, survey=frame, known=known, areas=areas)


def measured_replicate(kind: str, seed: int, draws: int = 250, tune: int = 300) -> list[dict[str, Any]]:
    """Estimate and interval of the hidden share by both codings of the same answers, beside the truth."""
    from nsum_bayes import estimate, fit, load_model

    rng = np.random.default_rng(seed)
    naive = recorded(kind, true_counts(kind, rng), rng)
    plain = {"type": "count"}
    declared = KINDS[kind]
    spec = load_model("overdispersed_known").replace(bias={})
    rows = []
    for coding in ("declared", "naive"):
        if coding == "naive":
            answers = (pd.DataFrame(naive, columns=[f"q_{g}" for g in GROUPS]), known_shares(kind), plain, plain)
        else:
            answers = (cells(kind, naive), known_shares(kind), plain if kind == "zero_inflated" else declared, declared)
        run = fit(spec, study_of(*answers), seed=seed, draws=draws, tune=tune, progress=False, reuse=coding == "naive")
        draws_of_share = estimate(run).draws["prevalence"].values[:, 0, 0]
        low, middle, high = np.quantile(draws_of_share, [0.025, 0.5, 0.975])
        rows.append(
            {
                "kind": kind,
                "seed": seed,
                "coding": coding,
                "log_ratio": float(np.log(middle / HIDDEN)),
                "inside": bool(low <= HIDDEN <= high),
                "log_width": float(np.log(high / low)),
            }
        )
    return rows
