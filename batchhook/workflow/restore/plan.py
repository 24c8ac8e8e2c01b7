"""From a backup, or from what was kept, to a plan: what becomes of each file, and what stands against it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from batchhook.core.rollback import Fate, FileFate
from batchhook.errors import BatchhookError, ConflictError, GitError, StoreError
from batchhook.git import sparse
from batchhook.git.filters import Conversion, converting
from batchhook.store import batches
from batchhook.store.backups import BackedUpFile, Backups
from batchhook.store.restorations import NOTHING, Kept, State
from batchhook.workflow.context.project import Project
from batchhook.workflow.restore.path_checks import Going, check_ways, looked_at
from batchhook.workflow.restore.safe_files import Places

_SUBMODULE = "160000"
_LINK = "120000"


@dataclass(frozen=True, slots=True)
class Replacement:
    """A file that is going to be another one.

    Attributes:
        path: relative to the top.
        now, then: what it is, and what it is going to be.
        content: a file with what it is going to hold; of no use where it is going to be nothing.
    """

    path: str
    now: State
    then: State
    content: Path

    @property
    def fate(self) -> FileFate:
        """What becomes of it."""
        if not self.then.mode:
            return FileFate(self.path, Fate.REMOVED)
        return FileFate(self.path, Fate.RESTORED if self.now.mode else Fate.RECREATED)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is going to be done.

    Attributes:
        batch: the batch whose backup is used; 0 for an undo.
        undoes: the restoration that is taken back; 0 for none.
        replaced: what changes, by path.
        left: path -> why it stays as it is.
        changed_since: those of ``replaced`` that are not as the batch, or the restoration, had left them.
        emptied: folders that are empty again without what is taken out.
    """

    batch: int = 0
    undoes: int = 0
    replaced: tuple[Replacement, ...] = ()
    left: dict[str, str] = field(default_factory=dict)
    changed_since: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[FileFate, ...]:
        """What becomes of each file."""
        return tuple(one.fate for one in self.replaced)


def plan_rollback(project: Project, number: int, *, force: bool, scratch: Path) -> Plan:
    """Plan to bring the files of a batch back from its backup alone.

    Args:
        project: the repository.
        number: the batch's.
        force: also such as were changed since.
        scratch: a folder for contents on their way; it has to last as long as the plan.

    Raises:
        StoreError: there is no backup, or what of it is needed is damaged.
        ConflictError: files were changed since, something is in the way, or a path leads out of the work tree.
    """
    planner = _Planner(project, Backups(project.state.backups), scratch)
    with converting(project.git, scratch) as conversion:
        plan = planner.plan(number, conversion)
    _check_unchanged(plan, f"batch {number}", force=force)
    check_ways(planner.places, [(one.path, one.now, one.then) for one in plan.replaced])
    return plan


def plan_undo(project: Project, number: int, *, force: bool) -> Plan:
    """Plan to bring back what the latest restoration in this work tree has replaced.

    Args:
        project: the repository.
        number: which one that has to be; 0 for any. Earlier ones wait: the latest may have replaced what they brought.
        force: also files that were changed since.

    Raises:
        BatchhookError: there is none, or it is another one.
        StoreError, ConflictError: as for ``plan_rollback``.
    """
    kept = Kept(project.state.kept)
    last = kept.to_undo(os.fspath(project.location.top))
    if last is None:
        raise BatchhookError("no files were taken from a backup here", "batchhook undo takes other rollbacks back")
    if number not in {0, last.number}:
        raise BatchhookError(
            f"rollback {number} from a backup is not the latest one in effect here; nothing was touched",
            f"batchhook undo --from-backup takes {last.number} back; batchhook operations",
        )
    places, copies = Places(project.location.top), kept.copies(last.number)
    going = Going.of(file.name for file in last.files if not file.was.mode)
    replaced: list[Replacement] = []
    changed: list[str] = []
    for file in last.files:
        now = looked_at(places, file.name, going)
        if now == file.was:
            continue
        if not now.is_like(file.became) and not now.is_like(file.was):
            changed.append(file.name)
        content = _whole(copies, file.name, file.was)
        replaced.append(Replacement(file.name, now, file.was, content))
    emptied = tuple(os.fsdecode(bytes.fromhex(folder)) for folder in last.folders)
    plan = Plan(undoes=last.number, replaced=tuple(replaced), emptied=emptied, changed_since=tuple(changed))
    _check_unchanged(plan, "the rollback", force=force)
    check_ways(places, [(one.path, one.now, one.then) for one in plan.replaced])
    return plan


def temporary_name(number: int, index: int) -> str:
    """What a file is called while it is written, beside its place."""
    return f".batchhook-{number}-{index}"


