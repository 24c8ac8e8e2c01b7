"""The hooks' shell scripts."""

from __future__ import annotations

from pathlib import Path

import batchhook

HOOKS = ("pre-commit", "post-commit", "post-rewrite")


def script(name: str) -> Path:
    """Return the path of the script of one of ``HOOKS``: in the package of a wheel, or at the top of a checkout."""
    package = Path(batchhook.__file__).parent
    folders = (package / "hooks", package.parent / "hooks")
    return next(folder / name for folder in folders if (folder / name).exists())
