"""``batchhook backup``."""

from __future__ import annotations

from typing import Annotated

import typer

from batchhook.cli.options import Json, console, emit, options, project
from batchhook.errors import UsageError


def backup(
    number: Annotated[int | None, typer.Argument(metavar="N", min=1, help="Number of the batch.")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Only verify the backup, or all backups.")] = False,
    _json: Json = False,
) -> None:
    """Recreate the backup of the files from before batch N, or verify backups."""
    if number is None and not verify:
        raise UsageError("a batch is needed", "batchhook backup N, or batchhook backup --verify")
    from batchhook.workflow import backups

    with project() as opened:
        opened.reconcile()
        if number is not None and not verify:
            backups.recreate_backup(opened, number)
        manifests = backups.verify_backups(opened, number)
    if options.json:
        from batchhook.workflow import serializers

        emit(serializers.backups_document(manifests))
        return
    from batchhook.core.plural import plural

    files = sum(file.existed for manifest in manifests for file in manifest.files)
    subject = f"batch {number}" if number is not None else plural(len(manifests), "batch", "batches")
    console().print(f"The backup of {subject} holds {plural(files, 'file')}; all SHA-256 checksums match.")
