"""Hints at tests that were skipped because a file of the user's work tree was never committed."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from batchhook.core.paths import parent_dirs
from batchhook.core.results import Outcome, SuiteResult
from batchhook.core.test_ids import module_files
from batchhook.errors import GitError
from batchhook.git.command import Git
from batchhook.workflow.suite.uncommitted import add_note, describe_uncommitted, find_ignored

_MAX_SKIPPED = 500
"""Skipped tests that are looked up."""
_MAX_UNCOMMITTED = 20_000
"""Uncommitted files and folders that are considered."""
_MAX_SOURCE = 1 << 20
"""Bytes of a test module that is searched for paths."""
_MAX_LITERAL = 255
"""Characters of a string literal that may be a path."""
_WORD = re.compile(r"[\w./\\~@+-]+")


def add_skip_notes(
    result: SuiteResult, checkout: Path, top: Path, source_roots: Sequence[str], git: Git
) -> SuiteResult:
    """Add a note to each skipped test whose reason, or whose module, names a file that only the user's work tree has.

    A skip does not say what it checked. So a note says only what is certain: the file exists there, and not here.

    Args:
        result: of a run in the checkout.
        checkout: the private worktree that was tested.
        top: the user's work tree.
        source_roots: folders that modules are imported from, relative to the checkout.
        git: in the same repository.

    Returns:
        the result with notes; unchanged if git fails.
    """
    skipped = [test for test in result.results if test.outcome is Outcome.SKIPPED][:_MAX_SKIPPED]
    if not skipped or checkout == top:
        return result
    try:
        uncommitted = _uncommitted_paths(git.at(top))
        modules = {test.module: _module_file(test.module, checkout, source_roots) for test in skipped}
        literals = {module: _literals(checkout / file) if file else () for module, file in modules.items()}
        names = {
            test: _named_paths(
                [*_WORD.findall(test.message), *literals[test.module]], modules[test.module], uncommitted, top
            )
            for test in skipped
        }
        ignored = find_ignored(git.at(top), {name for paths in names.values() for name in paths})
    except (GitError, OSError):
        return result
    if not any(names.values()):
        return result
    noted = (
        add_note(test, [describe_uncommitted(name, name in ignored) for name in names.get(test, ())])
        for test in result.results
    )
    return replace(result, results=tuple(noted))


def _uncommitted_paths(git: Git) -> frozenset[str]:
    """Return the untracked and ignored files; of an untracked folder, only its own path."""
    rows = git.run("ls-files", "-z", "--others", "--directory").stdout.split(b"\0")
    paths = (os.fsdecode(row).rstrip("/") for row in rows if row)
    return frozenset(islice(paths, _MAX_UNCOMMITTED))


def _named_paths(words: Iterable[str], module: str, uncommitted: frozenset[str], top: Path) -> list[str]:
    """Return the uncommitted paths among words of a skip reason, or of the test's module (its file)."""
    folder = module.rpartition("/")[0]
    return list(dict.fromkeys(name for word in words for name in _matches(word, folder, uncommitted, top)))


def _matches(word: str, folder: str, uncommitted: frozenset[str], top: Path) -> Iterator[str]:
    """Yield what a word may mean: a path from the top or from the module's folder, or the name of a single file."""
    path = os.path.normpath(word.strip(".,;:").replace("\\", "/"))
    for candidate in dict.fromkeys((path, os.path.normpath(f"{folder}/{path}" if folder else path))):
        is_uncommitted = not uncommitted.isdisjoint((candidate, *parent_dirs(candidate)))
        if is_uncommitted and ("." in candidate or "/" in candidate) and (top / candidate).exists():
            yield candidate
            return
    if "/" not in path and "." in path.strip("."):
        yield from sorted(other for other in uncommitted if other.rpartition("/")[2] == path)


def _module_file(module: str, checkout: Path, source_roots: Iterable[str]) -> str:
    """Return a module's file relative to the checkout; empty if there is none."""
    return next((name for name in module_files(module, source_roots) if (checkout / name).is_file()), "")


def _literals(file: Path) -> tuple[str, ...]:
    """Return the string literals of a Python file that may be paths; none if it cannot be parsed."""
    try:
        if file.stat().st_size > _MAX_SOURCE:
            return ()
        tree = ast.parse(file.read_bytes())
    except (OSError, ValueError, SyntaxError):
        return ()
    strings = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return tuple(dict.fromkeys(text for text in strings if 0 < len(text) <= _MAX_LITERAL and "\n" not in text))
