"""``batchhook status``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from batchhook.cli.options import Json, console, emit, options, project
from batchhook.errors import ExitCode

if TYPE_CHECKING:
    from batchhook.workflow.status.overview import RepositoryStatus


def status(
    unseen: Annotated[
        bool, typer.Option("--unseen", help="Only failures that were not looked at yet; exit code 1 if there are any.")
    ] = False,
    _json: Json = False,
) -> int:
    """Show the open batch, the batches being tested, and the latest verdicts."""
    from batchhook.workflow.status import overview, spawn

    with project() as opened:
        current = overview.load_status(opened)
        spawn.wake(opened.location, opened.database, os.environ, current.count)
        if options.json:
            from batchhook.workflow import serializers

            emit(serializers.status_document(current))
        elif unseen:
            for notices in current.unseen.values():
                for notice in notices:
                    console().print(notice, soft_wrap=True)
        else:
            _print(current)
    return ExitCode.TESTS_FAILED if unseen and current.unseen else ExitCode.OK


def _print(current: RepositoryStatus) -> None:
    from batchhook.report.console import batches

    if current.interrupted is not None:  # the order is that of the overview page: the most urgent comes first
        from batchhook.report.console import operations
        from batchhook.workflow.context import interrupted

        operations.print_interrupted(console(), *interrupted.describe(current.interrupted))
        console().print()
    if current.critical_batch is not None:
        batches.print_unresolved_failure(console(), current.critical_batch)
        console().print()
    batch = current.count.as_batch() if current.count else None
    latest = batches.log_table((entry.batch, entry.verdict, entry.totals, entry.rollback) for entry in current.latest)
    batches.print_status(console(), batch, [active.batch for active in current.active], latest, current.affected)
    if not current.is_installed:
        console().print(batches.UNINSTALLED, style="yellow")
