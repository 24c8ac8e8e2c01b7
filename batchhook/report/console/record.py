"""What came of recording a change, as people read it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from batchhook.core.changes import Commit, FileEdit
from batchhook.core.sanitize import one_line
from batchhook.report.console import layout


def print_nothing_recorded(console: Console, standing: str) -> None:
    """Nothing had changed; ``standing`` says where the open batch is."""
    console.print("Nothing has changed since the last step: nothing was recorded.")
    console.print(standing)


def print_recorded(
    console: Console, change: Commit, edits: Sequence[FileEdit], standing: str, untouched: Sequence[str]
) -> None:
    """A change that was recorded.

    Args:
        console: where to.
        change: the change.
        edits: the files that it touched.
        standing: where the open batch is.
        untouched: paths that it was to be about, and that it has not touched.
    """
    line = Text.assemble(("✓ ", "green"), (change.oid[: layout.OID], "yellow"), f" {one_line(change.subject)}")
    console.print(line, soft_wrap=True)
    console.print(Padding(layout.files(edits), (0, 2), style="dim", expand=False))
    if untouched:
        console.print(f"Nothing has changed in {', '.join(map(one_line, untouched))}; what had was recorded.")
    console.print(standing)
