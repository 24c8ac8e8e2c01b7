"""Making a private checkout fit for tests: links to what is not committed, and the project's own set-up command."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from batchhook.core.sanitize import one_line
from batchhook.core.settings import Settings
from batchhook.errors import SuiteError
from batchhook.execution.cancel import Halt
from batchhook.execution.supervised_command import Command, run_command

_SHOWN = 300
"""Characters of the set-up command's last line that an error shows."""

_MEND_SETUP = "mend `setup` in [tool.batchhook]"


@dataclass(frozen=True, slots=True)
class SetUp:
    """How the set-up command is run.

    Attributes:
        environment: of the tests.
        log: gets what it prints.
        halt: ends it when somebody calls.
    """

    environment: Mapping[str, str]
    log: Path
    halt: Halt | None = None


def prepare(folder: Path, main: Path, settings: Settings, set_up: SetUp) -> None:
    """Link what is to be linked, then run the set-up command.

    Args:
        folder: the private checkout.
        main: the user's work tree, where linked files are.
        settings: ``link``, ``setup`` and ``setup_timeout``.
        set_up: how the command is run.

    Raises:
        SuiteError: a file to be linked is missing, or the command failed: the suite cannot be run.
    """
    for name in settings.link:
        _link(folder / name, main / name, name)
    if settings.setup.strip():
        _set_up(folder, settings, set_up)


def _link(place: Path, target: Path, name: str) -> None:
    if not target.exists():
        raise SuiteError(f"link: {name} does not exist in the work tree", "mend `link` in [tool.batchhook]")
    if place.is_symlink() or place.exists():
        return  # it is committed, too: what was committed is tested
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


def _set_up(folder: Path, settings: Settings, how: SetUp) -> None:
    log, seconds = how.log, settings.setup_timeout
    try:
        words = shlex.split(settings.setup)
        ended = run_command(Command(words, how.environment, log, seconds, how.halt), folder)
    except (OSError, ValueError) as error:
        raise SuiteError(f"setup cannot be started: {error}", _MEND_SETUP) from error
    if ended.error:
        raise SuiteError(f"setup cannot be started: {os.strerror(ended.error)}: {words[0]}", _MEND_SETUP)
    if ended.timed_out:
        raise SuiteError(f"setup did not end within {seconds:g} s", f"its output: {log}")
    if ended.code:
        raise SuiteError(f"setup failed with exit code {ended.code}: {_last_line(log)}", f"its output: {log}")
    if ended.code is None:
        raise SuiteError(f"setup was killed: {_last_line(log)}", f"its output: {log}")


def _last_line(log: Path) -> str:
    return one_line((log.read_text("utf-8", "replace").strip().splitlines() or ["no output"])[-1], _SHOWN)
