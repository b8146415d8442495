"""The documentation: every page is in the navigation, every link leads somewhere, the reference names everything,
and commands are written as the program takes them."""

from __future__ import annotations

import re
import runpy
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

import nsum_bayes
from nsum_bayes.cli.app import app
from nsum_bayes.report.rules import ReleaseRules

ROOT = Path(__file__).resolve().parents[2]
COMMAND = re.compile(r"`nsum ([a-z][^`>]*)|^ *nsum ([a-z][^\n`#>]*)", flags=re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("docs") / "pages"
    runpy.run_path(str(ROOT / "docs" / "assemble.py"))["assemble"](out)
    return out


def listed(node: Any) -> Iterator[str]:
    """Pages of the navigation."""
    if isinstance(node, str):
        yield node
    else:
        for one in node.values() if isinstance(node, dict) else node:
            yield from listed(one)


def test_every_page_is_in_the_navigation_and_is_there(pages: Path) -> None:
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    made = {path.relative_to(pages).as_posix() for path in pages.rglob("*.md")}
    assert set(listed(settings["nav"])) == made


def slug(heading: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower())


def test_every_link_leads_somewhere(pages: Path) -> None:
    count = 0
    for page in pages.rglob("*.md"):
        for target in LINK.findall(re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)):
            name, _, anchor = target.partition("#")
            there = (page.parent / name).resolve() if name else page
            assert there.is_file(), f"{page.name}: {target}"
            if anchor:
                headings = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), flags=re.MULTILINE)
                assert anchor in {slug(heading) for heading in headings}, f"{page.name}: {target}"
            count += 1
    assert count > 40


def test_links_of_the_readme_lead_somewhere() -> None:
    for target in LINK.findall((ROOT / "README.md").read_text(encoding="utf-8")):
        assert (ROOT / target.partition("#")[0]).exists(), target


def test_the_reference_is_whole(pages: Path) -> None:
    python = (pages / "reference" / "python.md").read_text()
    for name in nsum_bayes.__all__:
        assert name.startswith("_") or re.search(rf"^::: nsum_bayes[\w.]*\.{name}$", python, flags=re.MULTILINE), name
    commands = (pages / "reference" / "commands.md").read_text()
    for command in app.registered_commands:
        assert command.callback is not None
        assert f"## nsum {command.callback.__name__}" in commands
    rules = (pages / "reference" / "release_rules.md").read_text()
    assert all(f"`{name}`" in rules for name in ReleaseRules.model_fields)


@pytest.mark.parametrize("name", ["study_file.md", "release_rules.md"])
def test_every_key_of_the_study_file_and_the_rules_has_a_meaning(pages: Path, name: str) -> None:
    text = (pages / "reference" / name).read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`\w+`) \|([^|]*)\|", text, flags=re.MULTILINE)
    assert len(rows) > 10
    assert [key for key, meaning in rows if not meaning.strip()] == []


def test_notebooks_are_tutorials_with_their_code(pages: Path) -> None:
    quickstart = (pages / "tutorials" / "01_quickstart.md").read_text()
    assert "```python" in quickstart
    assert "Study.load(" in quickstart


def test_commands_are_written_as_the_program_takes_them(pages: Path) -> None:
    program: Any = get_command(app)
    count = 0
    for page in pages.rglob("*.md"):
        if page.parent.name == "reference" or page.name == "changelog.md":
            continue
        for inline, line in COMMAND.findall(page.read_text(encoding="utf-8")):
            written = inline or line
            name, *words = shlex.split(written)
            assert name in program.commands, f"{page.name}: nsum {written}"
            # `nsum fit` alone, or with one option, names the command; with more words it is meant to be typed.
            if len(words) > 1 and "…" not in words:
                program.commands[name].make_context(name, words)
                count += 1
    assert count > 50
