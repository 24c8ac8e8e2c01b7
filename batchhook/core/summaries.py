"""What is told of many batches and runs at once: what was done and how it ended, without any test's traceback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from batchhook.core.changes import Batch, FileEdit
from batchhook.core.results import TestResult, Totals
from batchhook.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """A full batch.

    Attributes:
        batch: with its changes.
        edits: the files that each change touched, by commit name.
        verdict: None as long as it has no run.
    """

    batch: Batch
    edits: Mapping[str, tuple[FileEdit, ...]]
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run of the suite, or of a part of it.

    Attributes:
        id: its number.
        tree: name of the tree that was tested.
        started_at: seconds since the epoch.
        broken: why the suite could not run; empty where it did.
        complete: whether every test of the suite had its turn.
        totals: how many tests ended how.
        failures: the first of its failing tests, without their tracebacks.
        batches: the full batches whose run it is, oldest first; none for one that was made by hand.
        head: the last commit of the latest of these; empty where there is none.
        verdict: of the latest of these; None where there is none.
    """

    id: int
    tree: str
    started_at: float
    broken: str
    complete: bool
    totals: Totals
    failures: tuple[TestResult, ...] = ()
    batches: tuple[int, ...] = ()
    head: str = ""
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class PastRun:
    """A batch's run in few words: a point in a plot.

    ``tests`` are all, skipped ones included; ``duration`` is in seconds of the wall clock.
    """

    batch: int
    verdict: Verdict
    started_at: float
    duration: float
    tests: int
    failures: int
