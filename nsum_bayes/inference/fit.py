"""From a model and a study to posterior draws, kept with everything needed to repeat them."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from nsum_bayes.errors import FitError, ModelError
from nsum_bayes.inference.identification import warn_of_repeated_priors
from nsum_bayes.inference.progress import narrated
from nsum_bayes.model.spec import ModelSpec

if TYPE_CHECKING:
    import pymc as pm

    from nsum_bayes.data.study import Study

NOT_STORED = ("log_theta", "log_multiplier", "residual", "residual_raw")
"""What is as large as the answers or follows from the rest."""
TRACKED_PACKAGES = ("nsum-bayes", "pymc", "pytensor", "nutpie", "numba", "arviz", "xarray", "numpy", "pandas")


@dataclass(frozen=True)
class Fit:
    """A fitted model: draws, the model and the study they came from, and how they were made.

    Parameters
    ----------
    spec, study
        The model and the study.
    tree
        Groups ``posterior``, ``sample_stats``, ``observed_data`` (and ``log_likelihood`` on request), readable by
        every ArviZ function. Holds respondent rows: restricted.
    provenance
        Seed, sampler settings, versions, data hashes, time of the run.
    """

    spec: ModelSpec
    study: Study
    tree: xr.DataTree
    provenance: Mapping[str, Any]

    @property
    def seed(self) -> int:
        """The one seed that the draws follow from."""
        return int(self.provenance["seed"])

    @property
    def interrupted(self) -> bool:
        """Whether sampling was stopped before its last draw."""
        return bool(self.provenance["interrupted"])

    @property
    def posterior(self) -> xr.Dataset:
        """Draws of all parameters (chain, draw, …)."""
        return self.tree["posterior"].to_dataset()

    def save(self, path: str | Path) -> Path:
        """Write the run as one netCDF file, to a temporary name first. The file is restricted."""
        from nsum_bayes.inference.store import save_fit

        return save_fit(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Fit:
        """Read a run written by `save`.

        Raises
        ------
        FitError
            No such file, or not a run of this package.
        """
        from nsum_bayes.inference.store import load_fit

        return load_fit(Path(path))

    def __repr__(self) -> str:
        sizes = self.posterior.sizes
        return f"Fit({self.spec.name!r}, {self.study.title!r}, {sizes['chain']} chains × {sizes['draw']} draws)"

    def _repr_html_(self) -> str:
        from nsum_bayes.data.markup import facts, panel

        sizes, made = self.posterior.sizes, self.provenance
        said = {
            "study": self.study.title,
            "draws": f"{sizes['chain']} chains × {sizes['draw']:,}",
            "seed": self.seed,
            "divergent": int(self.tree["sample_stats"]["diverging"].sum()),
            "interrupted": f"{made['draws_made']} of {made['draws']} draws" if self.interrupted else "",
            "next": "diagnose(fit) before reading any figure; a saved fit holds the survey's answers",
        }
        return panel(f"Fit of {self.spec.name}: {self.spec.title}", facts(said))


def fit(
    spec: ModelSpec,
    study: Study,
    *,
    seed: int,
    draws: int = 1500,
    tune: int = 1000,
    chains: int = 4,
    target_accept: float = 0.8,
    progress: bool | None = None,
    log_likelihood: bool = False,
    reuse: bool = False,
    keep: Sequence[str] = (),
) -> Fit:
    """Sample the posterior of a model on a study with the No-U-Turn sampler (nutpie, numba).

    Parameters
    ----------
    seed
        One integer; the same seed on the same machine gives the same draws.
    draws, tune, chains
        Per chain.
    target_accept
        Mean acceptance the step size is adapted to; raise it towards 1 if there are divergences.
    progress
        Show progress on stderr; by default only on a terminal or in a notebook.
    log_likelihood
        Add the log probability of every answer (large: draws × respondents × groups).
    reuse
        Compile so that later fits of the same shape in this process need not; for many fits of one model. Sampling
        takes some 20 % longer.
    keep
        Quantities to keep that are left out otherwise, because they are as large as the answers or follow from the
        rest: ``log_theta`` (log of a group's share in each surveyed area, as reported).

    Returns
    -------
    Fit
        With an `IdentificationWarning` where the posterior of a parameter repeats its prior. If interrupted (Ctrl-C)
        after tuning, the draws made so far, marked as such; interrupted before, the interruption goes on to the caller.

    Raises
    ------
    ModelError
        The model and the study do not fit together.
    FitError
        The sampler could not start, or the log probability of each answer is asked of a model with residuals.

    Examples
    --------
    >>> from nsum_bayes import Study, fit, load_model
    >>> run = fit(load_model("municipal"), Study.load("data_samples/study.toml"), seed=1)  # doctest: +SKIP
    """
    from nsum_bayes.inference.likelihood import add_log_likelihood, check_available
    from nsum_bayes.model.build import build_from_inputs
    from nsum_bayes.model.inputs import read_inputs

    _check_arguments(spec, study, seed)
    if log_likelihood:
        check_available(spec)
    show = (sys.stderr.isatty() or "ipykernel" in sys.modules) if progress is None else progress
    inputs = read_inputs(spec, study)
    model = build_from_inputs(spec, inputs)
    settings = {"draws": draws, "tune": tune, "chains": chains, "target_accept": target_accept}
    left_out = [name for name in NOT_STORED if name not in keep and not (log_likelihood and name == "log_theta")]
    tree = _tidy(_sample(model, seed, settings, show, left_out, reuse), study)
    if log_likelihood:
        tree = add_log_likelihood(tree, spec, inputs, model)
    made = tree["posterior"].sizes
    provenance = {
        "seed": int(seed),
        "sampler": "nutpie NUTS (numba)",
        **settings,
        "chains_made": int(made["chain"]),
        "draws_made": int(made["draw"]),
        "interrupted": bool(made["chain"] < chains or made["draw"] < draws),
        "versions": {name: _version(name) for name in TRACKED_PACKAGES},
        "data_hashes": dict(study.hashes),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    made_fit = Fit(spec, study, tree, provenance)
    warn_of_repeated_priors(made_fit)
    return made_fit


def _check_arguments(spec: object, study: object, seed: int) -> None:
    from nsum_bayes.data.study import Study

    if not isinstance(spec, ModelSpec):
        raise ModelError("The model is not a ModelSpec.", where="fit", advice='Give load_model("municipal").')
    if not isinstance(study, Study):
        raise FitError("The study is not a Study.", where="fit", advice='Give Study.load("study.toml").')
    if not 0 <= seed < 2**64:
        raise FitError("The seed is out of range.", where="fit", advice="Give an integer of zero or more.")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _sample(
    model: pm.Model,
    seed: int,
    settings: Mapping[str, Any],
    show: bool,
    left_out: Sequence[str] = NOT_STORED,
    reuse: bool = False,
) -> xr.DataTree:
    import nutpie
    import pytensor

    from nsum_bayes.inference.compiled import sampler_of

    stored = [v.name for v in model.free_RVs + model.deterministics if v.name not in left_out]
    with (
        narrated(show, settings["chains"] * (settings["tune"] + settings["draws"])) as report,
        warnings.catch_warnings(),
        threadpool_limits(limits=1, user_api="blas"),  # chains run side by side, and the same bits on any machine size
        # Sums that may be reordered come out one way from a fresh compilation and another from the cache on disk.
        pytensor.config.change_flags(numba__fastmath=False),
    ):
        # Starting points come from PyTensor's C back end; the sampler itself runs on numba and needs no BLAS there.
        warnings.filterwarnings("ignore", message="PyTensor could not link to a BLAS")
        # Degrees start at their own estimates; jittering thousands of them by a factor of e only lengthens the tuning.
        compiled = sampler_of(model, stored, fixed_start=["log_degree"], reuse=reuse)
        try:
            return nutpie.sample(
                compiled,
                seed=_sampler_seed(seed),
                save_warmup=False,
                progress_bar=False,
                progress_callback=report,
                **settings,
            )
        except RuntimeError as error:
            raise FitError(
                f"The sampler could not start: {str(error).splitlines()[0]}",
                where="fit",
                advice="Check for groups with answers far from their known size, or a prior that excludes the data.",
            ) from None


def _sampler_seed(seed: int) -> int:
    return int(np.random.SeedSequence(seed).generate_state(1)[0])


def _tidy(tree: xr.DataTree, study: Study) -> xr.DataTree:
    """Cut chains to the draws really made, drop what netCDF cannot hold, and add the answers."""
    posterior = tree["posterior"].to_dataset()
    chains, made = _really_made(posterior)
    if made == 0:
        raise KeyboardInterrupt
    kept = {"chain": chains, "draw": slice(0, made)}
    posterior = posterior.isel(kept).assign_coords(chain=np.arange(len(chains)))
    posterior["log_degree"] = posterior["log_degree"].astype(np.float32)
    stats = tree["sample_stats"].to_dataset().isel(kept).assign_coords(chain=np.arange(len(chains)))
    stats = stats[
        [name for name, values in stats.data_vars.items() if values.dtype.kind in "fiub" and values.ndim == 2]
    ]
    answers = xr.Dataset(
        {"answers": (("respondent", "group"), study.survey.answers.astype(float))},
        coords={"group": list(study.survey.groups)},
    )
    groups = {"posterior": posterior, "sample_stats": stats, "observed_data": answers}
    return xr.DataTree.from_dict({name: _plain_coords(dataset) for name, dataset in groups.items()})


def _really_made(posterior: xr.Dataset) -> tuple[np.ndarray, int]:
    """Which chains to keep and how many draws they all have, so that the most draws are kept.

    An interrupted chain is padded with NaN, and one that was still to come is nothing else.
    """
    if not posterior.sizes.get("draw"):
        return np.arange(0), 0
    lengths = np.isfinite(posterior["degree_mean"].values).sum(axis=1)
    longest = np.sort(lengths)[::-1]
    kept = longest * np.arange(1, len(longest) + 1)
    made = int(longest[len(kept) - 1 - np.argmax(kept[::-1])])
    return np.flatnonzero(lengths >= made), made


def _plain_coords(dataset: xr.Dataset) -> xr.Dataset:
    """String coordinates as plain object arrays, which every netCDF engine can write."""
    plain = {
        name: np.array([str(value) for value in coordinate.values], dtype=object)
        for name, coordinate in dataset.coords.items()
        if coordinate.dtype.kind not in "fiub"
    }
    return dataset.assign_coords(plain)
