"""Simulated fieldwork: which areas are visited, who is asked, and the frames that the answers are written into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsum_bayes.data.answers import spikes
from nsum_bayes.data.areas import Areas
from nsum_bayes.data.bins import intervals_of
from nsum_bayes.data.covariates import CovariateCategory
from nsum_bayes.data.study import Study
from nsum_bayes.errors import NsumError, suggestion

Known = pd.DataFrame | Mapping[str, float]
Covariates = pd.DataFrame | Mapping[str, float | Mapping[str, float]]
Selection = Literal["equal", "population"]


@dataclass(frozen=True, eq=False)
class Fieldwork:
    """How the survey is done; see `nsum_bayes.model.simulate.simulate` for the meaning of each entry."""

    known: Known
    hidden: Sequence[Any]
    respondents_per_area: int | Mapping[str, int]
    surveyed: int | Sequence[str]
    selection: Selection = "equal"
    settings: Mapping[str, Any] | None = None
    respondent_covariates: Covariates | None = None
    missing_rate: float = 0.0
    side_data: Mapping[str, pd.DataFrame] | None = None
    waves: Sequence[str] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Frames:
    """A study as settings and frames, before it is checked."""

    settings: dict[str, Any]
    survey: pd.DataFrame
    known: pd.DataFrame
    areas: pd.DataFrame
    geometry: Any = None
    links: pd.DataFrame | None = None
    side_data: Mapping[str, pd.DataFrame] | None = None

    def study(self) -> Study:
        """Read and check the frames as those of any other study."""
        return Study.from_frames(
            self.settings,
            survey=self.survey,
            known=self.known,
            areas=self.areas,
            links=self.links,
            geometry=self.geometry,
            side_data=self.side_data,
        )


def blank_frames(areas: Areas, work: Fieldwork, rng: np.random.Generator) -> Frames:
    """Choose areas and respondents; every answer is zero yet."""
    sizes = _known_frame(work.known, areas)
    codes = choose_areas(areas, work.surveyed, work.selection, rng)
    respondents = _respondents(codes, work.respondents_per_area, work.respondent_covariates, rng)
    settings = _settings(areas, sizes, work, respondents)
    respondents = _in_waves(respondents, work.waves)
    answers = {question["column"]: blank_cell(question.get("answer", {})) for question in settings["question"]}
    side = {name: table.assign(aware=0) for name, table in (work.side_data or {}).items()}
    return Frames(
        settings=settings,
        survey=respondents.assign(**answers),
        known=with_members(sizes, np.zeros(len(sizes))),
        areas=areas.table.rename_axis("code").reset_index(),
        geometry=areas.geometry,
        links=pd.DataFrame(areas.neighbourhood.links, columns=["from", "to"]),
        side_data=side or None,
    )


def blank_cell(answer: Mapping[str, Any]) -> Any:
    """What a file holds for a respondent who knows nobody; one, where the question is how many people are known."""
    match answer.get("type", "count"):
        case "degree":
            return 1.0
        case "bins":
            return (answer.get("codes") or answer["bins"])[0]
    return 0.0


def written_cells(answer: Mapping[str, Any], lowest: NDArray[np.float64]) -> Any:
    """What a file holds for recorded answers, given the lowest number that each allows."""
    if answer.get("type") != "bins":
        return lowest
    cells = answer.get("codes") or answer["bins"]
    cell_of = {float(low): str(cell) for (low, _), cell in zip(intervals_of(answer["bins"]), cells, strict=True)}
    return np.array([cell_of.get(number, "") for number in lowest], dtype=object)


def answered_frames(
    blank: Frames,
    answers: NDArray[np.float64],
    groups: Sequence[str],
    members: Any,
    side: Mapping[str, Any] | None = None,
) -> Frames:
    """The same frames with answers (respondent, group) and roster counts filled in; true answers of 99 are declared.

    ``side`` holds reported network sizes, aware contacts and members' answers, as `story_measurement.side_draws` does.
    """
    asked = {question.get("group", ""): question for question in blank.settings["question"]}
    column = {group: question["column"] for group, question in asked.items()}
    lowest = {column[group]: answers[:, position] for position, group in enumerate(groups)}
    filled = {column[group]: written_cells(asked[group].get("answer", {}), lowest[column[group]]) for group in groups}
    if side and "reported_degree" in side:
        filled[column[""]] = np.maximum(np.rint(side["reported_degree"]), 1.0)
    declared = set(blank.settings["survey"].get("allowed_codes", ()))
    found = {code for values in lowest.values() for code in spikes(values)}
    survey = {**blank.settings["survey"], "allowed_codes": sorted(declared | found)}
    return replace(
        blank,
        settings={**blank.settings, "survey": survey},
        survey=blank.survey.assign(**filled),
        known=with_members(blank.known, members),
        side_data=_with_members(blank, side or {}),
    )


def _with_members(blank: Frames, side: Mapping[str, Any]) -> Mapping[str, pd.DataFrame] | None:
    """Side data with the draws of aware contacts and of members' answers filled in."""
    if blank.side_data is None:
        return None
    tables = dict(blank.side_data)
    for hidden in blank.settings["hidden"]:
        group, statements = hidden["group"], (hidden["transmission"], hidden.get("degree_ratio", {}))
        name = next((s["side_data"] for s in statements if s.get("side_data")), None)
        if name is None:
            continue
        if f"aware_{group}" in side:
            tables[name] = tables[name].assign(aware=side[f"aware_{group}"])
        if f"member_answers_{group}" in side:
            asked = [question.get("group", "") for question in blank.settings["question"]]
            own = [known for known in asked if known in tables[name].columns]
            answers = tables[name][own].to_numpy(dtype=float, copy=True)
            answers[~np.isnan(answers)] = side[f"member_answers_{group}"]
            tables[name] = tables[name].assign(**dict(zip(own, answers.T, strict=True)))
    return tables


