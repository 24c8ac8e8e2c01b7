"""The folder of reports about batches."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from batchhook.store.files import TEMPORARY_SUFFIX, replace_file

_BATCH_FILE = re.compile(r"(?:test_report_batch|CRITICAL_FAILURE_batch|batch)_(?P<number>\d+)\.(?:[a-z]+\.)?[a-z]+")
"""A file about one batch, in any format."""


class ReportDir:
    """A folder of reports, in the state folder or elsewhere.

    Args:
        root: the folder; created by the first write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, files: Mapping[str, str | bytes]) -> list[Path]:
        """Write files by name, each atomically.

        Raises:
            OSError: the disk is full, a permission is missing, or something other than a folder is in the way.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            replace_file(self.root / name, content, mode=0o666, durable=False)
        return [self.root / name for name in files]

    def remove(self, names: tuple[str, ...]) -> None:
        """Remove files that exist."""
        for name in names:
            (self.root / name).unlink(missing_ok=True)

    def remove_before(self, first: int) -> None:
        """Remove the files about batches before this one, and those that a killed process left half written."""
        for path in self.root.iterdir():
            match = _BATCH_FILE.fullmatch(path.name)
            is_partial = path.name.startswith(".") and path.suffix == TEMPORARY_SUFFIX
            if is_partial or (match and int(match["number"]) < first):
                path.unlink(missing_ok=True)
