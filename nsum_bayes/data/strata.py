"""Strata and sampling units within areas: who shares one, how large each stratum is, and what weights cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from nsum_bayes.data.study import Study


@dataclass(frozen=True)
class Strata:
    """Strata and sampling units.

    Parameters
    ----------
    strata, units
        Labels; a unit's begins with its area's code. Empty where the survey has no such column.
    stratum, unit
        Position of each respondent's (respondent,); zeros where there are none.
    share
        Share of each stratum among the people of each area of the frame (area, stratum): by the weights of the area's
        own respondents or, where nobody was asked, of all.
    """

    strata: tuple[str, ...]
    units: tuple[str, ...]
    stratum: np.ndarray
    unit: np.ndarray
    share: np.ndarray


def strata_of(study: Study) -> Strata:
    """The strata and sampling units of a study."""
    survey = study.survey
    design, size = survey.design, len(survey)
    blank = np.full(size, "", dtype=object)
    label = design["stratum"].astype(str).to_numpy() if "stratum" in design else blank
    strata, stratum = np.unique(label.astype(str), return_inverse=True)
    unit_label = blank
    if "unit" in design:
        parts = zip(survey.area, label, design["unit"].astype(str), strict=True)
        unit_label = np.array([" ".join(part) for part in parts], dtype=object)
    units, unit = np.unique(unit_label.astype(str), return_inverse=True)
    return Strata(
        tuple(strata.tolist()) if "stratum" in design else (),
        tuple(units.tolist()) if "unit" in design else (),
        stratum,
        unit,
        shares_by_weight(study, stratum, len(strata)),
    )


def shares_by_weight(study: Study, kind: np.ndarray, count: int) -> np.ndarray:
    """Share of each kind of respondent (area, kind): among an area's own by weight or, where nobody was asked, all.

    Parameters
    ----------
    kind
        Position of each respondent's kind, of so many (respondent,).
    """
    survey, codes = study.survey, study.areas.codes
    table = pd.crosstab(survey.area, kind, values=weights_of(study), aggfunc="sum").reindex(columns=range(count))
    own = table.fillna(0.0).to_numpy()
    share = np.tile(own.sum(axis=0) / own.sum(), (len(codes), 1))
    share[pd.Index(codes).get_indexer(pd.Index(table.index))] = own / own.sum(axis=1, keepdims=True)
    return np.asarray(share)


def weights_of(study: Study) -> np.ndarray:
    """Survey weights with mean one (respondent,); ones where there are none."""
    design = study.survey.design
    if "weight" not in design:
        return np.ones(len(study.survey))
    weight = design["weight"].to_numpy(dtype=float)
    return np.asarray(weight / weight.mean())


def design_effects(study: Study, degree: np.ndarray) -> np.ndarray:
    """What the design costs each hidden group (hidden_group,); at least one.

    The variance of the scale-up rate within areas under the design, over that of as many respondents drawn one by one
    with equal chances. Linearised: z_i = y_i − R_a d_i about the area's own rate R_a = Σ w y / Σ w d, so that what
    differs between areas, which a model of areas tells, is not counted as clustering.

    Parameters
    ----------
    degree
        A crude network size of each respondent (respondent,).
    """
    survey, known = study.survey, len(study.known_groups)
    answers = survey.answers[:, known:]
    told = ~np.isnan(answers)
    ones, found = np.ones(len(survey)), []
    weight, units = weights_of(study), strata_of(study)
    unit = units.unit if units.units else np.arange(len(survey))
    area = np.unique(survey.area, return_inverse=True)[1]
    stratum = area * (units.stratum.max() + 1) + units.stratum
    for y, there in zip(answers.T, told.T, strict=True):
        drawn = _variance(y[there], degree[there], weight[there], area[there], stratum[there], unit[there])
        alone = np.arange(int(there.sum()))
        simple = _variance(y[there], degree[there], ones[there], area[there], area[there], alone)
        found.append(max(1.0, drawn / simple) if simple > 0 and drawn > 0 else 1.0)
    return np.array(found)


def _variance(
    y: np.ndarray, d: np.ndarray, w: np.ndarray, area: np.ndarray, stratum: np.ndarray, unit: np.ndarray
) -> float:
    """Variance of Σ w z over (Σ w d)², units within strata drawn independently."""
    frame = pd.DataFrame({"area": area, "y": w * y, "d": w * d})
    sums = frame.groupby("area")[["y", "d"]].transform("sum")
    frame["z"] = frame["y"] - sums["y"] / sums["d"] * frame["d"]
    frame["stratum"], frame["unit"] = stratum, unit
    totals = frame.groupby(["stratum", "unit"])["z"].sum()
    by_stratum = totals.groupby("stratum")
    number = by_stratum.count()
    spread = by_stratum.var(ddof=1)[number > 1] * number[number > 1]
    return float(spread.sum() / (w * d).sum() ** 2)
