"""Culprits, and what they broke or slowed down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.text import Text

from batchhook.core.analysis import Analysis
from batchhook.core.commit import Commit
from batchhook.core.perf.slowdown import Slowdown, Timings, count_phrase
from batchhook.core.plural import plural
from batchhook.core.sanitize import one_line
from batchhook.report import evidence, phrases
from batchhook.report.console import failures
from batchhook.report.console.layout import OID, Line, section, unbroken

_MAX_FILES = 4
"""Files named of a culprit."""
_INDENT = OID + 2


def broken_tests(
    analysis: Analysis, remarks: Mapping[str, Sequence[str]], *, tracebacks: bool
) -> Iterator[RenderableType]:
    """Yield failures under their culprits, then those without one.

    Args:
        analysis: with attributions.
        remarks: what else is known about a test, by its id.
        tracebacks: show everything, with tracebacks and all observations.
    """
    remarks = {
        test_id: [
            *([evidence.explain_fully(attribution)] if tracebacks else evidence.explain(attribution)),
            *remarks.get(test_id, ()),
        ]
        for test_id, attribution in analysis.attributions.items()
    }
    for change, tests in analysis.culprits:
        files = [edit.path for edit in analysis.edits.get(change.oid, ())]
        yield from culprit(change, (f"broke {plural(len(tests), 'test')}", "bold red"), files)
        if change.oid in analysis.intermediate_commits:
            text = "not one of this batch's changes: no batch counted it"
            yield Line(text, style="yellow", indent=_INDENT)
        attributions = [analysis.attributions[test.test_id] for test in tests]
        yield Line(evidence.culprit_evidence(attributions), style="dim", indent=_INDENT)
        yield from failures.group(tests, remarks, tracebacks=tracebacks, edited=frozenset(files))
    for kind, heading in phrases.HEADINGS.items():
        others = analysis.failures_of(kind)
        if others:
            yield section(f"{heading[:1].lower()}{heading[1:]}: {len(others)}")
            yield from failures.group(others, remarks, tracebacks=tracebacks)


def culprit(change: Commit, effect: tuple[str, str], files: Sequence[str]) -> Iterator[RenderableType]:
    """Yield a culprit's id, subject, effect (with its style), author and files."""
    head = Text.assemble(
        "\n",
        (change.oid[:OID], "yellow"),
        (f"  {one_line(change.subject)}", "bold"),
        (f"  {effect[0]}", effect[1]),
    )
    yield Line(head, hang=_INDENT)
    paths = ", ".join(map(unbroken, files[:_MAX_FILES]))
    others = f" and {len(files) - _MAX_FILES} more" if len(files) > _MAX_FILES else ""
    author = one_line(change.author) + (f": {paths}{others}" if files else "")
    yield Line(author, style="dim", indent=_INDENT, hang=0)


def slowdowns(analysis: Analysis, *, measurements: bool) -> Iterator[RenderableType]:
    """Yield tests and modules that became slower, under their culprits; then the inconclusive ones.

    Args:
        analysis: of the batch.
        measurements: show all of them, with all measurements.
    """
    for suspects, members in analysis.slowdown_groups:
        effect = (f"made {count_phrase(members)} slower, {phrases.ratio_range(members)}", "bold yellow")
        commit = analysis.commits.get(suspects[0]) if len(suspects) == 1 else None
        if commit is not None:
            yield from culprit(commit, effect, [edit.path for edit in analysis.edits.get(commit.oid, ())])
        else:
            span = f"one of {suspects[0][:OID]} … {suspects[-1][:OID]}  " if len(suspects) > 1 else ""
            yield Line(Text.assemble("\n", (span or "".join(suspects)[:OID], "yellow"), effect))
        yield from _slowdowns(members, measurements=measurements)
    inconclusive = analysis.inconclusive_slowdowns
    if inconclusive:
        yield section(f"possibly slower (inconclusive): {count_phrase(inconclusive)}")
        yield from _slowdowns(inconclusive, measurements=measurements)


def _slowdowns(slowdowns: Sequence[Slowdown], *, measurements: bool) -> Iterator[RenderableType]:
    """Yield the worst one on a line, or all of them with their measurements."""
    if measurements:
        for slowdown in slowdowns:
            yield from _measured(slowdown)
        return
    worst = slowdowns[0]
    others = f" and {len(slowdowns) - 1} more" if len(slowdowns) > 1 else ""
    reason = f"  {one_line(worst.reason)}" if worst.reason else ""
    durations = f"  {phrases.durations(worst)}{reason}{others}"
    yield Line(Text.assemble(_name(worst), (durations, "dim")), indent=2)


def _measured(slowdown: Slowdown) -> Iterator[RenderableType]:
    yield Line(_name(slowdown), indent=2)
    durations = Text(phrases.durations(slowdown))
    if slowdown.is_confirmed:
        durations.append(f"  p = {slowdown.comparison.p_value:.2g}", style="dim")
    yield Line(durations, indent=4)
    if slowdown.reason:
        yield Line(one_line(slowdown.reason), style="dim", indent=4)
    for timings in slowdown.evidence:
        yield Line(_measurements(timings), style="dim", indent=4)


def _name(slowdown: Slowdown) -> Text:
    return Text.assemble(("module " if slowdown.is_module else "", "dim"), (unbroken(slowdown.name), "yellow"))


def _measurements(timings: Timings) -> str:
    base, measured = (" ".join(map(phrases.milliseconds, each)) for each in (timings.base, timings.measured))
    return f"{timings.oid[:OID]}: {measured}; before the batch: {base}"
