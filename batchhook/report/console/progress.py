"""The progress of a run, as a line that is redrawn on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress as ProgressBar, TextColumn, TimeElapsedColumn
from rich.text import Text

from batchhook.core.events import RunEvent, TestBegan
from batchhook.core.progress import PASSED_ON_RERUN, Progress, format_clock
from batchhook.core.sanitize import one_line
from batchhook.core.test_ids import display_name

_MAX_NAMED = 10
"""Failures named during a run; further ones are only counted."""


class ProgressLine:
    """The line; draws nothing unless the console is a terminal.

    Args:
        console: where to.
        label: what is running, for instance ``batch 3``.
    """

    def __init__(self, console: Console, label: str) -> None:
        self._label = label
        self._bar = ProgressBar(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[failed]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(label, total=None, failed="", left="")
        self._named: set[str] = set()

    def __enter__(self) -> ProgressLine:  # noqa: PYI034 - typing.Self came with Python 3.11
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def draw(self, progress: Progress) -> None:
        """Show the progress; above the line, name new failures, and those that passed when they were rerun."""
        label = self._label if progress.stage == "testing" else f"{self._label}: {progress.stage}"
        seconds = progress.seconds_left
        self._bar.update(
            self._task,
            description=label,
            total=progress.total or None,
            completed=progress.done,
            failed=f"[red]{progress.failed} failed" if progress.failed else "",
            left="" if seconds is None else f"[dim]about {format_clock(seconds)} left",
        )
        if not self._bar.disable:
            self._name(progress)

    def _name(self, progress: Progress) -> None:
        for test_id in progress.failures[:_MAX_NAMED]:
            if test_id not in self._named:
                self._named.add(test_id)
                self._print(Text.assemble(("✗ ", "red"), one_line(display_name(test_id))))
        # A test that is merely not listed has not passed: a search, or another run, has a progress of its own.
        for test_id in self._named.intersection(progress.rerun_passes):
            self._named.remove(test_id)
            name = one_line(display_name(test_id))
            self._print(Text.assemble(("✓ ", "green"), name, (f"  {PASSED_ON_RERUN}", "dim")))

    def _print(self, line: Text) -> None:
        self._bar.console.print(line, soft_wrap=True)


class ProgressListener:
    """A listener that draws the progress of a run in this process."""

    def __init__(self, line: ProgressLine) -> None:
        self._line = line
        self._progress = Progress()

    def __call__(self, event: RunEvent, /) -> None:
        """Show the progress after an event."""
        self._progress = self._progress.after(event)
        if not isinstance(event, TestBegan):  # no name of a running test is drawn
            self._line.draw(self._progress)


def follow_progress(console: Console, label: str, updates: Iterable[Progress]) -> None:
    """Draw updates until there are no more."""
    with ProgressLine(console, label) as line:
        for progress in updates:
            line.draw(progress)


@contextmanager
def live_progress(console: Console, label: str) -> Iterator[ProgressListener]:
    """Draw the progress of a run in this process within the block."""
    with ProgressLine(console, label) as line:
        yield ProgressListener(line)
