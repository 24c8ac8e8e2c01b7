"""``batchhook engines``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from batchhook.cli.options import Json, console, emit, options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from batchhook.report.console.layout import Grid
    from batchhook.workflow.suite.engine_list import EngineEntry


def engines(_json: Json = False) -> None:
    """List the test frameworks and commands that batchhook knows, which fit here, and what each runs."""
    from batchhook.core.sanitize import one_line
    from batchhook.git.location import locate
    from batchhook.workflow.suite.engine_list import list_engines

    location = locate(options.folder)
    listed = list_engines(location, location.git(), os.environ)
    if options.json:
        from batchhook.workflow import serializers

        emit(serializers.engines_document(listed))
        return
    out = console()
    fitting = [entry for entry in listed.entries if entry.sign or entry.suites]
    others = [entry for entry in listed.entries if entry not in fitting]
    for heading, entries in (("here", fitting), ("others", others)):
        if entries:
            out.print(heading, style="bold")
            out.print(_grid(entries))
            out.print()
    for name, problem in listed.problems.items():
        out.print(one_line(f"{name}: {problem}"), soft_wrap=True)
    out.print("engine = NAME or preset = NAME in [tool.batchhook] chooses one; docs/commands.md has the details.")


def _grid(entries: Sequence[EngineEntry]) -> Grid:
    from batchhook.core.sanitize import one_line
    from batchhook.report.console.layout import Grid

    grid = Grid(("left", "left dim", "left", "left dim"))
    for entry in entries:
        names = ", ".join(filter(None, entry.suites))
        runs = f"runs {names}" if names else "runs the tests" if entry.suites else ""
        kind = "preset" if entry.is_preset else "engine"
        grid.add(entry.name, kind, one_line(entry.command), "; ".join(filter(None, (runs, one_line(entry.sign)))))
    return grid
