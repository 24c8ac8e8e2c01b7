"""Showing a plan, asking, carrying it out, and saying what was done and what can be done next."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from rich.console import Console

from batchhook.cli.options import console, emit, options
from batchhook.cli.prompts import agreed
from batchhook.core.operations import Kind, Operation, OperationStatus
from batchhook.core.revert_check import Proof
from batchhook.core.rollback import HeadWay, Mode
from batchhook.errors import ExitCode
from batchhook.lazy import Late
from batchhook.report.console import layout, operations as report
from batchhook.workflow.counting import merge_msg

if TYPE_CHECKING:
    from batchhook.workflow import serializers
    from batchhook.workflow.rollback.execute import Planned
    from batchhook.workflow.rollback.request import Plan
else:
    serializers = Late("batchhook.workflow.serializers")

_QUESTION = "Everything you have now is kept, and `batchhook undo` brings it back. Go on?"


def carry_out(
    planning: AbstractContextManager[Planned], *, dry_run: bool, yes: bool, proof: Proof | None = None
) -> int:
    """Show a plan, ask, do it, and say what was done and what can be done next."""
    out = console()
    with planning as planned:
        plan = planned.plan
        if not options.json:
            _show(out, planned, diff=dry_run)
        if dry_run or not planned.is_to_be_done:
            if options.json:
                emit(serializers.plan_document(plan, proof=proof))
            return ExitCode.OK
        if not yes and not plan.is_empty and not agreed(_QUESTION):
            out.print("Nothing was changed.")
            return ExitCode.OK
        operation = planned.carry_out()
        location = planned.scene.project.location
        is_prepared, is_aside = merge_msg.is_prepared(location), planned.puts_aside(operation)
    if options.json:
        emit(serializers.plan_document(plan, operation, proof))
        return ExitCode.OK
    number = len(plan.files)
    end = "Taken back" if operation.status is OperationStatus.TAKEN_BACK else "Done"
    out.print(f"{end}: {number} {'file' if number == 1 else 'files'}. This was operation {operation.id}.")
    hints = _hints(plan, operation, is_prepared=is_prepared, is_aside=is_aside, has_git=not location.is_private)
    if hints:
        out.print(layout.hints(*hints))
    return ExitCode.OK


def _title(planned: Planned) -> str:
    plan, target = planned.plan, planned.plan.target
    if planned.ending is not None:
        number = planned.ending.id
        finishing = planned.end is OperationStatus.DONE
        return f"To finish operation {number}:" if finishing else f"To take back what operation {number} began:"
    what = {Kind.ROLLBACK: target.selection.what, Kind.UNDO: f"operation {target.undoes} back", Kind.REDO: ""}[
        target.kind
    ]
    do = f"To do again what operation {target.undoes} took back" if target.kind is Kind.REDO else f"To take {what}"
    do += " out" if target.kind is Kind.ROLLBACK else ""
    if target.head is HeadWay.COMMIT:
        return f"{do}, by a commit on {plan.branch}:"
    if target.head is HeadWay.MOVE:
        return f"{do}, {plan.branch} moves to {target.to[:8]}:"
    where = "the files" if planned.scene.project.location.is_private else "the work tree and the index"
    return f"{do}, in {where}:"


def _show(out: Console, planned: Planned, *, diff: bool) -> None:
    plan = planned.plan
    if plan.is_empty:
        out.print("Nothing to do: the files are as they would be.")
        return
    out.print(_title(planned))
    if plan.files:
        plain = plan.target.kind is Kind.ROLLBACK and plan.target.mode is not Mode.RESET and planned.ending is None
        layout.print_fates(out, plan.files, of_batch=plain)
    if plan.leaving:
        report.print_leaving(out, plan.branch, plan.leaving)
    if plan.aside:
        report.print_aside(out, plan.aside)
    if diff:
        out.print()
        layout.print_diff(out, plan.diff)


def _hints(
    plan: Plan, operation: Operation, *, is_prepared: bool, is_aside: bool, has_git: bool
) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if operation.status is not OperationStatus.DONE:
        return found
    is_undo = operation.kind is Kind.UNDO
    if has_git and operation.mode is Mode.FILES and not is_undo and plan.now.index != plan.then.index:
        found.append(("git diff --cached", "what is different now"))
    if is_prepared:
        found.append(("git commit", "to keep it; its message is prepared, and it fills no batch"))
    if plan.target.head is HeadWay.COMMIT:
        found.append((f"git show {operation.head[:8]}", "the commit that was made; it fills no batch"))
    if plan.leaving:
        found.append((f"git log {plan.now.head[:8]}", "what left the branch; nothing of it is lost"))
    if is_aside:
        found.append(("git stash pop", f"what was put aside; {'redo' if is_undo else 'undo'} brings it back as well"))
    if plan.target.still_aside:
        found.append(("git stash list", f"what operation {operation.undoes} had put aside is still there"))
    found.append(
        ("batchhook redo", "to go back all the same") if is_undo else ("batchhook undo", "to have it as it was")
    )
    return found
