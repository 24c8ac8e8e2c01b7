"""A run while it goes, as one line of a terminal that renews itself."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress as Bar, TextColumn, TimeElapsedColumn

from batchhook.core.progress import Progress


def show(console: Console, label: str, progress: Iterable[Progress]) -> None:
    """Draw progress until there is no more; where there is no terminal, draw nothing.

    Args:
        console: where to.
        label: what is running, for instance ``batch 3``.
        progress: states of the run, in time.
    """
    if not console.is_terminal:
        for _ in progress:
            pass
        return
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]}"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=None, failed="")
        for state in progress:
            doing = label if state.stage == "testing" else f"{label}: {state.stage}"
            failed = f"[red]{state.failed} failed" if state.failed else ""
            bar.update(task, description=doing, total=state.total or None, completed=state.done, failed=failed)
