"""Summaries of many batches and runs: what happened and how it ended, without tracebacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from batchhook.core.batch import Batch
from batchhook.core.commit import FileEdit
from batchhook.core.results import TestResult, Totals
from batchhook.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """A full batch.

    Attributes:
        batch: with its changes.
        edits: files touched by each change, by the change's oid.
        verdict: None until the batch has a run.
    """

    batch: Batch
    edits: Mapping[str, tuple[FileEdit, ...]]
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run of a suite, or of some of its tests.

    Attributes:
        tree: hex object name of the tested tree.
        started_at: seconds since the epoch.
        broken_reason: why the suite could not run; empty if it ran.
        is_complete: whether every test of the suite had its turn.
        failures: the first failing tests, without their tracebacks.
        batches: ids of the full batches that this run decided, oldest first; empty for a manual run.
        head: head of the latest of these batches; empty if there is none.
        verdict: verdict of the latest of these batches.
    """

    id: int
    tree: str
    started_at: float
    broken_reason: str
    is_complete: bool
    totals: Totals
    failures: tuple[TestResult, ...] = ()
    batches: tuple[int, ...] = ()
    head: str = ""
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class RunPoint:
    """One batch's run as a point in a plot.

    Attributes:
        started_at: seconds since the epoch.
        duration: wall-clock seconds.
        tests: number of tests, including skipped ones.
    """

    batch: int
    verdict: Verdict
    started_at: float
    duration: float
    tests: int
    failures: int
