"""Proof that the project's own modules were imported from the checkout that is tested."""

# os.path says no where it may not look, or where links go in circles; pathlib raises.
# ruff: noqa: PTH112, PTH113, PTH122

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from batchhook.errors import SuiteError

LEVELS = 5
"""How many parts a name may have; deeper, folders hold data rather than namespaces."""
MOST_FOLDERS = 2_000
"""Folders that are looked into at each level."""
MOST_NAMES = 2_000
LONGEST_NAME = 200
"""Letters; more would be too much for what the harness is told, and for what it says."""
_NEVER_OURS = frozenset({"__pycache__", "node_modules"})


def first_party_names(roots: Iterable[Path]) -> list[str]:
    """Names of the modules and packages that stand in the source roots, those of the upper levels first.

    A folder without ``__init__.py`` is a namespace package, if anybody imports it. It has no file of its own that could
    prove anything, and others may add to it: what it holds counts, by dotted names. What a package with an
    ``__init__.py`` holds comes from where the package comes from.
    """
    names: set[str] = set()
    level = [(root, "") for root in roots]
    for _ in range(LEVELS):
        below: list[tuple[Path, str]] = []
        for folder, prefix in level[:MOST_FOLDERS]:
            found = list(_contents(folder, prefix))
            names.update(name for name, namespace in found if namespace is None)
            below += [(namespace, f"{name}.") for name, namespace in found if namespace is not None]
        level = below if len(names) < MOST_NAMES else []
    return sorted(names, key=lambda name: (name.count("."), name))[:MOST_NAMES]


def _contents(folder: Path, prefix: str) -> Iterator[tuple[str, Path | None]]:
    """Names of the modules and packages in a folder, and of its folders that may be namespaces together with these."""
    for entry in _entries(folder):
        stem, suffix = os.path.splitext(entry.name)
        name = prefix + stem
        if not stem.isidentifier() or entry.name in _NEVER_OURS or len(name) > LONGEST_NAME:
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
    """What a folder holds, always in the same order; nothing, if it cannot be read."""
    with suppress(OSError), os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)
    return []


def check_origins(root: Path, origins: Sequence[tuple[str, str]]) -> None:
    """Make sure that every first-party module came from the checkout.

    Args:
        root: the checkout.
        origins: names of modules, and the files that they were loaded from.

    Raises:
        SuiteError: one came from elsewhere, so its tests say nothing about the checkout.
    """
    for name, file in origins:
        path = Path(file)
        if not (path.is_relative_to(root) or path.resolve().is_relative_to(root.resolve())):
            raise SuiteError(
                f"`{name}` was imported from {file}, not from the checkout that is tested ({root})",
                "An editable install or an installed copy of the project comes before it on the import path: "
                "uninstall it from the environment that runs the tests, or test in place.",
            )
