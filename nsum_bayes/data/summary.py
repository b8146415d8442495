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
        "respondent_cells": [] if study.cells is None else list(study.cells.covariates),
        "areas": _areas(study),
        "known_groups": [_known(study, group) for group in study.known_groups],
        "hidden_groups": [_hidden(study, group) for group in study.hidden_groups],
        "links": [{"group": link.group, "of": link.of, "mean": link.mean.text} for link in study.links],
        "local_share": None if study.local_share is None else study.local_share.text,
        "reported_degree": _reported_degree(study),
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
    """What the answers about a group look like together; an extreme would be one respondent's own answer.

    The mean is that of the lowest numbers that the answers allow.
    """
    column = study.survey.groups.index(group)
    answers, respect = study.survey.answers[:, column], study.survey.respect[:, column]
    given = answers[~np.isnan(answers)]
    levels = {} if np.isnan(respect).all() else {"respect_missing": int(np.isnan(respect).sum())}
    return {
        "group": group,
        "kind": study.kind_of(group),
        "answer": next(q.answer.text for q in study.settings.question if q.group == group),
        "missing": len(answers) - len(given),
        "share_of_zeros": float((given == 0).mean()),
        "mean_answer": float(given.mean()),
        **levels,
    }


def _reported_degree(study: Study) -> dict[str, Any] | None:
    """What respondents say of their network sizes, together."""
    if not study.reports_degree:
        return None
    reported = study.survey.reported_degree
    missing = int(np.isnan(reported).sum())
    return {"heaped": study.degree_heaped, "missing": missing, "mean": float(np.nanmean(reported))}


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
    members = {"members_asked": len(study.contacts[group])} if group in study.contacts else {}
    return {
        **_answers(study, group),
        "construct": hidden.construct,
        "denominator": hidden.denominator,
        "transmission": hidden.transmission.text,
        "degree_ratio": hidden.degree_ratio.text,
        **members,
    }
