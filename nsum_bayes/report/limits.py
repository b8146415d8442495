"""What the method cannot tell: of network scale-up in general, and of what was counted in this run."""

from __future__ import annotations

from collections.abc import Iterator

from nsum_bayes.report.dictionary import CANNOT
from nsum_bayes.report.material import Material


def limits(material: Material) -> list[str]:
    """Sentences, those on this run first."""
    return [*_of_this_run(material), *CANNOT]


def _of_this_run(material: Material) -> Iterator[str]:
    study, meta = material.study, material.estimates.meta
    for group in material.groups:
        construct = str((meta.get("constructs") or {}).get(group) or study.construct)
        yield (
            f"Counted is who respondents took for one of the {group} ({construct}); whether each of them was one in "
            "the sense of the law or of a trained observer was not seen."
        )
    yield (
        f"A tie was: {study.tie.rstrip('.')}. Members without such ties to anybody in the frame are counted only as "
        "far as the degree ratio makes up for them."
    )
    if study.frame != "area":
        yield (
            f"Respondents told of people in the whole {study.frame}, so what they report says less of the own area; "
            "how much is a matter of the share of local ties that was stated."
        )
    total, visited = len(study.areas), len(study.survey.surveyed_areas)
    if visited < total:
        yield (
            f"Nobody was asked in {total - visited:,} of {total:,} areas. Their figures are predictions: a place that "
            "is unlike all others with the same secondary data is not found."
        )
    if meta.get("one_rate"):
        yield "This model gives every area the same prevalence: it says nothing of differences between places."
    if len(material.estimates.groups) > 1:
        yield "A person may belong to more than one of the hidden groups: their numbers do not add up."
    if study.waves:
        yield "Between waves, a changed report is changed prevalence or changed transmission; no answer tells which."
