"""What broke which test, as people read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.text import Text

from batchhook.core.analysis import Analysis
from batchhook.core.changes import Commit
from batchhook.core.culprits.attribution import Attribution, Kind
from batchhook.core.sanitize import one_line
from batchhook.report.console import evidence, failures
from batchhook.report.console.layout import OID

_MOST_FILES = 4
"""Files of a change that are named; more are counted."""
_INDENT = " " * (OID + 2)
_HEADINGS = {
    Kind.FLAKY: "flaky, broken by none of the changes",
    Kind.PRE_EXISTING: "failed before this batch, too",
    Kind.AMBIGUOUS: "could not be found out",
}


def by_culprits(
    analysis: Analysis, known: Mapping[str, Sequence[str]], *, tracebacks: bool
) -> Iterator[RenderableType]:
    """Failing tests under the change that broke them; then those that none did.

    Args:
        analysis: with attributions.
        known: what else is known of tests, in a few words, by id.
        tracebacks: whether to show the whole texts, and all that was seen.
    """
    told = {
        name: [*([whole(found)] if tracebacks else brief(found)), *known.get(name, ())]
        for name, found in analysis.attributions.items()
    }
    for change, tests in analysis.blamed:
        files = [edit.path for edit in analysis.edits.get(change.oid, ())]
        number = "1 test" if len(tests) == 1 else f"{len(tests)} tests"
        yield blame(change, (f"broke {number}", "bold red"), files)
        if change.oid in analysis.between:
            yield _below("none of this batch's changes: it came between them", "yellow")
        yield _below(pair([analysis.attributions[test.test_id] for test in tests]))
        yield from failures.some(tests, told, tracebacks=tracebacks, changed=frozenset(files))
    for kind, heading in _HEADINGS.items():
        others = analysis.failures_of(kind)
        if others:
            yield Text(f"\n{heading}: {len(others)}", style="bold")
            yield from failures.some(others, told, tracebacks=tracebacks)


def blame(change: Commit, did: tuple[str, str], files: Sequence[str]) -> RenderableType:
    """A change that is to blame: its name, its subject, what it did (and in which style), its author, its files."""
    named = ", ".join(one_line(path) for path in files[:_MOST_FILES])
    more = f" and {len(files) - _MOST_FILES} more" if len(files) > _MOST_FILES else ""
    return Text.assemble(
        "\n",
        (change.oid[:OID], "yellow"),
        (f"  {one_line(change.subject)}", "bold"),
        (f"  {did[0]}", did[1]),
        (f"\n{_INDENT}{one_line(change.author)}" + (f": {named}{more}" if files else ""), "dim"),
    )


def pair(found: Sequence[Attribution]) -> str:
    """``passed at 1a2b3c4d, failed here (99.7 % sure)``: what speaks against the change that is to blame."""
    weakest = min(found, key=lambda one: one.confidence)
    before = evidence.passed_before(next((one for one in found if one.kind is Kind.CULPRIT), weakest))
    return f"{f'{before}, ' if before else ''}failed here ({evidence.percent(weakest)})"


def brief(found: Attribution) -> list[str]:
    """What is to be said of one test among those with the same end."""
    reason = [found.reason] if found.reason else []
    match found.kind:
        case Kind.CULPRIT:
            return []
        case Kind.INTRODUCED:
            return ["new there, has not passed since"]
        case Kind.PRE_EXISTING:
            return [evidence.rate(found)]
        case Kind.FLAKY:
            return [evidence.rate(found), *reason]
        case Kind.AMBIGUOUS:
            return [evidence.suspects(found), *reason]


def whole(found: Attribution) -> str:
    """All that was seen of a test; and what follows from it."""
    words = "; ".join(brief(found))
    return evidence.all_seen(found) + (f": {words}" if words else "")


def _below(said: str, style: str = "dim") -> RenderableType:
    return Text(f"{_INDENT}{said}", style=style)
