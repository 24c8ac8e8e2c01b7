"""Going on where a merge is to blame: in what it merged, unless it is the merge itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from batchhook.core.changes import Commit
from batchhook.core.culprits.attribution import Kind, Sight, Sighting, by_change
from batchhook.core.culprits.bisect_result import Finding
from batchhook.core.results import TestResult
from batchhook.git import history
from batchhook.workflow.context.revisions import State
from batchhook.workflow.culprits.first_parent import Line, line_to
from batchhook.workflow.culprits.range_search import Quest

_TWO = 2


def search(quest: Quest, line: Line, failing: Sequence[TestResult], called: Mapping[str, str]) -> dict[str, Finding]:
    """Search a line of history, and what was merged into it where that is to blame; arguments as for ``along``."""
    found = quest.along(line, failing, called)
    for name, tests in by_change({test: finding.attribution for test, finding in found.items()}).items():
        merge = line.commits[name]
        if len(merge.parents) > 1:
            found |= _beyond(quest, line, merge, {test: found[test] for test in tests}, failing)
    return found


def _beyond(
    quest: Quest, line: Line, merge: Commit, found: Mapping[str, Finding], failing: Sequence[TestResult]
) -> dict[str, Finding]:
    """What became of tests that a merge is to blame for, after a look at each thing that it merged."""
    left = dict(found)
    settled: dict[str, Finding] = {}
    for parent in history.commits(quest.project.git, merge.parents[1:]):
        if quest.is_spent:
            note = "what it merged was not looked at: the budget was used up"
            return settled | {test: replace(finding, note=note) for test, finding in left.items()}
        looks = quest.look(State(parent.oid, parent.tree), left)
        broken = {test: look.called for test, look in looks.items() if look.sight is Sight.FAILED}
        left = {test: _with(left[test], merge, _sighting(parent.oid, look.sight)) for test, look in looks.items()}
        side = line_to(quest.project.git, parent.oid, (*line.hidden, merge.parent)) if broken else None
        if side is not None:
            deeper = search(quest, side, [result for result in failing if result.test_id in broken], broken)
            settled |= {test: _joined(left.pop(test), merge, one) for test, one in deeper.items()}
    return settled | {test: _itself(quest, line, merge, finding) for test, finding in left.items()}


def _joined(outer: Finding, merge: Commit, inner: Finding) -> Finding:
    """What to say of a test that a merge is to blame for, and that fails in what was merged, too."""
    if inner.attribution.kind is Kind.PRE_EXISTING:
        note = "the merge itself: it brings back a failure that is older than what it merged, and had been mended"
        return replace(outer, note=note)
    if inner.attribution.kind is Kind.FLAKY:
        return replace(outer, note="the merge itself: in what it merged, the test fails only now and then")
    return inner.inside(outer, merge.oid)


def _with(finding: Finding, merge: Commit, sighting: Sighting) -> Finding:
    """A finding with more evidence, which comes just before that of the merge."""
    evidence = finding.attribution.evidence
    place = next((place for place, one in enumerate(evidence) if one.state == merge.oid), len(evidence))
    return replace(
        finding, attribution=replace(finding.attribution, evidence=(*evidence[:place], sighting, *evidence[place:]))
    )


def _sighting(state: str, sight: Sight) -> Sighting:
    if sight in {Sight.PASSED, Sight.FAILED}:
        return Sighting(state, passed=int(sight is Sight.PASSED), failed=int(sight is Sight.FAILED))
    return Sighting(state, silence=sight)


def _itself(quest: Quest, line: Line, merge: Commit, finding: Finding) -> Finding:
    """What to say of a test that was not seen failing in anything that a merge merged."""
    sides = {one.state: one for one in finding.attribution.evidence if one.state in merge.parents}
    merged = [sides[parent] for parent in merge.parents[1:] if parent in sides]
    unseen = [one for one in merged if one.silence in {Sight.UNTESTABLE, Sight.SKIPPED}]
    if unseen:
        return _unclear(quest, line, merge, finding, unseen)
    if all(parent in sides and sides[parent].passed for parent in merge.parents):
        return replace(finding, note=f"the merge itself: it passes on {'both' if len(sides) == _TWO else 'all'} sides")
    said = ", ".join(f"{_seen(one)} ({one.state[:8]})" for one in merged)
    return replace(finding, note=f"in what it merged it {said}" if said else "")


def _unclear(quest: Quest, line: Line, merge: Commit, finding: Finding, unseen: Sequence[Sighting]) -> Finding:
    """What to say where it is not known whether a test fails in what was merged: it may have been broken there."""
    hidden = (*line.hidden, merge.parent)
    lines = [side for one in unseen if (side := line_to(quest.project.git, one.state, hidden)) is not None]
    suspects = tuple(dict.fromkeys(oid for side in lines for oid in side.commits))
    said = ", ".join(f"{_seen(one)} at {one.state[:8]}" for one in unseen)
    reason = f"in what {merge.oid[:8]} merged it {said}"
    attribution = replace(finding.attribution, kind=Kind.AMBIGUOUS, suspects=(*suspects, merge.oid), reason=reason)
    return replace(finding, attribution=attribution)


def _seen(sighting: Sighting) -> str:
    if sighting.silence:
        return sighting.silence.value
    return "fails" if sighting.failed else "passes"
