"""What the frame says of its own covariates: a figure, a figure with an error, or nothing.

The covariates of an area, standardised on the frame, are taken as one draw of a multivariate normal whose mean and
covariance come from all areas of the frame (by expectation-maximisation). A missing figure is then known up to what the
area's other figures tell of it; a figure with a standard error is drawn towards them. A figure without error is itself.

    x_a ~ Normal(μ, Σ)        w_aj = x_aj + e_aj,  e_aj ~ Normal(0, error_aj²)        known to the model: w

Missing figures are taken to be missing at random given the others (Rubin 1976, doi:10.1093/biomet/63.3.581).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from nsum_bayes.data.faults import counted

if TYPE_CHECKING:
    from nsum_bayes.data.areas import Areas
    from nsum_bayes.data.survey import Survey

NOTHING = 1e8
"""Variance in place of a missing figure's error; the standardised covariates' own is one."""
STEPS, CLOSE = 500, 1e-7


@dataclass(frozen=True, eq=False)
class CovariateKnowledge:
    """Covariates of every area as far as the frame tells them, on the standardised scale.

    Parameters
    ----------
    mean
        The figure, or what is to be expected of it (area, covariate).
    covariance
        Of what is not known (area, covariate, covariate); zero for figures without error.
    """

    mean: np.ndarray
    covariance: np.ndarray

    @property
    def uncertain(self) -> np.ndarray:
        """Which figures are not exact (area, covariate)."""
        return np.asarray(np.diagonal(self.covariance, axis1=1, axis2=2) > 0)

    def of(self, areas: np.ndarray) -> CovariateKnowledge:
        """The same of some areas, by position."""
        return CovariateKnowledge(self.mean[areas], self.covariance[areas])

    def factors(self) -> np.ndarray:
        """Lower triangular factors of the covariances (area, covariate, covariate); rows of exact figures are zero."""
        factors = np.zeros_like(self.covariance)
        for area in np.flatnonzero(self.uncertain.any(axis=1)):
            here = np.ix_(self.uncertain[area], self.uncertain[area])
            factors[area][here] = np.linalg.cholesky(self.covariance[area][here])
        return factors


@lru_cache(maxsize=8)
def covariate_knowledge(areas: Areas) -> CovariateKnowledge:
    """What a frame says of the covariates of its areas."""
    given = areas.design_matrix().values
    error = areas.covariate_errors() ** 2
    missing = np.isnan(given)
    count = given.shape[1]
    whole = np.nan_to_num(given)
    nothing = np.zeros((*given.shape, count))
    # A covariate that is the same everywhere is zero everywhere, and tells nothing of another.
    varies = np.nanstd(given, axis=0) > 0 if given.size else np.zeros(count, dtype=bool)
    if not ((missing | (error > 0)) & varies).any():
        return CovariateKnowledge(whole, nothing)
    noise = np.where(missing, NOTHING, error)[:, varies]
    mean, covariance = _expected(whole[:, varies], noise)
    exact = noise == 0
    mean = np.where(exact, whole[:, varies], mean)
    covariance = np.where(exact[:, :, None] | exact[:, None, :], 0.0, covariance)
    whole[:, varies] = mean
    nothing[np.ix_(range(len(given)), np.flatnonzero(varies), np.flatnonzero(varies))] = covariance
    return CovariateKnowledge(whole, nothing)


def _expected(given: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (area, covariate) and covariance of each area's true figures given what is stated of them."""
    areas, count = given.shape
    centre, spread = np.zeros(count), np.eye(count)
    stated = noise < NOTHING
    # Worth so many areas: without it a small frame would take chance for correlation.
    prior = count + 2 if count > 1 else 0
    for _ in range(STEPS):
        mean, covariance = _given(centre, spread, np.where(stated, given, centre), noise)
        new_centre = mean.mean(axis=0)
        around = mean - new_centre
        scatter = around.T @ around + covariance.sum(axis=0)
        new_spread = (scatter + prior * np.eye(count)) / (areas + prior)
        moved = max(np.abs(new_centre - centre).max(), np.abs(new_spread - spread).max())
        centre, spread = new_centre, new_spread
        if moved < CLOSE:
            break
    return _given(centre, spread, np.where(stated, given, centre), noise)


