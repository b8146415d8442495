"""Residuals from the posterior: what the model leaves unexplained, and whether it has a pattern.

Each answer has a probability F of less, and of no more, than itself under each draw. A uniform number u between the two
is uniform over all answers if the model is right (Dunn, Smyth 1996, doi:10.1080/10618600.1996.10474708).

- quantile residual   z = Φ⁻¹(u), standard normal under the model
- surrogate residual  u − 1/2, whose mean is zero whatever the covariates (Liu, Zhang 2018,
  doi:10.1080/01621459.2017.1292915)

One posterior draw stands for the truth (Gosselin 2011, doi:10.1371/journal.pone.0014770), so each test is done draw by
draw, and its p value is twice the median over draws, which holds whatever their dependence. For pictures residuals are
averaged over draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import false_discovery_control, gamma, kstest, norm, t

from nsum_bayes.checks.convergence import Finding
from nsum_bayes.data.study import Study
from nsum_bayes.inference.cumulative import cumulative_probabilities
from nsum_bayes.inference.fit import Fit

DRAWS = 100
UNLIKELY = 0.01
NEIGHBOURS = 4
"""Nearest surveyed areas that an area's residual is compared with."""
EARTH_KM = 6371.0
EDGE = 1e-12
TRACY_WIDOM = (46.446, 0.186054, 9.84801)
"""Shape, scale, shift of a gamma that stands for the Tracy–Widom law of order one (doi:10.1016/j.jmva.2014.04.002)."""

type Floats = np.ndarray


