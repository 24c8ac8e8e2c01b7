"""All that a user has in a repository, to be compared."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tests.driving import Repository

TEN = [f"line {number}\n" for number in range(1, 11)]


def ten(lines: dict[int, str]) -> str:
    """A file of ten lines, some of which are different."""
    return "".join(f"{lines[number]}\n" if number in lines else line for number, line in enumerate(TEN, start=1))


@dataclass(frozen=True)
class World:
    """Files and empty folders, the index, HEAD (by what it holds), stash entries, the message to come."""

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
    said = message.read_text() if message.exists() else ""
    return World(
        files,
        repository.git("ls-files", "--stage"),
        repository.git("log", "-1", "--format=%D %T %P").replace("HEAD -> ", ""),
        repository.git("stash", "list", "--format=%T %gs"),
        re.sub(r"(Batchhook-Operation:) \d+", r"\1 N", said),
    )


def _content(path: Path) -> tuple[str, bytes]:
    if path.is_symlink():
        return "link", os.fsencode(path.readlink())
    if path.is_dir():
        return "empty folder", b""
    return "program" if path.stat().st_mode & 0o100 else "file", path.read_bytes()
