"""Copying reports, and the file copies of batches, into a folder of the user's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from batchhook.errors import NotFinishedError, StoreError
from batchhook.lazy import Late
from batchhook.store import report_queries, runs
from batchhook.store.reports import Reports
from batchhook.workflow.context.project import Project
from batchhook.workflow.reports.write import LATEST, common_files, own_files
from batchhook.workflow.status.analyze import analyzed
from batchhook.workflow.status.wait import of_number

if TYPE_CHECKING:
    from batchhook.store import backups
else:
    backups = Late("batchhook.store.backups")

_IGNORED = "# batchhook export made this folder. Remove this file to commit what is in it.\n*\n"
_COMMIT = "git_commit.txt"

Told = Callable[[int, int], None]
"""Is told how many batches are done, and of how many."""


def silent(_done: int, _of: int) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        folder: where.
        batches: those whose own files were written, oldest first.
        files: all files, in the order in which they were written.
    """

    folder: Path
    batches: tuple[int, ...]
    files: tuple[Path, ...]


def latest(project: Project, most: int | None) -> list[int]:
    """Numbers of the latest batches that have a run, oldest first; of all with None."""
    return sorted(report_queries.with_run(project.database, -1 if most is None else most))


def export(project: Project, folder: Path, numbers: Sequence[int], *, with_backups: bool, told: Told) -> Exported:
    """Write the files that tell of all, and those of some batches.

    Args:
        project: the repository.
        folder: made where it is missing; then git does not see what is in it.
        numbers: of the batches whose own files are wanted.
        with_backups: whether to copy out the files as they were before these batches, too.
        told: is told how it goes.

    Raises:
        NoSuchBatchError, NotFinishedError: there is no such batch, or it has no run yet; nothing was written.
        StoreError: a backup is damaged.
        OSError: no room, no permission, something that is no folder is in the way.
    """
    numbers = sorted(set(numbers))
    for number in numbers:
        if runs.totals(project.database, number) is None:
            of_number(project, number)  # says why
    newest = latest(project, 1)
    if not newest:
        raise NotFinishedError("no batch has been tested yet: there is nothing to export", "batchhook status")
    _begin(folder)
    reports = Reports(folder)
    most = max(LATEST, len(numbers))
    written = reports.write(dict(common_files(project, analyzed(project, newest[0]), most)))
    for done, number in enumerate(numbers):
        told(done, len(numbers))
        written += reports.write(dict(own_files(project, analyzed(project, number))))
        if with_backups:
            written += _copy_out(backups.Backups(project.state.backups), number, folder / "backups" / f"batch_{number}")
    told(len(numbers), len(numbers))
    return Exported(folder, tuple(numbers), tuple(written))


def _begin(folder: Path) -> None:
    """Make the folder, hidden from git unless the user made it."""
    if folder.exists():
        return
    folder.mkdir(parents=True)
    (folder / ".gitignore").write_text(_IGNORED, "utf-8")


def _copy_out(stored: backups.Backups, number: int, folder: Path) -> Iterator[Path]:
    """Copy the files of a batch's backup out, under their own names, with the name of the commit before the batch."""
    manifest = stored.read(number)
    reports = Reports(folder)
    commit = {_COMMIT: f"{manifest.commit}\n"}
    yield from reports.write(commit)
    for file in manifest.files:
        if file.existed and file.sha256:
            yield _copied(stored, file, folder)


def _copied(stored: backups.Backups, file: backups.BackedUpFile, folder: Path) -> Path:
    """One file; a symbolic link becomes a file that names where it leads to, as git has it where there are none."""
    name = os.fsdecode(bytes.fromhex(file.path_hex)) if file.path_hex else file.path
    inside = PurePosixPath(name)
    if inside.is_absolute() or ".." in inside.parts:
        raise StoreError(f"the backup has a file outside of the repository: {file.path}")
    path = folder / inside
    if str(inside) == _COMMIT:
        path = folder / f"{_COMMIT}.file"  # the name is taken
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    with temporary.open("wb") as stream:
        for piece in stored.content(file):
            stream.write(piece)
    temporary.chmod(0o755 if file.mode == "100755" else 0o644)
    temporary.replace(path)
    return path
