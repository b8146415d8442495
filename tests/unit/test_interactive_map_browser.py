"""The interactive map in a real browser, wide and on a phone: what a reader sees, with pointer, keys and slider."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import report_fixtures as fixtures
from test_interactive_map import NASTY, data_of, many_draws, waves

from nsum_bayes.estimates.estimates import Estimates
from nsum_bayes.report.interactive import write_interactive_map
from tests.browser import PHONE, WIDE, complaints, opened, overflow, requests

WITHHELD = "withheld, too few respondents"


def nasty_names() -> Estimates:
    """Two groups over a frame whose first names are made to break a page; the first place is withheld."""
    frame = fixtures.areas(*fixtures.squares())
    table = frame.table.assign(name=[*NASTY, *frame.table["name"].iloc[len(NASTY) :]])
    return fixtures.estimates(replace(frame, table=table), groups=("bonded", "sold"))


@pytest.fixture(scope="module", params=[WIDE, PHONE], ids=["wide", "phone"])
def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    page = write_interactive_map(nasty_names(), tmp_path_factory.mktemp("page") / "map.html")
    with opened(page, request.param) as driver:
        yield driver
        assert complaints(driver) == []
        assert requests(driver) == []


@pytest.fixture(autouse=True)
def fresh(request: pytest.FixtureRequest) -> None:
    """Each test begins with the page as it opens."""
    if "browser" in request.fixturenames:
        driver = request.getfixturevalue("browser")
        driver.refresh()
        settle(driver)


def settle(browser: Any) -> None:
    """Wait until what was asked for is drawn."""
    browser.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")


def text_of(browser: Any, name: str) -> str:
    return str(browser.execute_script("return document.getElementById(arguments[0]).textContent", name))


def choose(browser: Any, name: str, value: str) -> None:
    """Set a control, as a reader does."""
    script = """const found = document.getElementById(arguments[0]); found.value = arguments[1];
        for (const kind of ["input", "change"]) found.dispatchEvent(new Event(kind, { bubbles: true }));"""
    browser.execute_script(script, name, value)
    settle(browser)


def hover(browser: Any, unit: int) -> None:
    """Bring the pointer to the middle of a unit."""
    from selenium.webdriver import ActionChains

    path = browser.find_elements("css selector", "#units .unit")[unit]
    browser.execute_script("arguments[0].scrollIntoView({ block: 'center' })", browser.find_element("id", "stage"))
    ActionChains(browser).move_to_element(path).perform()
    settle(browser)


def press(browser: Any, *keys: str) -> None:
    """Press keys while the map has the focus."""
    from selenium.webdriver import ActionChains

    browser.execute_script("document.getElementById('stage').focus()")
    ActionChains(browser).send_keys(*keys).perform()
    settle(browser)


def classes_drawn(browser: Any) -> list[str]:
    return list(
        browser.execute_script("return [...document.querySelectorAll('.unit')].map((one) => one.dataset.class)")
    )


def first_column(browser: Any) -> list[str]:
    return list(
        browser.execute_script("return [...document.querySelectorAll('tbody th')].map((one) => one.textContent)")
    )


# --- the page -------------------------------------------------------------------------------------------------------


def test_the_page_fits_its_window_and_carries_its_stamp_on_the_map(browser: Any) -> None:
    assert overflow(browser) <= 0
    assert len(browser.find_elements("css selector", "#units .unit")) == 21
    stamp = browser.find_element("id", "map-stamp")
    assert stamp.text == "SIMULATED DATA"
    box = browser.execute_script("const b = arguments[0].getBoundingClientRect(); return [b.width, b.height]", stamp)
    assert box[0] > 100
    assert box[1] > 12


def test_names_are_shown_as_they_are_written(browser: Any) -> None:
    assert set(NASTY) <= set(first_column(browser))
    assert browser.find_elements("css selector", "table b, table script") == browser.find_elements(
        "css selector", ".bar b"
    )


def test_no_figure_is_without_its_interval(browser: Any) -> None:
    rows = browser.execute_script(
        "return [...document.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    assert len(rows) == 21
    told = [row for row in rows if WITHHELD not in row]
    assert len(told) == 18
    assert all(" to " in row[3] and " to " in row[5] for row in told)
    assert all(len(row) == 3 for row in rows if WITHHELD in row)


# --- pointing -------------------------------------------------------------------------------------------------------


def test_hover_tells_interval_basis_and_reliability(browser: Any) -> None:
    hover(browser, 5)
    tip = text_of(browser, "tip")
    assert "95 % interval" in tip
    assert "Reliability: unreliable" in tip
    details = text_of(browser, "details")
    for part in ("Isle 5, new", "Code 0105", "province West", "per 1,000 adults", "predicted by the model", "cv"):
        assert part.replace("cv", "coefficient of variation") in details
    hover(browser, 6)
    assert "Interviewed there20 or more" not in text_of(browser, "details")
    assert "Interviewed there10 or more" in text_of(browser, "details")


def test_a_withheld_place_tells_nothing_but_that(browser: Any) -> None:
    hover(browser, 9)
    assert WITHHELD in text_of(browser, "tip").lower()
    details = text_of(browser, "details")
    assert WITHHELD in details
    assert "per 1,000" not in details
    assert "Interviewed" not in details
    assert classes_drawn(browser)[9] == "-1"
    fill = browser.execute_script("return document.querySelectorAll('.unit')[9].getAttribute('fill')")
    assert fill == "url(#withheld)"


def test_a_click_pins_and_another_lets_go(browser: Any) -> None:
    hover(browser, 5)
    browser.find_elements("css selector", "#units .unit")[5].click()
    hover(browser, 6)
    assert "Isle 5, new" in text_of(browser, "details")
    assert "pinned" in text_of(browser, "details")
    browser.find_elements("css selector", "#units .unit")[6].click()
    browser.find_elements("css selector", "#units .unit")[6].click()
    assert "pinned" not in text_of(browser, "details")


def touch(browser: Any, kind: str, *points: tuple[float, float]) -> None:
    fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
    browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    settle(browser)


def test_fingers_pin_a_place_and_zoom(tmp_path: Path) -> None:
    middle = """const b = arguments[0].getBoundingClientRect(); return [b.left + b.width / 2, b.top + b.height / 2]"""
    with opened(write_interactive_map(fixtures.estimates(), tmp_path / "map.html"), PHONE) as browser:
        browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 5})
        browser.refresh()
        browser.execute_script("document.getElementById('stage').scrollIntoView({ block: 'center' })")
        settle(browser)
        x, y = browser.execute_script(middle, browser.find_elements("css selector", ".unit")[5])
        touch(browser, "touchStart", (x, y))
        touch(browser, "touchEnd")
        assert "Isle 5, new" in text_of(browser, "details")
        assert "pinned" in text_of(browser, "details")
        assert "95 % interval" in browser.find_element("id", "tip").text
        x, y = browser.execute_script(middle, browser.find_element("id", "map"))
        touch(browser, "touchStart", (x - 20, y), (x + 20, y))
        for apart in (30, 50, 80):
            touch(browser, "touchMove", (x - apart, y), (x + apart, y))
        touch(browser, "touchEnd")
        assert "closer" in browser.find_element("id", "stage").get_attribute("class")
        assert complaints(browser) == []


# --- keys -----------------------------------------------------------------------------------------------------------


def test_arrow_keys_go_through_the_list_and_enter_pins(browser: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    names = first_column(browser)
    press(browser, Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    assert text_of(browser, "live").startswith(names[1])
    assert names[1] in text_of(browser, "details")
    press(browser, Keys.ENTER)
    assert text_of(browser, "live").endswith("Pinned")
    press(browser, Keys.ARROW_LEFT)
    assert text_of(browser, "live").startswith(names[0])
    press(browser, Keys.ARROW_LEFT)
    assert text_of(browser, "live").startswith(names[-1])
    press(browser, Keys.ESCAPE)
    assert "No place selected" in text_of(browser, "details")


def test_tab_reaches_controls_map_and_list_with_a_visible_focus(browser: Any) -> None:
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    reached = []
    for _ in range(12):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        reached.append(browser.execute_script("return document.activeElement.id"))
        style = browser.execute_script("return getComputedStyle(document.activeElement).outlineWidth")
        assert style == "3px"
    order = ["group", "level", "measure", "threshold", "closer", "farther", "whole", "stage", "search"]
    assert [name for name in reached if name][: len(order)] == order


def test_keys_and_buttons_zoom_and_go_back(browser: Any) -> None:
    whole = browser.find_element("id", "view").get_attribute("transform")
    press(browser, "+", "+")
    closer = browser.find_element("id", "view").get_attribute("transform")
    assert float(closer.split("scale(")[1][:-1]) > 2 * float(whole.split("scale(")[1][:-1])
    press(browser, "0")
    assert browser.find_element("id", "view").get_attribute("transform") == whole
    browser.find_element("id", "closer").click()
    settle(browser)
    assert browser.find_element("id", "view").get_attribute("transform") != whole


# --- controls -------------------------------------------------------------------------------------------------------


def test_levels_switch_map_legend_and_list(browser: Any) -> None:
    choose(browser, "level", "1")
    assert len(browser.find_elements("css selector", "#units .unit")) == 3
    assert first_column(browser) == ["East", "Outer", "West"]
    assert "units of level province" in text_of(browser, "legend")
    assert browser.execute_script("return document.getElementById('level').options.length") == 3
    assert "interval" in text_of(browser, "nation")


def test_the_slider_changes_chances_in_words_and_colours(browser: Any) -> None:
    choose(browser, "measure", "chance")
    before, said = classes_drawn(browser), text_of(browser, "caption")
    chances = browser.execute_script("return [...document.querySelectorAll('td.chance')].map((one) => one.textContent)")
    choose(browser, "threshold", "10")
    after = classes_drawn(browser)
    assert after != before
    assert text_of(browser, "caption") != said
    assert np.mean([int(a) >= int(b) for a, b in zip(after, before, strict=True)]) == 1  # lower threshold: likelier
    lower = browser.execute_script("return [...document.querySelectorAll('td.chance')].map((one) => one.textContent)")
    assert len(lower) == 18
    assert lower != chances
    assert after[9] == "-1"


def test_groups_switch_words_and_figures(browser: Any) -> None:
    title, before = text_of(browser, "title"), classes_drawn(browser)
    choose(browser, "group", "1")
    assert text_of(browser, "title") != title
    assert "sold" in text_of(browser, "title")
    assert classes_drawn(browser) != before


def test_sorting_keeps_withheld_places_last_both_ways(browser: Any) -> None:
    hidden = {NASTY[0], "Isle 9, new", "Isle 18, new"}
    for way in ("ascending", "descending"):
        browser.execute_script("document.querySelector('th[data-key=median] button').click()")
        assert set(first_column(browser)[-3:]) == hidden
        head = browser.find_element("css selector", "th[data-key=median]")
        assert head.get_attribute("aria-sort") == way
    medians = browser.execute_script(
        "return [...document.querySelectorAll('tbody tr')].slice(0, 18).map((row) => Number(row.cells[2].textContent))"
    )
    assert medians == sorted(medians, reverse=True)


def test_search_finds_a_place_and_brings_it_near(browser: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.find_element("id", "search").send_keys("isle 20", Keys.ENTER)
    settle(browser)
    assert first_column(browser) == ["Isle 20, new"]
    assert text_of(browser, "found") == "1 of 21"
    assert "Isle 20, new" in text_of(browser, "details")
    box = browser.execute_script(
        "const b = document.querySelectorAll('.unit')[20].getBoundingClientRect(); return b.width"
    )
    assert box > 10  # a speck on the whole map


# --- other pages ----------------------------------------------------------------------------------------------------


def test_waves_share_one_scale(tmp_path: Path) -> None:
    legend = "return [...document.querySelectorAll('.key')].map((one) => one.textContent.replace(/ \\(.*/, ''))"
    with opened(write_interactive_map(waves(), tmp_path / "waves.html")) as browser:
        latest, drawn = browser.execute_script(legend), classes_drawn(browser)
        assert "wave 2025" in text_of(browser, "caption")
        choose(browser, "wave", "0")
        assert browser.execute_script(legend)[:6] == latest[:6]
        assert "wave 2023" in text_of(browser, "caption")
        assert classes_drawn(browser) != drawn
        assert complaints(browser) == []


def test_the_page_works_out_the_chances_of_the_draws(tmp_path: Path) -> None:
    given = many_draws()
    with opened(write_interactive_map(given, tmp_path / "map.html")) as browser:
        steps = data_of(given)["groups"][0]["thresholds"]
        for step in (20, 40, 60):
            choose(browser, "threshold", str(step))
            exact = given.exceedance(steps[step]).sel(group="bonded").to_series()
            told = browser.execute_script("""return [...document.querySelectorAll("tbody tr")].map((row) =>
                [Number(row.dataset.i), row.querySelector(".chance")?.textContent])""")
            read = {given.areas.codes[i]: text for i, text in told if text}
            assert len(read) == 18
            percents = [float(text.replace("under 1 %", "0.5 %").replace("over 99 %", "99.5 %")[:-2])
                        for text in read.values()]  # fmt: skip
            np.testing.assert_allclose(percents, 100 * exact[list(read)], atol=1.5)  # a point, and half for rounding


def test_real_places_with_simulated_answers_have_no_figure(tmp_path: Path) -> None:
    page = write_interactive_map(fixtures.estimates(fictional_places=False), tmp_path / "nation.html")
    with opened(page, PHONE) as browser:
        assert browser.find_elements("css selector", ".unit, tbody tr") == []
        assert len(browser.find_elements("css selector", ".outline")) == 1
        assert browser.execute_script("return getComputedStyle(document.querySelector('.outline')).fill") == "none"
        assert browser.find_element("id", "map-stamp").text == "SIMULATED DATA"
        assert "95 % interval" in browser.find_element("id", "nation").text
        assert not browser.find_element("id", "measure").is_displayed()
        assert overflow(browser) <= 0
        assert complaints(browser) == []


def test_without_polygons_the_list_stands_alone(tmp_path: Path) -> None:
    page = write_interactive_map(fixtures.without_geometry(fixtures.estimates()), tmp_path / "list.html")
    with opened(page, PHONE) as browser:
        assert not browser.find_element("id", "figure").is_displayed()
        assert len(first_column(browser)) == 21
        browser.find_element("css selector", "tbody th").click()
        assert "pinned" in text_of(browser, "details")
        assert overflow(browser) <= 0
        assert complaints(browser) == []
