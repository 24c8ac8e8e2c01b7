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
from batchhook.execution.interpreter import Interpreter, without_own_prefix
from batchhook.git.environment import project_environment
from batchhook.workflow.context.project import Project
from batchhook.workflow.suite.python_choice import find_python

# Set for hooks by pre-commit and prek, which describe the commit in variables of many names, or by ourselves; or by a
# virtual environment that is not the project's.
_HOOK_VARIABLES = ("PRE_COMMIT", "BATCHHOOK_INTERPRETER", "BATCHHOOK_CHAIN", "VIRTUAL_ENV")
_USER_VARIABLES = frozenset(
    {"PRE_COMMIT_HOME", "PRE_COMMIT_COLOR", "PRE_COMMIT_ALLOW_NO_CONFIG", "PRE_COMMIT_NO_CONCURRENCY"}
)

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
    variables = project_environment(environment)
    interpreter = find_python(project.settings, project.location.project_roots, project.state, variables)
    return Suite(interpreter, _suite_environment(environment, interpreter), _suite_fingerprint(project, interpreter))


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the caller's environment without what git and hook frameworks add to it for a hook."""
    variables = project_environment(without_own_prefix(environment))
    clean = {
        name: value
        for name, value in variables.items()
        if name in _USER_VARIABLES or not name.startswith(_HOOK_VARIABLES)
    }
    return {**clean, "BATCHHOOK_RUNNING": "1"}


def checkout_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the clean environment for commands that run in a private checkout: byte code is kept nowhere else.

    Python takes a compiled file for current if its source has the same size and was written in the same second. Two
    commits of one checkout easily agree in both. Checking a commit out removes every ``__pycache__`` there, but not the
    files below ``PYTHONPYCACHEPREFIX``, which are found by the checkout's path (python/cpython#136224). A fresh prefix
    for each checkout would have the standard library compiled again each time. Some Pythons have a prefix by
    default (Apple's), so nothing may be written either.
    """
    clean = clean_environment(environment)
    clean.pop("PYTHONPYCACHEPREFIX", None)
    return {**clean, "PYTHONDONTWRITEBYTECODE": "1"}


def _suite_environment(environment: Mapping[str, str], interpreter: Interpreter) -> dict[str, str]:
    """Return the environment for a checkout with the project's Python first on the path.

    Hook frameworks put their own private Python there, and a test may start ``python``.
    """
    clean = checkout_environment(environment)
    folder = interpreter.path.parent
    if (folder.parent / "pyvenv.cfg").exists():
        clean["VIRTUAL_ENV"] = os.fspath(folder.parent)
    path = clean.get("PATH", os.defpath)
    if path.partition(os.pathsep)[0] != os.fspath(folder):
        path = os.pathsep.join(part for part in (os.fspath(folder), path) if part)
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
