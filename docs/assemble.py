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
STUDY_FILE = "Tables and keys of `study.toml`. A [commented example](../index.md#the-study-file) is on the first page."
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)]*)?\)")


def assemble(out: Path) -> None:
    """Write every page into a folder that is made anew."""
    shutil.rmtree(out, ignore_errors=True)
    for source, page in PAGES.items():
        _write(out / page, relinked((ROOT / source).read_text(encoding="utf-8"), source, page))
    for notebook in notebooks():
        _write(out / tutorial(notebook), "\n\n".join(cells(notebook)) + "\n")
    for folder in ("images", "javascripts"):
        shutil.copytree(ROOT / "docs" / folder, out / folder)
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
        "study_file.md": settings(StudySettings, "The study file", STUDY_FILE),
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
    """Keys of a pydantic model and of those inside it, one table each, in the order in which they are met."""
    schema = model.model_json_schema()
    inner = schema.get("$defs", {})
    names = {name: _heading(name, inner[name]) for name in inner}
    parts = [f"# {title}", first, *_keys(schema, names)]
    for name in dict.fromkeys(_met(schema, inner)):
        if "properties" in inner[name]:
            parts += [f"## {names[name]}", *_keys(inner[name], names)]
    return "\n\n".join(parts) + "\n"


def _heading(name: str, schema: dict[str, Any]) -> str:
    """The table of the file where the docstring begins with it, as in ``[survey]: …``; what ``kind`` or ``prior`` says
    where it can say one thing only; else the name in words.
    """
    table = re.match(r"(\[.+?\]+):", schema.get("description") or "")
    properties = schema.get("properties", {})
    for key in ("kind", "prior"):
        if not table and "const" in properties.get(key, {}):
            return f"`{key} = {json.dumps(properties[key]['const'])}`"
    return f"`{table[1]}`" if table else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def _met(schema: Any, inner: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[str]:
    """Names of the models inside, each followed by those inside it."""
    if isinstance(schema, list):
        for one in schema:
            yield from _met(one, inner, above)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref":
                name = value.rsplit("/", 1)[1]
                yield name
                if name not in above:
                    yield from _met(inner[name].get("properties", {}), inner, (*above, name))
            elif key not in ("default", "$defs", "discriminator"):
                yield from _met(value, inner, above)


def _keys(schema: dict[str, Any], names: dict[str, str]) -> list[str]:
    required = schema.get("required", ())
    told, meanings = _described(schema.get("description") or "")
    rows = []
    for key, value in schema["properties"].items():
        default = "required" if key in required else _default(value.get("default"))
        rows.append((f"`{key}`", value.get("description") or meanings.get(key, ""), _kind(value, names), default))
    heads = ("key", "meaning", "kind", "default")
    if not any(row[1] for row in rows):
        heads, rows = ("key", "kind", "default"), [(key, *rest) for key, _, *rest in rows]
    return [*told, _table(heads, rows)]


def _described(docstring: str) -> tuple[list[str], dict[str, str]]:
    """Paragraphs of a docstring, and the meaning of each key where it lists them."""
    text, _, listed = docstring.partition("\n\nAttributes\n----------\n")
    text = re.split(r"\n\n\w+\n---+\n", text)[0].replace("``", "`")
    text = re.sub(r"^\[.+?\]+: (.)", lambda found: found[1].upper(), text)
    paragraphs = [part if part.startswith("    ") else part.replace("\n", " ") for part in text.split("\n\n") if part]
    meanings = {}
    for keys, meaning in re.findall(r"^(\w[\w, ]*)\n((?:    .+\n?)+)", listed, flags=re.MULTILINE):
        meanings |= dict.fromkeys(keys.split(", "), re.sub(r"\s+", " ", meaning).strip().replace("``", "`"))
    return paragraphs, meanings


def _default(value: Any) -> str:
    """A default as the file would say it; of a table, only what is not left out."""
    if isinstance(value, dict):
        said = [f"{key} = {json.dumps(one, ensure_ascii=False)}" for key, one in value.items() if one not in (None, "")]
        plain = not any(isinstance(one, dict) for one in value.values())
        return f"`{{ {', '.join(said)} }}`" if said and plain else ""
    return "" if value in (None, "") else f"`{json.dumps(value, ensure_ascii=False)}`"


def _kind(value: dict[str, Any], names: dict[str, str]) -> str:
    """What a key holds, in words."""
    if "$ref" in value:
        heading = names[value["$ref"].rsplit("/", 1)[1]]
        shown = re.sub(r'`\w+ = "(\w+)"`', r"`\1`", heading)
        return f"[{shown}](#{_anchor(heading)})"
    if "enum" in value:
        return " or ".join(f"`{one}`" for one in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    if several := value.get("anyOf") or value.get("oneOf"):
        return " or ".join(dict.fromkeys(_kind(one, names) for one in several if one.get("type") != "null"))
    if value.get("type") == "array":
        inner = value.get("items")
        return f"list of {_kind(inner, names)}" if isinstance(inner, dict) and inner else "list"
    if isinstance(inner := value.get("additionalProperties"), dict):
        return f"table of {_kind(inner, names)}"
    words = {"string": "text", "number": "number", "integer": "whole number", "boolean": "true or false"}
    return words.get(str(value.get("type")), "table")


def _anchor(heading: str) -> str:
    """Of a heading, as MkDocs makes it."""
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower())


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    cells = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in (head, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([lines[0], f"|{'---|' * len(head)}", *lines[1:]])


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    assemble(Path(sys.argv[1]))
