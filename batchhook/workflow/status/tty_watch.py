"""Live progress of a run, on the terminal of the commit that filled the batch."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from batchhook.core.batch import BatchStatus
from batchhook.core.culprits import attribution
from batchhook.core.perf import slowdown
from batchhook.core.sanitize import one_line
from batchhook.core.verdict import Verdict, summarize_verdict
from batchhook.errors import NotFinishedError
from batchhook.report.console import progress
from batchhook.store import attributions, slowdowns
from batchhook.workflow.context.project import Project
from batchhook.workflow.status.wait import deadline, follow_progress, view_result


def watch_run(project: Project, batch: int, seconds: float) -> bool:
    """Show a run's progress on the controlling terminal, wherever Git sends a hook's output.

    Ctrl-C and Ctrl-Z stop the watching only; the commit is completed.

    Args:
        project: the repository.
        batch: number of a sealed batch.
        seconds: time limit.

    Returns:
        Whether the batch finished in this time and its verdict was shown. Without a terminal, nothing is shown.
    """
    try:
        tty = Path("/dev/tty").open("w", encoding="utf-8")  # noqa: SIM115 - closed by the block below
    except OSError:
        return False
    with tty:
        if not _is_foreground(tty.fileno()):
            return False
        console = Console(file=tty, force_terminal=True)
        time_is_up = deadline(seconds)
        with _own_foreground(tty.fileno()) as is_interrupted:
            updates = follow_progress(project, batch, lambda: is_interrupted() or time_is_up())
            progress.follow_progress(console, f"batchhook: batch {batch}", updates)
        try:
            result = view_result(project, batch)
        except NotFinishedError:
            return False
        culprits_by_test = attributions.load_by_test_id(project.database, batch)
        console.print(f"batchhook: batch {batch} {summarize_verdict(result.verdict, result.run.result)}", markup=False)
        if result.run.result.unrun:
            console.print(f"batchhook: {one_line(result.run.result.hint)}", markup=False)
        if culprits_by_test:
            console.print(f"batchhook: {attribution.summarize_attributions(culprits_by_test)}", markup=False)
        slowdown_summary = slowdown.summarize_slowdowns(slowdowns.load(project.database, batch))
        if slowdown_summary:
            console.print(f"batchhook: {slowdown_summary}", markup=False)
        if result.batch.status is BatchStatus.MEASURING:
            console.print("batchhook: slowdowns are still being measured", markup=False)
        if not result.verdict.is_good:
            what = "became slower" if result.verdict is Verdict.REGRESSED else "broke"
            console.print(f"batchhook: see what {what}: batchhook analyze {batch}", markup=False)
        return True


def _is_foreground(descriptor: int) -> bool:
    """Return whether we are in the foreground; after ``git commit &`` the terminal belongs to another process."""
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False


@contextmanager
def _own_foreground(descriptor: int) -> Iterator[Callable[[], bool]]:
    """Be the terminal's foreground process group alone, as a shell makes its jobs (tcsetpgrp(3)).

    Ctrl-C then reaches us and not Git, which it would kill before Git has printed what was committed. Input typed ahead
    stays in the terminal for the shell. If we are killed here, the shell takes its terminal back when Git ends.

    Yields:
        A predicate: whether Ctrl-C or Ctrl-Z was pressed.
    """
    pressed: list[int] = []
    group = os.getpgrp()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTSTP, signal.SIGTTOU)}
    for number in (signal.SIGINT, signal.SIGTSTP):
        signal.signal(number, lambda number, _: pressed.append(number))
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # giving the terminal back would stop us
    try:
        os.setpgid(0, 0)
        os.tcsetpgrp(descriptor, os.getpgrp())
        yield lambda: bool(pressed)
    finally:
        os.tcsetpgrp(descriptor, group)
        os.setpgid(0, group)
        for number, handler in handlers.items():
            signal.signal(number, handler)