@dataclass(frozen=True)
class Residuals:
    """Residuals of a fit and the tests on them.

    Parameters
    ----------
    quantile, surrogate
        Averaged over draws (respondent, group); NaN where unanswered. Respondent rows: restricted.
    groups
        By group: ``mean`` and ``sd`` of quantile residuals, and ``p`` of standard normal ones (Kolmogorov–Smirnov).
    correlation
        Of quantile residuals between groups, averaged over draws (group, group).
    eigenvalue
        ``largest`` eigenvalue of that correlation, averaged; ``p`` of one as large without any (Tracy–Widom).
    covariates
        By covariate (of respondents, or of areas with areas' mean residuals) and group: ``correlation``, ``p``,
        ``p_adjusted`` (Benjamini–Hochberg over all rows).
    moran
        By group: Moran's ``I`` of areas' mean residuals, its ``expected`` value and ``p`` of one as large.
    """

    quantile: xr.DataArray
    surrogate: xr.DataArray
    groups: pd.DataFrame
    correlation: pd.DataFrame
    eigenvalue: dict[str, float]
    covariates: pd.DataFrame
    moran: pd.DataFrame

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What stands out, as findings to review, and a pass where nothing does."""
        found = tuple(_findings(self))
        return found or (Finding("pass", "residuals", "No pattern in the residuals stands out."),)

    def to_dict(self) -> dict[str, Any]:
        """The tests as plain values, without residuals of respondents."""
        return {
            "groups": self.groups.reset_index(names="group").to_dict("records"),
            "eigenvalue": self.eigenvalue,
            "covariates": self.covariates.to_dict("records"),
            "moran": self.moran.reset_index(names="group").to_dict("records"),
            "findings": [finding.__dict__ for finding in self.findings],
        }

    def __repr__(self) -> str:
        return "\n".join(f"{found.severity:6} {found.code}: {found.message} {found.advice}" for found in self.findings)


def residuals(run: Fit, *, seed: int = 1, draws: int = DRAWS) -> Residuals:
    """Residuals of every answer under so many posterior draws, and tests on them.

    Parameters
    ----------
    seed
        Of the uniform numbers.
    draws
        Posterior draws, evenly spaced over all chains.

    Raises
    ------
    FitError
        A model with residuals of each answer: they are not kept.

    Examples
    --------
    >>> from nsum_bayes import residuals
    >>> residuals(run).eigenvalue  # doctest: +SKIP
    """
    rng = np.random.default_rng(np.random.SeedSequence((seed, 11)))
    study = run.study
    designs, weights = _designs(study), neighbour_weights(study)
    sums: list[Floats] = [np.zeros(study.survey.answers.shape) for _ in range(2)]
    found: list[dict[str, Any]] = []
    for below, upto in cumulative_probabilities(run, draws):
        uniform = np.clip(below + rng.random(below.shape) * (upto - below), EDGE, 1 - EDGE)
        z = norm.ppf(uniform)
        sums = [sums[0] + z, sums[1] + uniform - 0.5]
        found.append(_tests(z, study, designs, weights, rng))
    dims = ("respondent", "group")
    coords = {"respondent": np.arange(len(study.survey)), "group": list(study.survey.groups)}
    means = [xr.DataArray(total / len(found), dims=dims, coords=coords) for total in sums]
    return Residuals(means[0], means[1], **_summarised(found, study, designs))


def _tests(
    z: Floats, study: Study, designs: list[_Design], weights: Floats | None, rng: np.random.Generator
) -> dict[str, Any]:
    """All tests on the residuals of one draw."""
    columns = [z[:, k][~np.isnan(z[:, k])] for k in range(z.shape[1])]
    # What was not answered is filled as the model has it: independent standard normal.
    filled = np.where(np.isnan(z), rng.standard_normal(z.shape), z)
    correlation = np.corrcoef(filled, rowvar=False)
    by_area = area_means(z, study)
    return {
        "mean": [column.mean() for column in columns],
        "sd": [column.std(ddof=1) for column in columns],
        "uniform": [kstest(column, "norm").pvalue for column in columns],
        "correlation": correlation,
        "largest": np.linalg.eigvalsh(correlation)[-1],
        "eigenvalue": tracy_widom_p(correlation, len(z), rng),
        "covariates": [_correlated(d.values, z if d.of == "respondent" else by_area) for d in designs],
        "moran": None if weights is None else [morans_i(by_area[:, k], weights) for k in range(z.shape[1])],
    }


def _summarised(found: list[dict[str, Any]], study: Study, designs: list[_Design]) -> dict[str, Any]:
    groups = list(study.survey.groups)

    def mean(name: str) -> Floats:
        return np.asarray(np.mean([draw[name] for draw in found], axis=0))

    def p(values: list[Any]) -> Floats:
        return np.asarray(np.minimum(1.0, 2.0 * np.median(values, axis=0)))

    table = pd.DataFrame(
        {"mean": mean("mean"), "sd": mean("sd"), "p": p([draw["uniform"] for draw in found])}, index=groups
    )
    rows = []
    for number, design in enumerate(designs):
        pairs = np.array([draw["covariates"][number] for draw in found])  # (draw, 2, group)
        for column, group in enumerate(groups):
            average, chance = float(pairs[:, 0, column].mean()), float(p(pairs[:, 1, column].tolist()))
            told = {"covariate": design.name, "of": design.of, "group": group}
            rows.append({**told, "correlation": average, "p": chance})
    covariates = pd.DataFrame(rows, columns=["covariate", "of", "group", "correlation", "p"])
    covariates["p_adjusted"] = false_discovery_control(covariates["p"]) if len(covariates) else []
    moran = pd.DataFrame(columns=["I", "expected", "p"], dtype=float)
    if found[0]["moran"] is not None:
        values = np.array([draw["moran"] for draw in found])  # (draw, group, 3)
        moran = pd.DataFrame({"I": values[:, :, 0].mean(0), "expected": values[:, :, 1].mean(0)}, index=groups)
        moran["p"] = p(values[:, :, 2].tolist())
    correlation = pd.DataFrame(mean("correlation"), index=groups, columns=groups)
    eigenvalue = {"largest": float(mean("largest")), "p": float(p([draw["eigenvalue"] for draw in found]))}
    return {
        "groups": table,
        "correlation": correlation,
        "eigenvalue": eigenvalue,
        "covariates": covariates,
        "moran": moran,
    }


def tracy_widom_p(correlation: Floats, rows: int, rng: np.random.Generator) -> float:
    """Chance of as large an eigenvalue of a correlation matrix (group, group), were there no correlation.

    The Tracy–Widom law is that of a Wishart matrix, whose columns have chi-distributed lengths; those of a correlation
    all have one. Independent columns have lengths independent of their directions, so lengths drawn afresh make the one
    of the other, exactly. Centre and scale: Johnstone (2001), doi:10.1214/aos/1009210544, with Ma's (2012) halves.
    """
    columns = len(correlation)
    if columns < 2:
        return 1.0
    free = rows - 1  # one is spent on the mean
    lengths = np.sqrt(rng.chisquare(free, columns))
    largest = np.linalg.eigvalsh(correlation * np.outer(lengths, lengths))[-1]
    root_rows, root_columns = np.sqrt(free - 0.5), np.sqrt(columns - 0.5)
    centre = (root_rows + root_columns) ** 2
    spread = (root_rows + root_columns) * (1.0 / root_rows + 1.0 / root_columns) ** (1.0 / 3.0)
    shape, scale, shift = TRACY_WIDOM
    return float(gamma.sf((largest - centre) / spread + shift, shape, scale=scale))


def area_means(z: Floats, study: Study) -> Floats:
    """Mean residual of each surveyed area times the root of its number: standard normal if right (area, group)."""
    areas = pd.Index(study.survey.surveyed_areas)
    position = areas.get_indexer(pd.Index(study.survey.area))
    there = ~np.isnan(z)
    total, count = (np.zeros((len(areas), z.shape[1])) for _ in range(2))
    np.add.at(total, position, np.where(there, z, 0.0))
    np.add.at(count, position, there)
    with np.errstate(invalid="ignore"):
        return total / np.sqrt(count)


# --- covariates and the map -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Design:
    """A covariate's values (respondent,) or (surveyed_area,)."""

    name: str
    of: str
    values: Floats


