"""`nsum models`: the ladder of named models, or one of them explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nsum_bayes.cli.console import Console, Json

if TYPE_CHECKING:
    from nsum_bayes.model.spec import ModelSpec


def models(
    name: Annotated[str | None, typer.Argument(help="A model's name: explains it.")] = None,
    toml: Annotated[bool, typer.Option("--toml", help="Print its file instead, ready to copy and change.")] = False,
    as_json: Json = False,
) -> None:
    """List the named models from the simplest to the flagship, or print one: equations, priors, what it can tell."""
    from nsum_bayes.model.spec import dumps, ladder, load_model

    console = Console("models", as_json)
    if name is None:
        if toml:
            raise typer.BadParameter("Name the model whose file to print.")
        steps = ladder()
        width = max((len(spec.name) for spec in steps), default=0)
        for spec in steps:
            console.result(f"{spec.name:<{width}}  {spec.title}")
        console.emit(models=[{"name": spec.name, "title": spec.title} for spec in steps])
        return
    spec = load_model(name)
    for line in [dumps(spec).rstrip()] if toml else _explained(spec):
        console.result(line)
    from nsum_bayes.model.equations import equations

    text = {"equations": equations(spec), "priors": spec.prior_table()}
    console.emit(model=spec.model_dump(mode="json", exclude_none=True), **text)


def _explained(spec: ModelSpec) -> list[str]:
    """Title, description, equations, symbols, priors with their reasons, references."""
    from nsum_bayes.model.equations import SYMBOLS, equations

    lines = [f"{spec.name}: {spec.title}", "", spec.description.strip(), "", "Equations"]
    lines += [f"  {line}" for line in equations(spec)]
    lines += ["", "where", *(f"  {symbol:<11} {meaning}" for symbol, meaning in SYMBOLS), "", "Priors"]
    for row in spec.prior_table():
        lines.append(f"  {row['component']}.{row['parameter']} ~ {row['prior']}")
        lines += [f"      {row['reason']}"] if row["reason"] else []
    return [*lines, "", "References", *(f"  {reference}" for reference in spec.references)]
