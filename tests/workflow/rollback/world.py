"""Everything that a user has in a repository, for comparisons."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tests.driving import Repository

TEN = [f"line {number}\n" for number in range(1, 11)]


def ten(lines: dict[int, str]) -> str:
    """Return a text of ten lines with some of them replaced."""
    return "".join(f"{lines[number]}\n" if number in lines else line for number, line in enumerate(TEN, start=1))


@dataclass(frozen=True)
class World:
    """Files and empty folders, the index, HEAD (branch, tree, parents), stash entries, the prepared message."""

    files: dict[str, tuple[str, bytes]]
    index: str
    head: str
    stash: str
    message: str


def world(repository: Repository) -> World:
    files = {
        os.fsdecode(path.relative_to(repository.top)): _content(path)
        for path in repository.top.rglob("*")
        if ".git" not in path.parts and (path.is_symlink() or not path.is_dir() or not any(path.iterdir()))
    }
    message = repository.top / ".git" / "MERGE_MSG"
    text = message.read_text() if message.exists() else ""
    return World(
        files,
        repository.git("ls-files", "--stage"),
        repository.git("log", "-1", "--format=%D %T %P").replace("HEAD -> ", ""),
        repository.git("stash", "list", "--format=%T %gs"),
        re.sub(r"(Batchhook-Operation:) \d+", r"\1 N", text),
    )


def _content(path: Path) -> tuple[str, bytes]:
    if path.is_symlink():
        return "link", os.fsencode(path.readlink())
    if path.is_dir():
        return "empty folder", b""
    return "program" if path.stat().st_mode & 0o100 else "file", path.read_bytes()