class _Planner:
    def __init__(self, project: Project, backups: Backups, scratch: Path) -> None:
        self._project = project
        self._backups = backups
        self._scratch = Backups(scratch)
        self.places = Places(project.location.top)

    def plan(self, number: int, conversion: Conversion) -> Plan:
        """A plan, before anything that stands against it."""
        files = {file.name: file for file in self._with_what_was_left(number)}
        for name in files:  # git is not asked about a path before
            self.places.check(name)
        left = self._left_alone(files.values())
        going = Going.of(file.name for file in files.values() if not file.existed)
        wanted = [file for name, file in files.items() if name not in left]
        converted = conversion.concerned([file.name for file in wanted])
        replaced: list[Replacement] = []
        changed: list[str] = []
        for file in wanted:
            way = conversion if file.name in converted else None
            one = self._replacement(number, file, looked_at(self.places, file.name, going), way)
            if one.now.is_like(one.then):
                continue
            replaced.append(one)
            if not self._is_as_left(file, one.now, way):
                changed.append(file.name)
        return Plan(number, 0, tuple(replaced), left, tuple(changed))

    def _with_what_was_left(self, number: int) -> Iterator[BackedUpFile]:
        """A batch's files; backups of version 0.1.0 do not say what the batch left, but the database may."""
        edits = {}
        files = self._backups.read(number).files
        if any(file.left_mode is None for file in files):
            stored = batches.edits(self._project.database, number)
            edits = {edit.path: edit for these in stored.values() for edit in these}
        for file in files:
            edit = edits.get(file.name)
            if file.left_mode is not None or edit is None:
                yield file
            else:
                mode = edit.mode if edit.mode.strip("0") else ""
                yield file.model_copy(update={"left_mode": mode, "left_sha256": edit.sha256})

    def _left_alone(self, files: Collection[BackedUpFile]) -> dict[str, str]:
        """Path -> why it is none of ours."""
        modules = [file.name for file in files if _SUBMODULE in {file.mode, file.left_mode}]
        left = dict.fromkeys(modules, "a submodule, which is never reached into")
        try:
            skipped = sparse.marked(self._project.git).intersection(file.name for file in files)
        except GitError:  # without an index git does not say what it was told to leave out
            skipped = frozenset()
        for name in skipped:
            if not os.path.lexists(self._project.location.top / name):
                left[name] = "not in this work tree (a sparse checkout)"
        return left

    def _replacement(self, number: int, file: BackedUpFile, now: State, conversion: Conversion | None) -> Replacement:
        if not file.existed:
            return Replacement(file.name, now, NOTHING, Path())
        if now.is_like(State(mode=file.mode, sha256=file.sha256)):
            return Replacement(file.name, now, now, Path())
        damage = self._backups.damage(file)
        if damage:
            raise StoreError(
                f"{damage}; nothing was touched", f"batchhook backup {number} makes it anew, where git has the same"
            )
        content, sha256, size = self._backups.object(file.sha256), file.sha256, file.size
        if conversion is not None and file.mode != _LINK:
            sha256, size = self._scratch.store(conversion.to_work_tree(file.name, content))
            content = self._scratch.object(sha256)
        permissions = _with_execution(now.permissions, file.mode)
        then = State(mode=file.mode, sha256=sha256, size=size, permissions=permissions)
        return Replacement(file.name, now, then, content)

    def _is_as_left(self, file: BackedUpFile, now: State, conversion: Conversion | None) -> bool:
        if file.left_mode is None or now.mode != file.left_mode:
            return False
        if now.sha256 == file.left_sha256 or not now.mode:
            return True
        if conversion is None or now.mode == _LINK:
            return False
        sha256, _ = self._scratch.store(conversion.to_git(file.name))
        return sha256 == file.left_sha256


def _with_execution(permissions: int, mode: str) -> int:
    """A file's permissions, with or without execution for all who may read it; 0 for those of new files."""
    if not permissions or mode == _LINK:
        return 0
    plain = permissions & ~0o111
    return plain | (plain & 0o444) >> 2 if mode == "100755" else plain


def _whole(copies: Backups, path: str, state: State) -> Path:
    if not state.mode:
        return Path()
    damage = copies.damage(BackedUpFile.at(path, existed=True, mode=state.mode, sha256=state.sha256))
    if damage:
        raise StoreError(damage, "nothing was touched")
    return copies.object(state.sha256)


def _check_unchanged(plan: Plan, what: str, *, force: bool) -> None:
    if plan.changed_since and not force:
        raise ConflictError(
            f"changed since {what}: {', '.join(plan.changed_since)}; nothing was touched",
            "--force takes them back all the same; what they hold now is kept, and undo brings it back",
        )
