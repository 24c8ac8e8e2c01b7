"""The chain of hooks that git starts: who calls whom.

No hook is run but batchhook's own, and those only answer.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from batchhook.core.hook_text import HookAuthor
from batchhook.core.plural import plural
from batchhook.git.hooks_dir import read_hook
from batchhook.workflow.context.framework_config import FrameworkConfig
from batchhook.workflow.setup import hook_files
from batchhook.workflow.setup.hook_files import HookStatus

_TIMEOUT = 10.0
"""Seconds for a hook of ours to answer."""


@dataclass(frozen=True, slots=True)
class HookChain:
    """The hooks that run for one event.

    Attributes:
        callees: git's hook first; each is called by the one before it.
        runs: how often batchhook's hook is among them.
        problem: the reason that commits fail, or are counted twice; empty if there is none.
    """

    callees: tuple[str, ...]
    runs: int
    problem: str = ""

    def __str__(self) -> str:
        return " → ".join(("git", *self.callees))


def trace(
    folder: Path, name: str, top: Path, framework: FrameworkConfig | None, environment: Mapping[str, str]
) -> HookChain:
    """Follow the calls from one of git's hooks.

    Our own hooks are executed dry: they print which hook they would call. What pre-commit and prek call is known.
    Another hook calls those beside it whose names it mentions.

    Args:
        folder: where git looks for hooks.
        name: of the hook.
        top: the work tree's top folder, where git starts hooks.
        framework: the configuration by which a framework runs batchhook; None if there is none.
        environment: for the hooks.
    """
    tracer = _Tracer(folder, name, top, framework, environment)
    tracer.follow(folder / name)
    problem = tracer.problem
    if not problem and tracer.runs > 1:
        problem = f"batchhook runs {plural(tracer.runs, 'time')} for one commit"
    return HookChain(tuple(tracer.callees), tracer.runs, problem)


@dataclass(slots=True)
class _Tracer:
    folder: Path
    name: str
    top: Path
    framework: FrameworkConfig | None
    environment: Mapping[str, str]
    callees: list[str] = field(default_factory=list)
    runs: int = 0
    problem: str = ""
    _stack: list[Path] = field(default_factory=list)

    def follow(self, path: Path) -> None:
        """Add a hook, if it can be executed, and all that it calls."""
        if not os.access(path, os.X_OK):
            return
        if path in self._stack:
            self.problem = f"{self._label(path)} and {self._label(self._stack[-1])} call each other"
            return
        self.callees.append(self._label(path))
        self._stack.append(path)
        author = hook_files.find_author(path)
        if author is HookAuthor.BATCHHOOK:
            self.runs += 1
            self._follow_previous(path)
        elif author is not None and author.is_framework:
            self.follow(hook_files.replaced_hook(path.parent, self.name))
            if self.framework is not None and self.name in self.framework.hooks:
                self.callees.append(f"batchhook ({self.framework.name})")
                self.runs += 1
        else:
            self._follow_mentioned(path)
        self._stack.pop()

    def _follow_previous(self, path: Path) -> None:
        """Ask a hook of ours which one it calls."""
        if hook_files.hook_status(self.folder, self.name) is not HookStatus.OURS:
            return  # another version may not understand that it must not run
        try:
            done = subprocess.run(
                [path],
                cwd=self.top,
                env={**self.environment, "BATCHHOOK_DRY_RUN": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=_TIMEOUT,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            self.problem = f"{self._label(path)} does not start: {error}"
            return
        lines = os.fsdecode(done.stdout).splitlines()
        if done.returncode or len(lines) != 2:  # noqa: PLR2004 - hooks/run-previous.sh prints as many
            self.problem = f"{self._label(path)} does not answer: {os.fsdecode(done.stderr).strip()}"
            return
        previous, interpreter = lines
        if not os.access(interpreter, os.X_OK):
            self.problem = f"its Python was not found: {interpreter}"
        if previous:
            self.follow(self.top / previous)

    def _follow_mentioned(self, path: Path) -> None:
        text = read_hook(path)
        for sibling in sorted(path.parent.glob(f"{self.name}.*")):
            suffix = sibling.name.removeprefix(self.name)
            names = (sibling.name, f"$0{suffix}", f"${{0}}{suffix}", f'$0"{suffix}')
            if sibling.is_file() and any(os.fsencode(name) in text for name in names):
                self.follow(sibling)

    def _label(self, path: Path) -> str:
        author = hook_files.find_author(path)
        if author is not None and author is not HookAuthor.USER:
            return str(author.value)
        normal = Path(os.path.normpath(path))
        return os.fspath(normal.relative_to(self.top) if normal.is_relative_to(self.top) else normal)
