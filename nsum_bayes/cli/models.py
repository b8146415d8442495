"""`nsum models`: the named models, or one of them as TOML."""

from __future__ import annotations

from typing import Annotated

import typer

from nsum_bayes.cli.console import Console, Json


def models(
    name: Annotated[str | None, typer.Argument(help="A model's name: prints its file.")] = None,
    as_json: Json = False,
) -> None:
    """List the named models, or print one as TOML, ready to copy and change."""
    from nsum_bayes.model.spec import dumps, load_model, model_names

    console = Console("models", as_json)
    if name is not None:
        spec = load_model(name)
        console.result(dumps(spec).rstrip())
        console.emit(model=spec.model_dump(mode="json", exclude_none=True))
        return
    titles = {known: load_model(known).title for known in model_names()}
    width = max(map(len, titles), default=0)
    for known, title in titles.items():
        console.result(f"{known:<{width}}  {title}")
    console.emit(models=[{"name": known, "title": title} for known, title in titles.items()])
