"""What categories of secondary data are worth: shares, evidence, learners, and a plain word where nothing is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nsum_bayes import FitError, StudyError, predictors
from nsum_bayes.checks.category_folds import _differences, _scores, variants_of
from nsum_bayes.checks.learned import LEARNERS, blocks_of, importance
from nsum_bayes.checks.predictors import Predictors, _evidence
from nsum_bayes.data.covariates import CovariateCategory
from nsum_bayes.data.held_out import with_categories
from nsum_bayes.inference.fit import Fit
from nsum_bayes.inference.refits import Outcome
from nsum_bayes.model.inputs import read_inputs
from nsum_bayes.model.spec import load_model
from nsum_bayes.report.check_tables import write_predictors
from nsum_bayes.report.predictor_figures import predictors_figure
from tests.constructed import constructed_fit, constructed_study
from tests.made_up import frame_of


def constructed(coefficient: list[float]) -> Fit:
    """Made-up draws: three covariates in two categories with these coefficients, and nothing else between areas."""
    frame = frame_of(12)
    rng = np.random.default_rng(1)
    table = frame.table.assign(one=rng.normal(size=12), two=rng.normal(size=12))
    more = CovariateCategory("money", ("one", "two"), "none", "test", 2024)
    study = constructed_study(replace(frame, table=table, covariates=(*frame.covariates, more)))
    fit = constructed_fit(study, area_sd=0.0, province_sd=0.0, region_sd=0.0)
    values = np.array(coefficient)[:, None] + 0.02 * rng.normal(size=(*fit.posterior["area_sd"].shape[:2], 3, 2))
    tree = fit.tree.copy()
    effects = {name: 0.0 * fit.posterior[name] for name in ("area_effect", "province_effect", "region_effect")}
    posterior = fit.posterior.drop_vars("rate_coefficient").assign(
        rate_coefficient=(("chain", "draw", "covariate", "hidden_group"), values), **effects
    )
    tree["posterior"] = tree["posterior"].from_dict({"/": posterior})
    return replace(fit, tree=tree)


def test_shares_are_those_of_the_variance_between_areas() -> None:
    fit = constructed([0.6, 0.3, 0.0])
    found = predictors(fit, seed=1)
    rows = found.table[found.table["group"] == "held"].set_index("category")
    matrix = fit.study.areas.design_matrix().values
    parts = {"poverty": 0.6 * matrix[:, 0], "money": 0.3 * matrix[:, 1]}
    whole = parts["poverty"] + parts["money"]
    total = whole.var()
    for name, part in parts.items():
        assert rows.loc[name, "split"] == pytest.approx(np.cov(part, whole, bias=True)[0, 1] / total, abs=0.04)
        assert rows.loc[name, "alone"] == pytest.approx(part.var() / total, abs=0.04)
    explained = found.explained.set_index("group").loc["held"]
    assert explained["share"] == pytest.approx(whole.var() / total, abs=0.04)
    assert rows["split"].sum() == pytest.approx(explained["share"], abs=0.02)
    assert rows.loc["money", "columns"] == "one, two"


def test_the_first_category_is_named_and_none_where_none_matters() -> None:
    clear = predictors(constructed([0.6, 0.0, 0.0]), seed=1)
    assert clear.first("held") == "poverty"
    assert clear.statements["held"].startswith("poverty (")
    assert "the others cannot be told from none" in clear.statements["held"]
    nothing = predictors(constructed([0.0, 0.0, 0.0]), seed=1)
    assert nothing.first("held") is None
    assert "surveyed areas cannot tell any category of secondary data from none" in nothing.statements["held"]
    assert "cannot tell" in repr(nothing)


def test_evidence_is_one_where_nothing_was_learned() -> None:
    rng = np.random.default_rng(1)
    prior = rng.normal(0, 0.5, (20_000, 2))
    assert _evidence(rng.normal(0, 0.5, (4000, 2)), prior) == pytest.approx(1.0, rel=0.25)
    assert _evidence(rng.normal(0.5, 0.05, (4000, 2)), prior) > 100
    assert _evidence(rng.normal(0.0, 0.02, (4000, 2)), prior) < 0.01


def test_a_fit_without_covariates_is_refused() -> None:
    fit = constructed([0.0, 0.0, 0.0])
    without = replace(fit, spec=load_model("overdispersed_known"))
    with pytest.raises(FitError, match="no coefficients of area covariates"):
        predictors(without)
    with pytest.raises(FitError, match=r"(?s)not a level.*area, province, region"):
        predictors(fit, schemes=("county",))


# --- by prediction --------------------------------------------------------------------------------------------------


def test_categories_left_out_say_nothing_and_keep_the_shape() -> None:
    study = constructed([0.0, 0.0, 0.0]).study
    kept = with_categories(study, ["money"])
    spec = load_model("municipal")
    before, after = read_inputs(spec, study), read_inputs(spec, kept)
    np.testing.assert_array_equal(after.covariates[:, 1:], before.covariates[:, 1:])
    assert not after.covariates[:, 0].any()
    assert after.covariates.shape == before.covariates.shape
    assert kept.hashes != study.hashes
    with pytest.raises(StudyError, match=r"no category 'mony'.*Did you mean 'money'"):
        with_categories(study, ["mony"])


def test_variants_and_their_differences() -> None:
    names = ["a", "b"]
    assert variants_of(names) == {
        "with all": ["a", "b"],
        "with none": [],
        "without a": ["b"],
        "without b": ["a"],
        "a alone": ["a"],
        "b alone": ["b"],
    }
    elpd = {"with all": [-1, -2, -3], "with none": [-3, -3, -3], "without a": [-2, -4, -3], "a alone": [-1, -2, -2]}
    results = {
        f"{variant} | fold {n}": {f"u{n}": {"elpd": value}}
        for variant, values in elpd.items()
        for n, value in enumerate(values)
    }
    scores = _scores(Outcome(results, {}), list(elpd))
    (row,) = _differences("area", ["a"], scores).to_dict("records")
    assert (row["area_lost"], row["area_gained"]) == (3.0, 4.0)
    assert row["area_lost_se"] == pytest.approx(np.std([1, 2, 0], ddof=1) * np.sqrt(3))


# --- by learning ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("learner", list(LEARNERS))
def test_learners_find_what_matters_and_only_that(learner: str) -> None:
    rng = np.random.default_rng(2)
    matrix = rng.normal(size=(150, 4))
    target = matrix[:, 0] + np.abs(matrix[:, 1]) + 0.3 * rng.normal(size=150)
    columns = {"useful": np.array([0, 1]), "useless": np.array([2, 3])}
    block = np.arange(150) % 5
    lost = importance(lambda: LEARNERS[learner](1), matrix, target, block, columns, rng)
    assert lost["useful"] > 0.5
    assert abs(lost["useless"]) < 0.1


def test_blocks_lie_together() -> None:
    study = constructed([0.0, 0.0, 0.0]).study
    block = pd.Series(blocks_of(study, 1))
    province = study.areas.table["province"].loc[study.survey.surveyed_areas].to_numpy()
    assert (block.groupby(province).nunique() == 1).all()
    assert block.nunique() == min(5, len(set(province)))


# --- the picture and the table --------------------------------------------------------------------------------------


def test_the_picture_and_the_tables_show_every_view(tmp_path) -> None:
    found = predictors(constructed([0.6, 0.0, 0.0]), seed=1)
    rng = np.random.default_rng(3)
    views = {"area_lost": 1.0, "area_lost_se": 0.5, "area_gained": 2.0, "area_gained_se": 0.5}
    views |= {f"{n}{e}": float(rng.normal()) for n in ("boosting", "forest") for e in ("", "_lower", "_upper")}
    whole = Predictors(found.table.assign(**views), found.explained, found.areas)
    study = constructed([0.0, 0.0, 0.0]).study
    figure = predictors_figure(whole, study)
    assert len(figure.axes) == 2 * 3
    assert "simulated" in figure._suptitle.get_text().lower()
    files = write_predictors(whole, tmp_path)
    assert [file.name for file in files] == ["predictors.csv", "predictors_together.csv"]
    table = pd.read_csv(files[0])
    assert set(views) <= set(table.columns)
    assert len(pd.read_csv(files[1])) == 2
    assert whole.to_dict()["categories"][0]["area_lost"] == 1.0
