"""What a batch's run tells, put together: its changes, its failures, and what is new about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from batchhook.core.changes import Batch, Commit, FileEdit
from batchhook.core.comparison import Compared, Comparison
from batchhook.core.culprits.attribution import Attribution, Kind, by_change
from batchhook.core.failure_groups import CriticalFailure, critical_failure
from batchhook.core.metrics import Metrics
from batchhook.core.perf.slowdown import Slowdown
from batchhook.core.results import SuiteOutcome, TestResult
from batchhook.core.rollback import WayBack
from batchhook.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Analysis:
    """A finished batch, compared with the one before it on its branch.

    Attributes:
        batch: with its changes.
        edits: the files that each change touched, by commit name.
        verdict, outcome: of its run.
        python: the interpreter that ran it.
        tree: what was tested; another than the batch's last one where that was in place, and the work tree held more.
        tested_at: seconds since the epoch.
        is_remembered: whether the run was made for somebody else, on the same tree and suite, and not made again.
        critical_threshold: share of the tests that ran, 0 to 1, from which on failing is critical.
        previous: number of the batch that it is compared with; 0 where there is none.
        since_previous: what is different since that one; all that fails is new where there is none.
        baseline: the commit that was set as the baseline; empty where none was.
        since_baseline: what is different since that.
        flips: how often failing tests both failed and did not on one tree, by id; without those that never did.
        attributions: what broke each failing test, by its id; empty where nobody looked, or not yet.
        is_searching: whether that is being found out at this moment.
        slowdowns: what became slower, the worst first; then what may have, and nobody can tell.
        is_measuring: whether that is being measured at this moment.
        between: commits that are to blame and are none of the batch's changes, by name: they came between these.
        way_back: what became of a way back that was looked for by itself; None where none was.
        metrics: what plug-ins added, by plug-in and name.
        troubles: what is the matter with plug-ins and notifications at present, a line each.
    """

    batch: Batch
    edits: Mapping[str, tuple[FileEdit, ...]]
    verdict: Verdict
    outcome: SuiteOutcome
    python: str
    tree: str
    tested_at: float
    critical_threshold: float
    previous: int = 0
    since_previous: Compared = field(default_factory=lambda: Compared(Comparison()))
    baseline: str = ""
    since_baseline: Compared = field(default_factory=lambda: Compared(Comparison()))
    flips: Mapping[str, int] = field(default_factory=dict)
    is_remembered: bool = False
    attributions: Mapping[str, Attribution] = field(default_factory=dict)
    is_searching: bool = False
    slowdowns: tuple[Slowdown, ...] = ()
    is_measuring: bool = False
    between: Mapping[str, Commit] = field(default_factory=dict)
    way_back: WayBack | None = None
    metrics: Metrics = field(default_factory=dict)
    troubles: tuple[str, ...] = ()

    @property
    def blamed(self) -> tuple[tuple[Commit, tuple[TestResult, ...]], ...]:
        """The changes that are to blame, each with the failures that it caused; the one with most of them first."""
        commits = self.commits
        failures = {result.test_id: result for result in self.failures}
        return tuple(
            (commits[oid], tuple(failures[name] for name in names if name in failures))
            for oid, names in by_change(self.attributions).items()
            if oid in commits
        )

    @property
    def slower(self) -> tuple[Slowdown, ...]:
        """What became slower indeed."""
        return tuple(found for found in self.slowdowns if found.is_confirmed)

    @property
    def commits(self) -> Mapping[str, Commit]:
        """The batch's changes, and the commits between them that are to blame for something, by name."""
        return {change.oid: change for change in self.batch.changes} | dict(self.between)

    def failures_of(self, kind: Kind) -> tuple[TestResult, ...]:
        """The failures that ended so."""
        ended = {name for name, found in self.attributions.items() if found.kind is kind}
        return tuple(result for result in self.failures if result.test_id in ended)

    @property
    def has_more(self) -> bool:
        """Whether more was tested than what was committed: in place, with uncommitted changes lying about."""
        return self.tree != self.batch.changes[-1].tree

    @property
    def critical(self) -> CriticalFailure | None:
        """What a critical failure consists of; None where it is none."""
        return critical_failure(self.outcome.results) if self.verdict is Verdict.CRITICAL else None

    @property
    def failures(self) -> tuple[TestResult, ...]:
        """The results that failed."""
        return tuple(result for result in self.outcome.results if result.outcome.is_failure)