def _given(
    centre: np.ndarray, spread: np.ndarray, given: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    total = spread + noise[:, :, None] * np.eye(len(centre))
    gain = np.linalg.solve(total, np.broadcast_to(spread, total.shape)).transpose(0, 2, 1)
    mean = centre + np.einsum("ajk,ak->aj", gain, given - centre)
    covariance = spread - gain @ spread
    return mean, (covariance + covariance.transpose(0, 2, 1)) / 2


# --- what a reader should hear about them ----------------------------------------------------------------------------

ALIKE, FOLLOWS = 0.95, 0.9
"""Correlation of two covariates, and R² of one on all others, from which they are said to go together."""
SUSPECT, ENOUGH = 0.8, 15
"""Rank correlation with the answers from which a covariate is suspected of being made of them; areas it takes."""


def collinear_notes(areas: Areas) -> Iterator[str]:
    """Covariates of which one says what others say already."""
    names = [str(name) for name in areas.design_matrix().coords["covariate"].values]
    values = covariate_knowledge(areas).mean
    varies = values.std(axis=0) > 0 if len(values) > 1 else np.zeros(len(names), dtype=bool)
    names, values = [name for name, does in zip(names, varies, strict=True) if does], values[:, varies]
    if len(names) < 2 or len(values) <= len(names) + 1:
        return
    together = np.corrcoef(values.T)
    told = set()
    for one, other in zip(*np.nonzero(np.triu(np.abs(together) > ALIKE, 1)), strict=True):
        told |= {one, other}
        both, much = f"'{names[one]}' and '{names[other]}'", f"{together[one, other]:.2f}"
        yield f"Area covariates {both} go together (correlation {much}): what each is worth cannot be told apart."
    explained = 1.0 - 1.0 / np.diag(np.linalg.pinv(together))
    for number in np.flatnonzero(explained > FOLLOWS):
        if number not in told:
            share = f"R² {explained[number]:.2f}"
            yield f"Area covariate '{names[number]}' follows from the others ({share}): its own worth cannot be told."


def leak_notes(areas: Areas, survey: Survey, known: int) -> Iterator[str]:
    """Covariates that seem to be made of the survey itself, which would then be used twice.

    Parameters
    ----------
    known
        Number of known groups; they come first among the survey's groups.
    """
    design = areas.design_matrix()
    surveyed = np.isin(areas.codes, survey.surveyed_areas)
    if not design.sizes["covariate"] or surveyed.all():
        return
    from scipy.stats import spearmanr

    rates = _crude_rates(areas, survey, known)
    for name, values in zip(design.coords["covariate"].values, design.values.T, strict=True):
        there = ~np.isnan(values)
        if there[surveyed].mean() >= 0.9 and there[~surveyed].mean() <= 0.1:
            yield f"Area covariate '{name}' has figures almost only where the survey went: was it made of the survey?"
        for group, rate in rates.items():
            both = there & ~np.isnan(rate)
            if both.sum() < ENOUGH or values[both].std() == 0 or rate[both].std() == 0:
                continue
            rank = spearmanr(values[both], rate[both]).statistic
            if abs(rank) > SUSPECT:
                yield (
                    f"Area covariate '{name}' follows the answers on '{group}' (rank correlation {rank:.2f} over "
                    f"{counted(int(both.sum()), 'area')}): a figure made of the survey must not be a covariate."
                )


def _crude_rates(areas: Areas, survey: Survey, known: int) -> dict[str, np.ndarray]:
    """Answers on each hidden group over answers on known groups, by area of the frame; NaN where there are none."""
    if not known:
        return {}
    answers = np.nan_to_num(survey.answers)
    member = survey.area[None, :] == areas.codes[:, None]
    ties = member @ answers[:, :known].sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            group: np.where(ties > 0, member @ answers[:, known + number] / ties, np.nan)
            for number, group in enumerate(survey.groups[known:])
        }
