"""The configuration by which pre-commit or prek runs batchhook's hooks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from batchhook.core.hook_text import FRAMEWORK_CONFIGS, HOOKS, HookAuthor, find_author, hooks_named_in
from batchhook.git.hooks_dir import read_hook

_OPTION = re.compile(rb"--config=([^\s'\")]+)")


@dataclass(frozen=True, slots=True)
class FrameworkConfig:
    """A configuration file that names hooks of ours.

    Attributes:
        name: of the file, relative to the work tree's top folder.
        hooks: those of ``HOOKS`` that the file names.
        installed: those of them for which the framework's own hook is in git's hooks folder.
        program: the framework's command.
    """

    name: str
    hooks: frozenset[str]
    installed: frozenset[str]
    program: str

    @property
    def install_command(self) -> str:
        """Return the command that installs all hooks that the file names."""
        options = " ".join(f"-t {name}" for name in HOOKS if name in self.hooks)
        return f"{self.program} install {options}"


def find_framework_config(top: Path, folder: Path) -> FrameworkConfig | None:
    """Find the configuration of pre-commit or prek that names our post-commit hook.

    Args:
        top: the work tree's top folder.
        folder: where git looks for hooks; a framework's hook in it may name another configuration file.
    """
    authors = {name: find_author(read_hook(folder / name)) for name in HOOKS}
    by_framework = [name for name, author in authors.items() if author.is_framework]
    options = [match for name in by_framework for match in _OPTION.findall(read_hook(folder / name))]
    for name in dict.fromkeys([*(option.decode("utf-8", "replace") for option in options), *FRAMEWORK_CONFIGS]):
        hooks = hooks_named_in(read_hook(top / name).decode("utf-8", "replace")) & frozenset(HOOKS)
        if "post-commit" in hooks:
            uses_prek = HookAuthor.PREK in authors.values() or name == "prek.toml"
            program = HookAuthor.PREK if uses_prek else HookAuthor.PRE_COMMIT
            return FrameworkConfig(name, hooks, hooks & frozenset(by_framework), program.value)
    return None
