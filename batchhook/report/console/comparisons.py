"""What is different between two runs, as people read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from batchhook.core.comparison import Compared, Comparison
from batchhook.core.sanitize import one_line

_MOST_TESTS = 10
"""Tests that are named of one kind; more are counted."""


def _kinds(found: Comparison) -> tuple[tuple[str, Sequence[str], str], ...]:
    return (
        ("newly failing", found.newly_failing, "red"),
        ("still failing", found.still_failing, "yellow"),
        ("fixed", found.fixed, "green"),
        ("newly skipped", found.newly_skipped, "yellow"),
        ("new", found.new, ""),
        ("vanished", found.vanished, "yellow"),
    )


def brief(since: str, found: Comparison) -> Iterator[RenderableType]:
    """How many tests are different, in a line; and which were mended, are skipped now, or are gone."""
    counts = [(f"{len(names)} {word}", style) for word, names, style in _kinds(found) if names]
    if not counts:
        return
    yield Text.assemble(f"\n{since}: ", Text(", ").join(Text(said, style=style) for said, style in counts))
    for word, names, style in _kinds(found):
        if word in {"fixed", "newly skipped", "vanished"}:
            yield from _named(word, names, style)


def whole(found: Compared) -> Iterator[RenderableType]:
    """All that is different, by kind, and how much of it is in each module."""
    for word, names, style in _kinds(found.whole):
        yield from _named(word, names, style)
    if len(found.by_module) > 1:
        told = [word for word, names, _ in _kinds(found.whole) if names]
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("module", overflow="fold")
        for word in told:
            table.add_column(word, justify="right")
        for module, one in found.by_module.items():
            counts = (str(len(names) or "") for word, names, _ in _kinds(one) if word in told)
            table.add_row(one_line(module), *counts)
        yield ""
        yield table


def _named(word: str, names: Sequence[str], style: str) -> Iterator[RenderableType]:
    for name in names[:_MOST_TESTS]:
        yield Padding(Text.assemble((f"{word}: ", style), one_line(name)), (0, 2), expand=False)
    if len(names) > _MOST_TESTS:
        yield Padding(Text(f"{word}: {len(names) - _MOST_TESTS} more", style="dim"), (0, 2), expand=False)
