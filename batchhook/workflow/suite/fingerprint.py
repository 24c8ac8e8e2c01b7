"""The suite as it runs here: its interpreter and environment, and a fingerprint of all that decides outcomes."""

from __future__ import annotations

import hashlib
import itertools
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import batchhook
from batchhook.execution.interpreter import Interpreter, find_interpreter
from batchhook.git.environment import scrub_environment
from batchhook.workflow.context.project import Project

# Set by pre-commit and prek for their hooks, or by a virtual environment that is not the project's.
_FRAMEWORK_VARIABLES = frozenset({"PRE_COMMIT", "PRE_COMMIT_REWRITE_COMMAND", "VIRTUAL_ENV"})

_MAX_LINKED_FILES = 5000
"""With more linked files than this, they are not digested and no run is reused."""


@dataclass(frozen=True, slots=True)
class Suite:
    """The project's suite, ready to run on any tree.

    Attributes:
        interpreter: the project's Python.
        environment: the variables that tests see.
        fingerprint: everything that decides outcomes besides the tree: runs with equal fingerprints on one tree should
            have equal outcomes.
    """

    interpreter: Interpreter
    environment: Mapping[str, str]
    fingerprint: Mapping[str, object]


def find_suite(project: Project, environment: Mapping[str, str]) -> Suite:
    """Return the project's suite, as its settings and the caller's environment define it.

    Raises:
        SuiteError: there is no suitable Python.
    """
    interpreter = find_interpreter(project.settings.python, project.location.project_roots, environment)
    return Suite(interpreter, _suite_environment(environment, interpreter), _suite_fingerprint(project, interpreter))


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the caller's environment without the variables of git and of hook frameworks."""
    clean = {name: value for name, value in scrub_environment(environment).items() if name not in _FRAMEWORK_VARIABLES}
    return {**clean, "BATCHHOOK_RUNNING": "1"}


def _suite_environment(environment: Mapping[str, str], interpreter: Interpreter) -> dict[str, str]:
    """Return the clean environment with the project's Python first on the path.

    Hook frameworks put their own private Python there, and a test may start ``python``.
    """
    clean = clean_environment(environment)
    folder = interpreter.path.parent
    if (folder.parent / "pyvenv.cfg").exists():
        clean["VIRTUAL_ENV"] = os.fspath(folder.parent)
    path = os.pathsep.join(part for part in (os.fspath(folder), environment.get("PATH", os.defpath)) if part)
    return {**clean, "PATH": path}


def _suite_fingerprint(project: Project, interpreter: Interpreter) -> dict[str, object]:
    settings = project.settings
    return {
        **interpreter_fingerprint(interpreter),
        **checkout_fingerprint(project),
        "batchhook": batchhook.__version__,
        "isolation": settings.isolation.value,
        "order": settings.order.value,
        "start_dir": settings.start_dir,
        "pattern": settings.pattern,
        "top_level_dir": settings.top_level_dir,
        "test_timeout": settings.test_timeout,
    }


def interpreter_fingerprint(interpreter: Interpreter) -> dict[str, object]:
    """Return the part of a fingerprint that identifies the interpreter and its installed distributions."""
    return {"python": f"{interpreter.path} {interpreter.version}", "distributions": interpreter.distributions}


def checkout_fingerprint(project: Project) -> dict[str, object]:
    """Return the part of a fingerprint for what a checkout holds besides the tree's own files, and for its setup."""
    settings = project.settings
    return {
        "link": settings.link,
        "linked": _linked_files_digest(project.location.top, settings.link),
        "setup": settings.setup,
        "submodules": _populated_submodules(project.location.top),
        "lfs": _lfs_digest(project.location.common_dir),
    }


def _populated_submodules(top: Path) -> list[str]:
    """Return the paths of the submodules that the user has checked out: private worktrees get the same ones."""
    modules = top / ".gitmodules"
    if not modules.is_file():
        return []
    lines = (line.partition("=") for line in modules.read_text("utf-8", "replace").splitlines())
    paths = (value.strip() for name, _, value in lines if name.strip() == "path")
    return sorted(path for path in paths if os.path.lexists(top / path / ".git"))


def _lfs_digest(common_dir: Path) -> str:
    """Return a digest of the mtimes of the Git LFS object folders: newly fetched objects change what is tested."""
    objects = common_dir / "lfs" / "objects"
    if not objects.is_dir():
        return ""
    return _digest(map(_stamp, [objects, *sorted(objects.iterdir())]))


def _linked_files_digest(top: Path, links: Sequence[str]) -> str:
    """Return a digest of the sizes and mtimes of linked files: they are in no tree, but decide outcomes.

    With too many files to check, it differs each time, so that no run is reused.
    """
    if not links:
        return ""
    stamps = list(itertools.islice(_linked_stamps(top, links), _MAX_LINKED_FILES + 1))
    if len(stamps) > _MAX_LINKED_FILES:
        return secrets.token_hex(16)
    return _digest(sorted(stamps))


def _linked_stamps(top: Path, links: Sequence[str]) -> Iterator[str]:
    for link in links:
        if (top / link).is_file():
            yield _stamp(top / link)
        for folder, _, names in os.walk(top / link, followlinks=True):
            yield from (_stamp(Path(folder, name)) for name in names)


def _digest(stamps: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(stamps).encode("utf-8", "surrogateescape")).hexdigest()


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return f"{path} -"  # a dangling link
    return f"{path} {status.st_size} {status.st_mtime_ns}"
