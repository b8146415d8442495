"""Do a model and a study fit together?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nsum_bayes.errors import ModelError
from nsum_bayes.model.spec import ModelSpec

if TYPE_CHECKING:
    from nsum_bayes.data.study import Study


def check_fit(spec: ModelSpec, study: Study) -> None:
    """Raise a ModelError where a model and a study do not fit together."""
    where = f"model {spec.name}"
    if not study.hidden_groups:
        what = "The study has no hidden group, so there is nothing to estimate."
        raise ModelError(what, where=where, advice="Add a [[hidden]] table to the study file.")
    if study.waves and spec.waves is None:
        what = f"The study has {len(study.waves)} waves, and the model takes all answers for those of one time."
        advice = "Use a model with [waves], such as `municipal_waves`, or a survey of one wave."
        raise ModelError(what, where=where, advice=advice)
    if study.waves and study.local_share is not None and len(study.areas) > 1:
        what = "Waves are not modelled where the question's frame is wider than the area."
        raise ModelError(what, where=where, advice="Fit one wave at a time.")
    if spec.design is not None and spec.design.kind == "weights" and not study.known_groups:
        what = "Weights need network sizes from known groups, and the study has none."
        raise ModelError(what, where=where, advice="Use a model without [design].")
    if study.links and spec.link is None:
        what = "The study links hidden groups, and the model has no [link]."
        raise ModelError(what, where=where, advice="Use the model `linked`, or remove the [[link]] tables.")
    if spec.link is not None and not study.links:
        what = "The model links hidden groups, and the study has no [[link]] table."
        raise ModelError(what, where=where, advice="Add a [[link]] table, or use a model without [link].")
    if study.local_share is not None and len(study.areas) > 1 and spec.prevalence is None:
        what = "Free and pooled rates cannot tell a frame wider than the area apart."
        raise ModelError(what, where=where, advice="Use a model with known rates, such as `municipal`.")
    if study.reports_degree and spec.prevalence is None:
        what = "Free and pooled rates know networks up to a factor only, and cannot use reported network sizes."
        raise ModelError(what, where=where, advice="Use a model with known rates, such as `municipal`.")
    if not study.known_groups and spec.prevalence is None:
        what = "Rates are rescaled to known groups, and the study has none."
        raise ModelError(what, where=where, advice="Use a model with known rates, such as `municipal`.")
