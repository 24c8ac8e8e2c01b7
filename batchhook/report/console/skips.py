"""Skipped tests, compared with the user's work tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from batchhook.core.plural import plural
from batchhook.core.sanitize import one_line
from batchhook.core.skip_comparison import SkipComparison, SkipDifference
from batchhook.report.console.failures import MAX_FAILURES, message_lines, named
from batchhook.report.console.layout import Line, more, section, unbroken

_MAX_TESTS = 20
"""Tests that are shown, of those that run in the user's work tree only."""


def next_step(skipped: int) -> Sequence[tuple[str, str]]:
    """Return the command that compares a number of skips with the user's work tree, with its effect; none for 0."""
    if not skipped:
        return []
    return [("batchhook test --skipped", f"compare {plural(skipped, 'skipped test')} with your work tree")]


def comparison(commit: str, compared: SkipComparison) -> Iterator[RenderableType]:
    """Yield what differs between the private work tree and the user's own.

    Args:
        commit: oid of the commit that was tested in the private one.
        compared: the two, compared.
    """
    yield Line(f"{commit[:8]} {summarize(compared)}")
    if compared.differences:
        yield section(f"skipped there, run in your work tree: {len(compared.differences)}", style="yellow")
    yield from _by_note(compared.differences[:_MAX_TESTS])
    if len(compared.differences) > _MAX_TESTS:
        yield Line(more(len(compared.differences) - _MAX_TESTS), style="dim", indent=2)
    for heading, names in (
        ("only in your work tree", compared.only_uncommitted),
        ("only in the commit", compared.only_committed),
        ("not loaded in your work tree", compared.unloaded),
    ):
        if names:
            yield section(f"{heading}: {len(names)}", style="yellow")
            yield from named(names, MAX_FAILURES)
    for name in compared.uncompared:
        yield Line(f"not compared: {one_line(name)}, whose command cannot run single tests", style="dim")


def summarize(compared: SkipComparison) -> str:
    """Return ``24 skipped: 3 tests ran in your work tree (2 passed, 1 failed), 21 skipped there, too``."""
    if not compared.skipped:
        same = "; your work tree has the same tests" if compared.is_equal else ""
        return f"nothing is skipped{same}"
    parts = []
    if compared.differences:
        failed = sum(each.result.outcome.is_failure for each in compared.differences)
        passed = len(compared.differences) - failed
        counts = ", ".join(f"{number} {word}" for number, word in ((passed, "passed"), (failed, "failed")) if number)
        parts.append(f"{plural(len(compared.differences), 'test')} ran in your work tree ({counts})")
    if compared.skipped_in_both:
        where = "there" if parts else "in your work tree"
        parts.append(f"{compared.skipped_in_both} skipped {where}, too")
    return f"{compared.skipped} skipped: {', '.join(parts) or 'none exists in your work tree'}"


def _by_note(differences: Iterable[SkipDifference]) -> Iterator[RenderableType]:
    """Yield tests with the reason of each skip, and after those that lack the same files the note about these."""
    groups: dict[str, list[SkipDifference]] = {}
    for difference in differences:
        groups.setdefault(difference.skipped.note, []).append(difference)
    for note, members in groups.items():
        for difference in members:
            yield from _difference(difference)
        if note:
            yield Line(f"→ {one_line(note)}", style="yellow", indent=4)


def _difference(difference: SkipDifference) -> Iterator[RenderableType]:
    result, skipped = difference.result, difference.skipped
    style = "red" if result.outcome.is_failure else "green"
    head = Text.assemble((unbroken(result.outcome.value), style), "  ", unbroken(result.test_id))
    yield Line(head.append(f"  {one_line(skipped.message)}", style="dim"), indent=2, hang=4)
    if result.outcome.is_failure:
        yield from message_lines(result)
