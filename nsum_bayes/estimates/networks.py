"""Network sizes: how many people the people of an area know, on average.

    mean d_a = Σ_c share_ac exp(mean + x_c γ + u_a + sd² / 2)

c runs over kinds of respondent: those of the study's cells, each by its number of people, or else those who were met,
each by its weight. A rate among ties does not depend on how many ties there are, so prevalence is left as it is, but
where covariates act on groups one by one (`model.mixing`): who knows members of the hidden group is then one kind of
respondent more than another, and the rate among all ties of an area is

    log r_ah + m_ah − mean_k m_ak,    m_ak = log Σ_c share_ac exp(x_c γ + z_c Γ_k) − log Σ_c share_ac exp(x_c γ)

Known groups, k, lose what they gain, since it is all people's answers about them that their known sizes are of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nsum_bayes.data.strata import shares_by_weight
from nsum_bayes.errors import ModelError
from nsum_bayes.estimates.rates import flat_draws, in_all_areas, modelled_areas, unseen
from nsum_bayes.estimates.summaries import INTERVAL, Suppression
from nsum_bayes.model.inputs import covariate_columns
from nsum_bayes.model.spec import FreeRates, PooledRates

if TYPE_CHECKING:
    from nsum_bayes.inference.fit import Fit

FIGURES = ("network_size_median", "network_size_lower", "network_size_upper")
OVER_CELLS, OVER_RESPONDENTS, ALIKE = "people, by cells", "respondents, by weight", "all alike"


def network_sizes(
    fit: Fit, level: str | Sequence[str] = "area", *, suppress: Suppression | None = None, seed: int | None = None
) -> pd.DataFrame:
    """Mean network size of the people of each area, or of a wider unit.

    Parameters
    ----------
    fit
        A fitted model.
    level
        "area", one of the levels, or "nation", or several of them; wider units by population.
    suppress
        Units with fewer respondents show no figure; ten by default.
    seed
        Of the effects of areas nobody visited; by default follows the fit's.

    Returns
    -------
    pandas.DataFrame
        One row a unit (and wave): ``unit``, ``level``, ``wave``, ``population``, ``respondents``, ``averaged_over``,
        and the median and 95 % interval of the mean number of people known.

    Raises
    ------
    ModelError
        A model whose network sizes are bounded from below.

    Examples
    --------
    >>> from nsum_bayes import Fit, network_sizes
    >>> network_sizes(Fit.load("run.nc"), "nation")  # doctest: +SKIP
    """
    rng = np.random.default_rng(np.random.SeedSequence((fit.seed if seed is None else seed, 3)))
    mean = np.exp(log_network_sizes(fit, rng))
    levels = (level,) if isinstance(level, str) else level
    tables = [table for one in levels for table in _of_level(fit, one, mean, suppress or Suppression())]
    return pd.concat(tables, ignore_index=True)


def _of_level(fit: Fit, level: str, mean: np.ndarray, suppress: Suppression) -> Iterator[pd.DataFrame]:
    """A table a wave, from the mean network sizes of areas (wave, draw, area)."""
    areas, study = fit.study.areas, fit.study
    people, of_unit = areas.population, areas.level_of(level)
    units = np.array(list(dict.fromkeys(of_unit)))
    member = units[:, None] == of_unit[None, :]
    tail = (1.0 - INTERVAL) / 2.0
    for number, wave in enumerate(study.waves or ("",)):
        by_unit = mean[number] @ (member * people).T / (member * people).sum(axis=1)
        survey = study.survey.of_wave(wave) if wave else study.survey
        asked = member.astype(int) @ survey.respondents_by_area(areas.codes)
        figures = np.quantile(by_unit, (0.5, tail, 1.0 - tail), axis=0)
        figures[:, suppress.hides(asked)] = np.nan
        table = pd.DataFrame({"unit": units, "level": level, "wave": wave, "population": member @ people})
        told = dict(zip(FIGURES, figures, strict=True))
        yield table.assign(respondents=asked, averaged_over=averaged_over(fit), **told)


def averaged_over(fit: Fit) -> str:
    """Whom network sizes are averaged over, in words."""
    if "degree_coefficient" not in fit.posterior:
        return ALIKE
    return OVER_RESPONDENTS if fit.study.cells is None else OVER_CELLS


def log_network_sizes(fit: Fit, rng: np.random.Generator) -> np.ndarray:
    """Log of the mean network size of the people of each area (wave, draw, area)."""
    posterior, spec = fit.posterior, fit.spec
    if spec.degree.lower is not None:
        what = "Network sizes are bounded from below in this model, and their mean is not worked out for that."
        raise ModelError(what, where=f"model {spec.name}, [degree]", advice="Leave 'lower' out.")
    spread = flat_draws(posterior, "degree_sd") ** 2
    if "degree_unit_sd" in posterior:
        spread = spread + flat_draws(posterior, "degree_unit_sd") ** 2
    log_mean = np.repeat((flat_draws(posterior, "degree_mean") + spread / 2.0)[:, None], len(fit.study.areas), axis=1)
    log_mean += _area_effects(fit, rng) + _scale(fit, rng)
    if "degree_coefficient" in posterior:
        design, share, _ = _kinds(fit)
        log_mean += _log_average(flat_draws(posterior, "degree_coefficient") @ design.T, share)
    shift = flat_draws(posterior, "degree_wave").T if "degree_wave" in posterior else np.zeros((1, len(log_mean)))
    return log_mean[None] + shift[:, :, None]


def mixing_of_the_people(fit: Fit) -> np.ndarray | float:
    """What all people's answers add to the log reported rates, over a respondent's at zero (draw, area, hidden_group).

    Zero without cells or without covariates that act on groups one by one, and for models whose known groups have free
    rates: those are rescaled as published, at the covariates' mean.
    """
    posterior, spec = fit.posterior, fit.spec
    if fit.study.cells is None or "mixing_coefficient" not in posterior or isinstance(spec.rates, FreeRates):
        return 0.0
    degree, share, mixing = _kinds(fit)
    known = len(fit.study.known_groups)
    slope = flat_draws(posterior, "mixing_coefficient")
    size = np.zeros((len(slope), len(degree)))
    if "degree_coefficient" in posterior:
        size = flat_draws(posterior, "degree_coefficient") @ degree.T
    ties = _log_average(size, share)
    groups = range(slope.shape[2])
    gain = np.stack([_log_average(size + slope[:, :, k] @ mixing.T, share) - ties for k in groups], axis=2)
    return gain[:, :, known:] - gain[:, :, :known].mean(axis=2, keepdims=True)


def _log_average(values: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Log of the mean of exp(values) (draw, area) from values (draw, cell) and shares (area, cell)."""
    top = values.max(axis=1, keepdims=True)
    return np.asarray(np.log(np.exp(values - top) @ share.T) + top)


