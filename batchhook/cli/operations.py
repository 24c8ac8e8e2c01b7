"""``batchhook operations`` and ``operations finish``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from batchhook.cli.options import DryRun, Json, Yes, console, emit, options, project
from batchhook.cli.typer_classes import Command, Group

if TYPE_CHECKING:
    from batchhook.store.restorations import Restoration
    from batchhook.workflow.context.project import Project

operations = typer.Typer(cls=Group, invoke_without_command=True)


@operations.callback()
def _list(context: typer.Context, _json: Json = False) -> None:
    """List rollbacks, undos and redos, newest first, and rollbacks from backups."""
    if context.invoked_subcommand is not None:
        return
    from batchhook.store import operations as stored
    from batchhook.workflow.context import interrupted

    with project() as opened:
        latest = stored.list_latest(opened.database)
        past = stored.list_all(opened.database)
        unfinished = interrupted.find(opened.database, opened.location)
        restorations = _list_restorations(opened)
    unfinished_id = unfinished.id if unfinished else 0
    if options.json:
        from batchhook.workflow import serializers

        emit(serializers.operations_document(latest, unfinished_id, restorations))
        return
    from batchhook.report.console import operations as report

    out = console()
    if not latest and not restorations:
        out.print("There are no operations yet; batchhook rollback N is the first.")
    if latest:
        out.print(report.operations_table(latest, past, unfinished_id))
    if restorations:
        report.print_restorations(
            out,
            [
                report.RestorationRow(each.number, each.batch, each.undoes, each.status, each.started_at)
                for each in restorations
            ],
        )
    if unfinished is not None:
        report.print_interrupted(out, *interrupted.describe(unfinished))


def _list_restorations(opened: Project) -> Sequence[Restoration]:
    if not opened.state.restorations.is_dir():
        return ()
    from batchhook.store.restorations import RestorationStore

    return RestorationStore(opened.state.restorations).list_all()


@operations.command(cls=Command)
def finish(
    number: Annotated[int | None, typer.Argument(metavar="OP", min=1, help="Number of the operation.")] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    _json: Json = False,
) -> int:
    """Finish an operation that was interrupted; `undo` reverts it instead."""
    from batchhook.cli.apply import apply_plan
    from batchhook.workflow.rollback.recovery import prepare_recovery

    with project() as opened:
        return apply_plan(prepare_recovery(opened, number or 0, finish=True), dry_run=dry_run, yes=yes)
