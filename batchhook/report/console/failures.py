"""Failing tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.text import Text

from batchhook.core.plural import plural
from batchhook.core.results import Outcome, TestResult, totals_by_module
from batchhook.core.sanitize import one_line, sanitize_lines
from batchhook.core.test_ids import NODE_SEPARATOR, is_node_id
from batchhook.core.tracebacks import Frame, project_frames, shorten_paths
from batchhook.report import phrases
from batchhook.report.console.layout import NO_BREAK, Line, more, section, unbroken

MAX_MODULES = 10
"""Modules shown without ``--tracebacks``."""
MAX_FAILURES = 5
"""Failures shown of one group without ``--tracebacks``."""
_MAX_LINES = 12
"""Lines of a message shown without ``--tracebacks``."""
_MAX_LENGTH = 160
"""Characters of each of these lines."""


def by_module(
    failures: Sequence[TestResult], remarks: Mapping[str, Sequence[str]], *, tracebacks: bool
) -> Iterator[RenderableType]:
    """Yield failures by module, the module with most of them first.

    Args:
        failures: results of failing tests.
        remarks: what else is known about a test, by its id.
        tracebacks: show everything, with tracebacks.
    """
    modules = list(totals_by_module(failures).items())
    for module, totals in modules if tracebacks else modules[:MAX_MODULES]:
        yield section(f"{one_line(module)}: {totals.failures} failing")
        members = [result for result in failures if result.module == module]
        separator = NODE_SEPARATOR if is_node_id(members[0].test_id) else "."
        yield from group(members, remarks, prefix=f"{module}{separator}", tracebacks=tracebacks)
    rest = 0 if tracebacks else sum(totals.failures for _, totals in modules[MAX_MODULES:])
    if rest:
        others = plural(len(modules) - MAX_MODULES, "other module")
        yield section(more(rest, f"in {others}"), style="dim")


def group(
    failures: Sequence[TestResult],
    remarks: Mapping[str, Sequence[str]],
    *,
    tracebacks: bool,
    prefix: str = "",
    edited: frozenset[str] = frozenset(),
) -> Iterator[RenderableType]:
    """Yield the first of some failures, or all of them with tracebacks.

    Args:
        failures: results of failing tests.
        remarks: what else is known about a test, by its id.
        tracebacks: show everything, with tracebacks.
        prefix: common to all ids, and left out.
        edited: files edited by the culprit; calls in them are marked.
    """
    limit = len(failures) if tracebacks else MAX_FAILURES
    for result in failures[:limit]:
        yield from _failure(
            result, remarks.get(result.test_id, ()), prefix=prefix, edited=edited, tracebacks=tracebacks
        )
    if len(failures) > limit:
        yield Line(more(len(failures) - limit), style="dim", indent=2)


def _failure(
    result: TestResult, remarks: Sequence[str], *, prefix: str, edited: frozenset[str], tracebacks: bool
) -> Iterator[RenderableType]:
    head = Text.assemble(
        (unbroken(phrases.name(result).removeprefix(prefix)), "red"), (f"  {unbroken(result.location)}", "cyan")
    )
    if result.subtests_failed:
        head.append(f"  {plural(result.subtests_failed, 'subtest')}", style="dim")
    for remark in remarks:
        head.append(f"  {one_line(remark)}", style="dim")
    yield Line(head, indent=2, hang=4)
    marked = [frame for frame in project_frames(result.traceback) if frame.path in edited]
    traceback = sanitize_lines(shorten_paths(result.traceback)) if tracebacks else ""
    if traceback:
        yield Line(_mark(traceback, marked), indent=4, wrap=False)
    else:
        yield from message_lines(result)
        if marked:
            yield Line(f"▸ {_call(marked[-1])}", style="yellow", indent=4)
    if result.note:
        yield Line(f"→ {one_line(result.note)}", style="yellow", indent=4)


def message_lines(result: TestResult) -> Iterator[Line]:
    """Yield the error type with the message; a message of several lines, such as a diff, keeps the first of them."""
    lines = [line.rstrip() for line in sanitize_lines(phrases.headline(result)).splitlines()]
    lines = [line if len(line) <= _MAX_LENGTH else f"{line[: _MAX_LENGTH - 1]}…" for line in lines if line]
    if not lines:
        return
    yield Line(lines[0], style="dim", indent=4)
    for line in lines[1:_MAX_LINES]:
        yield Line(line, style="dim", indent=6, wrap=False)
    if len(lines) > _MAX_LINES:
        yield Line(more(len(lines) - _MAX_LINES, "lines"), style="dim", indent=6)


def _mark(traceback: str, marked: Sequence[Frame]) -> Text:
    rows = {frame.row for frame in marked}
    return Text("\n").join(
        Text(f"▸{line[1:]}", style="yellow") if row in rows else Text(line)
        for row, line in enumerate(traceback.splitlines())
    )


def _call(frame: Frame) -> str:
    function = f" in {frame.function}" if frame.function else ""
    return one_line(f"{frame.path}:{frame.line}{function}")


def parallel_only(results: Iterable[TestResult]) -> Iterator[RenderableType]:
    """Yield the tests that failed only in parallel with others, by the probable cause."""
    for note, test_ids in phrases.parallel_only(results).items():
        yield section(f"{one_line(note)}: {len(test_ids)}", style="yellow")
        yield from named(test_ids, MAX_FAILURES)


def skipped(results: Iterable[TestResult]) -> Iterator[RenderableType]:
    """Yield the skipped tests whose skip batchhook can explain, with the reason of each."""
    explained = [result for result in results if result.outcome is Outcome.SKIPPED and result.note]
    if not explained:
        return
    yield section(f"skipped, perhaps for lack of uncommitted files: {len(explained)}", style="yellow")
    for result in explained[:MAX_FAILURES]:
        yield Line(Text.assemble(unbroken(result.test_id), (f"  {one_line(result.message)}", "dim")), indent=2, hang=4)
        yield Line(f"→ {one_line(result.note)}", style="yellow", indent=4)
    if len(explained) > MAX_FAILURES:
        yield Line(more(len(explained) - MAX_FAILURES), style="dim", indent=2)


def named(test_ids: Sequence[str], limit: int, label: str = "", style: str = "") -> Iterator[Line]:
    """Yield the first of some test ids, one a line, and how many more there are.

    Args:
        test_ids: the ids.
        limit: how many to name.
        label: before each of them: ``fixed:``.
        style: of the label.
    """
    for test_id in test_ids[:limit]:
        text = Text.assemble((unbroken(label), style), NO_BREAK, unbroken(test_id)) if label else unbroken(test_id)
        yield Line(text, indent=2)
    if len(test_ids) > limit:
        rest = len(test_ids) - limit
        yield Line(f"{label} {rest} more" if label else more(rest), style="dim", indent=2)
