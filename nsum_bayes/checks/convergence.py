"""Did the sampler converge, and is the fit fit to publish?

Thresholds (Vehtari, Gelman, Simpson, Carpenter, Bürkner 2021, doi:10.1214/20-BA1221): four chains, R-hat at most 1.01,
bulk and tail effective draws at least 400 for every reported quantity, derived ones too; no divergent transition;
E-BFMI at least 0.3 in every chain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from nsum_bayes.checks.common_shift import shift_sentences
from nsum_bayes.estimates.rates import log_reported_rates
from nsum_bayes.estimates.waves import wave_shifts
from nsum_bayes.inference.fit import Fit
from nsum_bayes.inference.identification import repeated_priors

FEWEST_CHAINS = 4
LARGEST_RHAT = 1.01
STOP_RHAT = 1.05
FEWEST_DRAWS = 400
STOP_DRAWS = 100
LOWEST_BFMI = 0.3
STOP_DIVERGENT = 0.01
LABELS = {"rhat": "R-hat", "ess_bulk": "bulk effective draws", "ess_tail": "tail effective draws"}
SAME = 1e-9
NOT_REPORTED = ("log_degree", "covariate_missing", "size_error", "group_rate", "rate_mean", "rescale", "pooled")
"""Respondents, single gaps, and rates before they are rescaled: their common level means nothing and mixes slowly."""
REMEDY = {
    "bias": "Add known groups, or check the sizes of the groups with the largest bias.",
    "degree": "Check respondents with very large answers; tune longer.",
    "rate": "Sample longer; look for hidden groups with very few reports.",
    "area": "Sample longer, or tighten area_sd with a reason.",
    "overdispersion": "Check the group for heaped or top-coded answers.",
    "size": "Check the group for heaped or top-coded answers.",
}


@dataclass(frozen=True)
class Finding:
    """One finding: severity ``pass``, ``note``, ``review`` or ``stop``, a code, what was found, and what to do.

    A note bears on how a figure is read and not on whether the draws can be trusted.
    """

    severity: str
    code: str
    message: str
    advice: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """Findings of all convergence checks, and the figures behind them.

    Parameters
    ----------
    findings
        In the order of the checks.
    quantities
        R-hat, bulk and tail effective draws of every reported quantity (quantity).
    """

    findings: tuple[Finding, ...]
    quantities: pd.DataFrame

    @property
    def verdict(self) -> str:
        """``publish``, ``review`` or ``stop``."""
        severities = {finding.severity for finding in self.findings}
        return "stop" if "stop" in severities else "review" if "review" in severities else "publish"

    def table(self) -> pd.DataFrame:
        """The findings, one a row."""
        return pd.DataFrame([asdict(finding) for finding in self.findings])

    def to_dict(self) -> dict[str, Any]:
        """Verdict, findings and the extremes (None where there is none), for JSON."""
        extremes = {
            "largest_rhat": self.quantities["rhat"].max(),
            "fewest_bulk": self.quantities["ess_bulk"].min(),
            "fewest_tail": self.quantities["ess_tail"].min(),
        }
        worst = {name: None if pd.isna(value) else float(value) for name, value in extremes.items()}
        return {"verdict": self.verdict, "findings": [asdict(f) for f in self.findings], **worst}

    def __repr__(self) -> str:
        lines = [f"verdict: {self.verdict}"]
        for finding in self.findings:
            lines.append(f"  {finding.severity:6s} {finding.code}: {finding.message} {finding.advice}".rstrip())
        return "\n".join(lines)


def diagnose(fit: Fit) -> Diagnosis:
    """Check convergence of all parameters and of every reported rate: areas, levels and nation.

    Returns
    -------
    Diagnosis
        With a verdict: publish, review (a threshold missed, figures usable with care) or stop.

    Examples
    --------
    >>> from nsum_bayes import Fit, diagnose
    >>> diagnose(Fit.load("run.nc")).verdict  # doctest: +SKIP
    """
    quantities = pd.concat([_measures(part) for part in (_parameters(fit), _reported_rates(fit))])
    findings = [
        *_run_findings(fit),
        *_mixing_findings(quantities),
        *_sampler_findings(fit),
        *_identification_findings(fit),
        *_wave_findings(fit),
    ]
    return Diagnosis(tuple(findings), quantities)


def _parameters(fit: Fit) -> xr.Dataset:
    """Model parameters that describe groups, areas or everyone; building blocks and respondents are left out."""
    posterior = fit.posterior
    names = [n for n in posterior.data_vars if not str(n).endswith("_raw") and n not in NOT_REPORTED]
    names = [n for n in names if "cholesky" not in str(n)]
    return posterior[names]


def _reported_rates(fit: Fit) -> xr.Dataset:
    """Log reported rate of every area, level unit and the nation (chain, draw, unit), of every wave.

    Bias, transmission and degree ratio are left out: they are independent draws and would only hide bad mixing.
    """
    rng, shifting = (np.random.default_rng(np.random.SeedSequence((fit.seed, part))) for part in (2, 3))
    log_rate = log_reported_rates(fit, rng)
    found: dict[str, tuple[tuple[str, ...], np.ndarray]] = {}
    for wave, shift in zip(fit.study.waves or ("",), wave_shifts(fit, shifting), strict=True):
        found.update(_rates_of(fit, log_rate + shift, f", {wave}" if wave else ""))
    return xr.Dataset({name: (dims, np.log(values)) for name, (dims, values) in found.items()})


def _rates_of(fit: Fit, log_rate: np.ndarray, wave: str) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Reports of every unit in one wave (chain, draw, unit), from log rates (draw, area, hidden_group)."""
    sizes, areas, study = fit.posterior.sizes, fit.study.areas, fit.study
    shape, found = (sizes["chain"], sizes["draw"]), dict[str, tuple[tuple[str, ...], np.ndarray]]()
    for number, group in enumerate(study.hidden_groups):
        counts = np.exp(log_rate[:, :, number]) * areas.table[study.hidden(group).denominator].to_numpy(dtype=float)
        found[f"rate[{group}{wave}] area"] = (("chain", "draw", "area"), counts.reshape(*shape, -1))
        for level in (*areas.levels, "nation"):
            unit = np.zeros(len(areas)) if level == "nation" else areas.level_of(level)
            labels, index = np.unique(unit, return_inverse=True)
            summed = counts @ (index[:, None] == np.arange(len(labels))).astype(float)
            found[f"rate[{group}{wave}] {level}"] = (("chain", "draw", level), summed.reshape(*shape, -1))
    return found


