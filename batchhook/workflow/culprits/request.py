"""The request for a culprit search in a range of history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from batchhook.core.sanitize import escape_surrogates
from batchhook.errors import UsageError
from batchhook.workflow.culprits.command_probe import ShellCommand

_USAGE = "batchhook bisect TEST... GOOD BAD; batchhook bisect --exec CMD GOOD BAD"


@dataclass(frozen=True, slots=True)
class BisectRequest:
    """A request to find the commit that broke tests, or a command.

    Attributes:
        tests: ids; empty for a command.
        good, bad: revisions: a commit where the tests pass, and one where they fail.
        environment: the caller's.
        command: None for tests.
        budget: seconds; infinite for no limit.
        fresh: whether to ignore what is stored of earlier runs.
    """

    tests: tuple[str, ...]
    good: str
    bad: str
    environment: Mapping[str, str]
    command: ShellCommand | None = None
    budget: float = inf
    fresh: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The distinct ids to search for, as the store has them; a command is identified by its text."""
        names = self.tests if self.command is None else (self.command.text,)
        return tuple(dict.fromkeys(map(escape_surrogates, names)))


def bisect_request(  # noqa: PLR0913 - all options of the command
    tests: Sequence[str],
    good: str,
    bad: str,
    environment: Mapping[str, str],
    *,
    command: str | None = None,
    timeout: float | None = None,
    budget: float | None = None,
    fresh: bool = False,
) -> BisectRequest:
    """Return a validated request; ``timeout`` and ``budget`` are seconds, None for no limit.

    Raises:
        UsageError: neither or both of tests and a command are given, or a timeout without a command.
    """
    if bool(tests) == (command is not None):
        raise UsageError("either TEST or --exec CMD is required, not both", _USAGE)
    if timeout is not None and command is None:
        raise UsageError("--timeout requires --exec", "for tests, use the setting test_timeout")
    shell_command = None if command is None else ShellCommand(command, timeout or 0.0)
    return BisectRequest(tuple(tests), good, bad, environment, shell_command, inf if budget is None else budget, fresh)
