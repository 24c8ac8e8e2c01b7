"""``batchhook schema``."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from batchhook.cli.options import Json, console, emit, options


def schema(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A command or a file.")] = None,
    _json: Json = False,
) -> None:
    """Print the JSON Schema of a --json document or a file; without NAME, list them."""
    from batchhook.report import json_models, schemas

    if name is not None:
        print(json.dumps(schemas.schema(name), indent=2))  # noqa: T201 - the command's output
        return
    if options.json:
        entries = (
            json_models.SchemaEntryDocument(name=key, describes=entry.describes)
            for key, entry in schemas.PUBLISHED.items()
        )
        emit(json_models.SchemasDocument(schemas=tuple(entries)))
        return
    from batchhook.report.console.layout import Grid

    grid = Grid(("left", "left dim"))
    for key, entry in schemas.PUBLISHED.items():
        grid.add(key, entry.describes)
    console().print(grid)
