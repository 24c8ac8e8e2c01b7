"""Confirmation prompts."""

from __future__ import annotations

import os
import select
import sys
import time
from pathlib import Path

import typer

from batchhook.cli.options import options
from batchhook.core.sanitize import one_line
from batchhook.errors import BatchhookError, NoRepositoryError, UsageError

_PIPE_TIMEOUT = 1.0
"""Seconds to wait for an answer that does not come from a terminal."""
_HINT = "-y confirms, --dry-run shows what would change"


def confirm(question: str) -> bool:
    """Ask for confirmation, on a terminal or on standard input (``echo y | …``).

    An open pipe that nothing is written to is given up after a second.

    Raises:
        UsageError: ``--json`` never asks, or nothing answers.
    """
    if options.json:
        raise UsageError("--json does not ask for confirmation", _HINT)
    try:
        if os.isatty(0):
            return typer.confirm(question)
    except typer.Abort:
        print()  # noqa: T201 - ends the prompt's line
        return False
    answer = _read_answer()
    if not answer:
        raise UsageError("confirmation is needed, and there is no terminal to ask on", _HINT)
    return answer.lower() in {"y", "yes"}


def _read_answer() -> str:
    """Read the first line of standard input, as much of it as arrives in time."""
    end, data = time.monotonic() + _PIPE_TIMEOUT, b""
    while b"\n" not in data and select.select([0], [], [], max(end - time.monotonic(), 0))[0]:
        chunk = os.read(0, 1024)
        if not chunk:
            break
        data += chunk
    return data.decode(errors="replace").partition("\n")[0].strip()


def ensure_repository(folder: Path, *, yes: bool) -> None:
    """Create a shadow repository for a folder that is in no git repository, after confirmation.

    Args:
        folder: any folder.
        yes: whether it is confirmed already.

    Raises:
        BatchhookError: there is no repository and no confirmation, or it cannot be created.
        Abort: the question was not answered.
    """
    from batchhook.git.location import locate

    try:
        locate(folder)
    except NoRepositoryError as error:
        top = one_line(os.path.realpath(folder))
        if not yes and (options.json or not sys.stdin.isatty()):
            hint = f"--yes lets batchhook keep a private repository in {top}/.batchhook; or: git init"
            raise BatchhookError(error.message, hint) from error
        if not yes and not typer.confirm("Not a git repository. Keep a private one in .batchhook/?", err=True):
            raise BatchhookError("nothing was recorded: there is no repository", "git init, or confirm") from error
        _create_shadow_repository(folder, top)


def _create_shadow_repository(folder: Path, top: str) -> None:
    from batchhook.report.console.layout import OutputConsole
    from batchhook.workflow.setup.shadow_init import init_shadow_repo

    init_shadow_repo(folder, os.environ)
    OutputConsole(stderr=True).print(
        f"batchhook keeps a private repository in {top}/.batchhook. The files as they are now are the starting point:"
        " changes from now on count.",
        soft_wrap=True,
    )
