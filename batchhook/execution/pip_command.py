"""The command that installs a distribution where a Python finds it, by what that Python's environment has."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

_TIMEOUT = 10.0
"""Seconds that the interpreter may take to say what it has."""
_QUERY = """
import importlib.util, os, sys, sysconfig
has = [name for name in ("pip", "ensurepip") if importlib.util.find_spec(name) is not None]
if sys.prefix == sys.base_prefix and os.path.exists(os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")):
    has.append("managed")
print(sys.prefix)
print(*has)
"""


def install_command(python: Path, distribution: str) -> str:
    """Return a command for a shell that installs a distribution.

    uv leaves pip out of the environments that it makes; Debian and others keep pip from changing the system's Python,
    for which an environment in the current folder is made.

    Args:
        python: the executable.
        distribution: its name.
    """
    prefix, has = _ask(python)
    executable, has_uv = shlex.quote(os.fspath(python)), shutil.which("uv") is not None
    if "managed" in has:
        if has_uv:
            return f"uv venv --python {executable} .venv && uv pip install {distribution}"
        return f"{executable} -m venv .venv && .venv/bin/python -m pip install {distribution}"
    by_pip = f"{executable} -m pip install {distribution}"
    if "pip" in has or not has:
        return by_pip
    if has_uv or (_is_made_by_uv(prefix) and "ensurepip" not in has):
        return f"uv pip install --python {executable} {distribution}"
    return f"{executable} -m ensurepip && {by_pip}"


def _ask(python: Path) -> tuple[str, frozenset[str]]:
    """Return an interpreter's prefix, and which of pip, ensurepip and a mark against both it has; nothing if it fails.

    An environment that has none of them still has ``none``, so that this is not taken for a failure.
    """
    try:
        done = subprocess.run(
            [os.fspath(python), "-I", "-c", _QUERY],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "", frozenset()
    prefix, _, names = os.fsdecode(done.stdout).partition("\n")
    return prefix, frozenset(names.split() or ["none"])


def _is_made_by_uv(prefix: str) -> bool:
    """Return whether uv has made a virtual environment: it says so in the environment's configuration."""
    try:
        lines = Path(prefix, "pyvenv.cfg").read_text(errors="replace").splitlines()
    except OSError:
        return False
    return any(line.partition("=")[0].strip() == "uv" for line in lines)
