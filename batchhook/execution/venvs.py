"""Virtual environments that package managers keep for a project, most of them outside its folders."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MANAGER_TIMEOUT = 10.0
"""Seconds that a package manager may take to name an environment."""


@dataclass(frozen=True, slots=True)
class PackageManager:
    """A tool that creates virtual environments for projects.

    Attributes:
        name: as its makers write it.
        marker: the file in the root of a project that uses it.
        table: the table in the ``pyproject.toml`` of a project that uses it; empty for none.
        command: prints the path of the environment's Python; empty if the marker itself holds that path.
    """

    name: str
    marker: str
    table: str
    command: tuple[str, ...]


# None of these commands creates an environment: if there is none yet, they print nothing, and most of them fail.
# Hatch is missing: it keeps several environments for a project, and cannot tell which one is for unittest's tests.
MANAGERS = (
    PackageManager("PDM", ".pdm-python", "", ()),
    PackageManager(
        "Poetry", "poetry.lock", "tool.poetry", ("poetry", "--no-interaction", "env", "info", "--executable")
    ),
    PackageManager("Pipenv", "Pipfile", "", ("pipenv", "--py")),
)


def managed_pythons(roots: Sequence[Path], environment: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Yield the Pythons of environments that package managers keep for a project, with the reason for each.

    A manager runs only if the project uses it, and only once the caller has rejected the Pythons before. One that is
    not installed, fails, or takes too long is skipped.

    Args:
        roots: the user's work tree, then the main work tree if that is another.
        environment: the user's variables; if an environment is active in them, managers name that one.
    """
    for root in roots:
        for manager in MANAGERS:
            if _is_used(root, manager):
                path = _parse_path(root, _query_path(root, manager, environment))
                if path is not None:
                    source = f"`{' '.join(manager.command)}`" if manager.command else manager.marker
                    yield path, f"the project's {manager.name} environment ({source})"


def _is_used(root: Path, manager: PackageManager) -> bool:
    if (root / manager.marker).is_file():
        return True
    if not manager.table:
        return False
    # Read as text: a false match, in a multi-line string for instance, costs no more than a command that fails.
    with suppress(OSError):
        text = (root / "pyproject.toml").read_text("utf-8", "replace")
        return re.search(rf"^\s*\[\s*{re.escape(manager.table)}\s*[\].]", text, re.MULTILINE) is not None
    return False


def _query_path(root: Path, manager: PackageManager, environment: Mapping[str, str]) -> str:
    """Return the output of the manager's command, or the text of its marker; empty for none."""
    if manager.command:
        executable = shutil.which(manager.command[0], path=environment.get("PATH", os.defpath))
        if not executable:
            return ""
        return _read_output([os.path.abspath(executable), *manager.command[1:]], root, environment)  # noqa: PTH100
    with suppress(OSError):
        return (root / manager.marker).read_text("utf-8", "surrogateescape")
    return ""


def _read_output(command: Sequence[str], root: Path, environment: Mapping[str, str]) -> str:
    """Return what a command prints, if it succeeds in time.

    It runs in a session of its own: it cannot prompt at the terminal, and all that it started is killed with it.
    """
    try:
        process = subprocess.Popen(
            command,
            cwd=root,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return ""
    with process:
        try:
            output, _ = process.communicate(timeout=MANAGER_TIMEOUT)
        except subprocess.TimeoutExpired:
            return ""
        finally:
            if process.returncode is None:
                with suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)
    return "" if process.returncode else os.fsdecode(output)


def _parse_path(root: Path, output: str) -> Path | None:
    """Return the Python in the last line of an output, after any notices; None if that is not a file."""
    line = (output.strip().splitlines() or [""])[-1].strip()
    with suppress(OSError, ValueError):  # the line is no valid path
        path = root / line
        return path if line and path.is_file() else None
    return None
