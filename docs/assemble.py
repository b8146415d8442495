"""Pages of the documentation, put together from what the repository holds: run by `make docs`.

The README is the first page; notebooks become tutorials (code as it stands, without outputs); commands, settings of the
study file, model files and release rules are read off the program itself, so that they cannot go stale.

    python docs/assemble.py build/docs
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "models/README.md": "ladder.md",
    "benchmarks/README.md": "benchmarks.md",
    **{f"docs/{path.name}": path.name for path in sorted((ROOT / "docs").glob("*.md"))},
    **{f"docs/howto/{path.name}": f"howto/{path.name}" for path in sorted((ROOT / "docs/howto").glob("*.md"))},
}
"""Page of the site by file of the repository."""
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)]*)?\)")


def assemble(out: Path) -> None:
    """Write every page into a folder that is made anew."""
    shutil.rmtree(out, ignore_errors=True)
    for source, page in PAGES.items():
        _write(out / page, relinked((ROOT / source).read_text(encoding="utf-8"), source, page))
    for notebook in notebooks():
        _write(out / tutorial(notebook), "\n\n".join(cells(notebook)) + "\n")
    shutil.copytree(ROOT / "docs/images", out / "images")
    for name, text in references().items():
        _write(out / "reference" / name, text)


def notebooks() -> list[Path]:
    """The notebooks, in order."""
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def tutorial(notebook: Path) -> str:
    """The page of a notebook."""
    return f"tutorials/{notebook.stem}.md"


def relinked(text: str, source: str, page: str) -> str:
    """Links between files as links between pages; what has no page is named without a link."""
    known = {**PAGES, **{f"notebooks/{path.name}": tutorial(path) for path in notebooks()}}
    up = "../" * page.count("/")

    def link(found: re.Match[str]) -> str:
        target = (ROOT / source).parent.joinpath(found[1]).resolve().relative_to(ROOT).as_posix()
        if found[1].startswith("../reference/"):
            return found[0]
        if target.startswith("docs/images/"):
            return f"]({up}{target.removeprefix('docs/')})"
        return f"]({up}{known[target]}{found[2] or ''})" if target in known else "]"

    linked = _LINK.sub(link, text)
    return re.sub(r"(?<!!)\[([^\]\[]*)\](?![\[(:])", lambda found: _unlinked(found, text), linked)


def _unlinked(found: re.Match[str], text: str) -> str:
    """A link's words where the link was taken away; other brackets stay."""
    return found[1] if f"[{found[1]}](" in text else found[0]


def cells(notebook: Path) -> Iterator[str]:
    """Text and code of a notebook as Markdown."""
    yield f"*This page is `notebooks/{notebook.name}`: run it to see what it shows.*"
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        yield source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```"


# --- reference ------------------------------------------------------------------------------------------------------


def references() -> dict[str, str]:
    """Text of each page of the reference, by its name."""
    import nsum_bayes
    from nsum_bayes.data.settings import StudySettings
    from nsum_bayes.model.spec import ModelSpec
    from nsum_bayes.report.rules import ReleaseRules

    names = [name for name in nsum_bayes.__all__ if not name.startswith("_")]
    python = "\n\n".join(f"::: {_home(name)}.{name}" for name in names)
    return {
        "commands.md": "\n\n".join(["# Commands", *commands()]) + "\n",
        "python.md": f"# Python\n\nPublic names; all of them are imported from `nsum_bayes`.\n\n{python}\n",
        "study_file.md": settings(StudySettings, "The study file", "Tables and keys of `study.toml`."),
        "model_files.md": settings(ModelSpec, "Model files", "Keys of a model's TOML file, with their defaults."),
        "release_rules.md": settings(ReleaseRules, "Release rules", "Keys of a file of release rules."),
    }


def _home(name: str) -> str:
    import nsum_bayes

    return str(getattr(nsum_bayes, name).__module__)


def commands() -> Iterator[str]:
    """Each command with its arguments and options."""
    from typer.main import get_command

    from nsum_bayes.cli.app import app

    whole: Any = get_command(app)
    for name, command in whole.commands.items():
        rows = [_option(parameter) for parameter in command.params if parameter.name != "help"]
        yield f"## nsum {name}\n\n{command.help}\n\n" + _table(("argument or option", "meaning", "default"), rows)


def _option(parameter: Any) -> tuple[str, str, str]:
    option = parameter.param_type_name == "option"
    name = ", ".join(parameter.opts) if option else str(parameter.name).upper()
    default = parameter.default if isinstance(parameter.default, str | int | float | Path) else None
    shown = "required" if parameter.required else "" if default in (None, False) else str(default)
    return f"`{name}`", parameter.help or "", shown


def settings(model: Any, title: str, first: str) -> str:
    """Keys of a pydantic model and of those inside it, one table each."""
    schema = model.model_json_schema()
    parts = [f"# {title}", first, *_keys("", schema)]
    for name, inner in schema.get("$defs", {}).items():
        parts += _keys(name, inner)
    return "\n\n".join(parts) + "\n"


def _keys(name: str, schema: dict[str, Any]) -> list[str]:
    if "properties" not in schema:
        return []
    required = schema.get("required", ())
    rows = []
    for key, value in schema["properties"].items():
        default = "required" if key in required else json.dumps(value.get("default"), ensure_ascii=False)
        rows.append((f"`{key}`", _kind(value), "" if default == "null" else default))
    said = [f"## {name}"] if name else []
    summary = (schema.get("description") or "").split("\n\n")[0].replace("\n", " ")
    return [*said, *([summary] if summary else []), _table(("key", "kind", "default"), rows)]


def _kind(value: dict[str, Any]) -> str:
    """What a key holds, in words."""
    if "$ref" in value:
        name = value["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "enum" in value:
        return " or ".join(f"`{one}`" for one in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    if several := value.get("anyOf") or value.get("oneOf"):
        return " or ".join(dict.fromkeys(_kind(one) for one in several if one.get("type") != "null"))
    if value.get("type") == "array":
        inner = value.get("items")
        return f"list of {_kind(inner)}" if isinstance(inner, dict) and inner else "list"
    words = {"string": "text", "number": "number", "integer": "whole number", "boolean": "true or false"}
    return words.get(str(value.get("type")), "table")


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    cells = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in (head, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([lines[0], f"|{'---|' * len(head)}", *lines[1:]])


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    assemble(Path(sys.argv[1]))
