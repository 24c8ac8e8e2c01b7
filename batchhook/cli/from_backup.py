"""rollback --from-backup, and undo of it: going back by file copies, where git's objects are gone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from batchhook.cli.options import console, emit, options, project
from batchhook.cli.prompts import agreed
from batchhook.core.operations import to_undo
from batchhook.core.sanitize import one_line
from batchhook.errors import BatchhookError, ExitCode, GitError
from batchhook.lazy import Late
from batchhook.report.console import layout
from batchhook.store import operations
from batchhook.store.state_dir import StateDir

if TYPE_CHECKING:
    from batchhook.store import restorations
    from batchhook.workflow import serializers
    from batchhook.workflow.restore import apply, diff as restore_diff, plan as restore_plan
else:
    apply = Late("batchhook.workflow.restore.apply")
    restorations = Late("batchhook.store.restorations")
    serializers = Late("batchhook.workflow.serializers")
    restore_diff = Late("batchhook.workflow.restore.diff")


@contextmanager
def offered(state: StateDir, number: int) -> Iterator[None]:
    """Where git cannot do it, say inside the block that the file copies may."""
    try:
        yield
    except GitError as error:
        has_backup = (state.backups / f"batch_{number}" / "manifest.json").exists()
        hint = f"batchhook rollback {number} --from-backup takes the files from their copies, without git's objects"
        raise GitError(error.message, error.hint or (hint if has_backup else "")) from error


def rollback(number: int, *, dry_run: bool, yes: bool, force: bool) -> int:
    """Bring the files of a batch back from its backup alone."""
    with project() as opened:
        title = f"To bring the files of batch {number} back from their copies, in the work tree:"
        return _carry_out(apply.planned_rollback(opened, number, force=force), title, dry_run=dry_run, yes=yes)


def undo(number: int = 0, *, dry_run: bool, yes: bool, force: bool) -> int:
    """Take the latest rollback from a backup back; where a number is said, it has to be that one."""
    with project() as opened:
        title = "To take the rollback from a backup back:"
        return _carry_out(apply.planned_undo(opened, number, force=force), title, dry_run=dry_run, yes=yes)


def is_latest() -> bool:
    """Whether the latest thing to be undone in this work tree is a rollback from a backup."""
    with project() as opened:
        if not opened.state.kept.is_dir():
            return False
        restoration = restorations.Kept(opened.state.kept).to_undo(os.fspath(opened.location.top))
        if restoration is None:
            return False
        try:
            last = to_undo(operations.all_of(opened.database), os.fspath(opened.location.top))
        except BatchhookError:
            return True
        return last.started_at < restoration.started_at


def _carry_out(way: AbstractContextManager[apply.Planned], title: str, *, dry_run: bool, yes: bool) -> int:
    out = console()
    with way as planned:
        plan = planned.plan
        diff = restore_diff.diff_of(plan, planned.project.location.top) if dry_run or options.json else ""
        if not options.json:
            _show(out, plan, title, diff)
        done = None
        if plan.files and not dry_run:
            if not yes and not _agreed(plan):
                out.print("Nothing was changed.")
                return ExitCode.OK
            done = planned.carry_out()
    if options.json:
        emit(serializers.restored_document(plan, diff, done))
    elif done is not None:
        count = len(plan.files)
        out.print(f"Done: {count} {'file' if count == 1 else 'files'}; the index and git's objects are as they were.")
        if plan.batch:
            out.print(layout.hints(("batchhook undo --from-backup", "to have the files as they were")))
    return ExitCode.OK


def _show(out: Console, plan: restore_plan.Plan, title: str, diff: str) -> None:
    if plan.files:
        out.print(title)
        layout.print_fates(out, plan.files, of_batch=bool(plan.batch))
    else:
        out.print("Nothing to do: the files are as they would be.")
    for path, reason in plan.left.items():
        out.print(f"  {one_line(path)} stays as it is: {reason}")
    if plan.changed_since:
        out.print(f"Changed since, and taken back all the same: {', '.join(map(one_line, plan.changed_since))}")
    if diff:
        out.print()
        layout.print_diff(out, diff)


def _agreed(plan: restore_plan.Plan) -> bool:
    back = ", and `batchhook undo --from-backup` brings it back" if plan.batch else ""
    return agreed(f"What is there now is kept{back}. Go on?")
