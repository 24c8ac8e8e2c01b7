"""The result of a bisection."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.text import Text

from batchhook.core.commit import Commit, FileEdit
from batchhook.core.culprits.attribution import Attribution, AttributionKind, ProbeOutcome, group_by_culprit
from batchhook.core.culprits.bisect_result import Bisection, Finding
from batchhook.core.plural import plural
from batchhook.core.sanitize import one_line
from batchhook.report import evidence
from batchhook.report.console.batches import edit_lines
from batchhook.report.console.layout import NO_BREAK, OID, Line, unbroken

_MAX_FILES = 10
"""Files named of a culprit."""


def print_bisection(console: Console, bisection: Bisection) -> None:
    """Print the culprits with the tests they broke, then the tests without a culprit."""
    for block in _blocks(bisection):
        console.print(block)


def _blocks(bisection: Bisection) -> Iterator[RenderableType]:
    attributions = {test_id: finding.attribution for test_id, finding in bisection.findings.items()}
    for oid, test_ids in group_by_culprit(attributions).items():
        yield from _culprit(bisection.commits[oid], bisection.edits.get(oid, ()))
        for test_id in test_ids:
            is_new = attributions[test_id].kind is AttributionKind.INTRODUCED
            verb = "introduced, failing," if is_new else "broke"
            yield from _test(test_id, bisection.findings[test_id], before=unbroken(verb), indent=2)
    for test_id, finding in bisection.findings.items():
        if not finding.is_solved:
            yield from _test(test_id, finding, after=f": {_conclusion(finding.attribution)}")
    for test_id, outcome in bisection.not_failing.items():
        verb = "is skipped" if outcome is ProbeOutcome.SKIPPED else "passes"
        yield Line(f"{unbroken(test_id)}: {verb} at {bisection.bad[:OID]}")
    for remark in bisection.remarks:
        yield Line(one_line(remark), style="yellow")
    yield Line(f"{plural(bisection.probes, 'checkout')} for {plural(bisection.size, 'commit')}", style="dim")


def _culprit(commit: Commit, edits: Sequence[FileEdit]) -> Iterator[RenderableType]:
    head = Text.assemble((f"{commit.oid[:OID]}  ", "bold yellow"), (one_line(commit.subject), "bold"))
    yield Line(head, hang=OID + 2)
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(commit.authored_at))
    lines = [f"{one_line(commit.author)}, {when}", *edit_lines(edits[:_MAX_FILES])]
    if len(edits) > _MAX_FILES:
        lines.append(f"… and {plural(len(edits) - _MAX_FILES, 'more file')}")
    for line in lines:
        yield Line(line, style="dim", indent=OID + 2)


def _test(
    test_id: str, finding: Finding, *, before: str = "", after: str = "", indent: int = 0
) -> Iterator[RenderableType]:
    prefix = f"{before}{NO_BREAK}" if before else ""
    yield Line(Text.assemble(prefix, (unbroken(test_id), "red"), after), indent=indent)
    attribution = finding.attribution
    if attribution.evidence:
        observations = f"{evidence.key_observations(attribution)}; {evidence.confidence(attribution)}"
        yield Line(observations, style="dim", indent=indent + 2)
    if finding.merges:
        merges = " and ".join(oid[:OID] for oid in finding.merges)
        yield Line(f"brought by the merge {merges}", style="dim", indent=indent + 2)
    if finding.note:
        yield Line(one_line(finding.note), style="dim", indent=indent + 2)


def _conclusion(attribution: Attribution) -> str:
    """Return the conclusion for a test without a culprit, in a phrase."""
    if attribution.kind is AttributionKind.FLAKY:
        return "flaky, not broken by any commit"
    if attribution.kind is AttributionKind.PRE_EXISTING:
        return "already failing before the first commit"
    reason = f"; {attribution.reason}" if attribution.reason else ""
    return f"unclear: {evidence.suspects(attribution)}{reason}"
