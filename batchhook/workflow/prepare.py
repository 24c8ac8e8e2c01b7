"""Making a private checkout fit for tests: links to what is not committed, and the project's own set-up command."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from batchhook.core.settings import Settings
from batchhook.core.text import one_line
from batchhook.errors import SuiteError

_SHOWN = 300
"""Characters of the set-up command's last line that an error shows."""


def prepare(folder: Path, main: Path, settings: Settings, environment: Mapping[str, str], log: Path) -> None:
    """Link what is to be linked, then run the set-up command.

    Args:
        folder: the private checkout.
        main: the user's work tree, where linked files are.
        settings: ``link``, ``setup`` and ``setup_timeout``.
        environment: of the tests.
        log: gets what the command prints.

    Raises:
        SuiteError: a file to be linked is missing, or the command failed: the suite cannot be run.
    """
    for name in settings.link:
        _link(folder / name, main / name, name)
    if settings.setup:
        _set_up(folder, settings, environment, log)


def _link(place: Path, target: Path, name: str) -> None:
    if not target.exists():
        raise SuiteError(f"link: {name} does not exist in the work tree", "mend `link` in [tool.batchhook]")
    if place.is_symlink() or place.exists():
        return  # it is committed, too: what was committed is tested
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


def _set_up(folder: Path, settings: Settings, environment: Mapping[str, str], log: Path) -> None:
    try:
        with log.open("wb") as output:
            process = subprocess.Popen(
                shlex.split(settings.setup),
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            try:
                code = process.wait(settings.setup_timeout or None)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
    except subprocess.TimeoutExpired as error:
        raise SuiteError(f"setup did not end within {settings.setup_timeout:g} s", f"its output: {log}") from error
    except (OSError, ValueError) as error:
        raise SuiteError(f"setup cannot be started: {error}", "mend `setup` in [tool.batchhook]") from error
    if code:
        last = one_line((log.read_text("utf-8", "replace").strip().splitlines() or ["no output"])[-1], _SHOWN)
        raise SuiteError(f"setup failed with exit code {code}: {last}", f"its output: {log}")
