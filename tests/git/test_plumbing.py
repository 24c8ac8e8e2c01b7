"""Git is read by plumbing: what porcelain prints is for people, and theirs to configure (git(1))."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import batchhook

PACKAGE = Path(batchhook.__file__).parent
PORCELAIN = frozenset(
    [
        *("annotate", "blame", "branch", "cherry", "describe", "diff", "difftool", "grep", "log", "range-diff"),
        *("reflog", "shortlog", "show", "show-branch", "status", "tag", "whatchanged"),
    ],
)
EXPLICIT = {
    "grep": '"--no-line-number", "--no-column", "--no-color", "--full-name", "--no-recurse-submodules"',
    "log": '"--no-show-signature"',  # `git log -g` alone prints the messages of a reflog
    "status": '"--porcelain=v1"',  # heeds no other setting (git-status(1)) than the next one
}


def calls(file: Path) -> Iterator[str]:
    """The first words of git commands in a module that are porcelain."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in {"run", "text", "stream", "succeeds"}:
            words = [word.value for word in node.args if isinstance(word, ast.Constant)]
            yield from (str(word) for word in words if word in PORCELAIN)


def test_porcelain_is_only_read_with_explicit_options() -> None:
    found: set[str] = set()
    for file in PACKAGE.rglob("*.py"):
        if "demo" in file.parts:  # it types commands, as a user does
            continue
        for word in calls(file):
            found.add(word)
            assert word in EXPLICIT, f"{file}: git {word}"
            assert EXPLICIT[word] in file.read_text("utf-8"), f"{file}: git {word}"
            assert word != "status" or '"--ignore-submodules=' in file.read_text("utf-8"), file
    assert found == EXPLICIT.keys()


def test_the_hooks_read_plumbing_only() -> None:
    for file in (PACKAGE.parent / "hooks").iterdir():
        words = [line.split("$(git ", 1)[1].split()[0] for line in file.read_text().splitlines() if "$(git " in line]
        assert not set(words) & PORCELAIN, file
