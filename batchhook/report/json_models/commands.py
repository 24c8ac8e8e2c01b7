"""Documents of the commands that are not about results: setup, reports, pruning, notifications, errors."""

from __future__ import annotations

from collections.abc import Sequence

from batchhook.core.retention import RetentionDecision, StorageUsage
from batchhook.report.json_models.base import Document
from batchhook.report.json_models.results import UnrunDocument


class ErrorDocument(Document):
    """Printed by any command with ``--json`` that fails."""

    error: str
    hint: str
    exit_code: int


class CheckDocument(Document):
    """One check of ``doctor``: its subject, its result, and the next step."""

    name: str
    ok: bool
    detail: str
    hint: str


class DoctorDocument(Document):
    """``doctor --json``."""

    ok: bool
    checks: tuple[CheckDocument, ...]


class EngineDocument(Document):
    """Something that can run tests.

    ``name`` is its name in the setting ``engine``, or ``preset`` if ``is_preset``. ``format`` is that of a preset's
    report, else empty. ``sign`` says how the project shows that it uses it; empty if it does not. ``suites`` are those
    that it runs now; an empty name stands for a project's only suite.
    """

    name: str
    is_preset: bool
    command: str
    format: str
    sign: str
    suites: tuple[str, ...]


class EnginesDocument(Document):
    """``engines --json``; ``problems`` are those of plug-ins and suites, by name."""

    engines: tuple[EngineDocument, ...]
    problems: dict[str, str]


class InstallSuiteDocument(Document):
    """A suite that would run now.

    ``name`` is that of one of several suites; empty for a project's only one. ``engine`` is "unittest" or "pytest",
    ``reasons`` say why; empty if no Python can run the tests. ``tests`` and ``files`` count what it collects, null if
    it cannot be collected, or not within a few seconds. ``unrun`` is null unless there are tests that it does not run.
    ``problem`` is what keeps tests from running, ``hint`` the next step.
    """

    name: str
    engine: str
    reasons: tuple[str, ...]
    tests: int | None
    files: int | None
    unrun: UnrunDocument | None
    problem: str
    hint: str


class InstallDocument(Document):
    """``install --json``.

    ``folder`` holds the hooks. ``written`` are the hooks that were written, ``chained`` those that existed before and
    still run. ``is_new`` is true if counting starts with this installation. ``imported_from`` is the new place of
    the shadow repository that was used before there was git, and was imported; empty if there was none. ``original`` is
    the hooks folder that was left as it is, if ``folder`` is batchhook's own; else empty. ``run_by`` is the
    configuration file by which pre-commit or prek runs batchhook, so that nothing was written; else empty. ``python``
    is the one that was chosen with ``--python``; else empty. ``suites`` are what would run now.
    """

    folder: str
    written: tuple[str, ...]
    chained: tuple[str, ...]
    is_new: bool
    imported_from: str = ""
    original: str = ""
    run_by: str = ""
    python: str = ""
    suites: tuple[InstallSuiteDocument, ...] = ()


class UninstallDocument(Document):
    """``uninstall --json``: the hooks that were removed."""

    removed: tuple[str, ...]


class AckDocument(Document):
    """``ack N --json``: the acknowledged batch."""

    acknowledged: int


class DeliveryDocument(Document):
    """A notification's destination; ``problem`` is empty if it was delivered."""

    to: str
    problem: str


class NotifyDocument(Document):
    """``notify --test --json``."""

    sent: tuple[DeliveryDocument, ...]


class ReportDocument(Document):
    """``report N --json``: the path of the page, and of each of the batch's files by name."""

    batch: int
    page: str
    files: dict[str, str]


class ExportDocument(Document):
    """``export --json``: the folder, the batches with files of their own, and all files, relative to the folder."""

    folder: str
    batches: tuple[int, ...]
    files: tuple[str, ...]


class SchemaEntryDocument(Document):
    """A published JSON Schema, and the document or file it describes."""

    name: str
    describes: str


class SchemasDocument(Document):
    """``schema --json`` without a name."""

    schemas: tuple[SchemaEntryDocument, ...]


class DiskUsageDocument(Document):
    """Disk usage of one kind of data; ``number`` is 0 for data that is not counted, ``size`` is in bytes."""

    kind: str
    number: int
    size: int


class RetainedBatchDocument(Document):
    """A batch that is kept although it is older than the rule says."""

    batch: int
    reason: str


class PruneDocument(Document):
    """``prune --json``.

    Without a rule (``--keep``, ``--older-than``), ``parts`` is the total disk usage, and ``batches`` is null. With one,
    ``batches`` are the numbers to prune, and ``parts`` is what that frees; ``done`` is true once it has been done.
    Until then, sizes in the database are estimates.
    """

    done: bool
    batches: tuple[int, ...] | None
    retained: tuple[RetainedBatchDocument, ...]
    parts: tuple[DiskUsageDocument, ...]
    size: int


def prune_document(
    parts: Sequence[StorageUsage], decision: RetentionDecision | None = None, *, done: bool = False
) -> PruneDocument:
    """Return disk usage; with a decision, what pruning frees or has freed."""
    retained = decision.keep_reasons.items() if decision else ()
    return PruneDocument(
        done=done,
        batches=decision.expired if decision else None,
        retained=tuple(RetainedBatchDocument(batch=number, reason=reason.value) for number, reason in retained),
        parts=tuple(DiskUsageDocument(kind=part.kind.value, number=part.count, size=part.size) for part in parts),
        size=sum(part.size for part in parts),
    )
