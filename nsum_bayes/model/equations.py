"""A model in the words and equations of the field, from its specification."""

from __future__ import annotations

from collections.abc import Iterator

from nsum_bayes.data.markup import grid, lines, panel
from nsum_bayes.model.spec import (
    BetaBinomial,
    Binomial,
    Counts,
    DesignEffects,
    DesignWeights,
    FreeRates,
    KnownRates,
    ModelSpec,
    NegativeBinomial1,
    NegativeBinomial2,
    Poisson,
    PooledRates,
)

SYMBOLS = (
    ("i, k, h, a", "respondent; group; hidden group; area"),
    ("y_ik", "answer to 'how many … do you know?'"),
    ("d_i", "degree: how many people the respondent knows in the frame of the question"),
    ("θ_ak", "share of ties in area a that is reported to be in group k"),
    ("π_ka", "prevalence: share of the group in its denominator D (known groups: in everyone, N)"),
    ("r_ha", "reported rate of a hidden group"),
    ("τ, δ, b", "transmission; degree ratio; reporting bias"),
)


def equations(spec: ModelSpec) -> list[str]:
    """The model as lines of equations, from answers to prevalence."""
    return [*_counts(spec), *_degree(spec), *_rates(spec), *_mixing(spec), *_outside(spec)]


def spec_markup(spec: ModelSpec) -> str:
    """What a notebook shows of a model: equations, and priors with their reasons."""
    rows = [(f"{row['component']}.{row['parameter']}", row["prior"], row["reason"]) for row in spec.prior_table()]
    return panel(f"{spec.name}: {spec.title}", lines(equations(spec)), grid(("parameter", "prior", "reason"), rows))


def _counts(spec: ModelSpec) -> Iterator[str]:
    mean = "d_i θ_a(i)k" if spec.mixing is None else "d_i θ_a(i)k exp(m_ik)"
    yield f"y_ik ~ {_law(spec.counts, mean)}"


def _law(counts: Counts, mean: str) -> str:
    match counts:
        case Poisson():
            return f"Poisson({mean})"
        case NegativeBinomial1():
            return f"NegativeBinomial(mean {mean}, variance ω_k × mean)"
        case NegativeBinomial2():
            return f"NegativeBinomial(mean μ = {mean}, variance μ + μ²/size_k)"
        case Binomial():
            return "Binomial(d_i, θ_a(i)k),   d_i continuous, above every answer"
        case BetaBinomial():
            return "Binomial(d_i, q_ik),   q_ik ~ Beta(mean θ_a(i)k, correlation ρ_k), integrated out; d_i continuous"
    raise TypeError(f"no equation for counts of kind {counts.kind}")


def _degree(spec: ModelSpec) -> Iterator[str]:
    part = spec.degree
    terms = ["degree_mean"]
    terms += ["x_i γ"] if part.coefficient is not None else []
    terms += ["u_a(i)"] if part.area_sd is not None else []
    terms += ["s_t(i)"] if spec.waves is not None else []
    in_units = isinstance(spec.design, DesignEffects) and spec.design.degree_unit_sd is not None
    terms += ["g_unit(i)"] if in_units else []
    bound = f",   log d_i > {part.lower:g}" if part.lower is not None else ""
    yield f"log d_i ~ Normal({' + '.join(terms)}, degree_sd){bound}"
    if part.area_sd is not None:
        yield "u_a ~ Normal(0, degree_area_sd)"
    if spec.waves is not None:
        yield f"s_1 = 0,   s_t ~ Normal(0, {spec.waves.degree_shift_sd:g})      what all known groups have in common"
    if in_units:
        yield "g ~ Normal(0, degree_unit_sd)"


def _rates(spec: ModelSpec) -> Iterator[str]:
    match spec.rates:
        case KnownRates():
            yield from _known(spec)
            yield from _prevalence(spec)
        case FreeRates(rescale=how):
            yield "log θ_k = g_k − C,   log d_i + C,   g_k ~ Normal(rate_mean, rate_sd)      all groups"
            yield f"C: rescaling to the known sizes in each draw, '{how}'"
            yield "log r_h = g_h − C − log (D_h / N)"
        case PooledRates():
            yield "log θ_ak = −ρ_ak,   ρ_ak ~ Gamma(mean μ_k, sd s_k)      all groups"
            yield "C_a = log mean_l [exp(−ρ_al) / (N_al / N_a)]      over the known groups l, in each area and draw"
            yield "log r_ha = −ρ_ah − C_a − log (D_ha / N_a)"


