"""What a run on a CI service comes to: what fails, since when, and what of the range under test is to blame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from batchhook.core.comparison import Compared
from batchhook.core.culprits.attribution import Kind
from batchhook.core.culprits.bisect_result import Bisection, Finding
from batchhook.core.results import SuiteOutcome, TestResult
from batchhook.core.verdict import Verdict
from batchhook.errors import ExitCode


class Weight(IntEnum):
    """How much a failure concerns the one whose change is tested; the heaviest comes first."""

    NEW = 0
    """A commit of the range broke it, or it did not fail in the baseline."""

    OPEN = 1
    """It fails, and that is all that is known."""

    OLD = 2
    """It failed before, or fails now and then whatever was changed."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a run is compared with.

    Attributes:
        name: for people: ``the file baseline_results.json``.
        commit: whose outcomes they are; empty where that is not known.
        results: all of them, or those that failed.
        only_failures: whether of the tests that did not fail nothing is known.
    """

    name: str
    commit: str
    results: tuple[TestResult, ...]
    only_failures: bool = False


@dataclass(frozen=True, slots=True)
class CiRun:
    """A run on a CI service.

    Attributes:
        commit: what HEAD was, or the end of the range; empty where nothing is committed.
        has_more: whether files that git tracks differ from that commit: what was tested is the files.
        started_at: seconds since the epoch.
        baseline, compared: what it was compared with, and what is different; None where it was not.
        span: the range that was searched, as it was asked for; empty for none.
        found: what the search found out; None where there was none.
        remarks: what else has to be said, a sentence each.
    """

    commit: str
    started_at: float
    outcome: SuiteOutcome
    verdict: Verdict
    has_more: bool = False
    baseline: Baseline | None = None
    compared: Compared | None = None
    span: str = ""
    found: Bisection | None = None
    remarks: tuple[str, ...] = ()

    @property
    def failures(self) -> tuple[TestResult, ...]:
        """The results that failed, those first that concern the change under test most; else as they came."""
        failed = [result for result in self.outcome.results if result.outcome.is_failure]
        return tuple(sorted(failed, key=self.weight))

    @property
    def findings(self) -> Mapping[str, Finding]:
        """What became of each failing test that a search was made for, by its id."""
        return self.found.findings if self.found else {}

    @property
    def exit_code(self) -> ExitCode:
        """3 where the suite could not run, 2 where something fails that did not in the baseline, 1 for any failure."""
        if self.outcome.broken:
            return ExitCode.ERROR
        if self.compared and self.compared.whole.is_regression:
            return ExitCode.REGRESSION
        return ExitCode.OK if self.verdict.is_good else ExitCode.TESTS_FAILED

    def weight(self, result: TestResult) -> Weight:
        """How much a failure concerns the change under test."""
        finding = self.findings.get(result.test_id)
        if finding is not None and finding.attribution.kind is not Kind.AMBIGUOUS:
            return Weight.NEW if finding.is_solved else Weight.OLD
        if self.compared is not None:
            return Weight.NEW if result.test_id in self.compared.whole.newly_failing else Weight.OLD
        return Weight.OPEN

    def standing(self, result: TestResult) -> tuple[str, ...]:
        """What is known of a failure besides that it is one, a piece of a sentence each."""
        finding, said = self.findings.get(result.test_id), []
        if finding is not None:
            said.append(self._of_range(finding))
        if self.compared is not None:
            newly = result.test_id in self.compared.whole.newly_failing
            said.append("newly failing since the baseline" if newly else "failed in the baseline, too")
        return tuple(said)

    def _of_range(self, finding: Finding) -> str:
        found = finding.attribution
        if found.change and self.found:
            verb = "broken" if found.kind is Kind.CULPRIT else "brought, failing,"
            return f"{verb} by {found.change[:8]} ({self.found.commits[found.change].subject})"
        if found.kind is Kind.PRE_EXISTING:
            return f"failed before {self.span}, too"
        if found.kind is Kind.FLAKY:
            return f"flaky: failed {found.failed} of {found.runs} runs"
        return f"unclear what broke it: {found.reason}"