def _designs(study: Study) -> list[_Design]:
    respondents = study.survey.design_matrix()
    areas = study.areas.design_matrix()
    surveyed = pd.Index(study.areas.codes).get_indexer(pd.Index(study.survey.surveyed_areas))
    found = [
        _Design(str(name), "respondent", respondents.values[:, k])
        for k, name in enumerate(respondents.coords["respondent_covariate"].values)
    ]
    found += [
        _Design(str(name), "area", areas.values[surveyed, k]) for k, name in enumerate(areas.coords["covariate"].values)
    ]
    return [design for design in found if np.nanstd(design.values) > 0]


def _correlated(values: Floats, z: Floats) -> tuple[Floats, Floats]:
    """Correlation of a covariate with each column, and its two-sided p (group,)."""
    found, chance = np.zeros(z.shape[1]), np.ones(z.shape[1])
    for column in range(z.shape[1]):
        there = ~np.isnan(values) & ~np.isnan(z[:, column])
        number = int(there.sum())
        if number < 4 or np.std(values[there]) == 0:
            continue
        found[column] = np.corrcoef(values[there], z[there, column])[0, 1]
        statistic = found[column] * np.sqrt((number - 2) / max(1.0 - found[column] ** 2, EDGE))
        chance[column] = 2.0 * t.sf(abs(statistic), number - 2)
    return found, chance


