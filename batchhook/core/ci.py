"""Result of a CI run: its exit code, and the failures ordered by how much they concern the change under test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from batchhook.core.commit import Commit
from batchhook.core.comparison import SuiteComparison
from batchhook.core.coverage.diff_coverage import CoverageReport
from batchhook.core.culprits.attribution import AttributionKind
from batchhook.core.culprits.bisect_result import Bisection, Finding
from batchhook.core.results import SuiteResult, TestResult
from batchhook.core.verdict import Verdict
from batchhook.errors import ExitCode


class FailureRelevance(IntEnum):
    """Relevance of a failure to the change under test; the most relevant sorts first."""

    NEW = 0
    """A commit of the range broke the test, or it did not fail in the baseline."""

    UNKNOWN = 1
    """Nothing but the failure itself is known."""

    OLD = 2
    """It failed before, or is flaky."""


@dataclass(frozen=True, slots=True)
class CiBaseline:
    """Results that a CI run is compared with.

    Attributes:
        name: display name, such as ``the file baseline_results.json``.
        commit: oid of the commit that was tested; empty if unknown.
        results: all results, or only the failing ones.
        failures_only: whether results of tests that did not fail are unavailable.
    """

    name: str
    commit: str
    results: tuple[TestResult, ...]
    failures_only: bool = False


@dataclass(frozen=True, slots=True)
class CiRun:
    """A run on a CI service.

    Attributes:
        commit: oid of HEAD, or of the end of the range; empty in a repository without commits.
        started_at: seconds since the epoch.
        includes_uncommitted: whether tracked files differ from that commit, so that the files were tested instead.
        baseline, comparison: what the run was compared with, and the differences; None without a baseline.
        revision_range: the range that was searched, as given by the user; empty for none.
        bisection: result of that search; None if there was none.
        remarks: further notes for the reader, one sentence each.
        coverage: of the run; None if it was not measured.
        commits: those of the range, by oid, where coverage is compared with them.
    """

    commit: str
    started_at: float
    result: SuiteResult
    verdict: Verdict
    includes_uncommitted: bool = False
    baseline: CiBaseline | None = None
    comparison: SuiteComparison | None = None
    revision_range: str = ""
    bisection: Bisection | None = None
    remarks: tuple[str, ...] = ()
    coverage: CoverageReport | None = None
    commits: Mapping[str, Commit] = field(default_factory=dict)

    @property
    def failures(self) -> tuple[TestResult, ...]:
        """Results that failed, most relevant first, otherwise in the order of the suite."""
        failed = [result for result in self.result.results if result.outcome.is_failure]
        return tuple(sorted(failed, key=self.relevance))

    @property
    def findings(self) -> Mapping[str, Finding]:
        """Findings of the search, by test id."""
        return self.bisection.findings if self.bisection else {}

    @property
    def exit_code(self) -> ExitCode:
        """3 if the suite could not run, 2 if a test newly fails since the baseline, 1 for any other failure."""
        if self.result.broken_reason:
            return ExitCode.ERROR
        if self.comparison and self.comparison.overall.is_regression:
            return ExitCode.REGRESSION
        return ExitCode.OK if self.verdict.is_good else ExitCode.TESTS_FAILED

    def relevance(self, result: TestResult) -> FailureRelevance:
        """Return the relevance of a failure; the search outweighs the baseline."""
        finding = self.findings.get(result.test_id)
        if finding is not None and finding.attribution.kind is not AttributionKind.AMBIGUOUS:
            return FailureRelevance.NEW if finding.is_solved else FailureRelevance.OLD
        if self.comparison is not None:
            is_new = result.test_id in self.comparison.overall.newly_failing
            return FailureRelevance.NEW if is_new else FailureRelevance.OLD
        return FailureRelevance.UNKNOWN

    def explain(self, result: TestResult) -> tuple[str, ...]:
        """Return what is known about a failure, as phrases: from the search, then from the baseline."""
        phrases = []
        finding = self.findings.get(result.test_id)
        if finding is not None:
            phrases.append(self._explain_finding(finding))
        if self.comparison is not None:
            is_new = result.test_id in self.comparison.overall.newly_failing
            phrases.append("newly failing since the baseline" if is_new else "also failed in the baseline")
        return tuple(phrases)

    def _explain_finding(self, finding: Finding) -> str:
        attribution = finding.attribution
        if attribution.culprit and self.bisection:
            verb = "broken" if attribution.kind is AttributionKind.CULPRIT else "introduced failing"
            return f"{verb} by {attribution.culprit[:8]} ({self.bisection.commits[attribution.culprit].subject})"
        if attribution.kind is AttributionKind.PRE_EXISTING:
            return f"already failing before {self.revision_range}"
        if attribution.kind is AttributionKind.FLAKY:
            return f"flaky: failed {attribution.failure_count} of {attribution.run_count} runs"
        return f"culprit unclear: {attribution.reason}"
