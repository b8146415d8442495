"""Waves joined: what may be, what is refused, and boundary changes that keep totals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nsum_bayes import ModelError, Study, StudyError, build_model, join_waves, load_model
from nsum_bayes.data.concordance import unions
from nsum_bayes.data.held_out import with_wave_blanked
from nsum_bayes.model.visits import visits_of
from tests.made_up import study_of


def one(seed: int, **choices: Any) -> Study:
    return study_of(**{"surveyed": 6, "respondents_per_area": 4, "seed": seed, **choices})[0]


def stated(study: Study, **about: Any) -> Study:
    settings = study.settings.model_copy(update={"study": study.settings.study.model_copy(update=about)})
    return replace(study, settings=settings)


def sized(study: Study) -> Study:
    """The study with a size of one group in every area."""
    table = study.known.table
    codes = study.areas.codes
    people = study.areas.population
    own = pd.DataFrame({"group": "twins", "level": "area", "unit": codes, "size": 5.0 + np.arange(len(codes))})
    own = own.assign(se=1.0, source="", year="", rostered=np.nan, members=np.nan, population=people)
    own = own.assign(share=own["size"] / people)
    both = pd.concat([table, own[table.columns]], ignore_index=True)
    return replace(study, known=replace(study.known, table=both))


def test_waves_are_stacked_in_order() -> None:
    first, second = stated(one(1), period="2023"), stated(one(2), period="2025")
    joined = join_waves({"2023": first, "2025": second})
    assert joined.waves == ("2023", "2025")
    assert joined.period == "2023; 2025"
    np.testing.assert_array_equal(joined.survey.of_wave("2023").answers, first.survey.answers)
    np.testing.assert_array_equal(joined.survey.of_wave("2025").area, second.survey.area)
    visits = visits_of(joined)
    assert len(visits) == 12
    assert visits.dim == "visit"
    where = joined.survey.surveyed_areas[visits.area[visits.of]]
    np.testing.assert_array_equal(where, joined.survey.area)
    named = np.array(visits.waves)[visits.wave[visits.of]]
    np.testing.assert_array_equal(named, joined.survey.design["wave"])
    assert Study.from_payload(joined.to_payload()).waves == joined.waves


def test_a_model_without_waves_refuses_them() -> None:
    joined = join_waves({"1": one(1), "2": one(2)})
    with pytest.raises(ModelError, match="The study has 2 waves"):
        build_model(load_model("municipal"), joined)
    assert "wave_effect" in build_model(load_model("municipal_waves"), joined).named_vars


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"counted": "other people"}, "The waves differ in what is counted"),
        ({"tie": "you have heard of them"}, "The waves differ in the definition of a tie"),
        ({"frame": "region"}, "The waves differ in the frame of the question"),
    ],
)
def test_waves_that_ask_another_thing_are_refused(about: dict[str, Any], message: str) -> None:
    with pytest.raises(StudyError, match=message):
        join_waves({"1": stated(one(1), **about), "2": one(2)})


def test_other_groups_answers_and_orders_are_refused() -> None:
    fewer = one(1, known={"teachers": 0.01, "twins": 0.004})
    with pytest.raises(StudyError, match="ask about different groups: 'bakers' and 'police'"):
        join_waves({"1": fewer, "2": one(2)})
    questions = [
        {"column": f"q_{g}", "group": g, "answer": {"top_code": 10} if g == "twins" else {}}
        for g in ("teachers", "twins", "police", "bakers", "held", "sold")
    ]
    with pytest.raises(StudyError, match="record answers on 'twins' in different ways"):
        join_waves({"1": one(1, settings={"question": questions}), "2": one(2)})
    with pytest.raises(StudyError, match="do not sort in the order given: after, 2"):
        join_waves({"after": one(1), "2": one(2)})
    with pytest.raises(StudyError, match="needs two or more"):
        join_waves({"1": one(1)})


def test_sizes_that_changed_are_named() -> None:
    larger = one(1, known={"teachers": 0.01, "twins": 0.008, "police": 0.003, "bakers": 0.002})
    sizes = {"teachers": 0.01, "twins": 0.004, "police": 0.003, "bakers": 0.002}
    joined = join_waves({"1": larger, "2": one(2, known=sizes)})
    assert any(
        "The size of 'twins' differs between 1 and the latest wave by a factor of 2.00" in n for n in joined.notes
    )
    assert not any("'teachers'" in note for note in joined.notes)


def test_codes_of_another_vintage_need_a_concordance() -> None:
    old, new = renamed(one(1), {"0000": "A000"}), one(2)
    code = "A000" if "A000" in old.survey.surveyed_areas else None
    assert code, "the area is to be among those visited"
    with pytest.raises(StudyError, match="Areas of wave 1 are not in the frame of 2: 'A000'"):
        join_waves({"1": old, "2": new})
    joined = join_waves({"1": old, "2": new}, {"1": pd.DataFrame({"from": ["A000"], "to": ["0000"]})})
    assert set(joined.survey.area) <= set(new.areas.codes)
    assert len(joined.areas) == len(new.areas)
    with pytest.raises(StudyError, match="no column 'to'"):
        join_waves({"1": old, "2": new}, {"1": pd.DataFrame({"from": ["A000"]})})


def renamed(study: Study, codes: dict[str, str]) -> Study:
    """The study with other codes for some areas, one of them visited."""
    visited = study.survey.surveyed_areas
    area = np.where(study.survey.area == visited[0], next(iter(codes)), study.survey.area)
    area = np.array([codes.get(code, code) for code in area])
    table = study.areas.table.rename(index=codes)
    return replace(study, survey=replace(study.survey, area=area), areas=replace(study.areas, table=table))


def test_parts_of_a_split_area_are_one_again_and_totals_stay() -> None:
    old, new = renamed(one(1), {"0000": "A000"}), sized(one(2))
    split = pd.DataFrame({"from": ["A000", "A000"], "to": ["0000", "0001"]})
    joined = join_waves({"1": old, "2": new}, {"1": split})
    assert "0000+0001" in joined.areas.codes
    assert len(joined.areas) == len(new.areas) - 1
    assert "0000+0001" in joined.survey.surveyed_areas
    for column in ("population", *new.areas.denominators):
        assert joined.areas.table[column].sum() == pytest.approx(new.areas.table[column].sum())
    for study in (joined, new):
        own = study.known.table[study.known.table["level"] == "area"]
        assert own["size"].sum() == pytest.approx((5.0 + np.arange(len(new.areas))).sum())
    union = joined.known.table.set_index("unit").loc["0000+0001"]
    assert union["size"] == pytest.approx(11.0)
    assert union["se"] == pytest.approx(np.sqrt(2.0))
    assert union["share"] == pytest.approx(11.0 / joined.areas.table.loc["0000+0001", "population"])
    people = new.areas.table["population"][["0000", "0001"]]
    poverty = (new.areas.table["poverty"][["0000", "0001"]] * people).sum() / people.sum()
    assert joined.areas.table.loc["0000+0001", "poverty"] == pytest.approx(poverty)
    assert any("Taken together, because boundaries changed between waves: '0000+0001'" in n for n in joined.notes)


def test_areas_of_different_provinces_are_not_taken_together() -> None:
    split = pd.DataFrame({"from": ["A000", "A000"], "to": ["0000", "0005"]})
    with pytest.raises(StudyError, match="lie in different units of 'province'"):
        join_waves({"1": renamed(one(1), {"0000": "A000"}), "2": one(2)}, {"1": split})


def test_unions_follow_renames_merges_and_splits() -> None:
    later, earlier = unions(["a", "b", "c", "d"], [("x", "a"), ("y", "b"), ("y", "c"), ("z", "a")])
    assert later == {"a": "a", "b": "b+c", "c": "b+c", "d": "d"}
    assert earlier["x"] == earlier["z"] == "a"
    assert earlier["y"] == "b+c"
    assert earlier["d"] == "d"


def test_a_wave_can_be_left_out() -> None:
    joined = join_waves({"1": one(1), "2": one(2)})
    blanked = with_wave_blanked(joined, "1")
    known = len(joined.known_groups)
    assert np.isnan(blanked.survey.of_wave("1").answers[:, known:]).all()
    np.testing.assert_array_equal(blanked.survey.of_wave("2").answers, joined.survey.of_wave("2").answers)
    with pytest.raises(StudyError, match="There is no wave '3'"):
        with_wave_blanked(joined, "3")


def test_a_study_file_can_list_waves(tmp_path: Path) -> None:
    from nsum_bayes.data.bundled import sample_folder

    sample = str(sample_folder() / "study.toml").replace("\\", "/")
    listed = f'[[wave]]\nname = "2024"\nstudy = "{sample}"\n[[wave]]\nname = "2025"\nstudy = "{sample}"\n'
    (tmp_path / "study.toml").write_text(listed)
    joined = Study.load(tmp_path)
    assert joined.waves == ("2024", "2025")
    assert len(joined.survey) == 2 * len(Study.load(sample).survey)
    (tmp_path / "study.toml").write_text(listed + 'period = "2025"\n')
    with pytest.raises(StudyError, match="Unknown key 'period'"):
        Study.load(tmp_path)
    (tmp_path / "study.toml").write_text('[study]\ntitle = "x"\n' + listed)
    with pytest.raises(StudyError, match="'study' cannot stand beside"):
        Study.load(tmp_path)
