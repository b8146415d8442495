"""A headless Chromium for the pages the package writes: what a reader would see, what the page asks of the network."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

WIDE, PHONE = (1400, 1000), (390, 844)
QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
)  # fmt: skip


def needs_browser() -> tuple[str, str]:
    """Chromium and its driver; skips where there is none, which CI does not allow."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is not None and driver is not None:
        return chromium, driver
    if os.environ.get("CI"):
        pytest.fail("Chromium and its driver are missing: `make browser` installs them.")
    pytest.skip("no Chromium here; `make browser` installs one")


@contextmanager
def opened(page: Path, size: tuple[int, int] = WIDE) -> Iterator[Any]:
    """A Chromium with a page open at a size in pixels."""
    chromium, driver = needs_browser()
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in QUIET:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        # A window has a least width; what the page is laid out for has not.
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 500}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        browser.get(page.resolve().as_uri())
        yield browser
    finally:
        browser.quit()


def complaints(browser: Any) -> list[str]:
    """What the page has written to the console as a warning or an error so far."""
    return [line["message"] for line in browser.get_log("browser") if line["level"] in ("WARNING", "SEVERE")]


def requests(browser: Any) -> list[str]:
    """Addresses the page has asked for so far, other than itself and what it carries."""
    events = (json.loads(line["message"])["message"] for line in browser.get_log("performance"))
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    return [url for url in asked if not url.startswith(("data:", "blob:")) and url != browser.current_url]


def overflow(browser: Any) -> int:
    """Pixels by which the page is wider than its window."""
    return int(browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth"))
