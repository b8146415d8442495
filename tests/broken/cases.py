"""Every fault that a study can have, one a case: how to make it, and nothing of what is said about it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.small_study import (
    CODES,
    Edit,
    add_column,
    areas_frame,
    both,
    drop_column,
    drop_rows,
    edit_cells,
    edit_text,
    geometry_text,
    remove_file,
    repeat_row,
)

TRANSMISSION = 'transmission = { prior = "beta", mean = 0.6, sd = 0.15, reason = "awareness study" }'
SECOND_ANSWER = 'group  = "nurses"\n'
COUNT = 'answer = { type = "count" }'
BINS = 'answer = { type = "bins", bins = ["0", "1-2", "3-5", "6+"] }'
LAST_QUESTION = '[[question]]\ncolumn = "q_bonded"\n'
DEGREE = '[[question]]\ncolumn = "q_degree"\nanswer = { type = "degree" }\n\n'
SECOND_HIDDEN = f'[[hidden]]\ngroup = "farmers"\ndenominator = "adults"\n{TRANSMISSION}\n\n'
MEAN = 'mean = { fixed = 2, reason = "court files" }'
CONTACTS = {"member": ["m0", "m1", "m2"], "contacts": [10, 8, 12], "aware": [4, 0, 12], "teachers": [1, "", 0]}


def _write(file: str, text: str) -> Edit:
    return lambda folder: (folder / file).write_text(text, encoding="utf-8") and None


def _excel_areas(folder: Path) -> None:
    areas_frame().assign(code=[101, 102, 201, 202]).to_excel(folder / "areas.xlsx", index=False)
    edit_text('"areas.csv"', '"areas.xlsx"')(folder)


def _double_header(folder: Path) -> None:
    file = folder / "survey.csv"
    file.write_text(file.read_text().replace("q_nurses", "q_teachers", 1))


def _transmission(text: str) -> Edit:
    return edit_text(TRANSMISSION, text)


def _answers(text: str, cells: list[object]) -> Edit:
    """Teachers asked about in another way: its answer table and its cells, repeated down the column."""
    filled = {row: cells[(row - 1) % len(cells)] for row in range(1, 25)}
    return both(edit_text(COUNT, text), edit_cells("survey.csv", "q_teachers", filled))


def _degree(text: str, cells: list[object]) -> Edit:
    """A question on the respondent's own degree, with its cells."""
    filled = [cells[row % len(cells)] for row in range(24)]
    return both(edit_text(LAST_QUESTION, text + LAST_QUESTION), add_column("survey.csv", "q_degree", filled))


def _links(*links: tuple[str, str, str]) -> Edit:
    """A second hidden group, and [[link]] tables of group, of, mean."""
    tables = [f'[[link]]\ngroup = "{group}"\nof = "{of}"\n{mean}\n\n' for group, of, mean in links]
    return edit_text("[areas]\n", "".join([SECOND_HIDDEN, *tables, "[areas]\n"]))


def _side_data(
    table: dict[str, list[object]], statement: str = 'side_data = "contacts.csv", reason = "contacts"'
) -> Edit:
    """The transmission from a table of members' contacts."""

    def edit(folder: Path) -> None:
        pd.DataFrame(table).to_csv(folder / "contacts.csv", index=False)
        _transmission(f"transmission = {{ {statement} }}")(folder)

    return edit


def _with_ratio(edit: Edit, name: str = "contacts.csv") -> Edit:
    """The degree ratio from side data as well."""
    ratio = f'degree_ratio = {{ side_data = "{name}", reason = "contacts" }}'
    return both(edit, edit_text('denominator  = "adults"', f'denominator  = "adults"\n{ratio}'))


