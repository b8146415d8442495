"""The report in a real browser, wide, on a phone and printed: nothing complains, overflows or is cut off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from nsum_bayes.inference.fit import Fit
from nsum_bayes.report.html import write_report
from nsum_bayes.report.printed import print_page
from tests.browser import PHONE, WIDE, complaints, needs_browser, opened, overflow, requests
from tests.page_text import rows_in
from tests.reported import reported_fit, write_changed, write_hold_out


@pytest.fixture(scope="module")
def run() -> Fit:
    return reported_fit()


@pytest.fixture(scope="module")
def page(run: Fit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    held, changed = write_hold_out(run, folder / "held.jsonl"), write_changed(run, folder / "changed")
    return write_report(run, folder / "report.html", hold_outs=[held], sensitivity=changed)


@pytest.fixture(scope="module", params=[WIDE, PHONE], ids=["wide", "phone"])
def browser(request: pytest.FixtureRequest, page: Path) -> Iterator[Any]:
    with opened(page, request.param) as driver:
        yield driver
        assert complaints(driver) == []
        assert requests(driver) == []


@pytest.fixture(scope="module")
def pages(page: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    needs_browser()
    return list(PdfReader(print_page(page, tmp_path_factory.mktemp("pdf") / "report.pdf")).pages)


NARROW = 0.4
"""Width of a letter over the size of its type, hardly ever less."""


def squeezed(text: str) -> str:
    """Without blanks, which printing puts where lines end."""
    return re.sub(r"\s+", "", text)


def test_the_page_fits_its_window(browser: Any) -> None:
    assert overflow(browser) <= 0
    # Whatever is wider than the window scrolls inside a box of its own.
    outside = browser.execute_script("""return [...document.querySelectorAll("table, img, p, li")].filter((one) =>
        one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".scroll")).length""")
    assert outside == 0


def test_every_picture_is_drawn(browser: Any) -> None:
    sizes = browser.execute_script("return [...document.images].map((one) => one.naturalWidth)")
    assert len(sizes) == 4  # ranked intervals and ranks of two groups: no polygons, and numbers of respondents withheld
    assert min(sizes) > 500


def test_the_thin_head_stays_in_sight_and_links_lead_somewhere(browser: Any) -> None:
    browser.execute_script("document.querySelector('a[href=\"#gather\"]').click()")
    top = browser.execute_script("return document.querySelector('.running').getBoundingClientRect().top")
    heading = browser.execute_script("return document.querySelector('#gather').getBoundingClientRect().top")
    assert top == 0
    assert 0 < heading < 200
    missing = browser.execute_script("""return [...document.querySelectorAll("nav a")].filter((one) =>
        !document.querySelector(one.getAttribute("href"))).length""")
    assert missing == 0
    browser.execute_script("history.replaceState(null, '', location.pathname)")


# --- on paper -------------------------------------------------------------------------------------------------------


def test_every_printed_page_says_what_is_counted_when_and_of_whom(pages: list[Any], page: Path) -> None:
    head = 'People "held" </style><b>and</b> sold – held, 2025, share of adults'
    assert len(pages) > 5
    for number, one in enumerate(pages, start=1):
        text = squeezed(one.extract_text())
        assert squeezed(head) in text
        assert "SIMULATEDDATA" in text
        assert f"Page{number}of{len(pages)}" in text


def test_every_row_of_the_area_table_is_whole_on_one_page(pages: list[Any], page: Path) -> None:
    _, *rows = rows_in(page.read_text(encoding="utf-8"), "area-table")
    texts = [squeezed(one.extract_text()) for one in pages]
    assert len(rows) == 24
    for row in rows:
        whole = squeezed("".join(row[1:]))
        assert any(whole in text for text in texts), row


def test_nothing_reaches_over_the_edge_of_a_page(pages: list[Any]) -> None:
    for one in pages:
        ends = [0.0]

        def visit(text: str, page: Any, line: Any, _: Any, size: float, found: list[float] = ends) -> None:
            start, scale = line[4] * page[0] + line[5] * page[2] + page[4], abs(page[0] * line[0])
            longest = max(map(len, text.split("\n")))
            found.append(float(start + NARROW * size * scale * longest) if text.strip() else 0.0)

        one.extract_text(visitor_text=visit)
        assert 0.7 * float(one.mediabox.width) < max(ends) < float(one.mediabox.width) - 20


def test_short_tables_stand_whole_on_a_page(pages: list[Any], page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    texts = [squeezed(one.extract_text()) for one in pages]
    for name in ("nation-table", "area-table", "known-table", "gather-table", "finding-table"):
        rows = rows_in(text, name)
        first, last = squeezed("".join(rows[1])), squeezed("".join(rows[-1]))
        assert any(first in one and last in one for one in texts), name


def test_paper_is_upright_and_wide(pages: list[Any]) -> None:
    assert "0.000" not in pages[0].extract_text()
    assert {tuple(round(float(side)) for side in one.mediabox[2:]) for one in pages} == {(595, 842), (842, 595)}


def test_printing_leaves_nothing_but_the_pdf(page: Path, tmp_path: Path) -> None:
    needs_browser()
    print_page(page, tmp_path / "report.pdf")
    assert [path.name for path in tmp_path.iterdir()] == ["report.pdf"]
