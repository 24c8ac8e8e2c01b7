"""Failing tests, as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from batchhook.core.results import TestResult, by_module
from batchhook.core.sanitize import lines, one_line
from batchhook.core.tracebacks import Frame, frames, shortened

MOST_MODULES = 10
"""Modules shown one by one where tracebacks are not asked for."""
MOST_FAILURES = 5
"""Failing tests shown of one group where tracebacks are not asked for."""
_MESSAGE = 160
"""Characters of a message that are shown where tracebacks are not asked for."""


def by_modules(
    failed: Sequence[TestResult], known: Mapping[str, Sequence[str]], *, tracebacks: bool
) -> Iterator[RenderableType]:
    """Failing tests by module, the module with most of them first.

    Args:
        failed: the failing results.
        known: what is known of each, in a few words, by id.
        tracebacks: whether to show the whole texts.
    """
    modules = list(by_module(failed).items())
    for module, totals in modules if tracebacks else modules[:MOST_MODULES]:
        yield Text(f"\n{one_line(module)}: {totals.failures} failing", style="bold")
        these = [result for result in failed if result.module == module]
        yield from some(these, known, prefix=f"{module}.", tracebacks=tracebacks)
    rest = 0 if tracebacks else sum(totals.failures for _, totals in modules[MOST_MODULES:])
    if rest:
        yield Text(f"\n… and {rest} more in {len(modules) - MOST_MODULES} other modules", style="dim")


def some(
    failed: Sequence[TestResult],
    known: Mapping[str, Sequence[str]],
    *,
    tracebacks: bool,
    prefix: str = "",
    changed: frozenset[str] = frozenset(),
) -> Iterator[RenderableType]:
    """The first of some failing tests; all where tracebacks are asked for.

    Args:
        failed: the failing results.
        known: what is known of each, in a few words, by id.
        tracebacks: whether to show the whole texts.
        prefix: what all their ids begin with and need not be shown.
        changed: files that a change touched: calls in them are marked.
    """
    most = len(failed) if tracebacks else MOST_FAILURES
    for result in failed[:most]:
        shown = one(result, known.get(result.test_id, ()), prefix=prefix, changed=changed, full=tracebacks)
        yield Padding(shown, (0, 2), expand=False)
    if len(failed) > most:
        yield Padding(Text(f"… and {len(failed) - most} more", style="dim"), (0, 2), expand=False)


def one(
    result: TestResult, known: Sequence[str], *, prefix: str, changed: frozenset[str], full: bool
) -> RenderableType:
    """A failing test: its name and place, what is known of it, what it said."""
    name = one_line(result.test_id.removeprefix(prefix))
    head = Text.assemble((name, "red"), (f"  {one_line(result.location)}", "cyan"))
    if result.subtests_failed:
        head.append(f"  {result.subtests_failed} subtests", style="dim")
    for word in known:
        head.append(f"  {one_line(word)}", style="dim")
    marked = [frame for frame in frames(result.traceback) if frame.path in changed]
    below = [Padding(_said(result, marked, full=full), (0, 2), expand=False)]
    if marked and not full:
        below.append(Padding(Text(f"▸ {_call(marked[-1])}", style="yellow"), (0, 2), expand=False))
    if result.note:
        below.append(Padding(Text(f"→ {one_line(result.note)}", style="yellow"), (0, 2), expand=False))
    return Group(head, *below)


def _said(result: TestResult, marked: Sequence[Frame], *, full: bool) -> Text:
    """What a test said: in a line, or its whole traceback with some calls marked."""
    short = ": ".join(part for part in (result.error_type, one_line(result.message, _MESSAGE)) if part)
    rows = {frame.row for frame in marked}
    traceback = lines(shortened(result.traceback)) if full else ""
    if not traceback:
        return Text(short or result.outcome.value, style="dim")
    return Text("\n").join(
        Text(f"▸{line[1:]}" if row in rows else line, style="yellow" if row in rows else "")
        for row, line in enumerate(traceback.splitlines())
    )


def _call(frame: Frame) -> str:
    inside = f" in {frame.function}" if frame.function else ""
    return one_line(f"{frame.path}:{frame.line}{inside}")


def flaky(times: int) -> list[str]:
    """What is said of a test that failed and passed on one tree."""
    return [f"flaky: failed and passed on one tree ({times} times)"] if times else []


def unsteady(results: Iterable[TestResult]) -> Iterator[RenderableType]:
    """Tests that failed among strangers only, by what is known of the cause."""
    groups: dict[str, list[str]] = {}
    for result in results:
        if result.needs_company:
            groups.setdefault(result.note, []).append(one_line(result.test_id))
    for note, names in groups.items():
        yield Text(f"\n{one_line(note)}: {len(names)}", style="yellow")
        more = [f"… and {len(names) - MOST_FAILURES} more"] if len(names) > MOST_FAILURES else []
        yield Padding(Text("\n".join([*names[:MOST_FAILURES], *more])), (0, 2), expand=False)
