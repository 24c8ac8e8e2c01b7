"""Show a plan, ask for confirmation, carry it out, and print the result with the next steps."""

from __future__ import annotations

from contextlib import AbstractContextManager

from rich.console import Console

from batchhook.cli.options import console, emit, options
from batchhook.cli.prompts import confirm
from batchhook.core.operations import Operation, OperationKind, OperationStatus
from batchhook.core.plural import plural
from batchhook.core.revert_check import RevertCheck
from batchhook.core.rollback import HeadUpdate, RollbackMode
from batchhook.core.sanitize import one_line
from batchhook.errors import ExitCode
from batchhook.report.console import layout, operations, recording
from batchhook.workflow.counting import merge_msg
from batchhook.workflow.restore.apply import PreparedRestore
from batchhook.workflow.restore.plan import RestorePlan
from batchhook.workflow.rollback.execute import PreparedPlan
from batchhook.workflow.rollback.plan import Plan


def apply_plan(
    preparation: AbstractContextManager[PreparedPlan], *, dry_run: bool, yes: bool, check: RevertCheck | None = None
) -> ExitCode:
    """Show a rollback, undo or redo, and carry it out once it is confirmed.

    Args:
        preparation: yields the plan.
        dry_run: only show it, with the diff.
        yes: do not ask.
        check: the result of the check that a rollback of culprits went through.
    """
    out = console()
    with preparation as prepared:
        plan = prepared.plan
        if not options.json:
            _show_plan(out, prepared, diff=dry_run)
        if dry_run or not prepared.has_work:
            if options.json:
                _emit_plan(plan, check=check)
            return ExitCode.OK
        if not yes and not plan.is_empty and not confirm("Apply? `batchhook undo` restores everything."):
            out.print("Nothing was changed.")
            return ExitCode.OK
        operation = prepared.execute()
        hints = _hints(prepared, operation)
    if options.json:
        _emit_plan(plan, operation, check)
        return ExitCode.OK
    result = "Undone" if operation.status is OperationStatus.REVERTED else "Done"
    out.print(f"{result}: {plural(len(plan.files), 'file')} (operation {operation.id}).")
    if hints:
        out.print(layout.hints(*hints))
    return ExitCode.OK


def _emit_plan(plan: Plan, operation: Operation | None = None, check: RevertCheck | None = None) -> None:
    from batchhook.workflow import serializers

    emit(serializers.plan_document(plan, operation, check))


def _show_plan(out: Console, prepared: PreparedPlan, *, diff: bool) -> None:
    plan = prepared.plan
    if plan.is_empty:
        out.print("Nothing to do: the files are already in that state.")
        return
    out.print(_title(prepared))
    if plan.files:
        is_plain_rollback = (
            plan.reversal.kind is OperationKind.ROLLBACK
            and plan.reversal.mode is not RollbackMode.RESET
            and prepared.recovered is None
        )
        operations.print_file_actions(out, plan.files, of_batch=is_plain_rollback)
    if plan.dropped_commits:
        operations.print_dropped_commits(out, plan.branch, plan.dropped_commits)
    if plan.stashed_files:
        operations.print_stashed_files(out, plan.stashed_files)
    recording.print_omitted(out, prepared.session.omissions.large_files)
    if diff:
        out.print()
        operations.print_diff(out, plan.diff)


def _title(prepared: PreparedPlan) -> str:
    plan, reversal = prepared.plan, prepared.plan.reversal
    if prepared.recovered is not None:
        is_finishing = prepared.final_status is OperationStatus.DONE
        number = prepared.recovered.id
        return f"Finish operation {number}:" if is_finishing else f"Undo the interrupted operation {number}:"
    action = {
        OperationKind.ROLLBACK: f"Revert {reversal.selection.description}",
        OperationKind.UNDO: f"Undo operation {reversal.undoes}",
        OperationKind.REDO: f"Redo what operation {reversal.undoes} undid",
    }[reversal.kind]
    if reversal.head is HeadUpdate.COMMIT:
        return f"{action} with a commit on {plan.branch}:"
    if reversal.head is HeadUpdate.MOVE:
        return f"{action} by moving {plan.branch} to {reversal.head_target[:8]}:"
    where = "the files" if prepared.session.project.location.is_shadow else "the work tree and the index"
    return f"{action} in {where}:"


def _hints(prepared: PreparedPlan, operation: Operation) -> list[tuple[str, str]]:
    """Return commands to go on with, each with its purpose."""
    if operation.status is not OperationStatus.DONE:
        return []
    plan, location = prepared.plan, prepared.session.project.location
    is_undo = operation.kind is OperationKind.UNDO
    hints: list[tuple[str, str]] = []
    is_in_files = operation.mode is RollbackMode.FILES and not location.is_shadow
    if is_in_files and not is_undo and plan.before.index != plan.after.index:
        hints.append(("git diff --cached", "see what changed"))
    if merge_msg.is_prepared(location):
        hints.append(("git commit", "keep it; the message is prepared, and the commit fills no batch"))
    if plan.reversal.head is HeadUpdate.COMMIT:
        hints.append((f"git show {operation.head[:8]}", "see the new commit; it fills no batch"))
    if plan.dropped_commits:
        hints.append((f"git log {plan.before.head[:8]}", "see the commits that left the branch; none is lost"))
    if prepared.creates_stash_entry(operation):
        reverse = "redo" if is_undo else "undo"
        hints.append(("git stash pop", f"restore the stashed work; batchhook {reverse} does that as well"))
    if plan.reversal.kept_stash:
        hints.append(("git stash list", f"find the work that operation {operation.undoes} stashed; it is still there"))
    hints.append(("batchhook redo", "apply it again") if is_undo else ("batchhook undo", "restore what was there"))
    return hints


def apply_restore(
    preparation: AbstractContextManager[PreparedRestore], title: str, *, dry_run: bool, yes: bool
) -> ExitCode:
    """Show a restore of files from a backup, and carry it out once it is confirmed; arguments as ``apply_plan``."""
    out = console()
    with preparation as prepared:
        plan = prepared.plan
        diff = plan.diff(prepared.project.location.top) if dry_run or options.json else ""
        if not options.json:
            _show_restore(out, plan, title, diff)
        restoration = None
        if plan.files and not dry_run:
            undo = " `batchhook undo --from-backup` restores everything." if plan.batch else ""
            if not yes and not confirm(f"Apply?{undo}"):
                out.print("Nothing was changed.")
                return ExitCode.OK
            restoration = prepared.execute()
    if options.json:
        from batchhook.workflow import serializers

        emit(serializers.restoration_document(plan, diff, restoration))
    elif restoration is not None:
        out.print(f"Done: {plural(len(plan.files), 'file')}. The index and git's objects were not touched.")
        if plan.batch:
            out.print(layout.hints(("batchhook undo --from-backup", "restore what was there")))
    return ExitCode.OK


def _show_restore(out: Console, plan: RestorePlan, title: str, diff: str) -> None:
    if plan.files:
        out.print(title)
        operations.print_file_actions(out, plan.files, of_batch=bool(plan.batch))
    else:
        out.print("Nothing to do: the files are already in that state.")
    for path, reason in plan.skipped.items():
        out.print(f"  {one_line(path)} is left alone: {reason}")
    if plan.changed_since:
        out.print(f"Changed since, and restored all the same: {', '.join(map(one_line, plan.changed_since))}")
    if diff:
        out.print()
        operations.print_diff(out, diff)
