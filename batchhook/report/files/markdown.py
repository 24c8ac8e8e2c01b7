"""``batch_N.md``: a summary for a comment on a pull request or a job's summary.

Text from the project (ids, messages, subjects) is put into code spans, so that nothing in it becomes a link, a mention,
HTML or a heading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batchhook.core.analysis import Analysis
from batchhook.core.perf.slowdown import count_phrase
from batchhook.core.plural import plural
from batchhook.core.results import TestResult
from batchhook.core.verdict import Verdict, summarize_verdict
from batchhook.report import coverage, evidence, phrases
from batchhook.report.markdown_escape import code_span, escape

_MAX_GROUPS = 5
"""Culprits that are shown."""
_MAX_TESTS = 5
"""Tests shown of one group."""
_MAX_FILES = 5
_MAX_PLACES = 10
"""Files with changed lines that no test runs."""
_MESSAGE = 160
"""Characters of a message."""
_NAME = 200
"""Characters of a test id, a subject or a path."""


def markdown(analysis: Analysis) -> str:
    """Return the summary of a batch; a few thousand characters, however much fails."""
    parts = (
        _head(analysis),
        _failures(analysis),
        _slowdowns(analysis),
        _comparisons(analysis),
        _coverage(analysis),
        _actions(analysis),
    )
    return "\n".join(line for part in parts for line in part) + "\n"


def _code(text: str, limit: int = _NAME) -> str:
    return code_span(text, limit) or "` `"


def _head(analysis: Analysis) -> Iterator[str]:
    batch, result = analysis.batch, analysis.result
    if analysis.verdict is Verdict.BROKEN:
        yield f"### batchhook: batch {batch.id} could not be tested"
        yield ""
        yield _code(result.broken_reason, 4 * _MESSAGE)
    else:
        yield f"### batchhook: batch {batch.id} {summarize_verdict(analysis.verdict, result)}"
        yield ""
        yield f"{phrases.totals(result.totals)}."
    for remark in phrases.remarks(analysis):
        yield _code(remark) if result.hint and result.hint in remark else remark
    yield ""
    branch = _code(batch.branch.removeprefix("refs/heads/"))
    span = f"{batch.base[:8] or 'the beginning'}..{batch.head[:8]}"
    yield f"{plural(len(batch.changes), 'change')} on {branch}, {_code(span)}"


def _failures(analysis: Analysis) -> Iterator[str]:
    if not analysis.attributions:
        if analysis.failures:
            yield from _group("Failing", analysis.failures)
        return
    for change, tests in analysis.culprits[:_MAX_GROUPS]:
        edits = analysis.edits.get(change.oid, ())
        files = ", ".join(_code(phrases.edit(edit)) for edit in edits[:_MAX_FILES])
        others = f" and {len(edits) - _MAX_FILES} more" if len(edits) > _MAX_FILES else ""
        observed = evidence.culprit_evidence([analysis.attributions[test.test_id] for test in tests])
        heading = f"{_code(change.oid[:8])} {_code(change.subject)} broke {plural(len(tests), 'test')}"
        details = f"{_code(change.author)}{f': {files}{others}' if files else ''}; {observed}"
        yield from _group(heading, tests, details)
    if rest := analysis.culprits[_MAX_GROUPS:]:
        broken = plural(sum(len(tests) for _, tests in rest), "test")
        yield from ("", f"{plural(len(rest), 'more change')} broke {broken}.")
    for kind, heading in phrases.HEADINGS.items():
        if others_of_kind := analysis.failures_of(kind):
            yield from _group(heading, others_of_kind)


def _group(heading: str, tests: Sequence[TestResult], details: str = "") -> Iterator[str]:
    yield from ("", heading if details else f"**{heading}**", "")
    if details:
        yield from (details, "")
    for test in tests[:_MAX_TESTS]:
        location = f" at {_code(test.location)}" if test.location else ""
        yield f"- {_code(phrases.name(test))}{location}  "
        yield f"  {_code(phrases.headline(test), _MESSAGE)}"
    if len(tests) > _MAX_TESTS:
        yield f"- and {len(tests) - _MAX_TESTS} more"


def _slowdowns(analysis: Analysis) -> Iterator[str]:
    groups = list(phrases.slowdown_groups(analysis))
    if groups:
        slower = count_phrase(analysis.confirmed_slowdowns)
        yield from ("", f"**Slower: {slower}**" if slower else "**Possibly slower (inconclusive)**", "")
    for heading, members in groups[:_MAX_TESTS]:
        name, details = members[0]
        others = f" and {len(members) - 1} more" if len(members) > 1 else ""
        yield f"- {_code(heading, _MESSAGE)}: {_code(name)} {_code(details, _MESSAGE)}{others}"
    if len(groups) > _MAX_TESTS:
        yield f"- and {len(groups) - _MAX_TESTS} more"


def _comparisons(analysis: Analysis) -> Iterator[str]:
    for since, differences in phrases.comparisons(analysis):
        counts = ", ".join(f"{len(ids)} {kind}" for kind, ids in differences)
        if counts:
            yield from ("", f"{since[:1].upper()}{since[1:]}: {counts}.")


def _coverage(analysis: Analysis) -> Iterator[str]:
    report = analysis.coverage
    if report is None:
        return
    yield from ("", f"{'. '.join(map(escape, coverage.sentences(report)))}.")
    gaps = report.diff.gaps if report.diff else ()
    if gaps:
        yield ""
    for change, gap in gaps[:_MAX_PLACES]:
        yield f"- {_code(coverage.place(gap))} of {_code(coverage.title(change, analysis.commits))}"
    if len(gaps) > _MAX_PLACES:
        yield f"- and {len(gaps) - _MAX_PLACES} more"


def _actions(analysis: Analysis) -> Iterator[str]:
    if not analysis.verdict.is_good:
        yield from ("", f"More: `batchhook analyze {analysis.batch.id}`")
