"""Where the hooks' shell scripts are."""

from __future__ import annotations

from pathlib import Path

HOOKS = ("pre-commit", "post-commit", "post-rewrite")


def script(name: str) -> Path:
    """The script of one of ``HOOKS``: in the package of a wheel, at the top of a checkout."""
    package = Path(__file__).parents[1]
    folders = (package / "hooks", package.parent / "hooks")
    return next(folder / name for folder in folders if (folder / name).exists())
