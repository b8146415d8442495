"""The components a model is made of: one frozen class a kind; what each says stands in its docstring."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from nsum_bayes.model.prior_vocabulary import (
    LKJ,
    Beta,
    Dirichlet,
    HalfNormal,
    InterceptPrior,
    LocationPrior,
    LogNormal,
    Normal,
    OverdispersionPrior,
    Part,
    ScalePrior,
    SharePrior,
)


class Poisson(Part):
    """y ~ Poisson(d θ)."""

    kind: Literal["poisson"] = "poisson"


class NegativeBinomial1(Part):
    """y ~ NB with mean d θ and variance ω · mean; ``overdispersion`` is ω − 1, one value a group."""

    kind: Literal["nb1"] = "nb1"
    overdispersion: OverdispersionPrior


class NegativeBinomial2(Part):
    """y ~ NB with mean μ = d θ and variance μ + μ²/r; ``size`` is r, one value a group."""

    kind: Literal["nb2"] = "nb2"
    size: ScalePrior


class Binomial(Part):
    """y ~ Binomial(d, θ) with a continuous degree d, at least the respondent's largest answer."""

    kind: Literal["binomial"] = "binomial"


class BetaBinomial(Part):
    """y ~ Binomial(d, q), q ~ Beta with mean θ and within-group correlation ρ, integrated out; d continuous.

    ``correlation`` is ρ (0 to 1), one value a group: Beta(θ (1/ρ − 1), (1 − θ) (1/ρ − 1)). Barrier effects of Maltiel,
    Raftery, McCormick, Baraff (2015), doi:10.1214/15-AOAS827.
    """

    kind: Literal["beta_binomial"] = "beta_binomial"
    correlation: ScalePrior


Counts = Annotated[
    Poisson | NegativeBinomial1 | NegativeBinomial2 | Binomial | BetaBinomial, Field(discriminator="kind")
]


class Measurement(Part):
    """How answers that are not plain counts, and reported network sizes, are taken; idle where a study has none.

    ``heaping``: shares of respondents' reports that are exact, rounded to the nearest five, to the nearest ten.
    ``zero_inflation``: chance that a zero-inflated question is answered with zero whatever the truth.
    ``report_sd``: log R_i ~ Normal(log d_i + c, report_sd) for a reported network size R; ``report_bias_sd``: c ~
    Normal(0, report_bias_sd). Known groups tell c; without any it is drawn after sampling and widens the estimate.
    """

    heaping: Dirichlet = Dirichlet(weights=(4.0, 1.0, 1.0), reason="most small counts are given exactly")
    zero_inflation: Beta = Beta(mean=0.2, sd=0.16, reason="Beta(1, 4): mostly small, up to half")
    report_sd: ScalePrior = HalfNormal(sd=0.5, reason="reported sizes within a factor of 2.7 of the truth, mostly")
    report_bias_sd: float = Field(default=0.3, gt=0, description="sd of the log of the common error of reported sizes")


class Degree(Part):
    """log d_i = mean + x_i γ + u_area(i) + sd z_i.

    ``area_sd`` absent: no area effect. ``coefficient`` absent: respondent covariates are not used; ``covariates`` names
    the columns that are (by default all that no group-specific coefficient uses). ``lower``: log degrees lie above it.
    """

    mean: LocationPrior
    sd: ScalePrior
    area_sd: ScalePrior | None = None
    coefficient: Normal | None = None
    covariates: tuple[str, ...] | None = None
    lower: float | None = None


class Bias(Part):
    """b_k = recall · (log share_k − mean) + kind effect + e_k, e_k ~ Normal(0, sd); those of known groups sum to zero.

    The hidden groups draw theirs from the same distribution, by their own size and kind. ``sd`` absent: no bias term
    (the plain model). ``recall``: slope on the log size (larger groups are under-recalled).
    ``kind_sd``: spread of effects of groups' kinds (name, occupation, event) as the study file gives them.
    """

    sd: ScalePrior | None = None
    recall: Normal | None = None
    kind_sd: ScalePrior | None = None

    @model_validator(mode="after")
    def _with_sd(self) -> Bias:
        if self.sd is None and (self.recall or self.kind_sd):
            raise ValueError("a recall slope or kind effects need 'sd' too")
        return self


