"""``batchhook undo``."""

from __future__ import annotations

from typing import Annotated

import typer

from batchhook.cli.options import DryRun, Json, Stash, Yes, project
from batchhook.errors import UsageError


def undo(
    number: Annotated[
        int | None, typer.Argument(metavar="OP", min=1, help="Number of the operation; by default the latest rollback.")
    ] = None,
    from_backup: Annotated[
        bool, typer.Option("--from-backup", help="Undo the latest rollback --from-backup, whatever came after it.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="With --from-backup: even files changed since.")] = False,
    stash: Stash = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    _json: Json = False,
) -> int:
    """Undo an operation: restore exactly what was there before it, and keep what came after it."""
    from batchhook.cli.apply import apply_plan, apply_restore
    from batchhook.workflow.restore.apply import is_next_undo, prepare_restore_undo
    from batchhook.workflow.rollback.undo import prepare_undo

    with project() as opened:
        if not from_backup and (number is not None or not is_next_undo(opened)):
            return apply_plan(prepare_undo(opened, number or 0, autostash=stash), dry_run=dry_run, yes=yes)
        if stash:
            raise UsageError("--stash does not work with --from-backup", "--force keeps a copy of what is there now")
        preparation = prepare_restore_undo(opened, number or 0, force=force)
        return apply_restore(preparation, "Undo the rollback from a backup:", dry_run=dry_run, yes=yes)
