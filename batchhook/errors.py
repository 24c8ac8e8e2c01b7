"""The one kind of error that a user is meant to see, and the exit codes of every command."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit code says (``docs/guide.md`` has the table)."""

    OK = 0
    TESTS_FAILED = 1
    REGRESSION = 2
    ERROR = 3
    RUNNING = 4
    """Of ``wait`` alone: its time was up before all was known."""

    NOTHING_FULL = 5
    """Of ``wait`` alone: there is nothing to wait for, since the batch is not full, or none is."""

    USAGE = 64
    INTERRUPTED = 130


class BatchhookError(Exception):
    """Something that batchhook could not do, told so that its reader can mend it.

    Args:
        message: one line that says what is the matter.
        hint: one line that says what to do about it; empty where there is nothing to do.
    """

    exit_code = ExitCode.ERROR

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(BatchhookError):
    """The words of a command are wrong: an option that does not fit, a number that cannot be."""

    exit_code = ExitCode.USAGE


class ConfigurationError(BatchhookError):
    """A setting has a name that nobody knows or a value of the wrong kind."""


class NotARepositoryError(BatchhookError):
    """The folder is not inside a git work tree."""


class NoRepositoryError(NotARepositoryError):
    """There is no repository at all around the folder: one of our own may be begun there."""


class GitError(BatchhookError):
    """A git command failed; the message ends with what git itself said."""


class StoreError(BatchhookError):
    """The database or a backup is damaged, newer than this batchhook, locked, or out of space."""


class NoSuchBatchError(BatchhookError):
    """A batch was asked for by a number that none has."""


class NotFinishedError(BatchhookError):
    """The batch is still open, or its run is still going on."""


class NothingFullError(NotFinishedError):
    """There is no run to wait for: the batch is still open, or none was full yet."""

    exit_code = ExitCode.NOTHING_FULL


class NothingToDoError(BatchhookError):
    """What was asked for is done already, or there is nothing of the kind; no failure."""

    exit_code = ExitCode.OK


class SuiteError(BatchhookError):
    """The suite could not be run at all: no Python, no tests, a harness that does not answer."""


class BusyError(SuiteError):
    """The suite cannot be run now, since other runs have all private work trees."""


class ConflictError(BatchhookError):
    """Going back would overwrite what was changed since; nothing was touched."""
