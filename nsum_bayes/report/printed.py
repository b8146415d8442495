"""A page as PDF, printed by a headless Chromium that the machine has."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from nsum_bayes.errors import ReleaseError
from nsum_bayes.report.release import replacing

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
PATIENCE = 180
ATTEMPTS = 2
"""A Chromium on a busy machine now and then prints a page before it has drawn it."""
QUIET = (
    "--headless=new", "--disable-gpu", "--no-first-run", "--disable-sync", "--disable-background-networking",
    "--disable-component-update", "--disable-dev-shm-usage", "--no-pdf-header-footer",
)  # fmt: skip
ADVICE = "Install Chromium, or open the page in a browser and print it there: its print style is made for that."


def print_page(page: str | Path, path: str | Path) -> Path:
    """Print an HTML file as PDF by its own print style.

    Parameters
    ----------
    page
        The file; it must need nothing else.
    path
        Of the PDF.

    Raises
    ------
    ReleaseError
        No Chromium (or Chrome, or Edge) on the search path, or one that does not print, or prints nothing but white.
    """
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        what = "There is no Chromium to print the page with."
        raise ReleaseError(what, where=f"search path, for {', '.join(BROWSERS)}", advice=ADVICE)
    target = Path(path)
    with replacing(target) as temporary, tempfile.TemporaryDirectory() as profile:
        for _ in range(ATTEMPTS):
            _run(browser, Path(page), temporary, profile)
            if not temporary.is_file():
                raise ReleaseError("Chromium ended without a PDF.", where=str(target), advice=ADVICE)
            if _has_letters(temporary):
                return target
        raise ReleaseError("Chromium printed empty paper.", where=str(target), advice=ADVICE)


def _has_letters(pdf: Path) -> bool:
    """Whether anything is written in a PDF: one without a font holds no letter."""
    return b"/Font" in pdf.read_bytes()


def _run(browser: str, page: Path, temporary: Path, profile: str) -> None:
    # Chromium's sandbox refuses to run as root, and the page is our own and asks for nothing.
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    command = [browser, *QUIET, *root, f"--user-data-dir={profile}", f"--print-to-pdf={temporary.resolve()}"]
    try:
        subprocess.run([*command, page.resolve().as_uri()], check=True, capture_output=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        what = f"Chromium did not print the page within {PATIENCE} seconds."
        raise ReleaseError(what, where=str(page), advice=ADVICE) from None
    except (subprocess.CalledProcessError, OSError) as error:
        what = f"Chromium could not print the page ({type(error).__name__})."
        raise ReleaseError(what, where=browser, advice=ADVICE) from None
