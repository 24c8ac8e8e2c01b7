"""rollback, undo, operations: going back, and taking that back."""

from __future__ import annotations

import os
import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from batchhook.cli import from_backup
from batchhook.cli.arguments import BatchNumber, Json
from batchhook.cli.options import console, emit, options, project
from batchhook.core.proof import Proof
from batchhook.errors import ExitCode, UsageError
from batchhook.late import Late
from batchhook.report import text
from batchhook.report.progress import show_while
from batchhook.report.proof import print_proof
from batchhook.store import operations as stored
from batchhook.store.operations import Operation
from batchhook.workflow.project import Project

if TYPE_CHECKING:
    from batchhook.workflow import documents, operate
    from batchhook.workflow.culprits import guilty
else:
    documents = Late("batchhook.workflow.documents")
    guilty = Late("batchhook.workflow.culprits.guilty")
    operate = Late("batchhook.workflow.operate")

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, with the diff, and change nothing.")]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")]


def rollback(
    number: BatchNumber,
    culprit: Annotated[
        bool, typer.Option("--culprit", help="Only the changes that broke something; proves first that this mends it.")
    ] = False,
    copies: Annotated[
        bool, typer.Option("--from-backup", help="From the file copies alone, where git's objects are gone or damaged.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --from-backup: also files that were changed since.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    _json: Json = False,
) -> int:
    """Bring the files of batch N back to their state before it; what was done elsewhere since stays."""
    if copies:
        if culprit:
            raise UsageError("a backup knows batches, not changes", "leave --culprit or --from-backup out")
        return from_backup.rollback(number, dry_run=dry_run, yes=yes, force=force)
    with project() as opened, from_backup.offered(opened.state, number):
        opened.reconcile()
        if culprit:
            return _rollback_guilty(opened, number, dry_run=dry_run, yes=yes)
        title = f"To take batch {number} out, in the work tree and the index:"
        return _carry_out(operate.planned_rollback(opened, number), title, dry_run=dry_run, yes=yes)


def _rollback_guilty(opened: Project, number: int, *, dry_run: bool, yes: bool) -> int:
    """Take the guilty changes of a batch out, once it is proven that this mends what they broke."""
    with show_while(Console(stderr=True), "proving it") as listener:
        found, proof = guilty.find_and_prove(opened, number, os.environ, listener)
    if not options.json:
        print_proof(console(), found.changes, found.stuck, proof)
    planning = guilty.planned(opened, number, found, proof)
    return _carry_out(planning, "In the work tree and the index:", dry_run=dry_run, yes=yes, proof=proof)


def undo(
    copies: Annotated[
        bool, typer.Option("--from-backup", help="The latest rollback --from-backup, whatever was done after it.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --from-backup: also files that were changed since.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    _json: Json = False,
) -> int:
    """Take the latest rollback back: exactly what was there before it."""
    if copies or from_backup.is_latest():
        return from_backup.undo(dry_run=dry_run, yes=yes, force=force)
    with project() as opened:
        return _carry_out(operate.planned_undo(opened), "To take the rollback back:", dry_run=dry_run, yes=yes)


def operations(_json: Json = False) -> None:
    """Rollbacks and undos so far, newest first."""
    with project() as opened:
        found = stored.latest(opened.database)
    if options.json:
        emit(documents.operations_document(found))
        return
    if not found:
        console().print("Nothing was rolled back yet.")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("operation", "what", "status", "when", "all that was there before"):
        table.add_column(heading)
    for operation in found:
        what = _what(operation)
        when = time.strftime("%m-%d %H:%M", time.localtime(operation.started_at))
        table.add_row(str(operation.id), what, operation.status.value, when, operation.before[:12])
    console().print(table)


def _what(operation: Operation) -> str:
    if not operation.batch:
        return f"undo of operation {operation.undoes}"
    number = len(operation.changes)
    some = f"{number} {'change' if number == 1 else 'changes'} of " if number else ""
    return f"rollback of {some}batch {operation.batch}"


def _carry_out(
    planning: AbstractContextManager[operate.Planned],
    title: str,
    *,
    dry_run: bool,
    yes: bool,
    proof: Proof | None = None,
) -> int:
    """Show a plan, ask, do it, and say what was done and what can be done next."""
    out = console()
    with planning as planned:
        plan = planned.plan
        if not options.json:
            _show(out, plan, title, diff=dry_run)
        if dry_run or not plan.files:
            if options.json:
                emit(documents.plan_document(plan, proof=proof))
            return ExitCode.OK
        if not yes and not _agreed():
            out.print("Nothing was changed.")
            return ExitCode.OK
        operation = planned.carry_out()
    if options.json:
        emit(documents.plan_document(plan, operation, proof))
        return ExitCode.OK
    out.print(
        f"Done: {len(plan.files)} {'file' if len(plan.files) == 1 else 'files'}. This was operation {operation.id}."
    )
    if plan.target.kind == "rollback":
        out.print(
            text.hints(
                ("git diff --cached", "what is different now"),
                (f'git commit -m "Take out {_named(plan.target)}"', "to keep it"),
                ("batchhook undo", "to have everything as it was"),
            )
        )
    return ExitCode.OK


def _named(target: operate.Target) -> str:
    return ", ".join(change.oid[:8] for change in target.changes) or f"batch {target.batch}"


def _show(out: Console, plan: operate.Plan, title: str, *, diff: bool) -> None:
    if not plan.files:
        out.print("Nothing to do: the files are as they would be.")
        return
    out.print(title)
    text.print_fates(out, plan.files)
    if diff:
        out.print()
        text.print_diff(out, plan.diff)


def _agreed() -> bool:
    if options.json:
        raise UsageError("--json asks nothing", "say -y to do it, or --dry-run to see it")
    try:
        return typer.confirm("Everything you have now is kept, and `batchhook undo` brings it back. Go on?")
    except typer.Abort:
        print()  # noqa: T201 - the prompt's line ends here
        return False
