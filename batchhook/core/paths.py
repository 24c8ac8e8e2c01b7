"""Rules for repository-relative paths; they do not touch the file system."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

_BUILD_SUFFIXES = (
    *(".so", ".pyd", ".dylib", ".dll", ".o", ".a", ".lib", ".obj"),
    *(".pyc", ".pyo", ".class", ".jar", ".wasm"),
)
"""Suffixes of files that a compiler writes."""

_GIT_DIRS = (".git", "git~1")
"""Names of the git dir, the second being its Windows short name; compared case-insensitively."""

# Characters that HFS+ ignores when it compares names: a name with these in it may resolve to the git dir there.
_IGNORED_BY_HFS = dict.fromkeys([*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF])


def parent_dirs(path: str) -> list[str]:
    """Return the folders that contain a relative path, innermost first, without the top."""
    return [str(folder) for folder in PurePosixPath(path).parents][:-1]


def is_within(path: str, paths: Iterable[str]) -> bool:
    """Return whether a path equals one of the paths or lies inside one; ``""`` is the top of the work tree."""
    return any(not each or path == each or path.startswith(f"{each}/") for each in paths)


def is_build_product(path: str) -> bool:
    """Return whether a path names a compiled file, which goes stale when its sources change."""
    return PurePosixPath(path).name.lower().endswith(_BUILD_SUFFIXES)


def is_safe_path(path: str) -> bool:
    """Return whether a path from an untrusted source stays inside the work tree and outside the git dir.

    Symbolic links on the way are not considered.
    """
    parts = path.split("/")
    if "\0" in path or PurePosixPath(path).is_absolute():
        return False
    return not any(
        part in {"", ".", ".."} or part.translate(_IGNORED_BY_HFS).lower().rstrip(". ") in _GIT_DIRS for part in parts
    )
