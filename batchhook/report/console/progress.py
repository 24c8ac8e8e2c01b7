"""A run while it goes, as one line of a terminal that renews itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress as Bar, TextColumn, TimeElapsedColumn
from rich.text import Text

from batchhook.core.progress import AGAIN, Progress, again, clock
from batchhook.core.results import TestResult
from batchhook.core.sanitize import one_line

_MOST_TOLD = 10
"""Failures that are named while the run goes on; the others are counted."""


class ProgressLine:
    """The line. Where there is no terminal, it draws nothing.

    Args:
        console: where to.
        label: what is running, for instance ``batch 3``.
    """

    def __init__(self, console: Console, label: str) -> None:
        self._label = label
        self._bar = Bar(
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
        self._told: set[str] = set()

    def __enter__(self) -> ProgressLine:  # noqa: PYI034 - typing.Self came with Python 3.11
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def draw(self, state: Progress) -> None:
        """Show how far the run is; above the line, each failure when it happens."""
        doing = self._label if state.stage == "testing" else f"{self._label}: {state.stage}"
        failed = f"[red]{state.failed} failed" if state.failed else ""
        left = "" if state.left is None else f"[dim]about {clock(state.left)} left"
        self._bar.update(
            self._task, description=doing, total=state.total or None, completed=state.done, failed=failed, left=left
        )
        self._tell(state.failures[:_MOST_TOLD])

    def _tell(self, failures: Sequence[str]) -> None:
        if self._bar.disable:
            return
        for name in failures:
            if name not in self._told:
                self._told.add(name)
                self._bar.console.print(Text.assemble(("✗ ", "red"), one_line(name)), soft_wrap=True)
        for name in self._told.difference(failures):
            self._told.remove(name)
            self._bar.console.print(
                Text.assemble(("✓ ", "green"), one_line(name), (f"  {AGAIN}", "dim")), soft_wrap=True
            )


def show(console: Console, label: str, progress: Iterable[Progress]) -> None:
    """Draw states of a run until there are no more."""
    with ProgressLine(console, label) as line:
        for state in progress:
            line.draw(state)


class Drawn:
    """A listener of a run in this process that draws what it hears."""

    def __init__(self, line: ProgressLine) -> None:
        self._line = line
        self._state = Progress()

    def stage(self, name: str) -> None:
        """What is being done before and after the tests."""
        self._draw(replace(self._state, stage=name))

    def discovered(self, total: int, /) -> None:
        """The suite is known."""
        self._draw(replace(self._state, total=total))

    def started(self, test_id: str, /) -> None:
        """A test has begun."""

    def finished(self, result: TestResult, /) -> None:
        """A test has its result."""
        self._draw(self._state.after(result.test_id, result.outcome))

    def doubting(self, tests: int, /) -> None:
        """Some tests that failed are about to be run again."""
        self._draw(replace(self._state, stage=again(tests), left=None))

    def revised(self, result: TestResult, /) -> None:
        """A test that had failed has another result now."""
        self._draw(self._state.revised(result.test_id, result.outcome))

    def remaining(self, seconds: float, /) -> None:
        """How long the rest will take."""
        self._draw(replace(self._state, left=seconds))

    def _draw(self, state: Progress) -> None:
        self._state = state
        self._line.draw(state)


@contextmanager
def show_while(console: Console, label: str) -> Iterator[Drawn]:
    """Draw a run of this process for the length of a block."""
    with ProgressLine(console, label) as line:
        yield Drawn(line)
