"""From a backup, or from the files that a restoration replaced, to a plan."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from batchhook.core.rollback import FileAction, FilePlan
from batchhook.errors import BatchhookError, ConflictError, GitError, StoreError
from batchhook.git import sparse
from batchhook.git.filters import FilterConverter, open_converter
from batchhook.store.backups import BackedUpFile, BackupStore
from batchhook.store.restorations import NO_FILE, FileState, RestorationStore
from batchhook.workflow.context.project import Project
from batchhook.workflow.restore.path_checks import Removals, check_paths, read_state
from batchhook.workflow.restore.safe_files import SafeFiles

_SUBMODULE = "160000"
_LINK = "120000"
_LARGEST_IN_DIFF = 256 * 1024
"""Bytes; of larger files a diff only says that they differ."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """A file to replace.

    Attributes:
        path: relative to the top.
        before, after: the file's states.
        content: a file with the new content; meaningless if the file is deleted.
    """

    path: str
    before: FileState
    after: FileState
    content: Path

    @property
    def action(self) -> FilePlan:
        """The file and its action, for display."""
        if not self.after.mode:
            return FilePlan(self.path, FileAction.DELETED)
        return FilePlan(self.path, FileAction.RESTORED if self.before.mode else FileAction.RECREATED)


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """The effect of a restoration that is not carried out yet.

    Attributes:
        batch: the batch whose backup is used; 0 for an undo.
        undoes: the restoration that is taken back; 0 for none.
        replaced: the files to replace, in the order of the backup.
        skipped: path -> why the file stays as it is.
        changed_since: paths of ``replaced`` that differ from what the batch, or the restoration, left.
        emptied_folders: folders that are empty again without the files that are removed.
    """

    batch: int = 0
    undoes: int = 0
    replaced: tuple[Replacement, ...] = ()
    skipped: dict[str, str] = field(default_factory=dict)
    changed_since: tuple[str, ...] = ()
    emptied_folders: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[FilePlan, ...]:
        """The actions of all files."""
        return tuple(each.action for each in self.replaced)

    def diff(self, top: Path) -> str:
        """Return a patch of the work tree in git's format, made without git."""
        return "\n".join(line for each in self.replaced for line in _diff_lines(each, top))


def plan_rollback(project: Project, number: int, *, force: bool, scratch: Path) -> RestorePlan:
    """Plan to restore a batch's files from its backup alone.

    Args:
        project: the repository.
        number: of the batch.
        force: restore files that were changed since, too.
        scratch: a folder for converted contents; it has to exist as long as the plan.

    Raises:
        StoreError: there is no backup, or the needed part of it is damaged.
        ConflictError: files were changed since, something is in the way, or a path leads out of the work tree.
    """
    planner = _Planner(project, BackupStore(project.state.backups), scratch)
    with open_converter(project.git, scratch) as converter:
        plan = planner.plan(number, converter)
    return _checked(plan, planner.files, f"batch {number}", force=force)


def plan_undo(project: Project, number: int, *, force: bool) -> RestorePlan:
    """Plan to bring back what the latest restoration in this work tree replaced.

    Args:
        project: the repository.
        number: the restoration that has to be the latest one; 0 for any. Earlier ones have to wait, because the latest
            may have replaced what they restored.
        force: replace files that were changed since, too.

    Raises:
        BatchhookError: there is none, or it is another one.
        StoreError, ConflictError: as for ``plan_rollback``.
    """
    store = RestorationStore(project.state.restorations)
    last = store.find_undoable(os.fspath(project.location.top))
    if last is None:
        raise BatchhookError("no files were restored from a backup here", "batchhook undo reverses other rollbacks")
    if number not in {0, last.number}:
        raise BatchhookError(
            f"rollback {number} from a backup is not the latest one in effect here; nothing was changed",
            f"batchhook undo --from-backup undoes {last.number}; batchhook operations lists them",
        )
    files, copies = SafeFiles(project.location.top), store.replaced_contents(last.number)
    removals = Removals.of(file.name for file in last.files if not file.before.mode)
    replaced: list[Replacement] = []
    changed: list[str] = []
    for file in last.files:
        current = read_state(files, file.name, removals)
        if current == file.before:
            continue
        if not current.same_for_git(file.after) and not current.same_for_git(file.before):
            changed.append(file.name)
        replaced.append(Replacement(file.name, current, file.before, _verified(copies, file.name, file.before)))
    emptied = tuple(os.fsdecode(bytes.fromhex(folder)) for folder in last.folders)
    plan = RestorePlan(
        undoes=last.number, replaced=tuple(replaced), emptied_folders=emptied, changed_since=tuple(changed)
    )
    return _checked(plan, files, "the rollback", force=force)


def temporary_name(number: int, index: int) -> str:
    """Return the name under which a restoration writes a file beside its final place."""
    return f".batchhook-{number}-{index}"


def _checked(plan: RestorePlan, files: SafeFiles, since: str, *, force: bool) -> RestorePlan:
    if plan.changed_since and not force:
        raise ConflictError(
            f"modified since {since}: {', '.join(plan.changed_since)}; nothing was changed",
            "--force replaces them anyway; a copy is kept, and undo brings it back",
        )
    check_paths(files, [(each.path, each.before, each.after) for each in plan.replaced])
    return plan