def neighbour_weights(study: Study) -> Floats | None:
    """Which surveyed areas are neighbours (area, area): the nearest by great circle or, without outlines, of one unit.

    None where neither outlines nor levels are given, or with fewer than five areas.
    """
    codes = study.survey.surveyed_areas
    if len(codes) < NEIGHBOURS + 1:
        return None
    position = pd.Index(study.areas.codes).get_indexer(pd.Index(codes))
    if study.areas.geometry is not None:
        distance = _great_circle(study, position)
        np.fill_diagonal(distance, np.inf)
        nearest = np.argsort(distance, axis=1, kind="stable")[:, :NEIGHBOURS]
        weights = np.zeros(distance.shape)
        np.put_along_axis(weights, nearest, 1.0, axis=1)
        return weights
    if not study.areas.levels:
        return None
    unit = study.areas.level_of(study.areas.levels[0])[position]
    same = (unit[:, None] == unit[None, :]).astype(float)
    np.fill_diagonal(same, 0.0)
    return same if same.any() else None


def _great_circle(study: Study, position: np.ndarray) -> Floats:
    """Distances in km between areas' inner points (area, area)."""
    points = study.areas.geometry.iloc[position].representative_point()  # type: ignore[union-attr]
    longitude, latitude = np.radians(points.x.to_numpy()), np.radians(points.y.to_numpy())
    half = np.sin((latitude[:, None] - latitude) / 2) ** 2
    half = half + np.cos(latitude[:, None]) * np.cos(latitude) * np.sin((longitude[:, None] - longitude) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0))))


def morans_i(values: Floats, weights: Floats) -> tuple[float, float, float]:
    """Moran's I, its expected value and the chance of one as large, for normal values (Cliff, Ord 1981)."""
    there = ~np.isnan(values)
    x, w = values[there] - values[there].mean(), weights[np.ix_(there, there)]
    number, total = len(x), w.sum()
    if number < 4 or total == 0 or not x.any():
        return 0.0, 0.0, 1.0
    observed = number / total * (x @ w @ x) / (x @ x)
    expected = -1.0 / (number - 1)
    first = ((w + w.T) ** 2).sum() / 2
    second = ((w.sum(axis=0) + w.sum(axis=1)) ** 2).sum()
    square = (number**2 * first - number * second + 3 * total**2) / ((number**2 - 1) * total**2)
    return float(observed), expected, float(norm.sf((observed - expected) / np.sqrt(square - expected**2)))


def _findings(found: Residuals) -> Iterator[Finding]:
    for group, row in found.groups[found.groups["p"] < UNLIKELY / max(len(found.groups), 1)].iterrows():
        width = "more" if row["sd"] > 1 else "less"
        figures = f"residual sd {row['sd']:.2f}, mean {row['mean']:.2f}"
        message = f"Answers on '{group}' scatter {width} than the model says ({figures})."
        yield Finding(
            "review", "residuals", message, "Look at its rootogram; check for heaping, top codes or zero inflation."
        )
    if found.eigenvalue["p"] < UNLIKELY:
        pair, value = _strongest(found.correlation)
        message = f"Residuals are correlated between groups, most so {pair} ({value:.2f})."
        yield Finding(
            "review", "correlation", message, "Look for a common cause: `correlated`, or a covariate in [mixing]."
        )
    for _, row in found.covariates[found.covariates["p_adjusted"] < UNLIKELY].iterrows():
        message = f"Residuals of '{row['group']}' follow {row['covariate']} (correlation {row['correlation']:.2f})."
        yield Finding("review", "covariate", message, "Let it act on the degree, on mixing, or on the rate.")
    if len(found.moran):
        for group, row in found.moran[found.moran["p"] < UNLIKELY / len(found.moran)].iterrows():
            message = f"Residuals of '{group}' are alike in neighbouring areas (Moran's I {row['I']:.2f})."
            yield Finding(
                "review", "map", message, "Add covariates of areas, or levels; for known groups, sizes by area."
            )


def _strongest(correlation: pd.DataFrame) -> tuple[str, float]:
    values = correlation.to_numpy() - np.eye(len(correlation))
    row, column = np.unravel_index(np.argmax(np.abs(values)), values.shape)
    names = [str(name) for name in correlation.index]
    return f"'{names[int(row)]}' and '{names[int(column)]}'", float(values[row, column])
