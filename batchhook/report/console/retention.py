"""What takes room, and what is thrown away."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from batchhook.core.retention import Decision, Kind, Part

_MOST_SPARED = 10
_THOUSAND = 1000.0


def print_plan(console: Console, parts: Sequence[Part], decision: Decision, damaged: Sequence[int]) -> None:
    """What would go, and which older batches stay all the same."""
    if not any(part.number or part.size for part in parts):
        console.print("Nothing to do: nothing is older than what is kept.")
    else:
        console.print("To be thrown away:")
        console.print(parts_table(parts))
    if decision.spared:
        console.print("Older, and kept all the same:")
        for number, reason in list(decision.spared.items())[:_MOST_SPARED]:
            console.print(f"  batch {number}: {reason.value}", soft_wrap=True)
        if len(decision.spared) > _MOST_SPARED:
            console.print(f"  … and {len(decision.spared) - _MOST_SPARED} more")
    if damaged:
        names = ", ".join(map(str, damaged[:_MOST_SPARED]))
        console.print(f"The backup of batch {names} cannot be read: no contents of backups go (batchhook doctor).")


def print_freed(console: Console, parts: Sequence[Part], unshrunk: str) -> None:
    """What went."""
    size = sum(part.size for part in parts)
    console.print(f"Freed {human(size)}:")
    console.print(parts_table(parts))
    if unshrunk:
        console.print(f"The database's file is as long as before, and has room in it now: {unshrunk}")
    if any(part.number for part in parts if part.kind is Kind.PINS):
        console.print("Commits that nothing points at any more go with git's own gc.")


def parts_table(parts: Sequence[Part]) -> Padding:
    """Kinds that there is something of, one a line, and the sum."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    for part in parts:
        if part.number or part.size:
            number = f"{part.number:,}" if part.number else ""
            table.add_row(part.kind.value, number, human(part.size) if part.size else "")
    table.add_row("in all", "", human(sum(part.size for part in parts)), style="bold")
    return Padding(table, (0, 2), expand=False)


def human(size: int) -> str:
    """Bytes as people read them, with powers of ten as disks have them: ``312.4 MB``."""
    number = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if number < _THOUSAND:
            return f"{number:.0f} B" if unit == "B" else f"{number:.1f} {unit}"
        number /= _THOUSAND
    return f"{number:.1f} TB"