CASES: dict[str, Edit] = {
    # the study file
    "not toml": edit_text('title     = "Two provinces"', "title     = Two provinces"),
    "unknown key": edit_text("synthetic = true", "sinthetic = true"),
    "unknown nested key": edit_text('transform = "logit"', 'transfrom = "logit"'),
    "unknown key of a question": edit_text('kind   = "occupation"', 'knd    = "occupation"'),
    "unknown table": edit_text("[known]", "[extra]\nx = 1\n\n[known]"),
    "missing key": edit_text('period    = "2025"\n', ""),
    "value outside the vocabulary": edit_text('transform = "logit"', 'transform = "cube"'),
    "fictional places of real answers": edit_text("synthetic = true", "fictional_places = true"),
    "left to decide": edit_text('"you know each other by name and met in the past year"', '"TODO: the tie"'),
    "unknown frame": edit_text('frame     = "area"', 'frame     = "provinse"'),
    "frame wider than the area": edit_text('frame     = "area"', 'frame     = "nation"'),
    "local share in the area": edit_text(
        'frame     = "area"', 'frame = "area"\nlocal_share = { fixed = 0.8, reason = "a" }'
    ),
    "local share without a reason": edit_text('frame     = "area"', 'frame = "nation"\nlocal_share = { fixed = 0.8 }'),
    "local share of zero": edit_text(
        'frame     = "area"', 'frame = "nation"\nlocal_share = { fixed = 0, reason = "a" }'
    ),
    # secondary data
    "covariate errors": edit_text('transform = "log"', 'transform = "log"\ncv = { road_km = "road_cv" }'),
    "stata file that is none": both(edit_text('"survey.csv"', '"survey.dta"'), _write("survey.dta", "no")),
    # kinds of answer
    "answer above its top code": _answers('answer = { type = "count", top_code = 10 }', [0, 10, 2, 98]),
    "top code of a yes or no": edit_text(COUNT, 'answer = { type = "any", top_code = 10 }'),
    "top code of zero": edit_text(COUNT, 'answer = { type = "count", top_code = 0 }'),
    "unknown type of answer": edit_text(COUNT, 'answer = { type = "binned" }'),
    "bins that are not named": edit_text(COUNT, 'answer = { type = "bins" }'),
    "bins with a gap": edit_text(COUNT, 'answer = { type = "bins", bins = ["0", "1-2", "4+"] }'),
    "bin that is none": edit_text(COUNT, 'answer = { type = "bins", bins = ["0", "a few", "6+"] }'),
    "bin that ends before it starts": edit_text(COUNT, 'answer = { type = "bins", bins = ["0", "1-0"] }'),
    "answer of no bin": _answers(BINS, ["0", "1–2", "6 +", "3"]),
    "codes of other bins": edit_text(COUNT, BINS.replace("] }", "], codes = [1, 2, 3] }")),
    "code of a bin that is missing": _answers(BINS.replace("] }", "], codes = [-9, 1, 2, 3] }"), [1, 2, 3]),
    "answer of no code": _answers(BINS.replace("] }", "], codes = [1, 2, 3, 4] }"), [1, 2, 4, 5]),
    "answer neither yes nor no": _answers('answer = { type = "any" }', ["Yes", "no", "perhaps", 1]),
    "answer neither 0, 1 nor 2+": _answers('answer = { type = "zero_one_more" }', [0, 1, "2+", 3]),
    "bins never answered": _answers(BINS, ["", "-9"]),
    "question without a group": edit_text(SECOND_ANSWER, ""),
    "degree of zero": _degree(DEGREE, [300, 0, 150.5, ""]),
    "degree asked twice": _degree(DEGREE + DEGREE.replace("q_degree", "age"), [300]),
    "degree of a group": _degree(DEGREE.replace("answer", 'group = "everyone"\nanswer'), [300]),
    "degree with a top code": _degree(DEGREE.replace('degree" }', 'degree", top_code = 500 }'), [300]),
    "misspelt column of respect": edit_text(SECOND_ANSWER, SECOND_ANSWER + 'respect = "stratm"\n'),
    "respect that is no number": edit_text(SECOND_ANSWER, SECOND_ANSWER + 'respect = "stratum"\n'),
    # links and side data
    "link of a group that is not hidden": _links(("bonded", "nurses", MEAN)),
    "group linked to itself": _links(("bonded", "bonded", MEAN)),
    "group in two links": _links(("bonded", "farmers", MEAN), ("farmers", "bonded", MEAN)),
    "link without a mean": _links(("bonded", "farmers", "")),
    "link from side data": _links(("bonded", "farmers", 'mean = { side_data = "contacts.csv", reason = "a" }')),
    "missing side data": _transmission('transmission = { side_data = "kontacts.csv", reason = "contacts" }'),
    "misspelt side data": _side_data(CONTACTS, 'side_data = "contact.csv", reason = "contacts"'),
    "side data of a fixed transmission": _side_data(CONTACTS, 'side_data = "contacts.csv", fixed = 0.5, reason = "a"'),
    "half a prior before side data": _side_data(CONTACTS, 'side_data = "contacts.csv", mean = 0.5, reason = "a"'),
    "side data without contacts": _side_data({"contact": [10, 8], "aware": [4, 0]}),
    "side data without members": _side_data({"contacts": [], "aware": []}),
    "impossible contacts": _side_data({"contacts": [10, 0, 12, 8.5, ""], "aware": [11, 0, 3, 1, 1]}),
    "members twice": _side_data({**CONTACTS, "member": ["m0", "m0", "m2"]}),
    "negative answer of a member": _side_data({**CONTACTS, "teachers": [1, -1, 0]}),
    "degree ratio from contacts alone": _with_ratio(_side_data({"contacts": [10], "aware": [4]})),
    "two tables of one group": _with_ratio(_side_data(CONTACTS), "other.csv"),
    # groups and hidden groups
    "missing transmission": _transmission(""),
    "transmission without a reason": _transmission("transmission = { fixed = 1.0 }"),
    "transmission in two forms": _transmission('transmission = { fixed = 0.6, mean = 0.5, reason = "a study" }'),
    "impossible beta": _transmission('transmission = { prior = "beta", mean = 0.6, sd = 0.6, reason = "a study" }'),
    "unknown denominator": edit_text('denominator  = "adults"', 'denominator  = "adult"'),
    "unknown hidden group": edit_text('[[hidden]]\ngroup        = "bonded"', '[[hidden]]\ngroup        = "bondd"'),
    "unknown group": edit_text(SECOND_ANSWER, 'group  = "nurse"\n'),
    "group asked twice": edit_text(SECOND_ANSWER, 'group  = "teachers"\n'),
    "no known group": edit_text(
        "[known]",
        "".join(
            f'[[hidden]]\ngroup = "{group}"\ndenominator = "adults"\n{TRANSMISSION}\n\n'
            for group in ("teachers", "nurses", "farmers")
        )
        + "[known]",
    ),
    "no hidden group": edit_text(f'[[hidden]]\ngroup        = "bonded"\ndenominator  = "adults"\n{TRANSMISSION}\n', ""),
    # files and columns
    "missing file": remove_file("groups.csv"),
    "misspelt file": edit_text('"survey.csv"', '"survay.csv"'),
    "unreadable file": _write("areas.csv", "code,name\n1,2,3\n1\n"),
    "missing column": drop_column("survey.csv", "q_nurses"),
    "misspelt column": edit_text('weight  = "w"', 'weight  = "wt"'),
    "missing denominator column": edit_text('"pop_18plus"', '"pop_18"'),
    "column named twice": _double_header,
    # the survey
    "unknown area": edit_cells("survey.csv", "code", {2: "0909", 5: "0909", 9: "101"}),
    "no area code": edit_cells("survey.csv", "code", {4: ""}),
    "duplicate respondents": edit_cells("survey.csv", "id", {3: "r00", 8: "r05"}),
    "negative answer": edit_cells("survey.csv", "q_teachers", {7: -1}),
    "fractional answer": edit_cells("survey.csv", "q_teachers", {7: 2.5, 9: 0.5}),
    "answer that is no number": edit_cells("survey.csv", "q_teachers", {7: "a few"}),
    "undeclared missing code": edit_cells("survey.csv", "q_teachers", {2: 99, 7: 99, 12: 99, 13: 99}),
    "hidden group never answered": edit_cells("survey.csv", "q_bonded", dict.fromkeys(range(1, 25), "")),
    "weight of zero": edit_cells("survey.csv", "w", {4: 0}),
    "missing stratum": edit_cells("survey.csv", "stratum", {4: ""}),
    "unknown range": edit_text("missing_codes = [-9]", "missing_codes = [-9]\ncovariate_ranges = { aeg = [0, 110] }"),
    "unknown scale": edit_text("missing_codes = [-9]", "missing_codes = [-9]\ncovariate_scales = { aeg = [40, 10] }"),
    "scale without a unit": edit_text(
        "missing_codes = [-9]", "missing_codes = [-9]\ncovariate_scales = { age = [40, 0] }"
    ),
    # known sizes
    "size of zero": edit_cells("groups.csv", "size", {1: 0}),
    "negative size": edit_cells("groups.csv", "size", {2: -50}),
    "size above the population": edit_cells("groups.csv", "size", {2: 10001}),
    "size that is no number": edit_cells("groups.csv", "size", {1: "6,00"}),
    "no size": edit_cells("groups.csv", "size", {1: ""}),
    "impossible roster": edit_cells("groups.csv", "members", {6: 501}),
    "size given twice": edit_cells("groups.csv", "area", {3: "0101"}),
    "unknown area of a size": edit_cells("groups.csv", "area", {2: "0191"}),
    "surveyed area without a size": drop_rows("groups.csv", 7),
    # areas
    "duplicated area": repeat_row("areas.csv", 1),
    "denominator above the population": edit_cells("areas.csv", "pop_18plus", {3: 14001}),
    "population of zero": edit_cells("areas.csv", "population", {2: 0}),
    "missing province": edit_cells("areas.csv", "province", {4: ""}),
    "province in two regions": both(
        edit_text('levels = ["province"]', 'levels = ["province", "region"]'),
        add_column("areas.csv", "region", ["East", "West", "East", "East"]),
    ),
    "level of a reserved name": both(
        edit_text('levels = ["province"]', 'levels = ["province", "group"]'),
        add_column("areas.csv", "group", ["East", "East", "East", "East"]),
    ),
    "log of zero": edit_cells("areas.csv", "road_km", {1: 0, 3: -2}),
    "percentages for shares": edit_cells("areas.csv", "poverty_rate", {1: 12.5}),
    "codes stored as numbers": _excel_areas,
    # geometry
    "geometry of other codes": _write("areas.geojson", geometry_text((*CODES[:3], "0303"))),
    "geometry without the column": edit_text(
        'file = "areas.geojson", code = "code"', 'file = "areas.geojson", code = "cod"'
    ),
    # several at once
    "many faults": both(
        edit_text("synthetic = true", "sinthetic = true"),
        edit_cells("survey.csv", "q_teachers", {7: -1}),
        edit_cells("groups.csv", "size", {1: 0}),
        edit_cells("areas.csv", "province", {4: ""}),
        _transmission(""),
    ),
}
