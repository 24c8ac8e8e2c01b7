"""``batch_N.md``: a batch in a few lines, for a comment on a pull request or a job's summary.

All that others wrote stands in code spans, one line each: nothing in it is a link, a mention, HTML or a heading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batchhook.core.analysis import Analysis
from batchhook.core.perf.slowdown import counted
from batchhook.core.results import TestResult
from batchhook.core.verdict import Verdict, summary
from batchhook.report.console import culprits
from batchhook.report.files import phrases
from batchhook.report.markdown_escape import code

_MOST_GROUPS = 5
"""Changes that are to blame that are shown; more are counted."""
_MOST_TESTS = 5
"""Tests of one group that are shown; more are counted."""
_MOST_FILES = 5
_MESSAGE = 160
"""Characters of a message that are shown."""
_NAME = 200
"""Characters of a test's id, a subject, a path that are shown."""


def markdown(analysis: Analysis) -> str:
    """A batch in a few lines; a few thousand characters, whatever happened in it."""
    parts = (_head(analysis), _failures(analysis), _slowdowns(analysis), _comparisons(analysis), _actions(analysis))
    return "\n".join(line for part in parts for line in part) + "\n"


def _code(text: str, most: int = _NAME) -> str:
    return code(text, most) or "` `"


def _head(analysis: Analysis) -> Iterator[str]:
    if analysis.verdict is Verdict.BROKEN:
        yield f"### batchhook: batch {analysis.batch.id} could not be tested"
        yield ""
        yield _code(analysis.outcome.broken, 4 * _MESSAGE)
    else:
        yield f"### batchhook: batch {analysis.batch.id} {summary(analysis.verdict, analysis.outcome)}"
        yield ""
        yield f"{phrases.totals(analysis)}."
    hint = analysis.outcome.hint
    yield from (_code(remark) if hint and hint in remark else remark for remark in phrases.remarks(analysis))
    yield ""
    branch = _code(analysis.batch.branch.removeprefix("refs/heads/"))
    span = f"{analysis.batch.base[:8] or 'the beginning'}..{analysis.batch.head[:8]}"
    yield f"{len(analysis.batch.changes)} changes on {branch}, {_code(span)}"


def _failures(analysis: Analysis) -> Iterator[str]:
    if not analysis.attributions:
        if analysis.failures:
            yield from _group("Failing", analysis.failures)
        return
    for change, tests in analysis.blamed[:_MOST_GROUPS]:
        files = analysis.edits.get(change.oid, ())
        named = ", ".join(_code(phrases.edit(file)) for file in files[:_MOST_FILES])
        more = f" and {len(files) - _MOST_FILES} more" if len(files) > _MOST_FILES else ""
        seen = culprits.pair([analysis.attributions[test.test_id] for test in tests])
        heading = f"{_code(change.oid[:8])} {_code(change.subject)} broke {phrases.tests(len(tests))}"
        yield from _group(heading, tests, below=f"{_code(change.author)}{f': {named}{more}' if named else ''}; {seen}")
    rest = analysis.blamed[_MOST_GROUPS:]
    if rest:
        yield from ("", f"{len(rest)} more changes broke {phrases.tests(sum(len(tests) for _, tests in rest))}.")
    for kind, heading in phrases.HEADINGS.items():
        others = analysis.failures_of(kind)
        if others:
            yield from _group(heading, others)


def _group(heading: str, tests: Sequence[TestResult], below: str = "") -> Iterator[str]:
    yield from ("", f"**{heading}**" if not below else heading, "")
    if below:
        yield from (below, "")
    for test in tests[:_MOST_TESTS]:
        where = f" at {_code(test.location)}" if test.location else ""
        yield f"- {_code(test.test_id)}{where}  "
        yield f"  {_code(phrases.headline(test), _MESSAGE)}"
    if len(tests) > _MOST_TESTS:
        yield f"- and {len(tests) - _MOST_TESTS} more"


def _slowdowns(analysis: Analysis) -> Iterator[str]:
    slower = list(phrases.slowdowns(analysis))
    if slower:
        yield from ("", f"**Slower: {counted(analysis.slower) or 'perhaps, nobody can tell'}**", "")
        yield from (f"- {_code(name)}: {_code(what, _MESSAGE)}" for name, what in slower[:_MOST_TESTS])
    if len(slower) > _MOST_TESTS:
        yield f"- and {len(slower) - _MOST_TESTS} more"


def _comparisons(analysis: Analysis) -> Iterator[str]:
    for since, found in phrases.comparisons(analysis):
        counts = ", ".join(f"{len(names)} {word}" for word, names in phrases.kinds(found))
        if counts:
            yield from ("", f"{since[:1].upper()}{since[1:]}: {counts}.")


def _actions(analysis: Analysis) -> Iterator[str]:
    if not analysis.verdict.is_good:
        yield from ("", f"`batchhook analyze {analysis.batch.id}` tells more.")
