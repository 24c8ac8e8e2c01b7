"""Preparation of a private checkout for tests: links to uncommitted files, and the project's setup command."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from batchhook.core.settings import Settings
from batchhook.core.suite_setup import Setup
from batchhook.errors import SuiteError
from batchhook.execution.cancel import CancelToken
from batchhook.execution.command_output import read_last_line
from batchhook.execution.supervised_command import SupervisedCommand, run_command
from batchhook.git.command import Git
from batchhook.workflow.suite.setup_cache import SetupCache

_FIX_SETUP = "fix `setup` in [tool.batchhook]"


@dataclass(frozen=True, slots=True)
class SetupContext:
    """Surroundings of the setup commands.

    Attributes:
        environment: as the tests get it.
        setups: the commands, in their order.
        log: receives their output.
        cancel: terminates them; None if nothing does.
    """

    environment: Mapping[str, str]
    setups: Sequence[Setup]
    log: Path
    cancel: CancelToken | None = None


def prepare_checkout(
    checkout: Path, work_tree: Path, settings: Settings, context: SetupContext, cache: SetupCache
) -> None:
    """Create the links of the ``link`` setting, then run the setup commands.

    Args:
        checkout: the private checkout.
        work_tree: the user's, which links point into.
        settings: of the project.
        context: of the setup commands.
        cache: what earlier setups have created.

    Raises:
        SuiteError: the target of a link is missing, or a command failed.
    """
    for name in settings.link:
        _create_link(checkout, work_tree, name)
    for setup in context.setups:
        folder = checkout / setup.folder
        run = partial(_run_setup, folder, setup.command, settings.setup_timeout, context)
        if setup.inputs and folder.is_dir():
            cache.provide(setup, checkout, run)
        else:
            run()


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
        raise SuiteError(
            f"setup failed with exit code {ended.exit_code}: {read_last_line(log)}", f"see its output: {log}"
        )
    if ended.exit_code is None:
        raise SuiteError(f"setup was killed: {read_last_line(log)}", f"see its output: {log}")
