"""A fit: what is in it, that it is saved and read again exactly, and what becomes of one that was interrupted."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path
from types import SimpleNamespace

import arviz as az
import numpy as np
import pandas as pd
import pymc as pm
import pytest
import xarray as xr

from nsum_bayes import Fit, FitError, Study, fit, load_model
from nsum_bayes.estimates.rates import log_reported_rates
from nsum_bayes.inference import compiled, netcdf
from nsum_bayes.inference.fit import _tidy
from nsum_bayes.inference.likelihood import add_log_likelihood, log_probability
from nsum_bayes.inference.netcdf import read_tree
from nsum_bayes.inference.progress import narrated
from nsum_bayes.inference.store import FORMAT
from nsum_bayes.model.build import build_from_inputs
from nsum_bayes.model.inputs import MISSING, read_inputs
from nsum_bayes.model.spec import Binomial, NegativeBinomial2, Poisson
from tests.conftest import SEED
from tests.constructed import cut

GROUPS = {"posterior", "sample_stats", "observed_data"}


@pytest.fixture(scope="module")
def again(one_area_fit: Fit, one_area_study: Study) -> Fit:
    """The fit of one area once more, with the same seed and with the log-likelihood."""
    settings = {"draws": 50, "tune": 100, "chains": 2, "progress": False}
    return fit(one_area_fit.spec, one_area_study, seed=SEED, log_likelihood=True, **settings)


@pytest.fixture(scope="module")
def loaded(sample_run: Path) -> Fit:
    return Fit.load(sample_run)


# --- what is in it --------------------------------------------------------------------------------------------------


def test_the_tree_has_named_dims_and_the_answers(sample_fit: Fit, sample_study: Study) -> None:
    assert set(sample_fit.tree.children) == GROUPS
    posterior = sample_fit.posterior
    assert dict(posterior["area_effect"].sizes) == {"chain": 2, "draw": 200, "surveyed_area": 60, "hidden_group": 2}
    assert posterior.coords["surveyed_area"].values.tolist() == sample_study.survey.surveyed_areas.tolist()
    assert posterior.coords["hidden_group"].values.tolist() == ["bonded", "trafficked"]
    assert posterior["log_degree"].sizes["respondent"] == len(sample_study.survey)
    assert "log_theta" not in posterior  # as large as the answers, and follows from the rest
    answers = sample_fit.tree["observed_data"]["answers"]
    np.testing.assert_array_equal(answers, sample_study.survey.answers)
    assert answers.coords["group"].values.tolist() == list(sample_study.survey.groups)
    assert all(np.isfinite(values).all() for values in posterior.data_vars.values())
    assert {"diverging", "energy", "tuning"} <= set(sample_fit.tree["sample_stats"].data_vars)


def test_arviz_reads_the_tree(sample_fit: Fit) -> None:
    names = ["degree_mean", "bias", "area_sd"]
    summary = az.summary(sample_fit.tree, var_names=names)
    assert len(summary) == 1 + 10 + 2
    assert "bias[teachers]" in summary.index
    assert (az.rhat(sample_fit.tree, var_names=names)["degree_mean"] < 1.5).all()
    assert (az.ess(sample_fit.tree, var_names=names)["bias"] > 10).all()
    assert az.extract(sample_fit.tree, var_names="rate_intercept").sizes == {"hidden_group": 2, "sample": 400}


def test_provenance_says_how_the_draws_were_made(sample_fit: Fit, sample_study: Study) -> None:
    provenance = sample_fit.provenance
    assert (sample_fit.seed, sample_fit.interrupted) == (SEED, False)
    asked = {"draws": 200, "tune": 200, "chains": 2, "target_accept": 0.8, "draws_made": 200, "chains_made": 2}
    assert asked.items() <= provenance.items()
    assert {"pymc", "nutpie", "numpy", "nsum-bayes"} <= set(provenance["versions"])
    assert provenance["data_hashes"] == sample_study.hashes
    assert set(provenance["data_hashes"]) == {"study.toml", "survey.csv", "groups.csv", "areas.csv", "areas.geojson"}
    assert provenance["created"].startswith("20")
    json.dumps(dict(provenance), allow_nan=False)


def test_the_same_seed_gives_the_same_draws(one_area_fit: Fit, again: Fit) -> None:
    assert again.posterior.equals(one_area_fit.posterior)
    assert again.tree["sample_stats"]["energy"].equals(one_area_fit.tree["sample_stats"]["energy"])


def test_the_log_likelihood_is_added_on_request_only(one_area_fit: Fit, again: Fit) -> None:
    assert set(one_area_fit.tree.children) == GROUPS
    assert set(again.tree.children) == {*GROUPS, "log_likelihood"}
    cells = again.tree["log_likelihood"]["answers"]
    assert dict(cells.sizes) == {"chain": 2, "draw": 50, "respondent": 40, "group": 6}
    missing = np.isnan(again.study.survey.answers)
    assert missing.any()
    assert np.isnan(cells.values).any(axis=(0, 1)).tolist() == missing.tolist()


# --- log-likelihood -------------------------------------------------------------------------------------------------


def stock_cells(run: Fit, draw: int, respondents: list[int]) -> np.ndarray:
    """Log probabilities by PyMC's own negative binomial, from degrees and rates put together here."""
    inputs = read_inputs(run.spec, run.study)
    posterior = run.posterior.isel(chain=1, draw=draw)
    known = inputs.sizes.log_share[inputs.sizes.row] + posterior["bias"].values
    visited = np.isin(run.study.areas.codes, inputs.coords["surveyed_area"])
    rates = log_reported_rates(cut(run, slice(1, 2), slice(draw, draw + 1)), np.random.default_rng(1))[0, visited]
    log_theta = np.concatenate([known, rates + inputs.log_denominator_share], axis=1)
    answers = inputs.answers[respondents]
    degree = np.exp(posterior["log_degree"].values[respondents].astype(float))
    mean = degree[:, None] * np.exp(log_theta[inputs.visits.of[respondents]])
    size = mean / posterior["overdispersion"].values
    stock = pm.logp(pm.NegativeBinomial.dist(mu=mean, alpha=size), np.where(answers == MISSING, 0, answers)).eval()
    return np.where(answers == MISSING, np.nan, stock)


