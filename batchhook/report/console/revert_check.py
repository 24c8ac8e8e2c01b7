"""What taking the guilty changes out would do to the tests, as people read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from batchhook.core.changes import Commit
from batchhook.core.revert_check import Proof
from batchhook.core.sanitize import one_line
from batchhook.report.console.layout import OID

_MOST_TESTS = 5
"""Tests that are named of one kind; more are counted."""


def print_proof(
    console: Console, changes: Sequence[Commit], stuck: Mapping[Commit, Sequence[str]], proof: Proof
) -> None:
    """The changes that are to be taken out, those that cannot be, and what a run without them showed."""
    base = "recorded" if any(change.is_record for change in changes) else "committed"
    console.print(f"Tested in a private work tree, on what is {base}, without:")
    for change in changes:
        console.print(Padding(_named(change), (0, 2), expand=False))
    if stuck:
        console.print("What these broke stays: others changed the same lines since.")
        for change, files in stuck.items():
            where = Text(f"  in {', '.join(map(one_line, files))}", style="dim")
            console.print(Padding(_named(change).append_text(where), (0, 2), expand=False))
    for names, said, style in (
        (proof.mended, "mended", "green"),
        (proof.unmended, "fails all the same", "red"),
        (proof.broken, "would break", "red"),
        (proof.flaky, "failed this time, and is flaky", "yellow"),
    ):
        for name in names[:_MOST_TESTS]:
            console.print(Padding(Text.assemble((f"{said}: ", style), one_line(name)), (0, 2), expand=False))
        if len(names) > _MOST_TESTS:
            console.print(Padding(Text(f"{said}: {len(names) - _MOST_TESTS} more", style="dim"), (0, 2), expand=False))
    if proof.holds:
        console.print("Nothing else fails that did not fail before.")


def _named(change: Commit) -> Text:
    return Text.assemble((change.oid[:OID], "yellow"), f"  {one_line(change.subject)}")
