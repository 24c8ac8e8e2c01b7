"""The project's suite: the Python that runs it, what its tests find around them, and what decides their outcome."""

from __future__ import annotations

import hashlib
import itertools
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import batchhook
from batchhook.execution.interpreter import Interpreter, find_interpreter
from batchhook.git.environment import scrubbed
from batchhook.workflow.context.project import Project

# Set by pre-commit and prek for their hooks, or by an environment that is not the project's.
_OF_THE_FRAMEWORK = frozenset({"PRE_COMMIT", "PRE_COMMIT_REWRITE_COMMAND", "VIRTUAL_ENV"})

_MOST_LINKED_FILES = 5000
"""So many files may be linked to for a run to be remembered: more are not looked at one by one."""


@dataclass(frozen=True, slots=True)
class Suite:
    """The project's suite, ready to run on any tree.

    Attributes:
        interpreter: the project's Python.
        environment: what tests find in theirs.
        description: all but the tree that decides an outcome. Runs of equal ones on one tree should end alike.
    """

    interpreter: Interpreter
    environment: Mapping[str, str]
    description: Mapping[str, object]


def find_suite(project: Project, environment: Mapping[str, str]) -> Suite:
    """The project's suite as its settings and the caller's environment make it.

    Raises:
        SuiteError: there is no Python that would do.
    """
    interpreter = find_interpreter(project.settings.python, project.location.tops, environment)
    return Suite(interpreter, suite_environment(environment, interpreter), _description(project, interpreter))


def suite_environment(environment: Mapping[str, str], interpreter: Interpreter) -> dict[str, str]:
    """What tests find in their environment: the caller's, tied to no repository and to no hook framework.

    A test that starts ``python`` gets the project's: frameworks put their own private one first on the path.
    """
    clean = clean_environment(environment)
    folder = interpreter.path.parent
    if (folder.parent / "pyvenv.cfg").exists():
        clean["VIRTUAL_ENV"] = os.fspath(folder.parent)
    path = os.pathsep.join(part for part in (os.fspath(folder), environment.get("PATH", os.defpath)) if part)
    return {**clean, "PATH": path}


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment, tied to no repository and to no hook framework."""
    clean = {name: value for name, value in scrubbed(environment).items() if name not in _OF_THE_FRAMEWORK}
    return {**clean, "BATCHHOOK_RUNNING": "1"}


def surroundings(project: Project) -> dict[str, object]:
    """What a checkout holds besides a commit's own files, and how it is set up; of a description."""
    settings = project.settings
    return {
        "link": settings.link,
        "linked": _linked(project.location.top, settings.link),
        "setup": settings.setup,
        "submodules": _populated(project.location.top),
        "lfs": _stored_by_lfs(project.location.common_dir),
    }


def description_of(interpreter: Interpreter) -> dict[str, object]:
    """What of an interpreter decides how things end."""
    return {"python": f"{interpreter.path} {interpreter.version}", "distributions": interpreter.distributions}


def _description(project: Project, interpreter: Interpreter) -> dict[str, object]:
    settings = project.settings
    return {
        **description_of(interpreter),
        **surroundings(project),
        "batchhook": batchhook.__version__,
        "isolation": settings.isolation.value,
        "order": settings.order.value,
        "start_dir": settings.start_dir,
        "pattern": settings.pattern,
        "top_level_dir": settings.top_level_dir,
        "test_timeout": settings.test_timeout,
    }


def _populated(top: Path) -> list[str]:
    """The submodules that the user has: a private work tree has the same ones."""
    modules = top / ".gitmodules"
    if not modules.is_file():
        return []
    lines = (line.partition("=") for line in modules.read_text("utf-8", "replace").splitlines())
    paths = (value.strip() for name, _, value in lines if name.strip() == "path")
    return sorted(path for path in paths if os.path.lexists(top / path / ".git"))


def _stored_by_lfs(common_dir: Path) -> str:
    """A digest of the times of the folders that Git LFS keeps contents in: what it stores changes what is tested."""
    objects = common_dir / "lfs" / "objects"
    if not objects.is_dir():
        return ""
    folders = [objects, *sorted(objects.iterdir())]
    return hashlib.sha256("\n".join(map(_stamp, folders)).encode("utf-8", "surrogateescape")).hexdigest()


def _linked(top: Path, links: Sequence[str]) -> str:
    """A digest of sizes and times of what is linked to: it is in no tree, and decides outcomes all the same.

    Where there is too much to look at, it is another one each time, and no run is remembered.
    """
    if not links:
        return ""
    found = list(itertools.islice(_files(top, links), _MOST_LINKED_FILES + 1))
    if len(found) > _MOST_LINKED_FILES:
        return secrets.token_hex(16)
    return hashlib.sha256("\n".join(sorted(found)).encode("utf-8", "surrogateescape")).hexdigest()


def _files(top: Path, links: Sequence[str]) -> Iterator[str]:
    for link in links:
        if (top / link).is_file():
            yield _stamp(top / link)
        for folder, _, names in os.walk(top / link, followlinks=True):
            yield from (_stamp(Path(folder, name)) for name in names)


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return f"{path} -"  # a link to nowhere
    return f"{path} {status.st_size} {status.st_mtime_ns}"
