"""Visits that run a command of the user's: its exit code says what is seen, as it does for ``git bisect run``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from batchhook.core.results import Outcome, SuiteOutcome, TestResult
from batchhook.core.sanitize import one_line
from batchhook.errors import BatchhookError, SuiteError
from batchhook.execution.supervised_command import Command, Ended, run_command
from batchhook.execution.worker import signal_name
from batchhook.workflow.context.project import Project
from batchhook.workflow.culprits.probes import Crowd, Order, Visits, side_by_side
from batchhook.workflow.suite.fingerprint import clean_environment, description_of, find_suite, surroundings

GOOD, SKIP, NOT_FOUND = 0, 125, 127
FIRST_OF_THE_SHELL = 126
"""From this exit code on it is not the command's own: it could not be started, or was killed."""
MODULE = "command"
"""What stands in the place of a test's module."""
_SHOWN_LINES = 5
_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Told:
    """A command as the user told it.

    Attributes:
        text: for the shell.
        timeout: seconds that it may take in one state; 0 for any.
    """

    text: str
    timeout: float = 0.0


class CommandVisits(Visits):
    """Visits that run a command. Made by ``command_visits``.

    Attributes:
        overdue: names of the commits in which it took too long.
    """

    def __init__(
        self,
        project: Project,
        crowd: Crowd,
        told: Told,
        environment: Mapping[str, str],
        description: Mapping[str, object],
    ) -> None:
        super().__init__(project, crowd, environment, description)
        self.overdue: list[str] = []
        self._told = told

    def _look(self, order: Order, folder: Path, scratch: Path, beside: int) -> SuiteOutcome:
        del beside
        began, log, halt = perf_counter(), scratch / "output.log", self._crowd.halt
        words = ("sh", "-c", self._told.text)
        ended = run_command(Command(words, self._environment, log, self._told.timeout, halt), folder)
        if halt.is_called:
            raise SuiteError("the visit was ended")
        if ended.timed_out:
            self.overdue.append(order.state.oid)
        elif _is_abort(ended):
            raise self._abort(order, ended, log)
        seconds = perf_counter() - began
        if ended.timed_out or ended.code == SKIP:
            return SuiteOutcome(duration=seconds, complete=False, untestable=order.tests)
        outcome = Outcome.FAILED if ended.code else Outcome.PASSED
        message = f"exit code {ended.code}"
        result = TestResult(order.tests[0], MODULE, outcome, seconds, message=message, location=MODULE)
        return SuiteOutcome((result,), seconds, complete=False)

    def _abort(self, order: Order, ended: Ended, log: Path) -> BatchhookError:
        how = f"exit code {ended.code}" if ended.code is not None else _killed(ended)
        said = log.read_text("utf-8", "replace").strip().splitlines()[-_SHOWN_LINES:]
        hint = f"its last words: {one_line(' / '.join(said), _SHOWN)}" if said else ""
        return BatchhookError(f"`{self._told.text}` cannot be run at {order.state.oid[:8]}: {how}", hint)


def _is_abort(ended: Ended) -> bool:
    return ended.code is None or ended.code >= FIRST_OF_THE_SHELL


def _killed(ended: Ended) -> str:
    return f"killed by {signal_name(ended.signal)}" if ended.signal else "killed"


@contextmanager
def command_visits(
    project: Project, told: Told, environment: Mapping[str, str], scratch: Path
) -> Iterator[CommandVisits]:
    """Visits that run a command, for the length of a block.

    Args:
        project: the repository.
        told: the command.
        environment: the caller's; the command gets it without git's variables, and with the project's Python first on
            the path where it has one.
        scratch: a folder for their files; it is gone at the end.
    """
    description = {"command": told.text, "timeout": told.timeout, **surroundings(project)}
    try:
        suite = find_suite(project, environment)
    except SuiteError:
        clean = clean_environment(environment)
    else:
        clean, description = dict(suite.environment), {**description, **description_of(suite.interpreter)}
    with side_by_side(project, scratch) as crowd:
        yield CommandVisits(project, crowd, told, clean, description)