def _kinds(fit: Fit) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kinds of respondent: columns on degree (cell, column), shares (area, cell), columns by group (cell, column)."""
    study = fit.study
    survey = study.survey
    columns = [str(name) for name in survey.design_matrix().coords["respondent_covariate"].values]
    on_degree, by_group = ([columns.index(name) for name in names] for names in covariate_columns(fit.spec, study))
    if study.cells is not None:
        design, share = study.cells.design_matrix(survey), study.cells.shares(study.areas.codes)
        return design[:, on_degree], share, design[:, by_group]
    design, kind = np.unique(survey.design_matrix().values, axis=0, return_inverse=True)
    return design[:, on_degree], shares_by_weight(study, kind, len(design)), design[:, by_group]


def _area_effects(fit: Fit, rng: np.random.Generator) -> np.ndarray | float:
    """Effects of areas on log degree (draw, area), fresh where nobody was asked; zero in a model without them."""
    posterior = fit.posterior
    if "degree_area" not in posterior:
        return 0.0
    seen, spread = flat_draws(posterior, "degree_area"), flat_draws(posterior, "degree_area_sd")
    return in_all_areas(fit, modelled_areas(fit, "degree_area"), seen, spread, rng)


def _scale(fit: Fit, rng: np.random.Generator) -> np.ndarray | float:
    """Log of persons per unit of degree, where known sizes enter after sampling: one, or one an area (draw, area)."""
    if not isinstance(fit.spec.rates, FreeRates | PooledRates):
        return 0.0
    constant = flat_draws(fit.posterior, "rescale")
    if isinstance(fit.spec.rates, FreeRates):
        return constant.reshape(len(constant), -1).mean(axis=1)[:, None]
    position = modelled_areas(fit, "rescale")
    scale = np.empty((len(constant), len(fit.study.areas)))
    rest = unseen(fit, position)
    scale[:, position] = constant
    scale[:, rest] = np.take_along_axis(constant, rng.integers(constant.shape[1], size=(len(constant), len(rest))), 1)
    return scale
