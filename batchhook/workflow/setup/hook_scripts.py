"""The hooks' shell scripts."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import batchhook
from batchhook.core.hook_text import END, MARK

GIT_HOOKS = frozenset(
    {
        "applypatch-msg",
        "commit-msg",
        "post-applypatch",
        "post-checkout",
        "post-commit",
        "post-index-change",
        "post-merge",
        "post-receive",
        "post-rewrite",
        "post-update",
        "pre-applypatch",
        "pre-auto-gc",
        "pre-commit",
        "pre-merge-commit",
        "pre-push",
        "pre-rebase",
        "pre-receive",
        "prepare-commit-msg",
        "proc-receive",
        "push-to-checkout",
        "reference-transaction",
        "sendemail-validate",
        "update",
    }
)
"""The hooks that git looks for (githooks(5)), but for those that concern other systems."""

FORWARD = "forward"
"""The name of the script in batchhook's own folder that stands there for a hook that is none of ``HOOKS``."""


def script(name: str) -> Path:
    """Return the path of a script in ``hooks/``: in the package of a wheel, or at the top of a checkout."""
    package = Path(batchhook.__file__).parent
    folders = (package / "hooks", package.parent / "hooks")
    return next(folder / name for folder in folders if (folder / name).exists())


def installed_text(name: str) -> str:
    """Return one of ``HOOKS`` as it is installed: with our Python, and the part that runs the previous hook."""
    shebang, body = _read(name).split("\n", 1)
    previous = f"{_read('find-previous.sh')}\n{_read('run-previous.sh')}"
    python = f"BATCHHOOK_INTERPRETER={shlex.quote(sys.executable)}"
    return f"{shebang}\n{MARK}\n# Version {batchhook.__version__}\n{python}\nhook={name}\n\n{previous}\n{body}\n{END}\n"


def forward_text() -> str:
    """Return the script that runs the hook of its own name in the folder that git would use without batchhook."""
    name = "hook=${0##*/}\nhook=${hook%%.*}"
    run = '[ -x "$previous" ] || exit 0\nexec "$previous" "$@"\n'
    return f"#!/bin/sh\n{MARK}\n# Version {batchhook.__version__}\n{name}\n\n{_read('find-previous.sh')}\n{run}"


def _read(name: str) -> str:
    return script(name).read_text("utf-8")
