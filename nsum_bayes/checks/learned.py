"""Machine learning beside the model: what do flexible learners make of the secondary data?

The target is what the survey says of its areas *without* secondary data: draws of the log reported rates of surveyed
areas from a fit with every category left out, each draw one imputation. Gradient boosting and random forests are
trained on all blocks of areas but one; a category is worth what the prediction of that block loses when its columns are
shuffled together over areas, as a share of the variance (grouped permutation importance; Breiman 2001,
doi:10.1023/A:1010933404324). Blocks are places that lie together: neighbours must not be both learned from and
predicted (Roberts et al. 2017, doi:10.1111/ecog.02881).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from nsum_bayes.checks.predictors import categories_of
from nsum_bayes.data.held_out import with_categories
from nsum_bayes.data.neighbours import centroids
from nsum_bayes.data.secondary import covariate_knowledge
from nsum_bayes.data.study import Study
from nsum_bayes.estimates.rates import log_reported_rates
from nsum_bayes.inference.fit import Fit
from nsum_bayes.inference.refits import refit

IMPUTATIONS, BLOCKS, SHUFFLES = 20, 5, 10


def by_learning(run: Fit, seed: int, settings: Mapping[str, int]) -> pd.DataFrame:
    """Grouped permutation importance by hidden group and category.

    Returns
    -------
    pandas.DataFrame
        ``group``, ``category``; for ``boosting`` and ``forest`` the mean over imputations of the share of variance
        lost, and its bounds over them (``…_lower``, ``…_upper``).
    """
    study, rng = run.study, np.random.default_rng(np.random.SeedSequence((seed, 22)))
    plain = refit(run.spec, with_categories(study, ()), seed, settings)
    rates = log_reported_rates(plain, rng)
    surveyed = pd.Index(study.areas.codes).get_indexer(pd.Index(study.survey.surveyed_areas))
    taken = rng.choice(len(rates), IMPUTATIONS, replace=False)
    matrix, block = covariate_knowledge(study.areas).mean[surveyed], blocks_of(study, seed)
    rows = []
    for number, group in enumerate(study.hidden_groups):
        told: dict[str, dict[str, list[float]]] = {name: {} for name in categories_of(run)}
        for imputation in taken:
            target = rates[imputation, surveyed, number]
            for learner, make in LEARNERS.items():
                state = int(rng.integers(2**31))
                lost = importance(partial(make, state), matrix, target, block, categories_of(run), rng)
                for name, value in lost.items():
                    told[name].setdefault(learner, []).append(value)
        rows += [{"group": group, "category": name, **_summary(values)} for name, values in told.items()]
    return pd.DataFrame(rows)


def _boosting(state: int) -> Any:
    from sklearn.ensemble import GradientBoostingRegressor

    return GradientBoostingRegressor(
        n_estimators=100, learning_rate=0.05, max_depth=2, subsample=0.7, min_samples_leaf=5, random_state=state
    )


def _forest(state: int) -> Any:
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(n_estimators=200, min_samples_leaf=5, max_features=0.5, random_state=state)


LEARNERS: dict[str, Callable[[int], Any]] = {"boosting": _boosting, "forest": _forest}


def blocks_of(study: Study, seed: int) -> np.ndarray:
    """Block of each surveyed area: clusters of centroids, else units of the first level, else at random."""
    surveyed = study.survey.surveyed_areas
    if study.areas.geometry is not None:
        from sklearn.cluster import KMeans

        points = centroids(study.areas.geometry.loc[list(surveyed)])
        points[:, 0] *= np.cos(np.radians(points[:, 1].mean()))
        return np.asarray(KMeans(min(BLOCKS, len(points)), n_init=10, random_state=seed).fit_predict(points))
    rng = np.random.default_rng(seed)
    if study.areas.levels:
        units = study.areas.table[study.areas.levels[0]].loc[surveyed].to_numpy(dtype=object)
        names = rng.permutation(np.unique(units.astype(str)))
        block = dict(zip(names, np.arange(len(names)) % BLOCKS, strict=True))
        return np.array([block[str(unit)] for unit in units])
    return rng.permutation(np.arange(len(surveyed)) % BLOCKS)


def importance(
    make: Callable[[], Any],
    matrix: np.ndarray,
    target: np.ndarray,
    block: np.ndarray,
    columns: Mapping[str, np.ndarray],
    rng: np.random.Generator,
) -> dict[str, float]:
    """Share of the variance that the prediction of blocks left out loses when a category is shuffled."""
    lost = dict.fromkeys(columns, 0.0)
    for number in np.unique(block):
        here = block == number
        learner = make().fit(matrix[~here], target[~here])
        whole = ((target[here] - learner.predict(matrix[here])) ** 2).sum()
        for name, at in columns.items():
            for _ in range(SHUFFLES):
                shuffled = matrix[here].copy()
                shuffled[:, at] = shuffled[rng.permutation(len(shuffled))][:, at]
                lost[name] += (((target[here] - learner.predict(shuffled)) ** 2).sum() - whole) / SHUFFLES
    total = ((target - target.mean()) ** 2).sum()
    return {name: float(value / total) for name, value in lost.items()}


def _summary(values: Mapping[str, list[float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for learner, drawn in values.items():
        low, high = np.quantile(drawn, (0.025, 0.975))
        found |= {learner: float(np.mean(drawn)), f"{learner}_lower": float(low), f"{learner}_upper": float(high)}
    return found
