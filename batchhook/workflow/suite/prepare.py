"""Preparation of a private checkout for tests: links to uncommitted files, and the project's setup command."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from batchhook.core.sanitize import one_line
from batchhook.core.settings import Settings
from batchhook.errors import SuiteError
from batchhook.execution.cancel import CancelToken
from batchhook.execution.supervised_command import SupervisedCommand, run_command
from batchhook.git.command import Git

_MAX_SHOWN = 300
"""Characters of the setup command's last line that an error shows."""

_FIX_SETUP = "fix `setup` in [tool.batchhook]"


@dataclass(frozen=True, slots=True)
class SetupContext:
    """Surroundings of the setup command.

    Attributes:
        environment: as the tests get it.
        log: receives the command's output.
        cancel: terminates the command; None if nothing does.
    """

    environment: Mapping[str, str]
    log: Path
    cancel: CancelToken | None = None


def prepare_checkout(checkout: Path, work_tree: Path, settings: Settings, context: SetupContext) -> None:
    """Create the links of the ``link`` setting, then run the ``setup`` commands.

    Args:
        checkout: the private checkout.
        work_tree: the user's, which links point into.
        settings: of the project.
        context: of the setup command.

    Raises:
        SuiteError: the target of a link is missing, or the command failed.
    """
    for name in settings.link:
        _create_link(checkout, work_tree, name)
    for folder, command in (("", settings.setup), *((suite.folder, suite.setup or "") for suite in settings.suites)):
        if command.strip():
            _run_setup(checkout / folder, command, settings.setup_timeout, context)


def _create_link(checkout: Path, work_tree: Path, name: str) -> None:
    link, target = checkout / name, work_tree / name
    if not target.exists():
        raise SuiteError(f"link: {name} does not exist in the work tree", "fix `link` in [tool.batchhook]")
    if link.is_symlink() or link.exists():
        return  # it is also committed: what was committed is tested
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)
    if target.is_dir() and _is_ignored(work_tree, name) and not _is_ignored(checkout, name):
        # `data/` in .gitignore means folders only: a link would be untracked, which tests that ask git would notice.
        link.unlink()
        link.mkdir()
        for entry in target.iterdir():
            (link / entry.name).symlink_to(entry)


def _is_ignored(top: Path, name: str) -> bool:
    return Git(top).succeeds("check-ignore", "--quiet", "--", name)


def _run_setup(folder: Path, command: str, timeout: float, context: SetupContext) -> None:
    log = context.log
    try:
        args = shlex.split(command)
        ended = run_command(SupervisedCommand(args, context.environment, log, timeout, context.cancel), folder)
    except (OSError, ValueError) as error:
        raise SuiteError(f"setup cannot be started: {error}", _FIX_SETUP) from error
    if ended.errno:
        raise SuiteError(f"setup cannot be started: {os.strerror(ended.errno)}: {args[0]}", _FIX_SETUP)
    if ended.timed_out:
        raise SuiteError(f"setup did not end within {timeout:g} s", f"see its output: {log}")
    if ended.exit_code:
        raise SuiteError(f"setup failed with exit code {ended.exit_code}: {_last_line(log)}", f"see its output: {log}")
    if ended.exit_code is None:
        raise SuiteError(f"setup was killed: {_last_line(log)}", f"see its output: {log}")


def _last_line(log: Path) -> str:
    return one_line((log.read_text("utf-8", "replace").strip().splitlines() or ["no output"])[-1], _MAX_SHOWN)
