"""Models as data: written and read back alike, and every fault of a model file told."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsum_bayes.errors import ModelError
from nsum_bayes.model import spec as sp
from nsum_bayes.model.spec import dumps, load_model, loads, model_names

# --- any model the vocabulary allows --------------------------------------------------------------------------------

# TOML takes no control characters but these, and reads every line end as \n.
text = st.text(st.characters(codec="utf-8", exclude_categories=("Cc",), include_characters="\n\t"), max_size=40)
finite = st.floats(-1e6, 1e6)
positive = st.floats(1e-6, 1e6)
normal = st.builds(sp.Normal, mean=finite, sd=positive, reason=text)
half_normal = st.builds(sp.HalfNormal, sd=positive, reason=text)
lognormal = st.builds(sp.LogNormal, median=positive, log_sd=positive, reason=text)
uniform = st.builds(sp.Uniform, lower=st.floats(-1e6, -1), upper=st.floats(0, 1e6), reason=text)
scale = half_normal | lognormal | uniform
perhaps = st.none()

counts = (
    st.builds(sp.Poisson)
    | st.builds(sp.Binomial)
    | st.builds(sp.NegativeBinomial1, overdispersion=lognormal)
    | st.builds(sp.NegativeBinomial2, size=lognormal)
)
degree = st.builds(sp.Degree, mean=normal | uniform, sd=scale, area_sd=perhaps | scale, coefficient=perhaps | normal)
known_sizes = st.builds(sp.KnownSizesUse, deviation_sd=perhaps | scale, roster_mean=normal, roster_sd=half_normal)
prevalence = st.builds(
    sp.Prevalence,
    intercept=normal | st.builds(sp.Reciprocal, reason=text),
    coefficient=perhaps | normal,
    level_sd=perhaps | scale,
    area_sd=perhaps | scale,
    correlation=perhaps | st.builds(sp.LKJ, shape=positive, reason=text),
)
transmission = st.just(sp.Transmission()) | st.builds(
    sp.Transmission, kind=st.just("none"), reason=st.text(string.ascii_letters, min_size=1)
)
specs = st.builds(
    sp.ModelSpec,
    name=text,
    title=text,
    description=text,
    references=st.lists(text, max_size=3).map(tuple),
    counts=counts,
    degree=degree,
    bias=st.builds(sp.Bias, sd=perhaps | scale),
    known_sizes=known_sizes,
    prevalence=prevalence,
    transmission=transmission,
)


@settings(max_examples=60, deadline=None)
@given(specs)
def test_written_and_read_back_it_is_the_same(spec):
    assert loads(dumps(spec)) == spec


@pytest.mark.parametrize("name", model_names())
def test_named_models_are_read_back_alike(name):
    spec = load_model(name)
    assert spec.name == name
    assert loads(dumps(spec)) == spec


def test_a_model_file_by_its_path(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(dumps(load_model("municipal").replace(name="mine")), encoding="utf-8")
    assert load_model(file) == load_model("municipal").replace(name="mine")


def test_a_replaced_part_leaves_the_model_it_came_from():
    spec = load_model("municipal")
    other = spec.replace(counts=sp.Poisson())
    assert (spec.counts.kind, other.counts.kind) == ("nb1", "poisson")
    assert other.replace(counts=spec.counts) == spec


# --- faults ---------------------------------------------------------------------------------------------------------

ADVICE = "  to do: Compare it with a file that `nsum models NAME` prints."


def faulty(*changes: tuple[str, str]) -> str:
    """The municipal model with texts replaced, each of them once."""
    text = dumps(load_model("municipal"))
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ([("[bias.sd]\n", "[bias.zzz]\n")], "bias.zzz: unknown key"),
        ([("[degree.coefficient]", "[degree.coeficient]")], "degree.coeficient: unknown key, perhaps 'coefficient'"),
        ([("[bias.sd]\n", "[bias.area_sd]\n")], "bias.area_sd: unknown key"),
        (
            [('kind = "nb1"', 'kind = "nb3"')],
            "counts: Input tag 'nb3' found using 'kind' does not match any of the expected tags: "
            "'poisson', 'nb1', 'nb2', 'binomial', 'beta_binomial'",
        ),
        (
            [('kind = "study"', 'kind = "none"')],
            "transmission: a model without transmission must give its reason",
        ),
        (
            [("log_sd = 1.0", "log_sd = -1.0"), ("title = ", "titel = ")],
            "title: Field required; counts.nb1.overdispersion.lognormal.log_sd: Input should be greater than 0; "
            "titel: unknown key, perhaps 'title'",
        ),
        ([("mean = 5.3", "mean = nan")], "degree.mean.normal.mean: Input should be a finite number"),
        ([("sd = 0.5", "sd = inf")], "degree.area_sd.half_normal.sd: Input should be a finite number"),
    ],
)
def test_every_fault_of_a_model_file_is_told(changes, fault):
    with pytest.raises(ModelError) as error:
        loads(faulty(*changes), source="mine.toml")
    assert str(error.value) == f"The model does not follow the vocabulary: {fault}.\n  where: mine.toml\n{ADVICE}"


def test_a_uniform_prior_the_wrong_way_round():
    with pytest.raises(ModelError, match=r"degree\.mean\.uniform: lower must be below upper"):
        load_model("municipal").replace(
            degree={"mean": {"prior": "uniform", "lower": 2, "upper": 1}, "sd": {"prior": "half_normal", "sd": 1}}
        )


def test_a_component_that_does_not_exist():
    with pytest.raises(ModelError) as error:
        load_model("municipal").replace(degre={})
    told = "The model does not follow the vocabulary: degre: unknown key, perhaps 'degree'."
    assert str(error.value) == f"{told}\n  where: model municipal\n{ADVICE}"


def test_a_file_that_is_not_toml():
    with pytest.raises(ModelError) as error:
        loads("name = = 1", source="mine.toml")
    assert str(error.value) == (
        "mine.toml is not valid TOML: Invalid value (at line 1, column 8).\n  where: mine.toml\n"
        "  to do: Mend the line named."
    )


def test_a_name_nearly_right():
    with pytest.raises(ModelError) as error:
        load_model("municpal")
    assert str(error.value) == (
        "There is no model 'municpal'. Did you mean 'municipal'?\n  where: model name\n"
        f"  to do: Known models: {', '.join(model_names())}; or give the path of a .toml file."
    )
