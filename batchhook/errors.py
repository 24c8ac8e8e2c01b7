"""Errors for users, and the exit codes of all commands."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of commands (``docs/guide.md`` has the table)."""

    OK = 0
    TESTS_FAILED = 1
    REGRESSION = 2
    ERROR = 3
    RUNNING = 4
    """Of ``wait`` only: the run was still in progress at the timeout."""

    NO_FULL_BATCH = 5
    """Of ``wait`` only: there is no run to wait for, because no batch is full, or this one is not."""

    USAGE = 64
    INTERRUPTED = 130


class BatchhookError(Exception):
    """A failure that its reader can act upon.

    Args:
        message: one line that states the problem.
        hint: one line with the next step; empty if there is none.
    """

    exit_code = ExitCode.ERROR

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(BatchhookError):
    """Arguments are wrong: options that exclude each other, or a value out of range."""

    exit_code = ExitCode.USAGE


class ConfigurationError(BatchhookError):
    """A setting is unknown, or its value is invalid."""


class NotARepositoryError(BatchhookError):
    """The folder is not inside a git work tree."""


class NoRepositoryError(NotARepositoryError):
    """The folder is in no repository of any kind, so that a shadow repository can be created."""


class GitError(BatchhookError):
    """A git command failed; the message ends with git's own."""


class StoreError(BatchhookError):
    """The database or a backup is damaged, from a newer batchhook, locked, or out of disk space."""


class NoSuchBatchError(BatchhookError):
    """There is no batch with this number."""


class NotFinishedError(BatchhookError):
    """The batch is still open, or its run has not ended."""


class NoFullBatchError(NotFinishedError):
    """No batch is full yet, or the given one is still open: there is no run to wait for, and no batch to roll back."""

    exit_code = ExitCode.NO_FULL_BATCH


class NothingToDoError(BatchhookError):
    """The request is fulfilled already, or applies to nothing; not a failure."""

    exit_code = ExitCode.OK


class SuiteError(BatchhookError):
    """The suite cannot be run: no Python, no tests, or a harness that does not respond."""


class NoTestsError(SuiteError):
    """The suite has no tests, so that nothing can be said about any change."""


class BusyError(SuiteError):
    """The suite cannot be run now, because other runs use all private work trees."""


class ConflictError(BatchhookError):
    """The request conflicts with the state of the repository or the work tree."""
