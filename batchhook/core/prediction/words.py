"""Words in paths, subjects and ids of tests, to relate a change to the tests that are named alike."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{2,}(?![a-z])")
_COMMON = frozenset(
    {
        *("test", "tests", "testing", "py", "src", "lib", "init", "main", "case", "cases", "unit"),
        *("the", "and", "for", "with", "from", "into", "of", "to", "in", "on", "is", "not", "all", "new", "more"),
        *("fix", "fixes", "fixed", "add", "adds", "added", "remove", "removed", "use", "uses", "update", "change"),
        *("support", "merge", "pull", "request", "branch"),
    }
)
"""Words that say nothing about a part of the project."""


@lru_cache(maxsize=65536)
def words_in(text: str) -> frozenset[str]:
    """Return the words of a path, a subject or an id, in lower case and without the plural's s."""
    words = (word.lower() for word in _WORD.findall(text))
    return frozenset(word.removesuffix("s") for word in words if word not in _COMMON)


@lru_cache(maxsize=65536)
def is_test_file(path: str) -> bool:
    """Return whether a path looks like one of the tests."""
    return any(part.startswith(("test", "conftest")) or part.endswith("_test.py") for part in path.split("/"))


@lru_cache(maxsize=65536)
def file_of_test(test_id: str) -> str:
    """Return the file of a test without its suffix, as its id tells it: ``tests/test_a`` also for ``tests.test_a``."""
    head, separator, _ = test_id.partition("::")
    if separator:
        return head.rpartition(".")[0] or head
    return "/".join(head.split(".")[:-2])


def is_file_of(path: str, test_file: str) -> bool:
    """Return whether a path is the file of a test; a suite's ids may be relative to one of its folders."""
    stem = path.rpartition(".")[0] or path
    return bool(test_file) and (stem == test_file or stem.endswith(f"/{test_file}"))
