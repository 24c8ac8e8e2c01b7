"""How far a critical failure reaches, as people read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from batchhook.core.failure_groups import CriticalFailure, ErrorGroup, by_error_type
from batchhook.core.sanitize import one_line

MOST_MODULES = 5
"""Modules that are shown."""
MOST_ERRORS = 5
"""Types of errors that are shown."""
_MESSAGE = 60
"""Characters of a message that are shown."""


def critical(found: CriticalFailure) -> Iterator[RenderableType]:
    """The most affected modules, and the most frequent errors."""
    modules = _table()
    for name, totals in found.modules[:MOST_MODULES]:
        ran = totals.tests - totals.skipped
        modules.add_row(f"{totals.failures} of {ran}", Text(one_line(name)), f"{totals.failure_rate:.0%}")
    yield from _section("most affected modules", modules, len(found.modules) - MOST_MODULES)
    errors = _table()
    kinds = by_error_type(found.errors)
    for groups in kinds[:MOST_ERRORS]:
        errors.add_row(str(sum(len(group.tests) for group in groups)), _error(groups), "")
    yield from _section("errors", errors, len(kinds) - MOST_ERRORS)


def _error(groups: Sequence[ErrorGroup]) -> Text:
    """An error type, at how many places; and the place of several tests at once, which is likely their cause."""
    most = groups[0]
    if len(most.tests) == 1 < len(groups):
        return Text.assemble((one_line(most.error_type), "bold"), (f"  at {len(groups)} places", "dim"))
    said = Text.assemble((one_line(most.error_type), "bold"), (f"  {one_line(most.location)}", "cyan"))
    if len(groups) > 1:
        said.append(f"  {len(most.tests)} of them; {len(groups) - 1} more places", style="dim")
    return said.append(f"\n{one_line(most.message, _MESSAGE)}") if most.message else said


def _table() -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right", style="bold red", no_wrap=True)
    table.add_column()
    table.add_column(justify="right", style="dim")
    return table


def _section(heading: str, table: Table, left_out: int) -> Iterator[RenderableType]:
    yield Text(f"\n{heading}", style="bold")
    yield Padding(table, (0, 2), expand=False)
    if left_out > 0:
        yield Padding(Text(f"… and {left_out} more", style="dim"), (0, 2), expand=False)
