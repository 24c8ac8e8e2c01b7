"""Environments that a project's package manager keeps, most of them outside of the project's folders."""

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

ANSWER_TIMEOUT = 10.0
"""Seconds that a package manager may take to name an environment."""


@dataclass(frozen=True, slots=True)
class Manager:
    """A tool that makes environments for projects, and how it is asked for one.

    Attributes:
        name: as its makers write it.
        marker: the file in a project's root that says that the project uses it.
        table: the table of ``pyproject.toml`` that says the same; empty for none.
        command: what prints the path of the environment's Python; empty where the marker itself holds that path.
    """

    name: str
    marker: str
    table: str
    command: tuple[str, ...]


# None of these commands makes an environment: where there is none yet, they print nothing, and most of them fail.
# Hatch is not among them: it keeps several for a project, and cannot say which of them is for unittest's tests.
MANAGERS = (
    Manager("PDM", ".pdm-python", "", ()),
    Manager("Poetry", "poetry.lock", "tool.poetry", ("poetry", "--no-interaction", "env", "info", "--executable")),
    Manager("Pipenv", "Pipfile", "", ("pipenv", "--py")),
)


def managed_pythons(roots: Sequence[Path], environment: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Find the Pythons of the environments that package managers keep for a project, each with the reason for it.

    A manager is asked only where the project uses it, and only once what was found before did not do. One that is
    missing, fails, or does not answer in time is passed over.

    Args:
        roots: the user's work tree, then the main work tree where that is another.
        environment: the user's variables; with an active environment in them, managers name that one.
    """
    for root in roots:
        for manager in MANAGERS:
            if _uses(root, manager):
                path = _executable(root, _answer(root, manager, environment))
                if path is not None:
                    yield path, f"the project's {manager.name} environment ({_source(manager)})"


def _uses(root: Path, manager: Manager) -> bool:
    """Whether a project uses a package manager."""
    if (root / manager.marker).is_file():
        return True
    if not manager.table:
        return False
    # Read as text: whoever writes such a line in another place is asked in vain, no more.
    with suppress(OSError):
        text = (root / "pyproject.toml").read_text("utf-8", "replace")
        return re.search(rf"^\s*\[\s*{re.escape(manager.table)}\s*[\].]", text, re.MULTILINE) is not None
    return False


def _source(manager: Manager) -> str:
    """What named the environment, as the user would look it up."""
    return f"`{' '.join(manager.command)}`" if manager.command else manager.marker


def _answer(root: Path, manager: Manager, environment: Mapping[str, str]) -> str:
    """What the manager or its marker says; empty for nothing."""
    if manager.command:
        found = shutil.which(manager.command[0], path=environment.get("PATH", os.defpath))
        return _said([os.path.abspath(found), *manager.command[1:]], root, environment) if found else ""  # noqa: PTH100
    with suppress(OSError):
        return (root / manager.marker).read_text("utf-8", "surrogateescape")
    return ""


def _said(command: Sequence[str], root: Path, environment: Mapping[str, str]) -> str:
    """What a command prints, if it succeeds in time.

    It gets a session of its own: it cannot ask anything at the terminal, and all that it started ends with it.
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
            output, _ = process.communicate(timeout=ANSWER_TIMEOUT)
        except subprocess.TimeoutExpired:
            return ""
        finally:
            if process.returncode is None:
                with suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)
    return "" if process.returncode else os.fsdecode(output)


def _executable(root: Path, answer: str) -> Path | None:
    """The Python that an answer names: its last line, after any notices; ``None`` where that is no file."""
    line = (answer.strip().splitlines() or [""])[-1].strip()
    with suppress(OSError, ValueError):  # a line that no path can be made of
        path = root / line
        return path if line and path.is_file() else None
    return None
