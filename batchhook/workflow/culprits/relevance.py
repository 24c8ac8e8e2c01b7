"""How suspicious a change is of having broken a test, before anything is run: did it touch what the test uses?"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence, Set as AbstractSet
from functools import cached_property
from math import sqrt

from batchhook.core.results import TestResult
from batchhook.core.tracebacks import frames
from batchhook.git import history
from batchhook.git.command import Git

IN_TRACEBACK = 4.0
"""How much more a file counts that stands in the failure's traceback than one that is only imported."""
MOST_FILES = 400
"""Python files of which it is read what they import."""
MOST_BYTES = 512 * 1024
"""Size of a file beyond which it is not read."""


class Suspicion:
    """Scores changes by how much they changed of the files that a test uses: churn, weighed by how near the file is.

    Args:
        git: in the repository.
        head: the commit in which the tests failed.
        changes: commits in order.
        source_roots: folders that modules are imported from, relative to the top; empty for the top itself.
    """

    def __init__(self, git: Git, head: str, changes: Sequence[str], source_roots: Sequence[str]) -> None:
        self._git = git
        self._head = head
        self._changes = changes
        self._roots = tuple(dict.fromkeys(root.strip("/").removeprefix("./").strip(".") for root in source_roots))
        self._imports: dict[str, frozenset[str]] = {}
        self._closures: dict[str, frozenset[str]] = {}

    def scores(self, result: TestResult) -> list[float]:
        """For each change how suspicious it is of a failure; all 0 where no change touched anything that it uses."""
        near = {result.location.partition(":")[0], *(frame.path for frame in frames(result.traceback))}
        own = self._file_of(result.module)
        used = self._used_by(own) if own else frozenset()
        return [
            sum(
                sqrt(lines) * (IN_TRACEBACK if path in near else 1.0)
                for path, lines in self._churn.get(change, {}).items()
                if path in near or path in used
            )
            for change in self._changes
        ]

    @cached_property
    def _churn(self) -> Mapping[str, Mapping[str, int]]:
        return history.churn(self._git, [change for change in self._changes if change])

    @cached_property
    def _files(self) -> frozenset[str]:
        """All Python files of the state in which the tests failed."""
        names = self._git.text("ls-tree", "-r", "-z", "--name-only", self._head).split("\0")
        return frozenset(name for name in names if name.endswith(".py"))

    def _file_of(self, module: str) -> str:
        path = module.replace(".", "/")
        places = (f"{root}/{path}{end}".lstrip("/") for root in self._roots for end in (".py", "/__init__.py"))
        return next((place for place in places if place in self._files), "")

    def _used_by(self, path: str) -> frozenset[str]:
        """A file, and all files of the project that it imports, directly or not."""
        if path not in self._closures:
            seen = {path}
            level = frozenset(seen)
            while level and len(self._imports) < MOST_FILES:
                self._read(level)
                level = frozenset().union(*(self._imports[one] for one in level)) - seen
                seen |= level
            self._closures[path] = frozenset(seen)
        return self._closures[path]

    def _read(self, paths: AbstractSet[str]) -> None:
        """Find out what files import, those that were not read yet."""
        wanted = sorted(paths - self._imports.keys())
        for path, text in zip(wanted, history.contents(self._git, self._head, wanted), strict=True):
            names = list(_imports(text[:MOST_BYTES], path))
            parents = (name.rpartition(".")[0] for name in names)
            self._imports[path] = frozenset(filter(None, map(self._file_of, (*names, *parents))))


def _imports(text: bytes, path: str) -> Iterator[str]:
    """Names of the modules that a file imports, wherever in it; nothing where this Python cannot read it."""
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
