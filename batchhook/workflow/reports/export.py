"""Export of reports and backups into a folder of the user's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from batchhook.errors import NotFinishedError, StoreError
from batchhook.lazy import LazyModule
from batchhook.store import report_queries, runs
from batchhook.store.files import replacement
from batchhook.store.reports import ReportDir
from batchhook.workflow.context.project import Project
from batchhook.workflow.reports.write import MAX_BATCHES, build_common_files, build_own_files
from batchhook.workflow.status.analyze import load_analysis
from batchhook.workflow.status.wait import load_result

if TYPE_CHECKING:
    from batchhook.store import backups
else:
    backups = LazyModule("batchhook.store.backups")

_IGNORED = "# batchhook export made this folder. Remove this file to commit what is in it.\n*\n"
_COMMIT = "git_commit.txt"

ExportProgress = Callable[[int, int], None]
"""Called with the number of batches that are done, and of all."""


def ignore_progress(_done: int, _of: int) -> None:
    """Ignore the progress."""


@dataclass(frozen=True, slots=True)
class ExportResult:
    """The files that an export wrote.

    Attributes:
        folder: the folder.
        batches: batches whose own files were written, oldest first.
        files: all files, in the order in which they were written.
    """

    folder: Path
    batches: tuple[int, ...]
    files: tuple[Path, ...]


def list_latest(project: Project, limit: int | None) -> list[int]:
    """Return the numbers of the latest batches with a run, oldest first; of all with None."""
    return sorted(report_queries.list_batches_with_run(project.database, -1 if limit is None else limit))


def export(
    project: Project, folder: Path, numbers: Sequence[int], *, with_backups: bool, on_progress: ExportProgress
) -> ExportResult:
    """Write the common files, and the own files of some batches.

    Args:
        project: the repository.
        folder: created if missing, and then ignored by Git.
        numbers: batches whose own files to write.
        with_backups: whether to write the files as they were before these batches, too.
        on_progress: called before the first batch and after each.

    Raises:
        NoSuchBatchError, NotFinishedError: there is no such batch, or it has no run yet; nothing was written.
        StoreError: a backup is damaged.
        OSError: the disk is full, a file cannot be written, or a file is in the place of a folder.
    """
    numbers = sorted(set(numbers))
    for number in numbers:
        if runs.load_totals(project.database, number) is None:
            load_result(project, number)  # raises the error
    latest = list_latest(project, 1)
    if not latest:
        raise NotFinishedError("no batch has been tested yet: there is nothing to export", "batchhook status")
    create_folder(folder)
    reports = ReportDir(folder)
    limit = max(MAX_BATCHES, len(numbers))
    written = reports.write(dict(build_common_files(project, load_analysis(project, latest[0]), limit)))
    for done, number in enumerate(numbers):
        on_progress(done, len(numbers))
        written += reports.write(dict(build_own_files(project, load_analysis(project, number))))
        if with_backups:
            written += _copy_backup(
                backups.BackupStore(project.state.backups), number, folder / "backups" / f"batch_{number}"
            )
    on_progress(len(numbers), len(numbers))
    return ExportResult(folder, tuple(numbers), tuple(written))


def create_folder(folder: Path) -> None:
    """Create the folder and let Git ignore it; one of the user's own is left as it is."""
    if folder.exists():
        return
    folder.mkdir(parents=True)
    (folder / ".gitignore").write_text(_IGNORED, "utf-8")


def _copy_backup(stored: backups.BackupStore, number: int, folder: Path) -> Iterator[Path]:
    """Write the files of a batch's backup under their own names, and the name of the commit before the batch."""
    manifest = stored.read_manifest(number)
    reports = ReportDir(folder)
    commit = {_COMMIT: f"{manifest.commit}\n"}
    yield from reports.write(commit)
    for file in manifest.files:
        if file.existed and file.sha256:
            yield _copy_file(stored, file, folder)


def _copy_file(stored: backups.BackupStore, file: backups.BackedUpFile, folder: Path) -> Path:
    """Write one file; a symbolic link becomes a file with its target, as Git does where links are not supported."""
    name = os.fsdecode(bytes.fromhex(file.path_hex)) if file.path_hex else file.path
    inside = PurePosixPath(name)
    if inside.is_absolute() or ".." in inside.parts:
        raise StoreError(f"the backup has a file outside the repository: {file.path}")
    path = folder / inside
    if str(inside) == _COMMIT:
        path = folder / f"{_COMMIT}.file"  # the name is taken
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacement(path, mode=0o777 if file.mode == "100755" else 0o666, durable=False) as stream:
        stream.writelines(stored.read_content(file))
    return path
