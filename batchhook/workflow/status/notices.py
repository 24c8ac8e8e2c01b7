"""Notices: lines about verdicts that were not seen yet, which the next commit prints once."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from batchhook.core.results import SuiteResult
from batchhook.core.sanitize import one_line
from batchhook.core.verdict import Verdict, summarize_verdict
from batchhook.lazy import LazyModule
from batchhook.store.files import replace_file
from batchhook.store.state_dir import StateDir

if TYPE_CHECKING:
    from batchhook.core.culprits import attribution
else:
    attribution = LazyModule("batchhook.core.culprits.attribution")


def post_verdict(state: StateDir, batch: int, verdict: Verdict, result: SuiteResult) -> None:
    """Post a batch's verdict."""
    line = f"batch {batch} {one_line(summarize_verdict(verdict, result))}"
    _write(state, batch, f"{line} (batchhook analyze {batch})" if result.unrun or not verdict.is_good else line)


def post_culprits(
    state: StateDir,
    batch: int,
    verdict: Verdict,
    result: SuiteResult,
    attributions: Mapping[str, attribution.Attribution],
) -> None:
    """Post the culprits of a batch's failures, with its verdict unless that was seen already."""
    culprits = attribution.summarize_attributions(attributions)
    is_seen = not (state.notices / str(batch)).exists()
    subject = f"batch {batch}" if is_seen else f"batch {batch} {one_line(summarize_verdict(verdict, result))}"
    _write(state, batch, f"{subject}: {culprits} (batchhook analyze {batch})")


def append_line(state: StateDir, batch: int, line: str) -> None:
    """Append a line to a batch's notice."""
    path = state.notices / str(batch)
    before = path.read_text("utf-8") if path.exists() else ""
    _write(state, batch, one_line(line), before)


def post_slowdowns(state: StateDir, batch: int, verdict: Verdict, result: SuiteResult, slowdowns: str) -> None:
    """Post a batch's slowdowns, below what was posted about its failures.

    Args:
        state: the repository's.
        batch: the batch's number.
        verdict: its verdict, with the slowdowns.
        result: of its run.
        slowdowns: summary of the slowdowns, without a final period.
    """
    line, is_seen = f"{slowdowns} (batchhook analyze {batch})", not (state.notices / str(batch)).exists()
    if verdict is Verdict.REGRESSED and not is_seen:  # replace the notice that it passed
        _write(state, batch, f"batch {batch} {one_line(summarize_verdict(verdict, result))}: {line}")
    else:
        append_line(state, batch, f"batch {batch}: {line}")


def list_unseen(state: StateDir) -> dict[int, list[str]]:
    """Return the lines of all notices by batch, in order, without marking them as seen."""
    lines = {}
    for path in sorted(state.notices.glob("[0-9]*"), key=lambda path: int(path.name)):
        with contextlib.suppress(FileNotFoundError):  # printed by another process just now
            lines[int(path.name)] = path.read_text("utf-8").splitlines()
    return lines


def pop_lines(state: StateDir, batch: int | None = None) -> list[str]:
    """Remove and return the lines of one batch's notice, or of all notices."""
    lines = []
    for path in sorted(state.notices.glob("[0-9]*"), key=lambda path: int(path.name)):
        if batch in {None, int(path.name)}:
            with contextlib.suppress(FileNotFoundError):  # another process was faster, and prints it
                lines += path.read_text("utf-8").splitlines()
                path.unlink()
    return lines


def _write(state: StateDir, batch: int, line: str, before: str = "") -> None:
    text = f"{before}batchhook: {line}\n".encode("utf-8", "backslashreplace")
    replace_file(state.notices / str(batch), text, mode=0o666, durable=False)