class KnownSizesUse(Part):
    """How known sizes enter.

    ``deviation_sd`` present: where a group's size is known only for a level wider than the area, each surveyed area's
    share deviates by exp(v_ak), v ~ Normal(0, deviation_sd). ``roster_mean`` and ``roster_sd`` are the distribution of
    log shares that roster counts (members of rostered) are drawn from.
    """

    deviation_sd: ScalePrior | None = None
    roster_mean: Normal = Normal(mean=-5.0, sd=2.0, reason="shares of 0.01 % to 30 %")
    roster_sd: HalfNormal = HalfNormal(sd=1.0, reason="areas within a factor of seven of one another")


class Bym2(Part):
    """Area effects that neighbours share in part: e_h = area_sd_h (√(1 − ρ) v_h + √ρ u_h), u on the map of neighbours.

    ``share``: ρ, the share of the variance that neighbours share.
    """

    kind: Literal["bym2"] = "bym2"
    share: SharePrior


class Hsgp(Part):
    """Area effects that follow a smooth surface in part: e_h = area_sd_h (√(1 − ρ) v_h + √ρ f_h), f by distance.

    ``share``: ρ. ``length_km``: length scale of the surface, whose covariance is Matérn 3/2 of the great-circle
    distance between centroids.
    """

    kind: Literal["hsgp"] = "hsgp"
    share: SharePrior
    length_km: LogNormal


Spatial = Annotated[Bym2 | Hsgp, Field(discriminator="kind")]


class Shrinkage(Part):
    """Coefficients shrunk by category of data: β_j = s_c(j) z_j, s_c = g λ_c, bounded by ``slab``.

    ``overall``: g, how far categories matter at all. ``category``: λ_c, each one's own scale, heavy-tailed.
    ``slab``: the largest standard deviation that coefficients of a category can have.
    """

    overall: ScalePrior
    category: ScalePrior
    slab: float = Field(gt=0)


class Prevalence(Part):
    """log r_ha = α_h + X_a β_h + level effects + area effect: the *reported* rate of a hidden group per denominator.

    ``coefficient`` and ``shrinkage`` absent: covariates are not used; give one of them. ``level_sd`` / ``area_sd``
    absent: no effects of that kind. ``correlation`` present: area effects of several hidden groups are correlated.
    ``spatial`` present: neighbours share a part of their area effects.
    """

    intercept: InterceptPrior
    coefficient: Normal | None = None
    shrinkage: Shrinkage | None = None
    level_sd: ScalePrior | None = None
    area_sd: ScalePrior | None = None
    correlation: LKJ | None = None
    spatial: Spatial | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Prevalence:
        if self.spatial is not None and self.area_sd is None:
            raise ValueError("a spatial term is a part of the area effects: it needs 'area_sd'")
        if self.coefficient is not None and self.shrinkage is not None:
            raise ValueError("give 'coefficient' or 'shrinkage', not both")
        return self

    @property
    def uses_covariates(self) -> bool:
        """Whether area covariates enter."""
        return self.coefficient is not None or self.shrinkage is not None


class Transmission(Part):
    """How transmission τ and degree ratio δ enter.

    ``study``: as the study file states them, divided out after sampling. ``joint``: the same statements as parameters
    of the model, beside the hidden group's own bias; ``prior`` takes the place of the study's statement on τ, as in the
    published models, and a normal prior of the prevalence's intercept is then of the true share. ``none``: the model
    has no such term, for the reason given.
    """

    kind: Literal["study", "joint", "none"] = "study"
    prior: Beta | None = None
    reason: str = ""

    @model_validator(mode="after")
    def _reason_given(self) -> Transmission:
        if self.kind == "none" and not self.reason:
            raise ValueError("a model without transmission must give its reason")
        if self.prior is not None and self.kind != "joint":
            raise ValueError("a prior of the transmission belongs to kind = 'joint'")
        return self


class Mixing(Part):
    """Ties that are not random: what differs between respondents beyond their degree, by group.

        log mean_ik = log d_i + log θ_ak + respect_k · x_ik + z_i Γ_k + b_ik

    ``residual``: c_k, the coefficient of variation that exp(b_ik) adds: b_ik has mean −½ log(1 + c_k²) and variance
    log(1 + c_k²). ``correlation``: the b_i of one respondent are correlated over groups (Laga, Bao, Niu 2023).
    ``respect``: prior of the slope on the level of respect x_ik (of groups whose question names such a column);
    ``respect_sd`` in its place: the slopes are Normal(0, s), s with this prior (Teo et al. 2019). ``coefficient`` /
    ``coefficient_sd``: the same for group-specific coefficients of respondent covariates; ``covariates`` names them
    (by default all).
    """

    residual: ScalePrior | None = None
    correlation: LKJ | None = None
    respect: Normal | None = None
    respect_sd: ScalePrior | None = None
    coefficient: Normal | None = None
    coefficient_sd: ScalePrior | None = None
    covariates: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Mixing:
        if self.correlation is not None and self.residual is None:
            raise ValueError("a correlation needs a residual")
        for name in ("respect", "coefficient"):
            if getattr(self, name) is not None and getattr(self, f"{name}_sd") is not None:
                raise ValueError(f"give '{name}' or '{name}_sd', not both")
        return self


