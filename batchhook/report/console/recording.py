"""Recorded changes, and what a snapshot left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from batchhook.core.commit import Commit, FileEdit
from batchhook.core.sanitize import one_line
from batchhook.report import phrases
from batchhook.report.console.batches import edit_lines
from batchhook.report.console.layout import OID, Line


def print_recorded(
    console: Console,
    change: Commit,
    edits: Sequence[FileEdit],
    progress: str,
    remarks: Sequence[str] = (),
) -> None:
    """Print a recorded change.

    Args:
        console: where to.
        change: the change.
        edits: the files it edited.
        progress: of the open batch.
        remarks: sentences about what was not recorded.
    """
    console.print(Text.assemble(("✓ ", "green"), (change.oid[:OID], "yellow"), f" {one_line(change.subject)}"))
    for line in edit_lines(edits):
        console.print(Line(line, style="dim", indent=2))
    for remark in remarks:
        console.print(remark)
    console.print(progress)


def print_omitted(console: Console, omitted: Mapping[str, int]) -> None:
    """Print the untracked files that are too large for a snapshot, if there are any: path -> bytes."""
    if omitted:
        console.print(phrases.omitted_files(omitted))


def print_nothing_recorded(console: Console, progress: str, omitted: Mapping[str, int]) -> None:
    """Print that nothing had changed, the files that were not checked for it, and the progress of the open batch."""
    console.print("Nothing has changed since the last step: nothing was recorded.")
    print_omitted(console, omitted)
    console.print(progress)
