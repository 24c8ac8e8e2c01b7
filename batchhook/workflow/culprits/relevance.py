"""Relevance of changes to a failure, before anything is run: how much of what the test uses did each one touch?"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence, Set as AbstractSet
from functools import cached_property
from math import sqrt

from batchhook.core.results import TestResult
from batchhook.core.test_ids import module_files
from batchhook.core.tracebacks import project_frames
from batchhook.git import history
from batchhook.git.command import Git

TRACEBACK_WEIGHT = 4.0
"""Weight of a file in the failure's traceback, relative to one that is only imported."""
MAX_FILES = 400
"""Python files whose imports are read."""
MAX_BYTES = 512 * 1024
"""Bytes of a file that are read."""


class RelevanceScores:
    """Scores changes by their churn in the files that a test uses, weighted by how close to the failure a file is.

    Args:
        git: in the repository.
        head: the commit where the tests failed.
        changes: oids of the commits to score.
        source_roots: folders that modules are imported from, relative to the top; empty for the top itself.
    """

    def __init__(self, git: Git, head: str, changes: Sequence[str], source_roots: Sequence[str]) -> None:
        self._git = git
        self._head = head
        self._changes = changes
        self._roots = tuple(dict.fromkeys(source_roots))
        self._imports: dict[str, frozenset[str]] = {}
        self._closures: dict[str, frozenset[str]] = {}

    def scores(self, result: TestResult) -> list[float]:
        """Return the score of each change for a failure; all 0 if no change touched a file that the test uses."""
        close = {result.location.partition(":")[0], *(frame.path for frame in project_frames(result.traceback))}
        test_file = self._module_file(result.module)
        used = self._import_closure(test_file) if test_file else frozenset()
        return [
            sum(
                sqrt(lines) * (TRACEBACK_WEIGHT if path in close else 1.0)
                for path, lines in self._churn.get(change, {}).items()
                if path in close or path in used
            )
            for change in self._changes
        ]

    @cached_property
    def _churn(self) -> Mapping[str, Mapping[str, int]]:
        return history.churn(self._git, [change for change in self._changes if change])

    @cached_property
    def _python_files(self) -> frozenset[str]:
        """All Python files of the commit where the tests failed."""
        names = self._git.text("ls-tree", "-r", "-z", "--name-only", self._head).split("\0")
        return frozenset(name for name in names if name.endswith(".py"))

    def _module_file(self, module: str) -> str:
        """Return the file of a module; empty if the project has none."""
        return next((file for file in module_files(module, self._roots) if file in self._python_files), "")

    def _import_closure(self, path: str) -> frozenset[str]:
        """Return a file and all files of the project that it imports, directly or indirectly."""
        if path not in self._closures:
            closure = {path}
            level = frozenset(closure)
            while level and len(self._imports) < MAX_FILES:
                self._read_imports(level)
                level = frozenset().union(*(self._imports[file] for file in level)) - closure
                closure |= level
            self._closures[path] = frozenset(closure)
        return self._closures[path]

    def _read_imports(self, paths: AbstractSet[str]) -> None:
        unread = sorted(paths - self._imports.keys())
        for path, text in zip(unread, history.read_files(self._git, self._head, unread), strict=True):
            modules = list(_imported_modules(text[:MAX_BYTES], path))
            parents = (module.rpartition(".")[0] for module in modules)
            self._imports[path] = frozenset(filter(None, map(self._module_file, (*modules, *parents))))


def _imported_modules(text: bytes, path: str) -> Iterator[str]:
    """Yield the names that a file imports anywhere in it; none if this Python cannot parse it."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    package = path.split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join((*above, *filter(None, (node.module,))))
            yield from (base, *(f"{base}.{alias.name}" for alias in node.names))