def test_the_log_likelihood_is_that_of_the_stock_distribution(again: Fit) -> None:
    respondents = [0, 1, 7, 39]
    cells = again.tree["log_likelihood"]["answers"].isel(chain=1, draw=49, respondent=respondents)
    np.testing.assert_allclose(cells, stock_cells(again, 49, respondents), rtol=1e-5, atol=1e-5)


def test_the_log_likelihood_of_many_areas_is_that_of_the_stock_distribution(sample_fit: Fit) -> None:
    inputs = read_inputs(sample_fit.spec, sample_fit.study)
    model = build_from_inputs(sample_fit.spec, inputs)
    cells = add_log_likelihood(cut(sample_fit, draws=2).tree, sample_fit.spec, inputs, model)["log_likelihood"][
        "answers"
    ]
    respondents = [0, 400, 800, 1235]
    expected = stock_cells(sample_fit, 1, respondents)
    np.testing.assert_allclose(cells.isel(chain=1, draw=1, respondent=respondents), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("answer", [0, 1, 7, 60])
def test_other_counts_have_their_stock_log_probability(answer: int) -> None:
    given = (np.array([[float(answer)]]), np.array([[250.0]]), np.array([[0.04]]))
    size = np.array([[1.7]])
    prior = {"prior": "lognormal", "median": 1.0, "log_sd": 1.0}
    cases = {
        Poisson(kind="poisson"): (None, pm.Poisson.dist(mu=10.0)),
        Binomial(kind="binomial"): (None, pm.Binomial.dist(n=250, p=0.04)),
        NegativeBinomial2(kind="nb2", size=prior): (size, pm.NegativeBinomial.dist(mu=10.0, alpha=1.7)),
    }
    for part, (dispersion, stock) in cases.items():
        found = log_probability(part, *given, dispersion)[0, 0]
        assert found == pytest.approx(float(pm.logp(stock, answer).eval()), rel=1e-6), part.kind


# --- files ----------------------------------------------------------------------------------------------------------


def test_a_fit_comes_back_exactly(sample_fit: Fit, loaded: Fit) -> None:
    assert set(loaded.tree.children) == set(sample_fit.tree.children)
    for name, node in sample_fit.tree.children.items():
        one, other = node.to_dataset(), loaded.tree[name].to_dataset()
        assert set(one.variables) == set(other.variables)
        for variable in one.variables:
            np.testing.assert_array_equal(other[variable].values, one[variable].values)
            assert other[variable].dims == one[variable].dims
            if one[variable].dtype.kind != "O":  # texts may come back as texts of fixed length
                assert other[variable].dtype == one[variable].dtype
    assert loaded.spec == sample_fit.spec
    assert dict(loaded.provenance) == dict(sample_fit.provenance)
    assert loaded.study.to_payload() == sample_fit.study.to_payload()
    assert repr(loaded) == repr(sample_fit)


def test_a_loaded_fit_gives_the_same_estimates(sample_fit: Fit, loaded: Fit) -> None:
    from nsum_bayes import estimate

    one, other = estimate(sample_fit), estimate(loaded)
    np.testing.assert_array_equal(one.draws["prevalence"], other.draws["prevalence"])


def test_the_log_likelihood_is_saved_too(again: Fit, tmp_path: Path) -> None:
    cells = Fit.load(again.save(tmp_path / "fit.nc")).tree["log_likelihood"]["answers"]
    np.testing.assert_array_equal(cells, again.tree["log_likelihood"]["answers"])


def test_the_file_says_that_it_is_restricted(sample_run: Path) -> None:
    attributes = read_tree(sample_run).attrs
    assert attributes["format"] == FORMAT
    assert attributes["access"].startswith("RESTRICTED: holds respondent-level answers")


def test_no_identifier_of_a_respondent_is_in_a_fit(
    sample_fit: Fit, loaded: Fit, sample_run: Path, sample_path: Path
) -> None:
    identifiers = pd.read_csv(sample_path.with_name("survey.csv"), dtype=str)["id"].tolist()
    assert len(identifiers) > 1000
    assert all(re.fullmatch(r"R\d{5}", name) for name in identifiers)
    texts = "\n".join(
        [
            *(str(value) for value in read_tree(sample_run).attrs.values()),
            *loaded.study.to_payload().values(),
            *map(repr, (loaded, loaded.study, loaded.study.survey, sample_fit)),
            json.dumps(loaded.study.describe()),
        ]
    )
    assert not re.search(r"R\d{5}", texts)
    assert not re.search(rb"R\d{5}", sample_run.read_bytes())


def test_what_a_fit_says_of_itself_has_no_row_of_the_survey(sample_fit: Fit) -> None:
    assert repr(sample_fit) == "Fit('municipal', 'Archipelago sample study', 2 chains × 200 draws)"
    assert repr(sample_fit.study.survey) == "Survey(1236 respondents, 12 groups, 60 surveyed areas)"
    groups = [*sample_fit.study.describe()["known_groups"], *sample_fit.study.describe()["hidden_groups"]]
    answers = sample_fit.study.survey.answers
    for number, row in enumerate(groups):
        assert not {"max", "min", "largest_answer", "smallest_answer"} & set(row)
        given = answers[~np.isnan(answers[:, number]), number]
        assert row["share_of_zeros"] == (given == 0).mean()
        assert row["mean_answer"] == given.mean()


@pytest.mark.parametrize("existing", [False, True])
def test_a_failed_save_leaves_nothing_behind(
    one_area_fit: Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, existing: bool
) -> None:
    path = tmp_path / "fit.nc"
    if existing:
        path.write_text("old", encoding="utf-8")

    def half_a_file(self: xr.DataTree, filepath: Path, **_: object) -> None:
        Path(filepath).write_text("half", encoding="utf-8")
        raise OSError("disk")

    monkeypatch.setattr(xr.DataTree, "to_netcdf", half_a_file)
    with pytest.raises(OSError, match="disk"):
        one_area_fit.save(path)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == ([("fit.nc", "old")] if existing else [])


def test_a_save_makes_its_folder_and_replaces_a_file(one_area_fit: Fit, tmp_path: Path) -> None:
    path = tmp_path / "runs" / "fit.nc"
    for _ in range(2):
        assert one_area_fit.save(path) == path
    assert [file.name for file in path.parent.iterdir()] == ["fit.nc"]


# --- files that are none --------------------------------------------------------------------------------------------


def refusal(path: Path) -> FitError:
    with pytest.raises(FitError) as refused:
        Fit.load(path)
    return refused.value


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    error = refusal(tmp_path / "absent.nc")
    assert error.what == "There is no run 'absent.nc'."
    assert error.advice == "Give the file that `nsum fit` wrote."
    assert refusal(tmp_path).what.startswith("There is no run")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
def test_a_file_cut_short(sample_run: Path, tmp_path: Path, share: float) -> None:
    content = sample_run.read_bytes()
    (tmp_path / "cut.nc").write_bytes(content[: int(share * len(content))])
    error = refusal(tmp_path / "cut.nc")
    assert "is not a run of this package, or it is damaged" in error.what
    assert error.advice == "Fit the model again with `nsum fit`."


def test_files_of_other_kinds(one_area_fit: Fit, tmp_path: Path) -> None:
    (tmp_path / "text.nc").write_text("a,b\n1,2\n", encoding="utf-8")
    xr.Dataset({"x": ("y", [1.0])}).to_netcdf(tmp_path / "foreign.nc", engine=netcdf.ENGINE)
    one_area_fit.tree.to_netcdf(tmp_path / "arviz.nc", engine=netcdf.ENGINE)
    for path in tmp_path.iterdir():
        assert "is not a run of this package" in refusal(path).what


@pytest.mark.parametrize("name", ["study", "posterior"])
def test_a_run_without_one_of_its_parts(one_area_fit: Fit, tmp_path: Path, name: str) -> None:
    tree = read_tree(one_area_fit.save(tmp_path / "whole.nc"))
    del tree[name]
    tree.to_netcdf(tmp_path / "part.nc", engine=netcdf.ENGINE)
    assert "is not a run of this package" in refusal(tmp_path / "part.nc").what


class Trap:
    """What a pickle would run on being read."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return pytest.fail, ("a pickle was read",)


def test_no_pickle_is_read(tmp_path: Path) -> None:
    (tmp_path / "fit.nc").write_bytes(pickle.dumps(Trap()))
    assert "is not a run of this package" in refusal(tmp_path / "fit.nc").what


# --- interrupted ----------------------------------------------------------------------------------------------------


def interrupted_tree(study: Study, lengths: list[int], asked: int = 6) -> xr.DataTree:
    """What the sampler gives back when stopped: chains padded to the longest, flags with False."""
    shape = (len(lengths), max(lengths, default=0))
    made = np.arange(shape[1]) < np.array(lengths)[:, None]
    degree = np.where(made, np.arange(shape[1]) + 10.0 * np.arange(shape[0])[:, None], np.nan)
    rows = np.where(made[:, :, None], 1.0, np.nan).repeat(len(study.survey), axis=2)
    dims = ("chain", "draw")
    coords = {"chain": np.arange(shape[0]), "draw": np.arange(shape[1])}
    posterior = xr.Dataset({"degree_mean": (dims, degree), "log_degree": ((*dims, "respondent"), rows)}, coords=coords)
    stats = xr.Dataset({"diverging": (dims, made), "energy": (dims, degree)}, coords=coords)
    return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats})


@pytest.mark.parametrize(
    ("lengths", "chains", "draws"),
    [
        ([6, 6], [0, 1], 6),
        ([5, 3], [0, 1], 3),
        ([6, 6, 2, 0], [0, 1], 6),  # two cores: the third chain had begun, the fourth was still to come
        ([0, 4, 5, 4], [1, 2, 3], 4),
        ([6, 6, 6, 3], [0, 1, 2], 6),
        ([6, 3, 3, 3], [0, 1, 2, 3], 3),
        ([0, 1], [1], 1),
    ],
)
def test_as_many_real_draws_as_possible_are_kept(
    one_area_study: Study, lengths: list[int], chains: list[int], draws: int
) -> None:
    tree = _tidy(interrupted_tree(one_area_study, lengths), one_area_study)
    posterior, stats = tree["posterior"], tree["sample_stats"]
    assert posterior["degree_mean"].values[:, 0].tolist() == [10.0 * chain for chain in chains]
    assert dict(posterior.sizes)["draw"] == draws
    for node in (posterior, stats):
        assert node.coords["chain"].values.tolist() == list(range(len(chains)))
        assert all(np.isfinite(values).all() for values in node.data_vars.values())
    assert bool(stats["diverging"].all())  # padding would read as no divergence


@pytest.mark.parametrize("lengths", [[], [0, 0]])
def test_stopped_while_tuning_there_is_nothing_to_keep(one_area_study: Study, lengths: list[int]) -> None:
    with pytest.raises(KeyboardInterrupt):
        _tidy(interrupted_tree(one_area_study, lengths), one_area_study)


@pytest.mark.parametrize(("lengths", "interrupted"), [([6, 6], False), ([6, 4], True), ([6, 0], True)])
def test_a_fit_knows_that_it_was_interrupted(
    one_area_study: Study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lengths: list[int], interrupted: bool
) -> None:
    tree = interrupted_tree(one_area_study, lengths)
    monkeypatch.setattr("nsum_bayes.inference.fit._sample", lambda *_: tree)
    run = fit(load_model("overdispersed_known"), one_area_study, seed=1, draws=6, chains=2)
    assert run.interrupted is interrupted
    assert Fit.load(run.save(tmp_path / "fit.nc")).interrupted is interrupted
    made = {"draws": 6, "chains": 2, "draws_made": min(filter(None, lengths)), "chains_made": 2 - lengths.count(0)}
    assert made.items() <= run.provenance.items()


@pytest.mark.parametrize(
    ("finished", "tuning", "stage"),
    [
        ([1, 0], [True, True], "tuning 1/9"),
        ([3, 2], [False, True], "tuning 5/9"),
        ([3, 3], [False, False], "sampling 6/9"),
        ([3, 0], [False, True], "sampling 3/9"),  # the second chain waits for a core
    ],
)
def test_progress_says_whether_there_are_draws_to_keep(
    capsys: pytest.CaptureFixture[str], finished: list[int], tuning: list[bool], stage: str
) -> None:
    with narrated(True, 9) as report:
        assert report is not None
        chains = zip(finished, tuning, strict=True)
        report([SimpleNamespace(finished_draws=f, tuning=t, divergences=0) for f, t in chains])
    assert stage in capsys.readouterr().err


def test_nothing_is_narrated_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    with narrated(False, 9) as report:
        assert report is None
    assert capsys.readouterr().err == ""


# --- a model that cannot start --------------------------------------------------------------------------------------


def test_a_sampler_that_cannot_start_says_what_to_do(one_area_study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    import nutpie

    def no_start(*_: object, **__: object) -> None:
        raise RuntimeError("All initialization points failed\nwith a long story")

    monkeypatch.setattr(nutpie, "sample", no_start)
    monkeypatch.setattr(compiled, "sampler_of", lambda *_, **__: None)
    with pytest.raises(FitError, match="could not start: All initialization points failed\n") as refused:
        fit(load_model("overdispersed_known"), one_area_study, seed=1)
    assert refused.value.advice
