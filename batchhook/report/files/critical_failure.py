"""``CRITICAL_FAILURE_batch_N.json``: the analysis of a critical failure, with recommended actions."""

from __future__ import annotations

from batchhook.core.analysis import Analysis
from batchhook.core.failure_groups import CriticalFailure
from batchhook.core.timestamps import iso_time
from batchhook.core.verdict import Verdict
from batchhook.report.files import filenames
from batchhook.report.files.failure_entry import FullFailureEntry, full_failure_entry, limit_text
from batchhook.report.json_models import (
    CulpritDocument,
    Document,
    ErrorGroupDocument,
    Time,
    culprit_documents,
    error_group_document,
)

_MAX_ERRORS = 100


class AffectedModule(Document):
    """A module with failing tests; ``failure_rate`` is the share (0 to 1) of failures among the tests that ran."""

    module: str
    failed_tests: int
    total_tests: int
    failure_rate: float


class RecommendedAction(Document):
    """A command to type, and its effect."""

    command: str
    effect: str


class CriticalFailureFile(Document):
    """A critical failure: ``failure_rate`` (0 to 1) is at least ``critical_failure_threshold``.

    ``most_affected_modules`` is sorted by failures. ``error_types`` groups the tests that fail with one error at one
    place, and so probably have one cause, the largest groups first.
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


def critical_file(analysis: Analysis, failure: CriticalFailure) -> CriticalFailureFile:
    """Return the content of the file."""
    batch, totals = analysis.batch, analysis.result.totals
    return CriticalFailureFile(
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
            AffectedModule(
                module=module,
                failed_tests=counts.failures,
                total_tests=counts.tests,
                failure_rate=counts.failure_rate,
            )
            for module, counts in failure.modules
        ),
        error_types=tuple(map(error_group_document, failure.error_groups[:_MAX_ERRORS])),
        error_types_left_out=max(len(failure.error_groups) - _MAX_ERRORS, 0),
        culprits=culprit_documents(analysis),
        failures=tuple(map(full_failure_entry, limit_text(analysis.failures))),
        recommended_actions=tuple(
            RecommendedAction(command=command, effect=effect) for command, effect in recommended_actions(analysis)
        ),
    )


def recommended_actions(analysis: Analysis) -> tuple[tuple[str, str], ...]:
    """Return the commands to type after a batch that did not pass, each with its effect."""
    number = analysis.batch.id
    culprit = (f"batchhook rollback {number} --culprit", "revert only the culprits, once a test run confirms it")
    rollback = analysis.rollback
    whole = (f"batchhook rollback {number}", "restore the files as they were before the batch; can be undone")
    is_open = analysis.verdict is Verdict.CRITICAL and rollback is None
    ack = (f"batchhook ack {number}", "accept it as it is, and warn no more on commits")
    return (
        (f"batchhook show {number}", f"show the batch's changes and files; also in {filenames.TRACKER}"),
        (
            f"batchhook analyze {number} --tracebacks",
            f"show every failure with its traceback; also in {filenames.full_text(number)}",
        ),
        *([culprit] if analysis.culprits and rollback is None else []),
        *([whole] if analysis.offers_rollback and (rollback is None or rollback.is_partial) else []),
        *([(rollback.undo_command, f"take back its rollback: it was {rollback.summary}")] if rollback else []),
        *([ack] if is_open else []),
    )
