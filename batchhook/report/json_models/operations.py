"""Ways back, planned and gone."""

from __future__ import annotations

from batchhook.core.rollback import FileFate, WayBack
from batchhook.report.json_models.base import Document, shown


class FateDocument(Document):
    """What becomes, or became, of a file: restored, merged, recreated, removed."""

    path: str
    fate: str


class ProofDocument(Document):
    """What a run without the changes showed: ids of tests that it mended, did not mend, or broke, or that are flaky."""

    mended: tuple[str, ...]
    unmended: tuple[str, ...]
    broken: tuple[str, ...]
    flaky: tuple[str, ...]


class WayBackDocument(Document):
    """A way back that was looked for by itself: ``status`` is "refused", "proposed" or "applied".

    ``changes`` are those that are taken out; ``reason`` says why it was refused or only proposed; ``operation`` is the
    rollback's number, 0 where it was not applied.
    """

    status: str
    changes: tuple[str, ...]
    reason: str
    operation: int


class OperationDocument(Document):
    """``rollback``, ``undo``, ``redo`` and each of ``operations``; ``id`` is null for a plan that was not carried out.

    ``kind`` is "rollback", "undo" or "redo", ``mode`` is "files", "commit" or "reset". ``batch`` is there where it is
    about one; ``changes`` are those that are taken out, none for all of the batches; ``paths`` are files and folders,
    where it was only these. ``status`` is "planned", "done", "failed", "taken back" or "interrupted".

    ``branch`` is what is checked out. ``head`` is where HEAD is afterwards; null for a commit that is not made yet.
    ``leaving`` are commits that leave the branch, ``aside`` files that are put aside in the stash entry ``stash``.
    ``proof`` is there with ``--culprit`` only. Of an earlier operation, ``files``, ``diff`` and these are not told.
    """

    id: int | None
    kind: str
    mode: str
    batch: int | None
    batches: tuple[int, ...]
    undoes: int | None
    status: str
    changes: tuple[str, ...]
    paths: tuple[str, ...]
    branch: str
    head: str | None = None
    leaving: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    stash: str = ""
    proof: ProofDocument | None = None
    files: tuple[FateDocument, ...]
    diff: str = ""


class FromBackupDocument(Document):
    """A rollback from a backup, or the undo of one; ``status`` is "done", or "intent" where it was interrupted."""

    number: int
    batch: int | None
    undoes: int | None
    status: str


class OperationsDocument(Document):
    """``operations --json``, newest first; rollbacks from backups have numbers of their own."""

    operations: tuple[OperationDocument, ...]
    from_backups: tuple[FromBackupDocument, ...] = ()


def way_back_document(way: WayBack) -> WayBackDocument:
    """What became of a way back that was looked for by itself."""
    return WayBackDocument(status=way.status.value, changes=way.changes, reason=way.reason, operation=way.operation)


def fate_documents(files: tuple[FileFate, ...]) -> tuple[FateDocument, ...]:
    """What becomes of files."""
    return tuple(FateDocument(path=shown(file.path), fate=file.fate.value) for file in files)