class KnownRates(Part):
    """Known sizes are data: log θ_ak = log share_ak + b_k; hidden groups' rates follow `Prevalence`."""

    kind: Literal["known"] = "known"


class FreeRates(Part):
    """Every group's log rate is free, r_k ~ Normal(mean, sd), and rescaled to known sizes in each draw.

    ``rescale`` says by how much, C; then log rate −= C and log degree += C.
    ``all``: C = log mean_l [e^{r_l} / share_l] over the known groups l. ``weighted`` (``weighted_sq``): the mean
    weighted by the (squared) correlation of the hidden group with each known one, draw by draw, negative ones as zero
    (Laga et al. 2023). ``groups``: C = log(Σ_G1 e^r / Σ_G1 share) + ½ [log(Σ_B2 e^r / Σ_B2 share) − log(Σ_G2 e^r /
    Σ_G2 share)]
    with Zheng et al.'s sets of rare names (``primary``, G1; empty: all known groups), popular names of the same sex
    (``secondary``, G2) and of the other (``opposite``, B2).
    """

    kind: Literal["free"] = "free"
    mean: LocationPrior
    sd: ScalePrior
    rescale: Literal["all", "weighted", "weighted_sq", "groups"] = "all"
    primary: tuple[str, ...] = ()
    secondary: tuple[str, ...] = ()
    opposite: tuple[str, ...] = ()


class PooledRates(Part):
    """−log θ_ak = ρ_ak ~ Gamma(mean μ_k, sd s_k), partially pooled over areas, rescaled by area and draw.

    C_a = log mean_l [e^{−ρ_al} / share_al], log prevalence_ak = −ρ_ak − C_a (Nyarko-Agyei et al., arXiv 2407.13267).
    """

    kind: Literal["pooled"] = "pooled"
    mean: ScalePrior
    sd: ScalePrior


Rates = Annotated[KnownRates | FreeRates | PooledRates, Field(discriminator="kind")]


class Waves(Part):
    """log r_hat = log r_ha + w_ht + e_hat over waves t; log degrees shift by s_t.

    ``step_sd``: w_ht ~ Normal(w_h,t−1, step_sd_h), zero in the first wave. ``deviation_sd``: e_hat ~ Normal(0, ·), an
    area's own deviation in a wave; absent, areas move together. ``degree_shift_sd``: s_t ~ Normal(0, ·), what all known
    groups have in common. ``transmission_step_sd``: sd of the change of log τ from one wave to the next where the study
    states no other; no answer tells it, so it is drawn after sampling.
    """

    step_sd: ScalePrior
    deviation_sd: ScalePrior | None = None
    degree_shift_sd: float = Field(gt=0)
    transmission_step_sd: float = Field(ge=0)
    reason: str = ""


class DesignEffects(Part):
    """Strata and sampling units of the survey as effects, where it has such columns.

    ``stratum_sd`` and ``unit_sd``: on the log reported rate of the hidden groups, ``degree_unit_sd``: of units on log
    degree. An area's rate is the mean over its strata, by their share of its people, and over its units.
    """

    kind: Literal["effects"] = "effects"
    stratum_sd: ScalePrior | None = None
    unit_sd: ScalePrior | None = None
    degree_unit_sd: ScalePrior | None = None


class DesignWeights(Part):
    """Weights of the survey as a pseudo-likelihood of the answers on hidden groups, divided by the design effect."""

    kind: Literal["weights"] = "weights"


SurveyDesign = Annotated[DesignEffects | DesignWeights, Field(discriminator="kind")]


class Link(Part):
    """Hidden groups that imply each other, as the study's [[link]] tables state.

        log prevalence_Va + log D_Va = log prevalence_Pa + log D_Pa + log ν + dev_a,   dev_a ~ Normal(0, deviation_sd)

    V is ``group`` and P is ``of``; ν is the mean number of V per P, with the study's prior.
    """

    deviation_sd: ScalePrior
