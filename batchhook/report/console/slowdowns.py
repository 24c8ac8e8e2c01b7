"""What became slower, as people read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from batchhook.core.analysis import Analysis
from batchhook.core.perf.slowdown import Slowdown, Timings, counted
from batchhook.core.sanitize import one_line
from batchhook.report.console import culprits
from batchhook.report.console.layout import OID

_MOST = 5
"""Tests shown of one group where not everything is asked for."""


def slower(analysis: Analysis, *, full: bool) -> Iterator[RenderableType]:
    """Tests and modules that became slower, under the change that did it; then those of which nobody can tell.

    Args:
        analysis: of the batch.
        full: whether to show all of them, with all that was measured.
    """
    groups: dict[tuple[str, ...], list[Slowdown]] = {}
    for each in analysis.slower:
        groups.setdefault(each.suspects, []).append(each)
    for suspects, these in groups.items():
        yield _heading(suspects, these, analysis)
        yield from _some(these, full=full)
    unclear = [each for each in analysis.slowdowns if each.is_unclear]
    if unclear:
        yield Text(f"\nperhaps slower, nobody can tell: {counted(unclear)}", style="bold")
        yield from _some(unclear, full=full)


def _heading(suspects: Sequence[str], these: Sequence[Slowdown], analysis: Analysis) -> RenderableType:
    commit = analysis.commits.get(suspects[0]) if len(suspects) == 1 else None
    if commit is not None:
        files = [edit.path for edit in analysis.edits.get(commit.oid, ())]
        return culprits.blame(commit, (f"made {counted(these)} slower", "bold yellow"), files)
    span = f"one of {suspects[0][:OID]} … {suspects[-1][:OID]}  " if len(suspects) > 1 else "".join(suspects)[:OID]
    return Text.assemble("\n", (span, "yellow"), (f"made {counted(these)} slower", "bold yellow"))


def _some(these: Sequence[Slowdown], *, full: bool) -> Iterator[RenderableType]:
    shown = these if full else these[:_MOST]
    for each in shown:
        yield Padding(_one(each, full=full), (0, 2), expand=False)
    if len(these) > len(shown):
        yield Padding(Text(f"… and {len(these) - len(shown)} more", style="dim"), (0, 2), expand=False)


def _one(found: Slowdown, *, full: bool) -> Text:
    judgement = found.judgement
    kind = "module " if found.is_module else ""
    text = Text.assemble((kind, "dim"), (one_line(found.name), "yellow"), (f"\n  {change(found)}", ""))
    if found.is_confirmed:
        text.append(f"  p = {judgement.p:.2g}", style="dim")
    if found.reason:
        text.append(f"\n  {one_line(found.reason)}", style="dim")
    for timings in found.evidence if full else ():
        text.append(f"\n  {_measured(timings)}", style="dim")
    return text


def change(found: Slowdown) -> str:
    """``31 → 82 ms, 2.6 times``."""
    judgement = found.judgement
    return f"{milliseconds(judgement.before)} → {milliseconds(judgement.now)} ms, {judgement.ratio:.1f} times"


def _measured(timings: Timings) -> str:
    base, there = (" ".join(map(milliseconds, each)) for each in (timings.base, timings.there))
    return f"{timings.state[:OID]}: {there}; before the batch: {base}"


def milliseconds(seconds: float) -> str:
    """``31`` or ``7.2``: milliseconds, with as many digits as mean something."""
    return f"{1000 * seconds:.1f}" if seconds < 0.01 else f"{1000 * seconds:.0f}"  # noqa: PLR2004 - ten of them
