"""Fits whose draws are made up, independent and as good as they come: what they should lead to is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from nsum_bayes.data.areas import Areas
from nsum_bayes.data.study import Study
from nsum_bayes.inference.fit import Fit
from nsum_bayes.model.spec import ModelSpec
from tests.made_up import model, study_of

CHAINS, DRAWS = 4, 500
VISITED = ("0000", "0001", "0002", "0003", "0004", "0006")
"""Of twelve areas: provinces P0 and P1 wholly, P2 and P3 by half, P4 and P5 and with them region R2 not at all."""
SPREAD = {"province": 0.3, "region": 0.2, "area": 0.5}
CORRELATION = 0.6


def constructed_study(areas: Areas | None = None, **choices: object) -> Study:
    """Simulated answers of a few respondents in half of the areas."""
    return study_of(areas, **{"surveyed": VISITED, "respondents_per_area": 6, **choices})[0]


def constructed_fit(study: Study | None = None, *, spec: ModelSpec | None = None, seed: int = 1, **fixed: float) -> Fit:
    """A fit of the whole model with independent draws.

    Parameters
    ----------
    fixed
        Values that a parameter takes in every draw, by name.
    """
    study = constructed_study() if study is None else study
    rng = np.random.default_rng(seed)
    sizes = _sizes(study)
    posterior = xr.Dataset(
        {name: _draws(name, dims, sizes, rng, fixed) for name, dims in _variables(study).items()}, coords=_coords(study)
    )
    posterior["area_cholesky_corr"] = _correlation(len(study.hidden_groups))
    answers = xr.Dataset({"answers": (("respondent", "group"), study.survey.answers)})
    tree = {"posterior": posterior, "sample_stats": sample_stats(rng), "observed_data": answers}
    return Fit(spec or model(), study, xr.DataTree.from_dict(tree), provenance_of(seed))


def provenance_of(seed: int) -> dict[str, object]:
    """What a fit that ran to its end says of itself."""
    asked = {"draws": DRAWS, "tune": DRAWS, "chains": CHAINS, "draws_made": DRAWS, "chains_made": CHAINS}
    return {"seed": seed, **asked, "interrupted": False, "versions": {"nsum-bayes": "0"}}


def sample_stats(rng: np.random.Generator) -> xr.Dataset:
    """No divergent transition; energies that follow one another freely."""
    dims = ("chain", "draw")
    return xr.Dataset(
        {
            "diverging": (dims, np.zeros((CHAINS, DRAWS), dtype=bool)),
            "energy": (dims, rng.normal(size=(CHAINS, DRAWS))),
        }
    )


def cut(fit: Fit, chains: int | slice = slice(None), draws: int | slice = slice(None), **provenance: object) -> Fit:
    """The fit with some of its chains and draws only."""
    chosen = {"chain": slice(chains) if isinstance(chains, int) else chains}
    chosen["draw"] = slice(draws) if isinstance(draws, int) else draws
    kept = {
        name: node.to_dataset().isel({dim: part for dim, part in chosen.items() if dim in node.dims})
        for name, node in fit.tree.children.items()
    }
    return replace(fit, tree=xr.DataTree.from_dict(kept), provenance={**fit.provenance, **provenance})


def with_draws(fit: Fit, group: str, **values: np.ndarray) -> Fit:
    """The fit with other draws of some variables of one group of its tree."""
    datasets = {name: node.to_dataset() for name, node in fit.tree.children.items()}
    changed = {name: datasets[group][name].copy(data=array) for name, array in values.items()}
    datasets[group] = datasets[group].assign(changed)
    return replace(fit, tree=xr.DataTree.from_dict(datasets))


def reordered(areas: Areas, order: Sequence[int]) -> Areas:
    """The same frame with its rows in another order."""
    return replace(areas, table=areas.table.iloc[list(order)])


def with_areas(fit: Fit, areas: Areas) -> Fit:
    """The fit on the same study with another frame."""
    return replace(fit, study=replace(fit.study, areas=areas))


# --- draws ----------------------------------------------------------------------------------------------------------


def _variables(study: Study) -> dict[str, tuple[str, ...]]:
    levels = study.areas.levels
    return {
        "degree_mean": (),
        "degree_sd": (),
        "bias_sd": (),
        "log_degree": ("respondent",),
        "overdispersion": ("group",),
        "rate_intercept": ("hidden_group",),
        "rate_coefficient": ("covariate", "hidden_group"),
        **{f"{level}_sd": ("hidden_group",) for level in (*levels, "area")},
        **{f"{level}_effect": (level, "hidden_group") for level in levels},
        "area_effect": ("surveyed_area", "hidden_group"),
    }


def _coords(study: Study) -> dict[str, list[object]]:
    visited = study.survey.surveyed_areas
    rows = study.areas.table.index.get_indexer(visited)
    return {
        "hidden_group": list(study.hidden_groups),
        "group": list(study.survey.groups),
        "surveyed_area": visited.tolist(),
        "covariate": study.areas.design_matrix().coords["covariate"].values.tolist(),
        **{level: np.unique(study.areas.level_of(level)[rows]).tolist() for level in study.areas.levels},
    }


def _sizes(study: Study) -> dict[str, int]:
    return {"respondent": len(study.survey), **{name: len(values) for name, values in _coords(study).items()}}


def _draws(
    name: str, dims: tuple[str, ...], sizes: dict[str, int], rng: np.random.Generator, fixed: dict[str, float]
) -> tuple[tuple[str, ...], np.ndarray]:
    shape = (CHAINS, DRAWS, *(sizes[dim] for dim in dims))
    scattered = rng.normal(size=shape)
    level, _, what = name.rpartition("_")
    if name in fixed:
        values = np.full(shape, fixed[name])
    elif what == "sd" and level in SPREAD:
        values = np.full(shape, SPREAD[level])
    elif what == "effect":
        values = SPREAD[level] * np.sqrt(0.5) * scattered  # half of what there is to know is known
    else:
        values = {"rate_intercept": -5.0, "rate_coefficient": 0.3, "bias_sd": 0.3}.get(name, 1.0) + 0.1 * scattered
    return ("chain", "draw", *dims), np.abs(values) if name == "bias_sd" else values


def _correlation(hidden: int) -> xr.DataArray:
    matrix = np.where(np.eye(hidden), 1.0, CORRELATION)
    dims = ("chain", "draw", "area_cholesky_corr_dim_0", "area_cholesky_corr_dim_1")
    return xr.DataArray(np.broadcast_to(matrix, (CHAINS, DRAWS, hidden, hidden)).copy(), dims=dims)