def with_members(sizes: pd.DataFrame, members: Any) -> pd.DataFrame:
    """Known sizes with the members of roster rows replaced."""
    if "rostered" not in sizes:
        return sizes
    return sizes.assign(members=np.where(sizes["rostered"].notna(), members, np.nan))


def choose_areas(areas: Areas, surveyed: int | Sequence[str], selection: str, rng: np.random.Generator) -> list[str]:
    """Codes of the areas to visit, in the frame's order: those given, or so many drawn at random."""
    codes = areas.codes
    if not isinstance(surveyed, int):
        wanted, there = set(surveyed), set(codes)
        if unknown := sorted(wanted - there):
            what = f"The frame has no area '{unknown[0]}'.{suggestion(unknown[0], codes)}"
            raise NsumError(what, where="surveyed", advice="Give codes of the frame's areas.")
        return [code for code in codes if code in wanted]
    if not 0 < surveyed <= len(codes):
        what = f"{surveyed} areas cannot be visited in a frame of {len(codes)}."
        raise NsumError(what, where="surveyed", advice="Give a number from 1 to the number of areas.")
    chance = areas.population / areas.population.sum() if selection == "population" else None
    return list(codes[np.sort(rng.choice(len(codes), surveyed, replace=False, p=chance))])


def with_gaps(answers: NDArray[np.float64], rate: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Answers with some cells missing at random; a respondent always keeps one, since one without any is left out."""
    missing = rng.random(answers.shape) < rate
    kept = rng.integers(answers.shape[1], size=len(answers))
    missing[np.arange(len(answers)), kept] &= ~missing.all(axis=1)
    return np.where(missing, np.nan, answers)


# --- parts ----------------------------------------------------------------------------------------------------------


def _known_frame(known: Known, areas: Areas) -> pd.DataFrame:
    if isinstance(known, pd.DataFrame):
        return known.reset_index(drop=True)
    sizes = [max(1.0, round(share * areas.population.sum())) for share in known.values()]
    return pd.DataFrame({"group": list(known), "area": "", "size": sizes})


def _respondents(
    codes: Sequence[str], take: int | Mapping[str, int], covariates: Covariates | None, rng: np.random.Generator
) -> pd.DataFrame:
    counts = [take if isinstance(take, int) else take[code] for code in codes]
    area = np.repeat(np.array(codes, dtype=object), counts)
    frame = pd.DataFrame({"id": [f"R{number:05d}" for number in range(1, len(area) + 1)], "code": area})
    if isinstance(covariates, pd.DataFrame):
        return frame.join(covariates.reset_index(drop=True))
    return frame.assign(**{name: _covariate(law, len(area), rng) for name, law in (covariates or {}).items()})


def _in_waves(respondents: pd.DataFrame, waves: Sequence[str]) -> pd.DataFrame:
    """As many respondents again in every wave, of the same areas and covariates; other people."""
    if not waves:
        return respondents
    again = [respondents.assign(id=respondents["id"] + f"w{n}", wave=wave) for n, wave in enumerate(waves)]
    return pd.concat(again, ignore_index=True)


def _covariate(law: float | Mapping[str, float], count: int, rng: np.random.Generator) -> NDArray[Any]:
    if isinstance(law, Mapping):
        shares = np.array(list(law.values()), dtype=float)
        return rng.choice(np.array(list(law), dtype=object), count, p=shares / shares.sum())
    return (rng.random(count) < law).astype(int)


def _settings(areas: Areas, sizes: pd.DataFrame, work: Fieldwork, respondents: pd.DataFrame) -> dict[str, Any]:
    hidden = [dict(row) if isinstance(row, Mapping) else _statement(row) for row in work.hidden]
    asked = [*dict.fromkeys(sizes["group"]), *(row["group"] for row in hidden)]
    raw: dict[str, Any] = {
        "study": {
            "title": "Simulated study",
            "construct": "invented groups",
            "period": "no period",
            "tie": "as simulated",
            "frame": "area",
            "synthetic": True,
        },
        "survey": {"respondent": "id", "area": "code", "covariates": list(respondents.columns[2:])},
        "question": [{"column": f"q_{group}", "group": group} for group in asked],
        "known": {},
        "hidden": hidden,
        "areas": area_settings(areas),
    }
    if work.waves:
        raw["survey"]["wave"] = "wave"
    return _merged(raw, work.settings or {})


def _statement(row: Any) -> dict[str, Any]:
    """A hidden group as study.toml would state it."""
    parts = {name: getattr(row, name).model_dump(exclude_none=True) for name in ("transmission", "degree_ratio")}
    return {"group": row.group, "denominator": row.denominator, **parts}


def area_settings(areas: Areas) -> dict[str, Any]:
    """The [areas] table of a study file whose columns have the names of the frame's own."""
    raw: dict[str, Any] = {
        "code": "code",
        "name": "name",
        "levels": list(areas.levels),
        "population": "population",
        "denominators": {name: name for name in areas.denominators},
        "vintage": areas.vintage,
        "neighbours": {k: v for k, v in vars(areas.neighbourhood).items() if k != "links"},
        "covariates": {category.category: _category(category) for category in areas.covariates},
    }
    return raw if areas.geometry is None else {**raw, "geometry": {"code": "code"}}


def _category(category: CovariateCategory) -> dict[str, Any]:
    table: dict[str, Any] = {
        "columns": list(category.columns),
        "transform": category.transform,
        "source": category.source,
    }
    table |= {"se": dict(category.errors)} if category.errors else {}
    return table if category.year is None else {**table, "year": category.year}


def _merged(raw: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(raw)
    for key, value in given.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value) if both else value
    return merged
