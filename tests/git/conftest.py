"""Repositories of plain objects, and trees in them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

TreeOf = Mapping[str, tuple[str, bytes]]
"""Path -> mode and content."""


class Store:
    """A repository that is used for its objects only."""

    def __init__(self, top: Path, *options: str) -> None:
        self.top = top
        top.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", *options, ".")

    @property
    def git_dir(self) -> Path:
        return self.top / ".git"

    def git(self, *arguments: str, stdin: bytes = b"", **variables: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.top,
            input=stdin,
            env={**os.environ, **variables},
            capture_output=True,
            check=True,
        )
        return os.fsdecode(done.stdout).strip()

    def tree(self, files: TreeOf) -> str:
        """Write a tree; gives its name."""
        rows = b""
        for path, (mode, content) in files.items():
            oid = self.git("hash-object", "-w", "--stdin", stdin=content)
            rows += f"{mode} {oid}\t".encode() + os.fsencode(path) + b"\0"
        index = self.git_dir / "tree-index"
        index.unlink(missing_ok=True)
        self.git("update-index", "-z", "--index-info", stdin=rows, GIT_INDEX_FILE=str(index))
        return self.git("write-tree", GIT_INDEX_FILE=str(index))
