"""The files that were written about batches: each replaced whole, and those of old batches not kept."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

_OF_A_BATCH = re.compile(r"(?:test_report_batch|CRITICAL_FAILURE_batch|batch)_(?P<number>\d+)\.(?:[a-z]+\.)?[a-z]+")
"""A file that is a batch's own, whatever form it has."""


class Reports:
    """A folder of reports, in the state folder or elsewhere.

    Args:
        root: the folder; made when something is written, where it is missing.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, files: Mapping[str, str | bytes]) -> list[Path]:
        """Write files, each whole: a reader, or a crash, sees the old or the new one.

        Raises:
            OSError: no room, no permission, something that is no folder is in the way.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        written = []
        for name, content in files.items():
            path = self.root / name
            temporary = path.with_name(f".{name}.{os.getpid()}.new")
            try:
                temporary.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "replace"))
                temporary.replace(path)
            except OSError:
                temporary.unlink(missing_ok=True)
                raise
            written.append(path)
        return written

    def remove(self, names: tuple[str, ...]) -> None:
        """Remove files, where they are."""
        for name in names:
            (self.root / name).unlink(missing_ok=True)

    def keep(self, first: int) -> None:
        """Remove what is of batches before this one; and what a process that was killed had begun to write."""
        for path in self.root.iterdir():
            match = _OF_A_BATCH.fullmatch(path.name)
            if (match and int(match["number"]) < first) or (path.name.startswith(".") and path.suffix == ".new"):
                path.unlink(missing_ok=True)
