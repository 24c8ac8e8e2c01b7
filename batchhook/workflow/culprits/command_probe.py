"""Probes that run a shell command, with the exit codes of ``git bisect run``; 126 and 127 also end the search.

A shell exits with these if it cannot run a command (POSIX, 2.8.2), which says nothing about the revision.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from batchhook.core.results import Outcome, SuiteResult, TestResult
from batchhook.core.sanitize import one_line
from batchhook.errors import BatchhookError, SuiteError
from batchhook.execution.supervised_command import CommandResult, SupervisedCommand, run_command
from batchhook.execution.worker import signal_name
from batchhook.workflow.context.project import Project
from batchhook.workflow.culprits.probes import ProbePool, Prober, ProbeRequest, Surroundings, open_probe_pool
from batchhook.workflow.suite.environment import checkout_environment
from batchhook.workflow.suite.fingerprint import (
    checkout_fingerprint,
    configured_setups,
    find_suite,
    interpreter_fingerprint,
)

EXIT_SKIP = 125
"""Exit code of a command that cannot test a revision, as for ``git bisect run``."""
EXIT_CANNOT_RUN = 126
"""Lowest exit code that means the command could not run or was killed."""
COMMAND_MODULE = "command"
"""Stands in for the module of a test."""
_MAX_LINES = 5
_MAX_SHOWN = 300


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """A command to probe revisions with.

    Attributes:
        text: for the shell.
        timeout: seconds for one revision; 0 for no limit.
    """

    text: str
    timeout: float = 0.0


class CommandProber(Prober):
    """A prober that runs a shell command; see ``open_command_prober``.

    Attributes:
        timed_out: oids of the commits where the command took too long.
    """

    def __init__(
        self,
        project: Project,
        pool: ProbePool,
        command: ShellCommand,
        surroundings: Surroundings,
    ) -> None:
        super().__init__(project, pool, surroundings)
        self.timed_out: list[str] = []
        self._command = command

    def _run(self, request: ProbeRequest, checkout: Path, scratch: Path, parallel: int) -> SuiteResult:
        del parallel
        started, log, cancel = perf_counter(), scratch / "output.log", self._pool.cancel
        args = ("sh", "-c", self._command.text)
        ended = run_command(
            SupervisedCommand(args, self._surroundings.environment, log, self._command.timeout, cancel), checkout
        )
        if cancel.is_cancelled:
            raise SuiteError("the probe was cancelled")
        if ended.timed_out:
            self.timed_out.append(request.revision.oid)
        elif ended.exit_code is None or ended.exit_code >= EXIT_CANNOT_RUN:
            raise self._cannot_run(request, ended, log)
        seconds = perf_counter() - started
        if ended.timed_out or ended.exit_code == EXIT_SKIP:
            return SuiteResult(duration=seconds, is_complete=False, untestable=request.tests)
        outcome = Outcome.FAILED if ended.exit_code else Outcome.PASSED
        message = f"exit code {ended.exit_code}"
        result = TestResult(
            request.tests[0], COMMAND_MODULE, outcome, seconds, message=message, location=COMMAND_MODULE
        )
        return SuiteResult((result,), seconds, is_complete=False)

    def _cannot_run(self, request: ProbeRequest, ended: CommandResult, log: Path) -> BatchhookError:
        """Return the error of a command that could not run; it ends the whole search, as it does ``git bisect run``."""
        if ended.exit_code is not None:
            reason = f"exit code {ended.exit_code}"
        else:
            reason = f"killed by {signal_name(ended.signal)}" if ended.signal else "killed"
        lines = log.read_text("utf-8", "replace").strip().splitlines()[-_MAX_LINES:]
        hint = f"its last output: {one_line(' / '.join(lines), _MAX_SHOWN)}" if lines else ""
        return BatchhookError(f"`{self._command.text}` cannot be run at {request.revision.oid[:8]}: {reason}", hint)


@contextmanager
def open_command_prober(
    project: Project, command: ShellCommand, environment: Mapping[str, str], scratch: Path
) -> Iterator[CommandProber]:
    """Provide a prober that runs a command.

    Args:
        project: the repository.
        command: to run.
        environment: the caller's; the command gets it without git's variables, and with the project's Python, if it
            has one, first on the path.
        scratch: a folder for the files of probes, removed at the end.
    """
    fingerprint = {"command": command.text, "timeout": command.timeout, **checkout_fingerprint(project)}
    try:
        suite = find_suite(project, environment)
    except SuiteError:
        setups = configured_setups(project.settings)
        variables = checkout_environment(environment)
    else:
        setups, variables = suite.setups, dict(suite.environment)
        fingerprint |= interpreter_fingerprint(suite.interpreter) if suite.interpreter else {}
    with open_probe_pool(project, scratch) as pool:
        yield CommandProber(project, pool, command, Surroundings(variables, setups, fingerprint))
