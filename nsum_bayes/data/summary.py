"""What `nsum check` shows of a study: counts and statements, no rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from nsum_bayes.data.study import Study


def described(study: Study) -> dict[str, Any]:
    """A study as plain values that JSON can hold; see `Study.describe`."""
    about = ("title", "construct", "period", "tie", "frame", "synthetic", "fictional_places")
    missing = int(np.isnan(study.survey.answers).sum())
    return {
        **{name: getattr(study, name) for name in about},
        "respondents": len(study.survey),
        "answers": int(study.survey.answers.size),
        "missing_answers": missing,
        "design": [str(column) for column in study.survey.design.columns],
        "respondent_covariates": [str(column) for column in study.survey.covariates.columns],
        "areas": _areas(study),
        "known_groups": [_known(study, group) for group in study.known_groups],
        "hidden_groups": [_hidden(study, group) for group in study.hidden_groups],
        "notes": list(study.notes),
        "hashes": dict(study.hashes),
    }


def _areas(study: Study) -> dict[str, Any]:
    areas, survey = study.areas, study.survey
    each = survey.respondents_by_area(survey.surveyed_areas)
    return {
        "count": len(areas),
        "surveyed": len(each),
        "respondents_per_surveyed_area": {
            "min": int(each.min()),
            "median": float(np.median(each)),
            "max": int(each.max()),
        },
        "levels": {level: int(areas.table[level].nunique()) for level in areas.levels},
        "population": float(areas.population.sum()),
        "denominators": {name: float(areas.table[name].sum()) for name in areas.denominators},
        "covariates": {category.category: list(category.columns) for category in areas.covariates},
        "geometry": areas.geometry is not None,
        "vintage": areas.vintage,
    }


def _answers(study: Study, group: str) -> dict[str, Any]:
    """What the answers about a group look like together; an extreme would be one respondent's own answer."""
    answers = study.survey.answers[:, study.survey.groups.index(group)]
    given = answers[~np.isnan(answers)]
    return {
        "group": group,
        "kind": study.kind_of(group),
        "missing": len(answers) - len(given),
        "share_of_zeros": float((given == 0).mean()),
        "mean_answer": float(given.mean()),
    }


def _known(study: Study, group: str) -> dict[str, Any]:
    rows = study.known.table[study.known.table["group"] == group]
    return {
        **_answers(study, group),
        "sizes": len(rows),
        "levels": sorted(set(rows["level"])),
        "with_standard_error": int(rows["se"].notna().sum()),
        "from_rosters": int(rows["rostered"].notna().sum()),
    }


def _hidden(study: Study, group: str) -> dict[str, Any]:
    hidden = study.hidden(group)
    return {
        **_answers(study, group),
        "construct": hidden.construct,
        "denominator": hidden.denominator,
        "transmission": hidden.transmission.text,
        "degree_ratio": hidden.degree_ratio.text,
    }
