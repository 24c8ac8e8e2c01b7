"""What a search over a range of history found out, as people read it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from batchhook.core.changes import Commit, FileEdit
from batchhook.core.culprits.attribution import Attribution, Kind, Sight, by_change
from batchhook.core.culprits.bisect_result import Bisection, Finding
from batchhook.core.sanitize import one_line
from batchhook.report.console import evidence
from batchhook.report.console.layout import OID

MOST_FILES = 10
"""Files of a change that are shown."""


def verdict_on(found: Attribution) -> str:
    """What became of a test that no change is named for, in half a sentence."""
    if found.kind is Kind.FLAKY:
        return "flaky: no change broke it"
    if found.kind is Kind.PRE_EXISTING:
        return "failed before the first change, too"
    return f"unclear: {evidence.suspects(found)}{f'; {found.reason}' if found.reason else ''}"


def print_bisection(console: Console, found: Bisection) -> None:
    """What a search over a range of history found out, for each test."""
    tests = {name: finding.attribution for name, finding in found.findings.items()}
    for oid, broken in by_change(tests).items():
        console.print(_culprit(found.commits[oid], found.edits.get(oid, ())))
        for name in broken:
            console.print(_indented(_test(name, f"{_verb(tests[name])} ", found.findings[name])))
    for name, finding in found.findings.items():
        if not finding.is_solved:
            console.print(_test(name, "", finding, f": {verdict_on(finding.attribution)}"))
    for name, sight in found.sound.items():
        console.print(Text(f"{one_line(name)}: {_sound(sight)} at {_short(found.bad)}"))
    for remark in found.remarks:
        console.print(Text(one_line(remark), style="yellow"))
    console.print(Text(f"{found.visits} checkouts for {_commits(found.size)}", style="dim"))


def _culprit(commit: Commit, edits: Sequence[FileEdit]) -> Table:
    """A commit that is to blame: its name and subject, who made it and when, which files it touched."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold yellow", no_wrap=True)
    table.add_column()
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(commit.authored_at))
    files = [f"{edit.status.value[:1].upper()} {one_line(edit.path)}" for edit in edits[:MOST_FILES]]
    more = [f"… and {len(edits) - MOST_FILES} more files"] if len(edits) > MOST_FILES else []
    text = Text(one_line(commit.subject), style="bold")
    text.append("\n" + "\n".join([f"{one_line(commit.author)}, {when}", *files, *more]), style="not bold dim")
    table.add_row(_short(commit.oid), text)
    return table


def _test(name: str, before: str, finding: Finding, after: str = "") -> Text:
    found = finding.attribution
    seen = f"{evidence.telling(found)}; {evidence.percent(found)}" if found.evidence else ""
    lines = [seen, *_notes(finding)]
    head = Text.assemble(before, (one_line(name), "red"), after)
    return head.append("".join(f"\n  {one_line(line)}" for line in lines if line), style="dim")


def _notes(finding: Finding) -> Iterator[str]:
    if finding.merges:
        yield f"came by the merge {' and '.join(map(_short, finding.merges))}"
    yield finding.note


def _indented(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 2), expand=False)


def _verb(found: Attribution) -> str:
    return "broke" if found.kind is Kind.CULPRIT else "brought, failing,"


def _sound(sight: Sight) -> str:
    return "is skipped" if sight is Sight.SKIPPED else "passes"


def _commits(number: int) -> str:
    return "1 commit" if number == 1 else f"{number} commits"


def _short(oid: str) -> str:
    return oid[:OID]
