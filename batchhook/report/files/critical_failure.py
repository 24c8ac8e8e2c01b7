"""``CRITICAL_FAILURE_batch_N.json``: what a critical failure consists of, and what to do about it."""

from __future__ import annotations

from batchhook.core.analysis import Analysis
from batchhook.core.failure_groups import CriticalFailure
from batchhook.core.verdict import Verdict
from batchhook.report.files import filenames
from batchhook.report.files.failure_entry import FullFailureEntry, bounded, full_failure_entry
from batchhook.report.json_models import (
    CulpritDocument,
    Document,
    ErrorGroupDocument,
    Time,
    culprit_documents,
    iso_time,
)

_MOST_ERRORS = 100


class AffectedModule(Document):
    """A module with failing tests; ``failure_rate`` is the share (0 to 1) of those that ran."""

    module: str
    failed_tests: int
    total_tests: int
    failure_rate: float


class RecommendedAction(Document):
    """Something to do: a command to type, and what it does."""

    command: str
    does: str


class CriticalFile(Document):
    """A critical failure.

    ``failed_tests`` of ``total_tests`` failed; ``failure_rate`` is the share (0 to 1) of those that ran, critical from
    ``critical_failure_threshold`` on. ``most_affected_modules`` has the most affected one first. ``error_types`` puts
    failing tests together that end with one error at one place, and so are likely to have one cause; the largest groups
    first, and how many are left out. ``culprits`` are the changes that broke something, as far as that was found out.
    """

    batch_id: int
    timestamp: Time
    git_commit_hash: str
    base_commit_hash: str
    branch: str
    failure_rate: float
    critical_failure_threshold: float
    failed_tests: int
    total_tests: int
    most_affected_modules: tuple[AffectedModule, ...]
    error_types: tuple[ErrorGroupDocument, ...]
    error_types_left_out: int
    culprits: tuple[CulpritDocument, ...]
    failures: tuple[FullFailureEntry, ...]
    recommended_actions: tuple[RecommendedAction, ...]


def critical_file(analysis: Analysis, found: CriticalFailure) -> CriticalFile:
    """What the file holds."""
    batch, totals = analysis.batch, analysis.outcome.totals
    return CriticalFile(
        batch_id=batch.id,
        timestamp=iso_time(analysis.tested_at),
        git_commit_hash=batch.head,
        base_commit_hash=batch.base,
        branch=batch.branch.removeprefix("refs/heads/"),
        failure_rate=totals.failure_rate,
        critical_failure_threshold=analysis.critical_threshold,
        failed_tests=totals.failures,
        total_tests=totals.tests,
        most_affected_modules=tuple(
            AffectedModule(module=module, failed_tests=of.failures, total_tests=of.tests, failure_rate=of.failure_rate)
            for module, of in found.modules
        ),
        error_types=tuple(map(ErrorGroupDocument.model_validate, found.errors[:_MOST_ERRORS])),
        error_types_left_out=max(len(found.errors) - _MOST_ERRORS, 0),
        culprits=culprit_documents(analysis),
        failures=tuple(map(full_failure_entry, bounded(analysis.failures))),
        recommended_actions=tuple(
            RecommendedAction(command=command, does=does) for command, does in recommended_actions(analysis)
        ),
    )


def recommended_actions(analysis: Analysis) -> tuple[tuple[str, str], ...]:
    """What to type after a batch that did not pass, and what each does."""
    number = analysis.batch.id
    accept = (f"batchhook ack {number}", "take it as it is: commits are not warned any more")
    guilty = (f"batchhook rollback {number} --culprit", "take out just the changes that broke something, once proven")
    return (
        (f"batchhook show {number}", f"the batch's changes and files; also in {filenames.TRACKER}"),
        (f"batchhook analyze {number} --tracebacks", f"all that was seen; also in {filenames.full_text(number)}"),
        *([guilty] if analysis.blamed else []),
        (f"batchhook rollback {number}", "the files as they were before the batch; can be undone"),
        *([accept] if analysis.verdict is Verdict.CRITICAL else []),
    )