def _measures(dataset: xr.Dataset) -> pd.DataFrame:
    """R-hat and effective draws of every element that varies, one a row."""
    import arviz as az

    varying = xr.Dataset({name: _varying(str(name), values) for name, values in dataset.data_vars.items()})
    with np.errstate(divide="ignore", invalid="ignore"):  # a chain that stands still divides by zero
        measures = {
            "rhat": az.rhat(varying),
            "ess_bulk": az.ess(varying, method="bulk"),
            "ess_tail": az.ess(varying, method="tail"),
        }
    columns = {
        measure: np.concatenate([np.asarray(values[name].values, dtype=float) for name in varying.data_vars])
        for measure, values in measures.items()
    }
    labels = [str(name) for name, values in varying.data_vars.items() for _ in range(values.shape[2])]
    return pd.DataFrame(columns, index=pd.Index(labels, name="quantity", dtype=str))


def _varying(name: str, values: xr.DataArray) -> xr.DataArray:
    """A variable's elements that are not the same in every draw (chain, draw, element).

    The diagonal of a correlation matrix is one up to rounding, and rounding errors do not mix.
    """
    flat = values.transpose("chain", "draw", ...).values
    flat = flat.reshape(*flat.shape[:2], -1)
    kept = flat.std(axis=(0, 1)) > SAME * np.abs(flat).max(axis=(0, 1))
    return xr.DataArray(flat[:, :, kept], dims=("chain", "draw", f"{name} element"))


