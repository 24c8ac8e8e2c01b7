"""Check that the project's own modules were imported from the checkout under test."""

# os.path answers False for unreadable folders and circular links; pathlib raises.
# ruff: noqa: PTH112, PTH113, PTH122

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from batchhook.errors import SuiteError

MAX_DEPTH = 5
"""Parts of a dotted name; deeper folders hold data rather than namespaces."""
MAX_FOLDERS = 2_000
"""Folders read at each level."""
MAX_NAMES = 2_000
MAX_NAME_LENGTH = 200
"""Characters; bounds the harness's input and its reports."""
_NEVER_FIRST_PARTY = frozenset({"__pycache__", "node_modules"})


def first_party_names(roots: Iterable[Path]) -> list[str]:
    """List the modules and packages in the source roots by dotted name, top level first.

    A folder without ``__init__.py`` may be imported as a namespace package. It has no file of its own to check, and
    other folders may extend it, so its contents are listed instead. The contents of a package with an ``__init__.py``
    come from the same place as the package.
    """
    names: set[str] = set()
    level = [(root, "") for root in roots]
    for _ in range(MAX_DEPTH):
        next_level: list[tuple[Path, str]] = []
        for folder, prefix in level[:MAX_FOLDERS]:
            entries = list(_modules(folder, prefix))
            names.update(name for name, namespace in entries if namespace is None)
            next_level += [(namespace, f"{name}.") for name, namespace in entries if namespace is not None]
        level = next_level if len(names) < MAX_NAMES else []
    return sorted(names, key=lambda name: (name.count("."), name))[:MAX_NAMES]


def _modules(folder: Path, prefix: str) -> Iterator[tuple[str, Path | None]]:
    """Yield the dotted name of each module, package and possible namespace in a folder; the last with its path."""
    for entry in _entries(folder):
        stem, suffix = os.path.splitext(entry.name)
        name = prefix + stem
        if not stem.isidentifier() or entry.name in _NEVER_FIRST_PARTY or len(name) > MAX_NAME_LENGTH:
            continue
        if suffix == ".py":
            yield name, None
        elif not suffix and os.path.isdir(entry):
            path = folder / entry.name
            if os.path.isfile(path / "__init__.py"):
                yield name, None
            elif not os.path.isfile(path / "pyvenv.cfg"):
                yield name, path


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return a folder's entries by name; none if it cannot be read."""
    with suppress(OSError), os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)
    return []


def check_origins(root: Path, origins: Sequence[tuple[str, str]]) -> None:
    """Check that every first-party module came from the checkout.

    Args:
        root: the checkout.
        origins: names of modules, and the files that they were loaded from.

    Raises:
        SuiteError: one came from another place, so the tests did not test the checkout.
    """
    for name, file in origins:
        path = Path(file)
        if not (path.is_relative_to(root) or path.resolve().is_relative_to(root.resolve())):
            raise SuiteError(
                f"`{name}` was imported from {file}, not from the checkout under test ({root})",
                "An editable install or an installed copy of the project precedes it on the import path: "
                "uninstall it from the environment that runs the tests, or test in place.",
            )
