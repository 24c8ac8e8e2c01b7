"""backup: the file copies that batches are taken back from when git's own objects are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from batchhook.cli.arguments import Json
from batchhook.cli.options import console, emit, options, project
from batchhook.errors import UsageError
from batchhook.lazy import Late

if TYPE_CHECKING:
    from batchhook.workflow import backups as copies, serializers
else:
    serializers = Late("batchhook.workflow.serializers")
    copies = Late("batchhook.workflow.backups")


def backup(
    number: Annotated[int | None, typer.Argument(metavar="N", min=1, help="The batch.")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Only read it, or those of all batches.")] = False,
    _json: Json = False,
) -> None:
    """Make the file copies of the state before batch N anew; or verify them (--verify)."""
    if number is None and not verify:
        raise UsageError("which batch is to be backed up?", "batchhook backup N, or batchhook backup --verify")
    with project() as opened:
        opened.reconcile()
        if number is not None and not verify:
            copies.back_up_again(opened, number)
        found = copies.verified(opened, number)
    if options.json:
        emit(serializers.backups_document(found))
        return
    files = sum(file.existed for manifest in found for file in manifest.files)
    which = f"batch {number}" if number is not None else f"{len(found)} {'batch' if len(found) == 1 else 'batches'}"
    held = "1 file" if files == 1 else f"{files} files"
    console().print(f"The backup of {which} holds {held}, read and compared with the SHA-256 of each.")
