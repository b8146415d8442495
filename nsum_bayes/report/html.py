"""The report: one page that stands alone, to be read on a screen, a phone or paper, with nothing to run or to fetch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsum_bayes.model.equations import equations
from nsum_bayes.report import barg, checklist, estimate_sections, gather, model_sections, survey_sections
from nsum_bayes.report.assumptions import WITHOUT_DATA, weakest
from nsum_bayes.report.limits import limits
from nsum_bayes.report.material import Material, prepare
from nsum_bayes.report.pictures import pictures
from nsum_bayes.report.release import replacing
from nsum_bayes.report.wording import stamp_of

if TYPE_CHECKING:
    from nsum_bayes.estimates.estimates import Estimates
    from nsum_bayes.estimates.summaries import Suppression
    from nsum_bayes.inference.fit import Fit

SECTIONS = {
    "survey": "Survey and design",
    "known": "Known groups",
    "model": "Model",
    "diagnostics": "Diagnostics",
    "estimates": "Estimates",
    "sensitivity": "Sensitivity",
    "limits": "What the method cannot tell",
    "gather": "GATHER",
    "barg": "BARG",
    "provenance": "Provenance",
}
LETTERS_A_LINE, LINE_MM, LEAST_MM = 100, 4, 13
"""Of the head of a printed page, which holds construct, period and denominator."""


def write_report(
    run: Fit,
    path: str | Path,
    *,
    transmission: Mapping[str, Any] | None = None,
    group: str | None = None,
    hold_outs: Iterable[str | Path] = (),
    sensitivity: str | Path | None = None,
    suppress: Suppression | None = None,
    cleared: Estimates | None = None,
) -> Path:
    """Write the report on a fit as one HTML file.

    Parameters
    ----------
    run
        The fit.
    path
        Of the page, ``.html``.
    transmission
        Statements to use instead of the study's, as in `estimate`.
    group
        The only hidden group to report; by default all.
    hold_outs, sensitivity
        Results of `nsum holdout` (one file each) and `nsum sensitivity` (its folder); where there are none, the
        report says that they were not run.
    suppress
        Which figures to withhold; by default those that `Estimates.table` withholds.
    cleared
        The same estimates as a release shows them; hold-outs of areas and waves are left out then.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ReleaseError
        No such group, or results of another fit.

    Examples
    --------
    >>> from nsum_bayes import Fit
    >>> write_report(Fit.load("run.nc"), "report.html")  # doctest: +SKIP
    """
    material = prepare(
        run,
        transmission=transmission,
        group=group,
        hold_outs=hold_outs,
        sensitivity=sensitivity,
        suppress=suppress,
        cleared=cleared,
    )
    return write_page(material, path)


def write_page(material: Material, path: str | Path) -> Path:
    """Write the page of what was prepared; the file appears when it is whole."""
    page = report_page(material)
    with replacing(Path(path)) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return Path(path)


def report_page(material: Material) -> str:
    """The page as text."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    template = environment.from_string(_asset("report.html"))
    return template.render(
        head=_head(material), **_sections(material), contents=SECTIONS, style=Markup(_asset("report.css")),
        print_style=Markup(_print_style(material)),
    )  # fmt: skip


def _head(material: Material) -> dict[str, Any]:
    return {
        "title": material.study.title,
        "stamp": stamp_of(material.estimates),
        "running": material.running_head,
        "figures": [estimate_sections.key_figure(material, group) for group in material.groups],
        "verdict": material.diagnosis.verdict,
        "verdict_words": model_sections.verdict_words(material),
        "weakest": weakest(material),
        "without_data": WITHOUT_DATA,
    }


def _sections(material: Material) -> dict[str, Any]:
    drawn, left_out = pictures(material)
    survey = [
        survey_sections.survey_facts(material),
        survey_sections.question_table(material),
        survey_sections.hidden_table(material),
        survey_sections.secondary_table(material),
    ]
    return {
        "survey": [grid for grid in survey if grid.rows],
        "notes": survey_sections.exclusions(material),
        "known": survey_sections.known_table(material),
        "held_out": survey_sections.hold_out_sentences(material),
        "spec": material.spec,
        "equations": equations(material.spec),
        "model": [
            model_sections.symbol_table(),
            model_sections.component_table(material),
            model_sections.prior_table(material),
        ],
        "sampling": model_sections.sampling_words(material),
        "findings": model_sections.finding_table(material),
        "parameters": model_sections.parameter_table(material),
        "estimate_notes": [*estimate_sections.estimate_notes(material), *left_out],
        "levels": estimate_sections.level_grids(material),
        "changes": estimate_sections.change_grid(material),
        "pictures": drawn,
        "surfaces": estimate_sections.surface_grids(material),
        "moved": estimate_sections.sensitivity_grids(material),
        "sensitivity_notes": estimate_sections.sensitivity_sentences(material),
        "limits": limits(material),
        "gather": checklist.checklist_grid("The 18 items of GATHER", gather.gather_points(material), "gather-table"),
        "gather_reference": gather.REFERENCE,
        "barg": checklist.checklist_grid("The points of BARG", barg.barg_points(material), "barg-table"),
        "barg_reference": barg.REFERENCE,
        "provenance": model_sections.provenance_table(material),
    }


def _print_style(material: Material) -> str:
    """Margin boxes of the printed page: construct, period and denominator on each, the stamp, the number."""
    running, stamp = material.running_head, stamp_of(material.estimates)
    top = LEAST_MM + LINE_MM * -(-len(running) // LETTERS_A_LINE)
    boxes = [f"@top-left {{ content: {_css_text(running)}; }}"]
    boxes += [f"@top-right {{ content: {_css_text(stamp)}; }}"] if stamp else []
    boxes += [f"@bottom-left {{ content: {_css_text(material.study.title)}; }}"]
    return f"@page {{ margin-top: {top}mm; {' '.join(boxes)} }}"


def _css_text(text: str) -> str:
    """A CSS string; nothing in it can end the string or the style element."""
    escaped = "".join(f"\\{ord(sign):06x}" if sign in "\\\"<>&'" or ord(sign) < 32 else sign for sign in text)
    return f'"{escaped}"'


def _asset(name: str) -> str:
    return (resources.files("nsum_bayes") / "assets" / name).read_text(encoding="utf-8")
