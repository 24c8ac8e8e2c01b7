"""operations, operations finish: what was done so far, and bringing what was interrupted to an end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from batchhook.cli.apply import carry_out
from batchhook.cli.arguments import Json
from batchhook.cli.options import console, emit, options, project
from batchhook.cli.rollback import DryRun, Yes
from batchhook.lazy import Late
from batchhook.report.console import operations as report
from batchhook.store import operations as stored
from batchhook.workflow.context import interrupted as context_interrupted

if TYPE_CHECKING:
    from batchhook.store import restorations
    from batchhook.workflow import serializers
    from batchhook.workflow.rollback import recovery
else:
    serializers, restorations = Late("batchhook.workflow.serializers"), Late("batchhook.store.restorations")
    recovery = Late("batchhook.workflow.rollback.recovery")

operations = typer.Typer(invoke_without_command=True)


@operations.callback()
def _listed(context: typer.Context, _json: Json = False) -> None:
    """Rollbacks, undos and redos so far, newest first; then those from backups."""
    if context.invoked_subcommand is not None:
        return
    with project() as opened:
        found = stored.latest(opened.database)
        past = stored.all_of(opened.database)
        torn = context_interrupted.find(opened.database, opened.location)
        by_copies = restorations.Kept(opened.state.kept).all() if opened.state.kept.is_dir() else []
    if options.json:
        emit(serializers.operations_document(found, torn.id if torn else 0, by_copies))
        return
    if not found and not by_copies:
        console().print("Nothing was rolled back yet.")
        return
    if found:
        console().print(report.operations_table(found, past, torn.id if torn else 0))
    if by_copies:
        shown = [report.ByCopies(one.number, one.batch, one.undoes, one.status, one.started_at) for one in by_copies]
        report.print_by_copies(console(), shown)
    if torn is not None:
        report.print_cut_short(console(), *context_interrupted.said_of(torn))


@operations.command()
def finish(
    number: Annotated[int | None, typer.Argument(metavar="OP", min=1, help="The operation.")] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    _json: Json = False,
) -> int:
    """Finish an operation that was interrupted; `undo` takes it back instead."""
    with project() as opened:
        return carry_out(recovery.planned_end(opened, number or 0, finish=True), dry_run=dry_run, yes=yes)
