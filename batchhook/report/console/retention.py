"""Disk usage, and what pruning frees."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from batchhook.core.retention import RetentionDecision, StorageKind, StorageUsage
from batchhook.report.console.layout import Grid, Line, more

_MAX_BATCHES = 10
_THOUSAND = 1000.0


def print_plan(
    console: Console, parts: Sequence[StorageUsage], decision: RetentionDecision, damaged: Sequence[int]
) -> None:
    """Print what pruning would delete, and the older batches that are kept.

    Args:
        console: where to.
        parts: what would be deleted.
        decision: with the batches that are kept, and why.
        damaged: batches whose backups cannot be read.
    """
    if not any(part.count or part.size for part in parts):
        console.print("Nothing to prune: nothing is older than what is kept.")
    else:
        console.print("To be deleted:")
        console.print(usage_table(parts))
    if decision.keep_reasons:
        console.print("Older, but kept:")
        for number, reason in list(decision.keep_reasons.items())[:_MAX_BATCHES]:
            console.print(Line(f"batch {number}: {reason.value}", indent=2))
        if len(decision.keep_reasons) > _MAX_BATCHES:
            console.print(Line(more(len(decision.keep_reasons) - _MAX_BATCHES), indent=2))
    if damaged:
        numbers = ", ".join(map(str, damaged[:_MAX_BATCHES]))
        console.print(
            f"The backup of batch {numbers} cannot be read, so no contents of backups are deleted (batchhook doctor)."
        )


def print_freed(console: Console, parts: Sequence[StorageUsage], unshrunk: str, unreferenced: int = 0) -> None:
    """Print what was deleted.

    Args:
        console: where to.
        parts: what was deleted.
        unshrunk: why the database's file did not shrink; empty if it did.
        unreferenced: bytes of snapshots that git's own gc will remove.
    """
    console.print(f"Freed {format_size(sum(part.size for part in parts))}:")
    console.print(usage_table(parts))
    if unshrunk:
        console.print(f"The database's file did not shrink, but has free space now: {unshrunk}")
    if any(part.count for part in parts if part.kind is StorageKind.PINS):
        size = f" ({format_size(unreferenced)})" if unreferenced else ""
        console.print(f"Commits that are no longer referenced{size} are removed by git's own gc.")


def usage_table(parts: Sequence[StorageUsage]) -> Grid:
    """Return the kinds of data that take space, one a line, and the sum."""
    grid = Grid(("left", "right", "right"), indent=2)
    for part in parts:
        if part.count or part.size:
            count = f"{part.count:,}" if part.count else ""
            grid.add(part.kind.value, count, format_size(part.size) if part.size else "")
    grid.add("total", "", format_size(sum(part.size for part in parts)), style="bold")
    return grid


def format_size(size: int) -> str:
    """Return bytes in decimal units, as disks are sold: ``312.4 MB``."""
    number = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if number < _THOUSAND:
            return f"{number:.0f} B" if unit == "B" else f"{number:.1f} {unit}"
        number /= _THOUSAND
    return f"{number:.1f} TB"
