"""Verdicts that nobody has seen yet: told once, by the next commit."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from batchhook.core.culprits import attribution
from batchhook.core.culprits.attribution import Attribution
from batchhook.core.results import SuiteOutcome
from batchhook.core.sanitize import one_line
from batchhook.core.verdict import Verdict, summary
from batchhook.store.state_dir import StateDir


def leave(state: StateDir, batch: int, verdict: Verdict, outcome: SuiteOutcome) -> None:
    """Leave a line for the next commit to tell."""
    said = f"batch {batch} {one_line(summary(verdict, outcome))}"
    _write(state, batch, said if verdict.is_good else f"{said} (batchhook analyze {batch})")


def leave_culprits(
    state: StateDir, batch: int, verdict: Verdict, outcome: SuiteOutcome, found: Mapping[str, Attribution]
) -> None:
    """Leave a line about what broke the failing tests; with the verdict, unless that was told already."""
    culprits = attribution.summary(found)
    is_told = not (state.notices / str(batch)).exists()
    said = f"batch {batch}" if is_told else f"batch {batch} {one_line(summary(verdict, outcome))}"
    _write(state, batch, f"{said}: {culprits} (batchhook analyze {batch})")


def add(state: StateDir, batch: int, said: str) -> None:
    """Leave one more line about a batch."""
    path = state.notices / str(batch)
    before = path.read_text("utf-8") if path.exists() else ""
    _write(state, batch, one_line(said), before)


def leave_slowdowns(state: StateDir, batch: int, verdict: Verdict, outcome: SuiteOutcome, slower: str) -> None:
    """Leave a line about what became slower; below what was left about failures, and with the verdict it makes.

    Args:
        state: of the repository.
        batch: its number.
        verdict: the one that holds now.
        outcome: of its run.
        slower: what became slower, in half a sentence.
    """
    said, is_told = f"{slower} (batchhook analyze {batch})", not (state.notices / str(batch)).exists()
    if verdict is Verdict.REGRESSED and not is_told:  # it was taken for a good one
        _write(state, batch, f"batch {batch} {one_line(summary(verdict, outcome))}: {said}")
    else:
        add(state, batch, f"batch {batch}: {said}")


def unseen(state: StateDir) -> dict[int, list[str]]:
    """The lines that were left and not told yet, by batch in order; they stay."""
    found = {}
    for path in sorted(state.notices.glob("[0-9]*"), key=lambda path: int(path.name)):
        with contextlib.suppress(FileNotFoundError):  # told meanwhile
            found[int(path.name)] = path.read_text("utf-8").splitlines()
    return found


def take(state: StateDir, batch: int | None = None) -> list[str]:
    """The lines that were left, of one batch or of all; they are told with this, and gone."""
    lines = []
    for path in sorted(state.notices.glob("[0-9]*"), key=lambda path: int(path.name)):
        if batch in {None, int(path.name)}:
            with contextlib.suppress(FileNotFoundError):  # another process was faster, and tells it
                lines += path.read_text("utf-8").splitlines()
                path.unlink()
    return lines


def _write(state: StateDir, batch: int, said: str, before: str = "") -> None:
    temporary = state.notices / f".{batch}"
    temporary.write_text(f"{before}batchhook: {said}\n", "utf-8", "backslashreplace")
    temporary.replace(state.notices / str(batch))
