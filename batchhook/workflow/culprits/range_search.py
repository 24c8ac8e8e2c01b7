"""Culprit searches along first parents, continued on the merged branch where a merge is to blame."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from batchhook.core.commit import Commit
from batchhook.core.culprits.attribution import AttributionKind, Observation, ProbeOutcome, group_by_culprit
from batchhook.core.culprits.bisect_result import Finding
from batchhook.core.progress import Progress
from batchhook.core.results import TestResult
from batchhook.git import history
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import CommitRange, Revision, first_parent_range
from batchhook.workflow.culprits.finder import CulpritFinder, estimate_failing_tests
from batchhook.workflow.culprits.probe_cache import ProbeCache, TestProbe
from batchhook.workflow.impact.suspicion import ChangeImpact


@dataclass(slots=True)
class RangeSearch:
    """A search in a range of history.

    Attributes:
        project: the repository.
        cache: of probes.
        bad: the revision where the tests fail under their current names.
        by_relevance: as for ``estimate_failing_tests``.
        on_progress: called before each round of probes.
        budget: seconds for the whole search.
        started: when the budget began, by ``time.monotonic()``.
        commits: all commits of the searched ranges, by oid.
        probe_count: probes that the finders have made.
    """

    project: Project
    cache: ProbeCache
    bad: Revision
    by_relevance: bool
    on_progress: Callable[[Progress], None]
    budget: float
    started: float = field(default_factory=time.monotonic)
    commits: dict[str, Commit] = field(default_factory=dict)
    probe_count: int = 0

    def search(
        self,
        commit_range: CommitRange,
        failures: Sequence[TestResult],
        names: Mapping[str, str] = MappingProxyType({}),
    ) -> dict[str, Finding]:
        """Search a range, and each branch merged into it by a culprit.

        Args:
            commit_range: the tests fail on its last revision.
            failures: results at ``bad``.
            names: ids of the tests on the last revision of the range, by current id, where they differ.

        Returns:
            a finding for each test, by current id.
        """
        findings = self._search_first_parents(commit_range, failures, names)
        attributions = {test_id: finding.attribution for test_id, finding in findings.items()}
        for oid, test_ids in group_by_culprit(attributions).items():
            merge = commit_range.commits[oid]
            if len(merge.parents) > 1:
                merged = {test_id: findings[test_id] for test_id in test_ids}
                findings |= self._search_merged(commit_range, merge, merged, failures)
        return findings

    def _search_first_parents(
        self, commit_range: CommitRange, failures: Sequence[TestResult], names: Mapping[str, str]
    ) -> dict[str, Finding]:
        self.commits.update(commit_range.commits)
        finder = CulpritFinder(
            revisions=commit_range.revisions,
            failing_tests=estimate_failing_tests(
                self.project,
                commit_range.revisions,
                failures,
                ChangeImpact(self.project, self.cache.runs.suite, commit_range.revisions),
                by_relevance=self.by_relevance,
            ),
            list_current_tests=self._list_current_tests,
            budget=self.budget,
            on_probe=lambda revisions, left: self.on_progress(
                probe_progress(revisions, self.probe_count + finder.probe_count, left)
            ),
            started=self.started,
            is_selective=self.cache.prober.is_selective,
        )
        finder.add_former_names(len(commit_range.revisions) - 1, names)
        finder.recall(self.project.database, self.cache.runs)
        attributions = finder.search(self.cache.prober)
        self.probe_count += finder.probe_count
        return {test_id: Finding(attribution) for test_id, attribution in attributions.items()}

    def _search_merged(
        self,
        commit_range: CommitRange,
        merge: Commit,
        findings: Mapping[str, Finding],
        failures: Sequence[TestResult],
    ) -> dict[str, Finding]:
        """Probe each merged parent of a culprit, and search its branch for the tests that fail there."""
        undecided = dict(findings)
        decided: dict[str, Finding] = {}
        for parent in history.read_commits(self.project.git, merge.parents[1:]):
            if time.monotonic() > self.started + self.budget:
                note = "the merged branch was not searched: the budget was used up"
                return decided | {test_id: replace(finding, note=note) for test_id, finding in undecided.items()}
            probes = self.cache.probe(Revision(parent.oid, parent.tree), undecided, self._list_current_tests)
            failing = {test_id: probe.name for test_id, probe in probes.items() if probe.outcome is ProbeOutcome.FAILED}
            undecided = {
                test_id: _add_evidence(undecided[test_id], merge, parent, probe) for test_id, probe in probes.items()
            }
            branch = self._merged_range(commit_range, merge, parent.oid) if failing else None
            if branch is not None:
                inner = self.search(branch, [result for result in failures if result.test_id in failing], failing)
                decided |= {
                    test_id: _nest_finding(undecided.pop(test_id), merge, finding) for test_id, finding in inner.items()
                }
        return decided | {
            test_id: self._blame_merge(commit_range, merge, finding) for test_id, finding in undecided.items()
        }

    def _blame_merge(self, commit_range: CommitRange, merge: Commit, finding: Finding) -> Finding:
        """Finish the finding of a test that was not observed failing on any merged parent."""
        sides = {
            observation.oid: observation
            for observation in finding.attribution.evidence
            if observation.oid in merge.parents
        }
        merged = [sides[oid] for oid in merge.parents[1:] if oid in sides]
        unobserved = [
            observation
            for observation in merged
            if observation.unobserved_reason in {ProbeOutcome.UNTESTABLE, ProbeOutcome.SKIPPED}
        ]
        if unobserved:
            return self._make_ambiguous(commit_range, merge, finding, unobserved)
        if all(oid in sides and sides[oid].passed for oid in merge.parents):
            count = "both" if len(merge.parents) == 2 else "all"  # noqa: PLR2004 - an ordinary merge
            return replace(finding, note=f"the merge itself: it passes on {count} sides")
        outcomes = ", ".join(f"{_describe(observation)} ({observation.oid[:8]})" for observation in merged)
        return replace(finding, note=f"on the merged branch it {outcomes}" if outcomes else "")

    def _make_ambiguous(
        self, commit_range: CommitRange, merge: Commit, finding: Finding, unobserved: Sequence[Observation]
    ) -> Finding:
        """Return the finding with the merged commits as suspects, too: the test may have broken there, unobserved."""
        branches = [self._merged_range(commit_range, merge, observation.oid) for observation in unobserved]
        suspects = dict.fromkeys(oid for branch in branches if branch is not None for oid in branch.commits)
        outcomes = ", ".join(f"{_describe(observation)} at {observation.oid[:8]}" for observation in unobserved)
        attribution = replace(
            finding.attribution,
            kind=AttributionKind.AMBIGUOUS,
            suspects=(*suspects, merge.oid),
            reason=f"on the branch that {merge.oid[:8]} merged, it {outcomes}",
        )
        return replace(finding, attribution=attribution)

    def _merged_range(self, commit_range: CommitRange, merge: Commit, tip: str) -> CommitRange | None:
        return first_parent_range(self.project.git, tip, (*commit_range.excluded, merge.parent))

    def _list_current_tests(self) -> frozenset[str]:
        return self.cache.list_tests(self.bad)


def _add_evidence(finding: Finding, merge: Commit, parent: Commit, probe: TestProbe) -> Finding:
    """Insert the observation of a merged parent into the evidence, just before that of the merge."""
    evidence = finding.attribution.evidence
    index = next((index for index, observation in enumerate(evidence) if observation.oid == merge.oid), len(evidence))
    extended = (*evidence[:index], _observation(parent.oid, probe.outcome), *evidence[index:])
    return replace(finding, attribution=replace(finding.attribution, evidence=extended))


def _observation(oid: str, outcome: ProbeOutcome) -> Observation:
    if outcome in {ProbeOutcome.PASSED, ProbeOutcome.FAILED}:
        return Observation(oid, passed=int(outcome is ProbeOutcome.PASSED), failed=int(outcome is ProbeOutcome.FAILED))
    return Observation(oid, unobserved_reason=outcome)


def _nest_finding(outer: Finding, merge: Commit, inner: Finding) -> Finding:
    """Return the finding of a test that fails at a merge and on the merged branch."""
    if inner.attribution.kind is AttributionKind.PRE_EXISTING:
        return replace(outer, note="the merge itself: it brings back a failure older than the branch, fixed since")
    if inner.attribution.kind is AttributionKind.FLAKY:
        return replace(outer, note="the merge itself: on the merged branch the test is only flaky")
    return inner.nested_in(outer, merge.oid)


def _describe(observation: Observation) -> str:
    if observation.unobserved_reason:
        return observation.unobserved_reason.value
    return "fails" if observation.failed else "passes"


def probe_progress(revisions: Iterable[Revision], done: int = 0, left: int = 0) -> Progress:
    """Return the progress of a search before a round of probes.

    Args:
        revisions: of the round.
        done: probes made so far.
        left: estimated number of probes left, those of the round included.
    """
    names = dict.fromkeys(revision.oid[:8] for revision in revisions)
    return Progress(f"probing {' and '.join(names)}", total=done + left, done=done)
