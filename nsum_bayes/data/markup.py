"""What a notebook shows of the central values: short, escaped, without colours of its own and without respondents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nsum_bayes.data.study import Study
    from nsum_bayes.data.survey import Survey


def panel(title: str, *parts: str) -> str:
    """A titled block of HTML parts."""
    return f"<div><strong>{escape(title)}</strong>{''.join(parts)}</div>"


def facts(rows: Mapping[str, object]) -> str:
    """Names and values as a table with a heading in each row; empty values are left out."""
    cells = (
        f'<tr><th scope="row" style="text-align:left">{escape(name)}</th>'
        f'<td style="text-align:left">{escape(str(value))}</td></tr>'
        for name, value in rows.items()
        if value not in ("", None)
    )
    return f"<table><tbody>{''.join(cells)}</tbody></table>"


def grid(headings: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = "") -> str:
    """Rows of plain values as a table with column headings."""
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(value))}</td>' for value in row)}</tr>" for row in rows)
    told = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{told}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def lines(texts: Iterable[str]) -> str:
    """Lines that keep their spaces, such as equations."""
    return f"<pre>{escape(chr(10).join(texts))}</pre>"


def study_markup(study: Study) -> str:
    """A study: what it is of, how many were asked, and what is stated of each hidden group."""
    said = {
        "counted": study.construct,
        "period": study.period,
        "tie": study.tie,
        "frame": study.frame,
        "respondents": f"{len(study.survey):,} in {len(study.survey.surveyed_areas):,} of {len(study.areas):,} areas",
        "known groups": ", ".join(study.known_groups),
        "waves": ", ".join(study.waves),
        "answers": "simulated" if study.synthetic else "",
        "notes": f"{len(study.notes)}; see describe()" if study.notes else "",
    }
    hidden = [study.hidden(group) for group in study.hidden_groups]
    rows = [(one.group, one.denominator, one.transmission.text, one.degree_ratio.text) for one in hidden]
    table = grid(("hidden group", "per", "transmission", "degree ratio"), rows)
    return panel(f"Study: {study.title}", facts(said), table)


def survey_markup(survey: Survey) -> str:
    """A survey: how many, where, about whom; not what they said."""
    said = {
        "respondents": f"{len(survey):,}",
        "surveyed areas": f"{len(survey.surveyed_areas):,}",
        "groups": ", ".join(survey.groups),
        "design": ", ".join(map(str, survey.design.columns)),
        "covariates": ", ".join(map(str, survey.covariates.columns)),
    }
    return panel("Survey", facts(said))