class _Planner:
    """Compares a backup with a work tree."""

    def __init__(self, project: Project, backups: BackupStore, scratch: Path) -> None:
        self._project = project
        self._backups = backups
        self._scratch = BackupStore(scratch)
        self.files = SafeFiles(project.location.top)

    def plan(self, number: int, converter: FilterConverter) -> RestorePlan:
        """Return a plan that is not checked for files changed since, or for obstacles."""
        backed_up = {file.name: file for file in self._backups.read_manifest(number).files}
        for name in backed_up:  # before git is asked about any of them
            self.files.check_inside(name)
        skipped = self._find_skipped(backed_up.values())
        removals = Removals.of(file.name for file in backed_up.values() if not file.existed)
        wanted = [file for name, file in backed_up.items() if name not in skipped]
        filtered = converter.filtered_paths([file.name for file in wanted])
        replaced: list[Replacement] = []
        changed: list[str] = []
        for file in wanted:
            file_converter = converter if file.name in filtered else None
            current = read_state(self.files, file.name, removals)
            replacement = self._replacement(number, file, current, file_converter)
            if replacement.before.same_for_git(replacement.after):
                continue
            replaced.append(replacement)
            if not self._is_as_left(file, current, file_converter):
                changed.append(file.name)
        return RestorePlan(number, 0, tuple(replaced), skipped, tuple(changed))

    def _find_skipped(self, files: Collection[BackedUpFile]) -> dict[str, str]:
        """Return path -> reason of the files that are not restored."""
        submodules = [file.name for file in files if _SUBMODULE in {file.mode, file.after_mode}]
        skipped = dict.fromkeys(submodules, "a submodule; batchhook never changes files in one")
        try:
            excluded = sparse.skip_worktree_paths(self._project.git).intersection(file.name for file in files)
        except GitError:  # without an index, git does not know what a sparse checkout leaves out
            excluded = frozenset()
        for name in excluded:
            if not os.path.lexists(self._project.location.top / name):
                skipped[name] = "not in this work tree (a sparse checkout)"
        return skipped

    def _replacement(
        self, number: int, file: BackedUpFile, current: FileState, converter: FilterConverter | None
    ) -> Replacement:
        if not file.existed:
            return Replacement(file.name, current, NO_FILE, Path())
        if current.same_for_git(FileState(mode=file.mode, sha256=file.sha256)):
            return Replacement(file.name, current, current, Path())
        damage = self._backups.verify_file(file)
        if damage:
            raise StoreError(
                f"{damage}; nothing was changed", f"batchhook backup {number} recreates it if git still has the content"
            )
        content, sha256, size = self._backups.object_path(file.sha256), file.sha256, file.size
        if converter is not None and file.mode != _LINK:
            sha256, size = self._scratch.store(converter.smudge(file.name, content))
            content = self._scratch.object_path(sha256)
        permissions = _adjust_permissions(current.permissions, file.mode)
        after = FileState(mode=file.mode, sha256=sha256, size=size, permissions=permissions)
        return Replacement(file.name, current, after, content)

    def _is_as_left(self, file: BackedUpFile, current: FileState, converter: FilterConverter | None) -> bool:
        """Return whether a file is as the batch left it."""
        if current.mode != file.after_mode:
            return False
        if current.sha256 == file.after_sha256 or not current.mode:
            return True
        if converter is None or current.mode == _LINK:
            return False
        sha256, _ = self._scratch.store(converter.clean(file.name))
        return sha256 == file.after_sha256


def _adjust_permissions(permissions: int, mode: str) -> int:
    """Return a file's permissions, executable for everyone who may read it, or for no one; 0 for new files."""
    if not permissions or mode == _LINK:
        return 0
    plain = permissions & ~0o111
    return plain | (plain & 0o444) >> 2 if mode == "100755" else plain


def _verified(copies: BackupStore, path: str, state: FileState) -> Path:
    """Return the file with a replaced content.

    Raises:
        StoreError: it is damaged.
    """
    if not state.mode:
        return Path()
    damage = copies.verify_file(BackedUpFile.for_path(path, existed=True, mode=state.mode, sha256=state.sha256))
    if damage:
        raise StoreError(damage, "nothing was changed")
    return copies.object_path(state.sha256)


def _diff_lines(replacement: Replacement, top: Path) -> Iterator[str]:
    path, before, after = replacement.path, replacement.before, replacement.after
    yield f"diff --git a/{path} b/{path}"
    if before.mode != after.mode:
        yield f"old mode {before.mode or '000000'}"
        yield f"new mode {after.mode or '000000'}"
    old, new = _text_lines(before, top / path), _text_lines(after, replacement.content)
    if old is None or new is None:
        yield "Binary or large files differ"
        return
    names = (f"a/{path}" if before.mode else "/dev/null", f"b/{path}" if after.mode else "/dev/null")
    yield from difflib.unified_diff(old, new, *names, lineterm="")


def _text_lines(state: FileState, content: Path) -> list[str] | None:
    """Return a file's lines; None if it is binary or large."""
    if not state.mode:
        return []
    if state.size > _LARGEST_IN_DIFF:
        return None
    data = str(content.readlink()).encode("utf-8", "surrogateescape") if content.is_symlink() else content.read_bytes()
    if b"\0" in data:
        return None
    *lines, last = data.decode("utf-8", "replace").split("\n")
    return [*lines, last, "\\ No newline at end of file"] if last else lines
