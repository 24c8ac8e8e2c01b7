"""Proof that the project's own modules were imported from the checkout that is tested."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from batchhook.errors import SuiteError


def first_party_names(roots: Iterable[Path]) -> list[str]:
    """Names of the top-level modules and packages that stand in the source roots."""
    names: set[str] = set()
    for root in roots:
        for entry in root.iterdir():
            if entry.suffix == ".py" and entry.stem.isidentifier():
                names.add(entry.stem)
            elif entry.name.isidentifier() and (entry / "__init__.py").is_file():
                names.add(entry.name)
    return sorted(names)


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
