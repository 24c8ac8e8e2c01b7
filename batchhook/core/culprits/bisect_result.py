"""Result of a culprit search over a range of history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from batchhook.core.commit import Commit, FileEdit
from batchhook.core.culprits.attribution import Attribution, ProbeOutcome


@dataclass(frozen=True, slots=True)
class Finding:
    """Result for one test.

    Attributes:
        attribution: its evidence covers all lines of history that were searched.
        merges: oids of merges that the search descended into, outermost first.
        note: a remark, as a phrase.
    """

    attribution: Attribution
    merges: tuple[str, ...] = ()
    note: str = ""

    @property
    def is_solved(self) -> bool:
        """Return whether one change is to blame."""
        return self.attribution.kind.has_culprit

    def nested_in(self, outer: Finding, merge: str) -> Finding:
        """Return this finding of a search inside a merge, combined with the finding that blamed the merge."""
        around, inside = outer.attribution, self.attribution
        evidence = {observation.oid: observation for observation in (*around.evidence, *inside.evidence)}
        confidence = around.confidence * inside.confidence
        combined = replace(inside, confidence=confidence, evidence=tuple(evidence.values()))
        return Finding(combined, (*outer.merges, merge, *self.merges), self.note)


@dataclass(frozen=True, slots=True)
class Bisection:
    """Result of a search over a range of history.

    Attributes:
        good, bad: oids of the range as requested.
        base: oid of the commit before the range; differs from ``good`` if that is on a side branch.
        size: number of commits in the range, along first parents.
        probes: number of checkouts in which tests ran.
        findings: by id, for each test that fails at ``bad``.
        not_failing: by id, outcome of each requested test that does not fail at ``bad``.
        commits: commits that the findings name, by oid.
        edits: files touched by the culprits, by oid.
        remarks: further notes for the reader, one sentence each.
    """

    good: str
    bad: str
    base: str
    size: int
    probes: int
    findings: Mapping[str, Finding]
    not_failing: Mapping[str, ProbeOutcome]
    commits: Mapping[str, Commit]
    edits: Mapping[str, tuple[FileEdit, ...]]
    remarks: tuple[str, ...] = ()

    @property
    def is_solved(self) -> bool:
        """Return whether every requested test has a culprit."""
        return not self.not_failing and all(finding.is_solved for finding in self.findings.values())
