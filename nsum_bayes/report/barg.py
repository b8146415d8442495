"""The points of the Bayesian analysis reporting guidelines (BARG), answered from the run.

Kruschke (2021), doi:10.1038/s41562-021-01177-7. Points are told in few words of our own.
"""

from __future__ import annotations

from nsum_bayes.report.checklist import DOES_NOT_APPLY, TO_SUPPLY, Point
from nsum_bayes.report.material import Material
from nsum_bayes.report.model_sections import sampling_words
from nsum_bayes.report.wording import INTERVAL_WORDS

REFERENCE = (
    "Kruschke JK (2021). Bayesian analysis reporting guidelines. Nature Human Behaviour 5, 1282–1291. "
    "doi:10.1038/s41562-021-01177-7"
)
NO_FACTORS = f"{DOES_NOT_APPLY}no Bayes factor and no posterior probability of a model is computed."
NO_DECISION = f"{DOES_NOT_APPLY}the analysis estimates and takes no decision."


def barg_points(material: Material) -> tuple[Point, ...]:
    """Every point of the six steps and of the preamble, in order."""
    steps = (_preamble, _model, _computation, _posterior, _decisions, _sensitivity, _reproducible)
    return tuple(point for step in steps for point in step(material))


def _preamble(material: Material) -> tuple[Point, ...]:
    return (
        Point("0 A", "why Bayesian", "Transmission, degree ratio and bias are known from outside or by analogy: as "
              "priors they widen the interval, and small areas borrow from others as far as the data allow."),
        Point("0 B", "goals", "Estimation, not testing: the share of members in the denominator, of the nation and of "
              "every level that may be shown, with its interval."),
    )  # fmt: skip


def _model(material: Material) -> tuple[Point, ...]:
    known, hidden = len(material.study.known_groups), len(material.study.hidden_groups)
    return (
        Point("1 A", "data", f"Answers of respondents on {known} known and {hidden} hidden groups; respondents' and "
              "areas' covariates: section 1."),
        Point("1 B", "likelihood and parameters", f"Counts of kind {material.spec.counts.kind}; equations and "
              "components: section 3. Sought is the prevalence; all else is in its service."),
        Point("1 C", "priors and their reasons", "The table of priors in section 3, each with its reason."),
        Point("1 D", "formal specification", f"Equations in section 3; `nsum models {material.spec.name} --toml` "
              "prints the model file of a named model."),
        Point("1 E", "prior predictive check", "Not run as part of this report: `prior_predictive_check(spec, study)`. "
              "That the survey told a parameter more than its prior is checked in section 4."),
    )  # fmt: skip


def _computation(material: Material) -> tuple[Point, ...]:
    found = material.diagnosis.to_dict()
    rhat, bulk, tail = (found[name] for name in ("largest_rhat", "fewest_bulk", "fewest_tail"))
    told = "not computed" if rhat is None else f"{rhat:.3f} at worst"
    draws = (
        "not computed" if None in (bulk, tail) else f"{bulk:,.0f} bulk and {tail:,.0f} tail effective draws at worst"
    )
    return (
        Point("2 A", "software", "Versions of everything used: section 10."),
        Point("2 B", "convergence", f"R-hat {told}, over all parameters and all reported figures. "
              f"{sampling_words(material)}"),
        Point("2 C", "resolution", f"{draws}, over all parameters and all reported figures."),
        Point("2 D", "if not by Markov chains", f"{DOES_NOT_APPLY}the posterior was sampled by Markov chains."),
    )  # fmt: skip


def _posterior(material: Material) -> tuple[Point, ...]:
    return (
        Point("3 A", "posterior predictive check", "Not run as part of this report: `nsum diagnose RUN --answers "
              "--figures pictures` draws replicated answers beside those given."),
        Point("3 B", "posterior of what is of interest", f"Medians and {INTERVAL_WORDS} equal-tailed intervals: the "
              "head and section 5; parameters: section 4."),
        Point("3 C", "Bayes factors", NO_FACTORS),
    )  # fmt: skip


def _decisions(_: Material) -> tuple[Point, ...]:
    return (
        Point("4 A", "why decisions", NO_DECISION),
        Point("4 B", "loss", "The figure quoted is the posterior median, the best under absolute loss; "
              "`Estimates.point` gives those under squared and relative loss."),
        Point("4 C", "region of practical equivalence", NO_DECISION),
        Point("4 D", "Bayes factor and its threshold", NO_FACTORS),
        Point("4 E", "estimates beside decisions", "Every statement comes with its figure and interval. A change "
              "between waves is called one from a probability of 95 % on, with and without drift of transmission."),
    )  # fmt: skip


def _sensitivity(material: Material) -> tuple[Point, ...]:
    run = material.sensitivity
    power = "Not run: power-scaling of each prior (`nsum sensitivity RUN`)."
    if run is not None:
        moving = run.power[run.power["sensitive"].astype(bool) & (run.power["part"] != "likelihood")]
        parts = sorted({str(part) for part in moving["part"]})
        found = f"sensitive to {', '.join(parts)}" if parts else "no prior moves the figure much"
        power = f"Power-scaling (section 6): {found}."
    stated = "Transmission and degree ratio over a grid: section 6."
    if material.surface is None:
        stated = "Transmission and degree ratio are part of the fit, or absent from the model; no grid can be given."
    return (
        Point("5 A", "broad priors", power),
        Point("5 B", "informed priors", f"{stated} The three weakest assumptions at the head say what "
              "follows from each."),
        Point("5 C", "default priors", f"{DOES_NOT_APPLY}every prior is stated in the model file; none is the "
              "software's."),
        Point("5 D", "Bayes factors", NO_FACTORS),
        Point("5 E", "decisions", NO_DECISION),
    )  # fmt: skip


def _reproducible(material: Material) -> tuple[Point, ...]:
    return (
        Point("6 A", "software and installation", f"nsum_bayes {material.estimates.meta.get('version', '')}; "
              "section 10."),
        Point("6 B", "script and data", f"`nsum fit STUDY --model {material.spec.name} --seed {material.run.seed}`, "
              "then `nsum report`; inputs by their checksums in section 10. The answers are restricted."),
        Point("6 C", "readable script", "Two commands; the study file says what every column means."),
        Point("6 D", "further files", f"{TO_SUPPLY}where study file, known sizes and secondary data are kept."),
        Point("6 E", "runs as posted", f"{TO_SUPPLY}that the posted files were run from an empty folder."),
        Point("6 F", "same results again", "The same seed, inputs and versions on the same kind of machine give the "
              "same draws."),
        Point("6 G", "figures again", "`nsum figures RUN` and `nsum report RUN` draw every figure from the saved fit."),
    )  # fmt: skip
