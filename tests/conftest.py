"""One study and one short fit for every test that needs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from nsum_bayes import Fit, Study

SEED = 20251


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A Dask cluster of two local workers."""
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options, silence_logs=50) as made:
        yield made


@pytest.fixture(scope="session")
def sample_path() -> Path:
    """The study file of the fictional archipelago."""
    from nsum_bayes.data.bundled import sample_folder

    return sample_folder() / "study.toml"


@pytest.fixture(scope="session")
def sample_study(sample_path: Path) -> Study:
    """The fictional archipelago."""
    from nsum_bayes import Study

    return Study.load(sample_path)


@pytest.fixture(scope="session")
def sample_fit(sample_study: Study) -> Fit:
    """A short fit of the flagship: enough to walk the road, not to trust the draws."""
    from nsum_bayes import fit, load_model

    return fit(load_model("municipal"), sample_study, seed=SEED, draws=200, tune=200, chains=2, progress=False)


@pytest.fixture(scope="session")
def one_area_study() -> Study:
    """Forty respondents in one area, some answers missing; four known groups, two hidden."""
    from nsum_bayes import load_model
    from tests.made_up import frame_of, study_of

    model = load_model("overdispersed_known")
    return study_of(frame_of(1), spec=model, respondents_per_area=40, surveyed=1, missing_rate=0.05)[0]


@pytest.fixture(scope="session")
def one_area_fit(one_area_study: Study) -> Fit:
    """A very short fit of one area."""
    from nsum_bayes import fit, load_model

    model = load_model("overdispersed_known")
    return fit(model, one_area_study, seed=SEED, draws=50, tune=100, chains=2, progress=False)


@pytest.fixture(scope="session")
def sample_run(sample_fit: Fit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, saved."""
    return sample_fit.save(tmp_path_factory.mktemp("run") / "fit.nc")
