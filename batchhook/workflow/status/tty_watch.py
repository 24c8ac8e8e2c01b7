"""Letting the terminal that filled a batch watch its run for a while."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from batchhook.core.culprits import attribution
from batchhook.core.perf import slowdown
from batchhook.core.verdict import Verdict, summary
from batchhook.errors import NotFinishedError
from batchhook.report.console import progress
from batchhook.store import attributions, slowdowns
from batchhook.workflow.context.project import Project
from batchhook.workflow.status.wait import deadline, finished, follow


def watch(project: Project, batch: int, seconds: float) -> bool:
    """Draw a run's progress on the terminal itself, whatever git does with a hook's output.

    Ctrl-C and Ctrl-Z stop the watching, and nothing else: the commit goes on to its end.

    Args:
        project: the repository.
        batch: number of a sealed batch.
        seconds: how long at most.

    Returns:
        whether the run ended meanwhile, and its verdict was shown. Without a terminal, nothing is shown.
    """
    try:
        tty = Path("/dev/tty").open("w", encoding="utf-8")  # noqa: SIM115 - closed by the block below
    except OSError:
        return False
    with tty:
        if not _is_ours(tty.fileno()):
            return False
        console = Console(file=tty, force_terminal=True)
        time_is_up = deadline(seconds)
        with _in_front(tty.fileno()) as interrupted:
            states = follow(project, batch, lambda: interrupted() or time_is_up())
            progress.show(console, f"batchhook: batch {batch}", states)
        try:
            done = finished(project, batch)
        except NotFinishedError:
            return False
        culprits = attributions.by_id(project.database, batch)
        console.print(f"batchhook: batch {batch} {summary(done.verdict, done.run.outcome)}", markup=False)
        if culprits:
            console.print(f"batchhook: {attribution.summary(culprits)}", markup=False)
        slower = slowdown.summary(slowdowns.of_batch(project.database, batch))
        if slower:
            console.print(f"batchhook: {slower}", markup=False)
        if not done.verdict.is_good:
            what = "became slower" if done.verdict is Verdict.REGRESSED else "broke"
            console.print(f"batchhook: what {what}: batchhook analyze {batch}", markup=False)
        return True


def _is_ours(descriptor: int) -> bool:
    """Whether we are in front; of `git commit &` the terminal is not ours to draw on."""
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False


@contextmanager
def _in_front(descriptor: int) -> Iterator[Callable[[], bool]]:
    """Be the terminal's foreground process group alone, as a shell makes its jobs (tcsetpgrp(3)).

    Ctrl-C then reaches us and not git, which would die of it before it has said what was committed. What is typed
    ahead stays in the terminal for the shell. Were we killed here, the shell takes its terminal back when git ends.

    Yields:
        says whether Ctrl-C or Ctrl-Z was pressed.
    """
    pressed: list[int] = []
    group = os.getpgrp()
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTSTP, signal.SIGTTOU)}
    for number in (signal.SIGINT, signal.SIGTSTP):
        signal.signal(number, lambda number, _: pressed.append(number))
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # else giving the terminal back would stop us
    try:
        os.setpgid(0, 0)
        os.tcsetpgrp(descriptor, os.getpgrp())
        yield lambda: bool(pressed)
    finally:
        os.tcsetpgrp(descriptor, group)
        os.setpgid(0, group)
        for number, handler in kept.items():
            signal.signal(number, handler)
