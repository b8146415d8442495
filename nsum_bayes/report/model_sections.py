"""Sections on the model, its diagnosis, its parameters, and how all of it was made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nsum_bayes.checks.convergence import FEWEST_DRAWS, LARGEST_RHAT, NOT_REPORTED
from nsum_bayes.estimates.summaries import INTERVAL
from nsum_bayes.model.equations import SYMBOLS
from nsum_bayes.report.manifest import manifest_of
from nsum_bayes.report.material import Material
from nsum_bayes.report.pieces import Grid
from nsum_bayes.report.wording import INTERVAL_WORDS

OF_GROUPS = {"group", "hidden_group", "known_group", "kind", "covariate"}
"""Dimensions of parameters that tell nothing of one place or one respondent; a label that respondents gave may."""
MOST_ELEMENTS = 60
VERDICTS = {
    "publish": "The checks of the sampler found nothing against these figures.",
    "review": "Usable with care: the sampler missed some of its thresholds.",
    "stop": "NOT FIT TO PUBLISH: the draws cannot be trusted, and no figure here should be quoted.",
}
SEVERITIES = {"pass": "passed", "note": "note", "review": "review", "stop": "stop"}
BEFORE_RATHER = "They concern the draws, not the assumptions."


def symbol_table() -> Grid:
    """What the letters of the equations stand for."""
    return Grid("Letters", ("Letter", "Meaning"), tuple(SYMBOLS))


def component_table(material: Material) -> Grid:
    """The choice made for each component."""
    spec, absent = material.spec, "not part of this model"
    parts: dict[str, Any] = {
        "Counts": spec.counts.kind,
        "Network sizes": _used(degree=True, area_effects=spec.degree.area_sd, covariates=spec.degree.coefficient),
        "Reporting bias": _used(spread=spec.bias.sd, recall_slope=spec.bias.recall, kinds=spec.bias.kind_sd) or absent,
        "Rates": spec.rates.kind,
        "Prevalence over areas": _prevalence(material),
        "Waves": absent if spec.waves is None else "random walk of hidden groups, common shift of all groups",
        "Survey design": absent if spec.design is None else spec.design.kind,
        "Mixing": absent if spec.mixing is None else "ties that are not random",
        "Transmission and degree ratio": spec.transmission.kind,
        "Links between hidden groups": absent if spec.link is None else "modelled",
    }
    return Grid("Components", ("Component", "Choice"), tuple((name, str(choice)) for name, choice in parts.items()))


def _used(**parts: object) -> str:
    return ", ".join(name.replace("_", " ") for name, part in parts.items() if part)


def _prevalence(material: Material) -> str:
    part = material.spec.prevalence
    if part is None:
        return "not modelled by covariates and levels: rates take its place"
    return _used(
        intercept=True,
        covariates=part.uses_covariates,
        effects_of_levels=part.level_sd,
        effects_of_areas=part.area_sd,
        shared_with_neighbours=part.spatial,
        correlated_over_groups=part.correlation,
    )


def prior_table(material: Material) -> Grid:
    """Every prior with its reason."""
    rows = tuple(
        (f"{row['component']}.{row['parameter']}", row["prior"], row["reason"] or "not stated")
        for row in material.spec.prior_table()
    )
    return Grid("Priors", ("Parameter", "Prior", "Reason"), rows, name="prior-table")


# --- diagnosis ------------------------------------------------------------------------------------------------------


def verdict_words(material: Material) -> str:
    """The verdict of the checks in plain words, with what is behind it."""
    verdict = material.diagnosis.verdict
    found = [one.message for one in material.diagnosis.findings if one.severity == verdict]
    return " ".join([VERDICTS[verdict], *found, BEFORE_RATHER if verdict == "publish" else ""]).strip()


def finding_table(material: Material) -> Grid:
    """What the checks of the sampler found, and what to do about it."""
    rows = tuple(
        (SEVERITIES[one.severity], one.message, one.advice or "nothing") for one in material.diagnosis.findings
    )
    return Grid("Findings", ("Result", "Found", "To do"), rows, name="finding-table")


def sampling_words(material: Material) -> str:
    """How many draws, by what, and the thresholds that they are held against."""
    made, sizes = material.run.provenance, material.run.posterior.sizes
    return (
        f"{sizes['chain']} chains of {sizes['draw']:,} draws ({made.get('sampler', 'sampler not told')}, seed "
        f"{made['seed']}). Thresholds: R-hat at most {LARGEST_RHAT:g} and at least {FEWEST_DRAWS} bulk and tail "
        "effective draws for every parameter and every reported figure; no divergent transition."
    )


def parameter_table(material: Material) -> Grid:
    """Posterior of the parameters of groups and of everyone; none of a place or a respondent."""
    rows = tuple(_parameters(material)) if material.shows_nation else ()
    headings = ("Parameter", "Median", f"{INTERVAL_WORDS} interval", "R-hat", "Effective draws")
    return Grid("Parameters of the model", headings, rows, ("Median", "R-hat", "Effective draws"), "parameter-table")


def _parameters(material: Material) -> Iterator[tuple[str, ...]]:
    import arviz as az

    limits = [(1 - INTERVAL) / 2, 0.5, (1 + INTERVAL) / 2]
    for name, values in material.run.posterior.data_vars.items():
        dims = values.dims[2:]
        if not set(dims) <= OF_GROUPS or values[0, 0].size > MOST_ELEMENTS or str(name).endswith("_raw"):
            continue
        if str(name) in NOT_REPORTED or not float(values.std(("chain", "draw")).max()) > 0:
            continue
        with np.errstate(divide="ignore", invalid="ignore"):  # an element that never varies
            rhat, ess = np.ravel(az.rhat(values).values), np.ravel(az.ess(values, method="bulk").values)
        flat = values.values.reshape(-1, max(1, values[0, 0].size))
        labels = _labels(str(name), values)
        for label, column, one, other in zip(labels, flat.T, rhat, ess, strict=True):
            low, middle, high = np.quantile(column, limits)
            yield label, f"{middle:.3g}", f"{low:.3g} to {high:.3g}", f"{one:.3f}", f"{other:,.0f}"


def _labels(name: str, values: Any) -> list[str]:
    dims = values.dims[2:]
    if not dims:
        return [name]
    keys = values.isel(chain=0, draw=0, drop=True).stack(element=dims).coords["element"].values.tolist()
    told = [", ".join(map(str, key)) if isinstance(key, tuple) else str(key) for key in keys]
    return [f"{name}[{label}]" for label in told]


# --- provenance -----------------------------------------------------------------------------------------------------


def provenance_table(material: Material) -> Grid:
    """Everything needed to make the figures again."""
    said = manifest_of(material.estimates)
    rows = [(name.replace("_", " "), text) for name, text in _flat(said) if text]
    return Grid("How these figures were made", ("Entry", "Value"), tuple(rows), name="provenance-table")


def _flat(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, item in value.items():
        label = f"{above} · {name}" if above else str(name)
        if isinstance(item, Mapping):
            yield from _flat(item, label)
        elif isinstance(item, bool):
            yield label, "yes" if item else "no"
        else:
            yield label, ", ".join(map(str, item)) if isinstance(item, list | tuple) else str(item)