def _run_findings(fit: Fit) -> Iterator[Finding]:
    chains = fit.posterior.sizes["chain"]
    if chains < FEWEST_CHAINS:
        yield Finding(
            "review", "chains", f"{chains} chains; {FEWEST_CHAINS} are needed to trust R-hat.", "Use 4 chains."
        )
    if fit.interrupted:
        made, asked = fit.provenance["draws_made"], fit.provenance["draws"]
        left = f"{made} of {asked} draws of {chains} of {fit.provenance['chains']} chains"
        yield Finding("review", "interrupted", f"Sampling was stopped; what is left is {left}.", "Fit again.")


def _mixing_findings(quantities: pd.DataFrame) -> Iterator[Finding]:
    if quantities.empty:
        yield Finding("stop", "rhat", "No quantity varies from draw to draw.", "Sample longer.")
    for column, label in LABELS.items():
        unknown = quantities[column].isna()
        if unknown.any():
            names = ", ".join(list(dict.fromkeys(quantities.index[unknown]))[:3])
            yield Finding("stop", column, f"The {label} cannot be computed for {names}.", "Sample longer.")
        if not unknown.all():
            yield _extreme(quantities[~unknown], column, label)


def _extreme(quantities: pd.DataFrame, column: str, label: str) -> Finding:
    """Compare the worst quantity of a column with its limits."""
    above = column == "rhat"
    limit, stop = (LARGEST_RHAT, STOP_RHAT) if above else (FEWEST_DRAWS, STOP_DRAWS)
    values = quantities[column] if above else -quantities[column]
    bound, hard = (limit, stop) if above else (-limit, -stop)
    name = str(values.idxmax())
    worst = float(quantities[column].max() if above else quantities[column].min())
    text = f"{label} {worst:.3f}" if above else f"{worst:.0f} {label}"
    if values.max() <= bound:
        return Finding("pass", column, f"{text} at worst ({name}).")
    severity = "stop" if values.max() > hard else "review"
    word = "over" if above else "under"
    count = int((values > bound).sum())
    advice = next((text for key, text in REMEDY.items() if name.startswith(key)), "Tune and sample longer.")
    return Finding(severity, column, f"{text} for {name}; {count} quantities {word} {limit:g}.", advice)


def _identification_findings(fit: Fit) -> Iterator[Finding]:
    for repeated in repeated_priors(fit):
        advice = "The survey says nothing about it; state the prior with the result, or add data that tell it."
        yield Finding("note", "identification", f"{str(repeated).capitalize()}.", advice)


def _wave_findings(fit: Fit) -> Iterator[Finding]:
    for sentence in shift_sentences(fit):
        advice = (
            "Networks or the way of asking changed; changes of hidden groups are told relative to that. Compare the "
        )
        yield Finding("note", "common_shift", sentence, f"{advice}questionnaires and the samples of the two waves.")


def _sampler_findings(fit: Fit) -> Iterator[Finding]:
    import arviz as az

    stats = fit.tree["sample_stats"].to_dataset()
    divergent = int(stats["diverging"].sum())
    total = int(stats["diverging"].size)
    if divergent == 0:
        yield Finding("pass", "divergences", "No divergent transition.")
    else:
        severity = "stop" if divergent > STOP_DIVERGENT * total else "review"
        advice = "Raise target_accept to 0.95 or more."
        yield Finding(severity, "divergences", f"{divergent} divergent transitions of {total}.", advice)
    if stats.sizes["draw"] < 2:
        yield Finding("stop", "bfmi", "The E-BFMI cannot be computed from one draw.", "Sample longer.")
        return
    lowest = float(az.bfmi(fit.tree)["energy"].min(skipna=False))
    severity = "pass" if lowest >= LOWEST_BFMI else "review"
    advice = "" if severity == "pass" else "Tune longer; heavy-tailed scales may want a tighter prior."
    yield Finding(severity, "bfmi", f"E-BFMI {lowest:.2f} at worst (limit {LOWEST_BFMI:g}).", advice)