def _known(spec: ModelSpec) -> Iterator[str]:
    bias = " + b_k" if spec.bias.sd is not None else ""
    deviation = " + v_ak,   v_ak ~ Normal(0, deviation_sd)" if spec.known_sizes.deviation_sd is not None else ""
    yield f"log θ_ak = log (N_ka / N_a){bias}{deviation}      known groups"
    if spec.bias.sd is not None:
        terms = ["recall · log (N_k / N)"] if spec.bias.recall is not None else []
        terms += ["kind effect"] if spec.bias.kind_sd is not None else []
        yield f"b_k = {' + '.join([*terms, 'e_k'])},   e_k ~ Normal(0, bias_sd),   Σ_known b_k = 0"


def _prevalence(spec: ModelSpec) -> Iterator[str]:
    part = spec.prevalence
    if part is None:
        return
    terms = ["α_h"]
    terms += ["X_a β_h"] if part.uses_covariates else []
    terms += ["Σ_level v_h,level(a)"] if part.level_sd is not None else []
    terms += ["e_ha"] if part.area_sd is not None else []
    yield "log θ_ah = log r_ha + log (D_ha / N_a)      hidden groups"
    yield f"log r_ha = {' + '.join(terms)}"
    if part.shrinkage is not None:
        slab = f"{part.shrinkage.slab:g}"
        yield f"β_jh ~ Normal(0, s_ch),   s_ch = g_h λ_ch / √(1 + (g_h λ_ch / {slab})²)      c: category of covariate j"
    if part.level_sd is not None:
        yield "v_h,level ~ Normal(0, level_sd)"
    if part.spatial is not None:
        shared = {"bym2": "intrinsic field on neighbours", "hsgp": "Gaussian process by distance"}[part.spatial.kind]
        yield f"e_ha = area_sd_h (√(1 − ρ) v_ha + √ρ u_ha),   v ~ Normal(0, Ω),   u: {shared}"
    elif part.area_sd is not None:
        correlated = part.correlation is not None
        yield "e_a ~ Normal(0, diag(area_sd) Ω diag(area_sd))" if correlated else "e_ha ~ Normal(0, area_sd)"
    yield from _over_time_and_within(spec)
    if spec.link is not None:
        yield "N_Va = ν N_Pa exp(dev_a),   dev_a ~ Normal(0, deviation_sd)      V follows from P"


def _over_time_and_within(spec: ModelSpec) -> Iterator[str]:
    """Waves, and the survey's design."""
    if spec.waves is not None:
        own = " + f_hat" if spec.waves.deviation_sd is not None else ""
        yield f"log r_hat = log r_ha + w_ht{own}      wave t;  w_h1 = 0,   w_ht ~ Normal(w_h,t−1, wave_step_sd)"
        if own:
            yield "f_hat ~ Normal(0, wave_deviation_sd)"
    match spec.design:
        case DesignEffects():
            yield "log θ_ih = log θ_ah + stratum effect + unit effect,   each ~ Normal(0, its sd_h)"
            yield "log r_ha of the people = log r_ha + log Σ_s share_as exp(stratum effect) + unit_sd² / 2"
        case DesignWeights():
            yield "answers on hidden groups count w_i / (mean w · design effect_h) times"


def _mixing(spec: ModelSpec) -> Iterator[str]:
    part = spec.mixing
    if part is None:
        return
    terms = ["β_k x_ik"] if part.respect is not None or part.respect_sd is not None else []
    terms += ["z_i Γ_k"] if part.coefficient is not None or part.coefficient_sd is not None else []
    terms += ["b_ik"] if part.residual is not None else []
    yield f"m_ik = {' + '.join(terms) if terms else '0'}"
    if part.residual is not None:
        omega = "Ω" if part.correlation is not None else "I"
        yield f"b_i ~ Normal(−½ log(1 + c²), T {omega} T),   T_k² = log(1 + c_k²)"


def _outside(spec: ModelSpec) -> Iterator[str]:
    match spec.transmission.kind:
        case "none":
            yield "log π_ha = log r_ha      τ = δ = 1, b_h = 0: " + spec.transmission.reason
        case "study":
            own = "b_h ~ Normal(0, bias_sd √(1 + 1/K))" if spec.bias.sd is not None else "b_h = 0"
            yield f"log π_ha = log r_ha − b_h − log τ_h − log δ_h      {own}; τ, δ as the study states"
        case "joint":
            prior = "the model's prior" if spec.transmission.prior is not None else "as the study states"
            yield f"log r_ha = log π_ha + b_h + log τ_h + log δ_h      parameters of the model; τ: {prior}"
