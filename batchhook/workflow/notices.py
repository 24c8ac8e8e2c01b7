"""Verdicts that nobody has seen yet: told once, by the next commit."""

from __future__ import annotations

import contextlib

from batchhook.core.outcomes import SuiteOutcome
from batchhook.core.text import one_line
from batchhook.core.verdicts import Verdict, summary
from batchhook.store.layout import StateDir


def leave(state: StateDir, batch: int, verdict: Verdict, outcome: SuiteOutcome) -> None:
    """Leave a line for the next commit to tell."""
    line = f"batchhook: batch {batch} {one_line(summary(verdict, outcome))}"
    if not verdict.is_good:
        line += f" (batchhook analyze {batch})"
    path = state.notices / str(batch)
    temporary = path.with_name(f".{batch}")
    temporary.write_text(f"{line}\n", "utf-8", "backslashreplace")
    temporary.replace(path)


def take(state: StateDir, batch: int | None = None) -> list[str]:
    """The lines that were left, of one batch or of all; they are told with this, and gone."""
    lines = []
    for path in sorted(state.notices.glob("[0-9]*"), key=lambda path: int(path.name)):
        if batch in {None, int(path.name)}:
            with contextlib.suppress(FileNotFoundError):  # another process was faster, and tells it
                lines += path.read_text("utf-8").splitlines()
                path.unlink()
    return lines
