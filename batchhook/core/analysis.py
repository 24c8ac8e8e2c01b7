"""Analysis of a batch: its changes, its failures with their culprits, and what differs from earlier runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from batchhook.core.batch import Batch
from batchhook.core.commit import Commit, FileEdit
from batchhook.core.comparison import Comparison, SuiteComparison
from batchhook.core.coverage.diff_coverage import CoverageReport
from batchhook.core.culprits.attribution import Attribution, AttributionKind, group_by_culprit
from batchhook.core.failure_groups import CriticalFailure, critical_failure
from batchhook.core.metrics import Metrics
from batchhook.core.operations import BatchRollback
from batchhook.core.perf.slowdown import Slowdown
from batchhook.core.results import SuiteResult, TestResult
from batchhook.core.rollback import AutoRollbackResult
from batchhook.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Analysis:
    """A finished batch, compared with the batch before it on its branch.

    Attributes:
        batch: with its changes.
        edits: files touched by each change, by the change's oid.
        verdict, result: of the batch's run.
        python: interpreter that ran the tests.
        tree: the tested tree. For an in-place run it may hold more than the batch's head.
        tested_at: seconds since the epoch.
        critical_threshold: share of the tests that ran, 0 to 1, from which a failure is critical.
        previous: id of the batch that it is compared with; 0 if there is none.
        is_previous_broken: whether the suite could not run for that batch either.
        since_previous: differences from that batch; without one, every failure is new.
        baseline: oid of the baseline commit; empty if none is set.
        since_baseline: differences from the baseline.
        previous_python: Python of the latest batch before whose suite could run, if it is another one; else empty.
        baseline_python: the same of the baseline.
        suite_differences: what else than the files may make tests end differently than in these runs, a sentence each.
        is_baseline_later: whether the baseline is a later commit than the batch.
        flips: by test id, how often a failing test both passed and failed on one tree; stable tests are left out.
        is_reused: whether the result comes from an earlier run of the same tree and suite.
        attributions: cause of each failure, by test id; empty if none was searched for, or not yet.
        is_searching: whether the culprit search is under way.
        slowdowns: confirmed slowdowns, worst first, followed by inconclusive ones.
        is_measuring: whether slowdowns are being measured.
        intermediate_commits: culprits that are not changes of the batch but lie before or between them, by oid.
        auto_rollback: result of an automatic rollback; None if none was attempted.
        rollback: the rollback of the batch that is in effect; None if there is none.
        uncompared_skips: number of skips, if they can be compared with the user's work tree and never were; else 0.
        coverage: of the run; None if it was not to be measured.
        metrics: added by plug-ins, by plug-in and name.
        integration_errors: current errors of plug-ins and notifications, one line each.
    """

    batch: Batch
    edits: Mapping[str, tuple[FileEdit, ...]]
    verdict: Verdict
    result: SuiteResult
    python: str
    tree: str
    tested_at: float
    critical_threshold: float
    previous: int = 0
    is_previous_broken: bool = False
    since_previous: SuiteComparison = field(default_factory=lambda: SuiteComparison(Comparison()))
    baseline: str = ""
    since_baseline: SuiteComparison = field(default_factory=lambda: SuiteComparison(Comparison()))
    previous_python: str = ""
    baseline_python: str = ""
    suite_differences: tuple[str, ...] = ()
    is_baseline_later: bool = False
    flips: Mapping[str, int] = field(default_factory=dict)
    is_reused: bool = False
    attributions: Mapping[str, Attribution] = field(default_factory=dict)
    is_searching: bool = False
    slowdowns: tuple[Slowdown, ...] = ()
    is_measuring: bool = False
    intermediate_commits: Mapping[str, Commit] = field(default_factory=dict)
    auto_rollback: AutoRollbackResult | None = None
    rollback: BatchRollback | None = None
    uncompared_skips: int = 0
    coverage: CoverageReport | None = None
    metrics: Metrics = field(default_factory=dict)
    integration_errors: tuple[str, ...] = ()

    @property
    def culprits(self) -> tuple[tuple[Commit, tuple[TestResult, ...]], ...]:
        """Culprits with the failures that each caused, most failures first."""
        commits = self.commits
        failures: dict[str, list[TestResult]] = {}
        for result in self.failures:  # an id may occur more than once
            failures.setdefault(result.test_id, []).append(result)
        return tuple(
            (commits[oid], tuple(result for test_id in test_ids for result in failures.get(test_id, ())))
            for oid, test_ids in group_by_culprit(self.attributions).items()
            if oid in commits
        )

    @property
    def confirmed_slowdowns(self) -> tuple[Slowdown, ...]:
        """Slowdowns that measurements confirm."""
        return tuple(slowdown for slowdown in self.slowdowns if slowdown.is_confirmed)

    @property
    def inconclusive_slowdowns(self) -> tuple[Slowdown, ...]:
        """Slowdowns that measurements neither confirm nor refute."""
        return tuple(slowdown for slowdown in self.slowdowns if slowdown.is_inconclusive)

    @property
    def slowdown_groups(self) -> tuple[tuple[tuple[str, ...], tuple[Slowdown, ...]], ...]:
        """Confirmed slowdowns by the changes that may have made them, the largest ratio of each group first."""
        groups: dict[tuple[str, ...], list[Slowdown]] = {}
        for slowdown in self.confirmed_slowdowns:
            groups.setdefault(slowdown.suspects, []).append(slowdown)
        return tuple(
            (suspects, tuple(sorted(members, key=lambda each: -each.comparison.ratio)))
            for suspects, members in groups.items()
        )

    @property
    def commits(self) -> Mapping[str, Commit]:
        """Changes of the batch, and culprits that no batch counted, by oid."""
        return {change.oid: change for change in self.batch.changes} | dict(self.intermediate_commits)

    def failures_of(self, kind: AttributionKind) -> tuple[TestResult, ...]:
        """Return the failures with an attribution of this kind."""
        test_ids = {test_id for test_id, attribution in self.attributions.items() if attribution.kind is kind}
        return tuple(result for result in self.failures if result.test_id in test_ids)

    @property
    def includes_uncommitted(self) -> bool:
        """Return whether uncommitted changes were tested along with the batch, as an in-place run does."""
        return self.tree != self.batch.changes[-1].tree

    @property
    def offers_rollback(self) -> bool:
        """Return whether a rollback of the batch may help.

        Where the suite could not run before either, the batch is not to blame; where there are no tests, nothing is
        known about it.
        """
        if self.verdict is Verdict.BROKEN:
            return bool(self.previous) and not self.is_previous_broken and not self.result.has_no_tests
        return not self.verdict.is_good

    @property
    def critical_failure(self) -> CriticalFailure | None:
        """Failures by module and by error; None unless the verdict is critical."""
        return critical_failure(self.result.results) if self.verdict is Verdict.CRITICAL else None

    @property
    def failures(self) -> tuple[TestResult, ...]:
        """Results that failed."""
        return tuple(result for result in self.result.results if result.outcome.is_failure)
