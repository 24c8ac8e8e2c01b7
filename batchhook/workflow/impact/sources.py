"""The Python files of a tree, parsed, and what each imports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set as AbstractSet
from dataclasses import dataclass, field

from batchhook.core.impact.source_code import SourceCode, parse_source
from batchhook.core.test_ids import module_files
from batchhook.git import history
from batchhook.git.command import Git
from batchhook.store import code_map
from batchhook.store.database import Database

_GREP_OPTIONS = (
    *("--null", "--only-matching", "--word-regexp", "--fixed-strings", "-I"),
    # Whatever `grep.*` and `submodule.recurse` say.
    *("--no-line-number", "--no-column", "--no-color", "--full-name", "--no-recurse-submodules"),
)
MAX_FILES = 1000
"""Python files of a tree whose imports are followed; tests that reach more are affected by each top level."""


@dataclass(slots=True)
class SourceFiles:
    """The Python files of a tree.

    Attributes:
        git: in the repository.
        database: holds files that were parsed before.
        tree: oid of a tree or commit.
        roots: folders that modules are imported from, relative to the top; empty for the top itself.
    """

    git: Git
    database: Database
    tree: str
    roots: Sequence[str]
    _blobs: dict[str, str] | None = None
    _codes: dict[str, SourceCode] = field(default_factory=dict)
    _closures: dict[str, frozenset[str]] = field(default_factory=dict)
    _imports: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def blobs(self) -> dict[str, str]:
        """Blob of each Python file, by path."""
        if self._blobs is None:
            entries = self.git.text("ls-tree", "-r", "-z", self.tree).split("\0")
            rows = (entry.partition("\t") for entry in entries if entry.endswith(".py"))
            self._blobs = {path: row.split(" ")[2] for row, _, path in rows}
        return self._blobs

    def parse(self, paths: Iterable[str]) -> dict[str, SourceCode]:
        """Return the code of files, by path; files that do not exist are left out."""
        wanted = {path: self.blobs[path] for path in paths if path in self.blobs}
        missing = {path: blob for path, blob in wanted.items() if path not in self._codes}
        if missing:
            known = code_map.load_parsed(self.database, missing.items())
            self._codes.update((path, code) for (path, _), code in known.items())
            unknown = sorted(missing.keys() - self._codes.keys())
            texts = history.read_files(self.git, self.tree, unknown)
            parsed = {path: parse_source(text, path) for path, text in zip(unknown, texts, strict=True)}
            self._codes.update(parsed)
            if parsed:
                code_map.add_parsed(self.database, {(path, missing[path]): code for path, code in parsed.items()})
        return {path: self._codes[path] for path in wanted}

    @property
    def is_truncated(self) -> bool:
        """Return whether there were more files than are parsed, so that closures lack some."""
        return len(self._imports) >= MAX_FILES

    def module_file(self, module: str) -> str:
        """Return the file of a module; empty if the tree has none."""
        return next((file for file in module_files(module, self.roots) if file in self.blobs), "")

    def closure(self, path: str) -> frozenset[str]:
        """Return a file and all files that it imports, directly or indirectly; of a very large project, not all."""
        if path not in self._closures:
            closure = {path}
            level: AbstractSet[str] = {path}
            while level and not self.is_truncated:
                self._read_imports(level)
                level = frozenset().union(*(self._imports[file] for file in level)) - closure
                closure |= level
            self._closures[path] = frozenset(closure)
        return self._closures[path]

    def _read_imports(self, paths: AbstractSet[str]) -> None:
        unread = paths - self._imports.keys()
        codes = self.parse(unread)
        for path in unread:
            modules = codes[path].imports if path in codes else ()
            self._imports[path] = frozenset(filter(None, map(self.module_file, modules)))

    def find_mentions(self, modules: Iterable[str]) -> dict[str, frozenset[str]]:
        """Return the Python files that hold each of some words.

        Args:
            modules: names of modules, without their packages.
        """
        words = [word for word in dict.fromkeys(modules) if word.isidentifier()]
        if not words:
            return {}
        patterns = [option for word in words for option in ("-e", word)]
        done = self.git.run("grep", *_GREP_OPTIONS, *patterns, self.tree, "--", "*.py", check=False)
        mentions: dict[str, set[str]] = {word: set() for word in words}
        for name, word in re.findall(rb"([^\0\n]*)\0([^\n]*)\n", done.stdout):
            path = name.decode("utf-8", "surrogateescape").partition(":")[2]
            mentions.setdefault(word.decode("utf-8", "replace"), set()).add(path)
        return {word: frozenset(paths) for word, paths in mentions.items()}
