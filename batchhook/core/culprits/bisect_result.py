"""What a search over any range of history found out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from batchhook.core.changes import Commit, FileEdit
from batchhook.core.culprits.attribution import Attribution, Sight


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one test.

    Attributes:
        attribution: where the search ended; its evidence is that of all lines of history that were searched.
        merges: names of the merges that the search went through, outermost first: it went on in what they merged.
        note: what is remarkable about it, in half a sentence.
    """

    attribution: Attribution
    merges: tuple[str, ...] = ()
    note: str = ""

    @property
    def is_solved(self) -> bool:
        """Whether one change is to blame."""
        return self.attribution.kind.blames

    def inside(self, outer: Finding, merge: str) -> Finding:
        """The same when the search came from a merge, where it had found something else."""
        before, here = outer.attribution, self.attribution
        evidence = {sighting.state: sighting for sighting in (*before.evidence, *here.evidence)}
        combined = replace(here, confidence=before.confidence * here.confidence, evidence=tuple(evidence.values()))
        return Finding(combined, (*outer.merges, merge, *self.merges), self.note)


@dataclass(frozen=True, slots=True)
class Bisection:
    """What a search over a range of history found out.

    Attributes:
        good, bad: the commits that the range was asked for by.
        base: the commit just before the range; another one than ``good`` where that is on a side branch.
        size: how many commits there are in the range, along first parents.
        visits: how many checkouts were looked at.
        findings: what became of each test that fails at ``bad``, by its id.
        sound: tests that do not fail there, and what was seen of them.
        commits: those that are named, by name.
        edits: files that the commits touched that are to blame, by the commit's name.
        remarks: what else has to be said, a sentence each.
    """

    good: str
    bad: str
    base: str
    size: int
    visits: int
    findings: Mapping[str, Finding]
    sound: Mapping[str, Sight]
    commits: Mapping[str, Commit]
    edits: Mapping[str, tuple[FileEdit, ...]]
    remarks: tuple[str, ...] = ()

    @property
    def is_solved(self) -> bool:
        """Whether a change is named for every test."""
        return not self.sound and all(finding.is_solved for finding in self.findings.values())
