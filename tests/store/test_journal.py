"""The journal: whatever it contains, reading it does no harm."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings, strategies as st

from batchhook.store import journal
from batchhook.store.journal import CommitEntry, RewriteEntry

OID = "0123456789abcdef" * 2 + "01234567"


def test_reading_continues_at_the_offset(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal.append(path, CommitEntry("refs/heads/main", OID))
    first, offset = journal.read(path, 0)
    journal.append(path, RewriteEntry("refs/heads/main", OID, OID[::-1]))
    second, end = journal.read(path, offset)
    assert first == [CommitEntry("refs/heads/main", OID)]
    assert second == [RewriteEntry("refs/heads/main", OID, OID[::-1])]
    assert journal.read(path, end) == ([], end)


def test_a_partial_line_is_read_once_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_text(f"commit refs/heads/main {OID}\ncommit refs/heads/ma")
    entries, offset = journal.read(path, 0)
    assert len(entries) == 1
    with path.open("a") as file:
        file.write(f"in {OID}\n")
    assert journal.read(path, offset)[0] == [CommitEntry("refs/heads/main", OID)]


def test_a_journal_that_was_started_over_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_text(f"commit refs/heads/main {OID}\n")
    assert len(journal.read(path, 10_000)[0]) == 1
    assert journal.read(tmp_path / "missing", 5) == ((), 0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.binary(max_size=400))
def test_rubbish_is_skipped(tmp_path: Path, rubbish: bytes) -> None:
    path = tmp_path / "journal"
    path.write_bytes(rubbish + b"\n" + f"commit refs/heads/main {OID}\n".encode())
    entries, offset = journal.read(path, 0)
    assert entries[-1] == CommitEntry("refs/heads/main", OID)
    assert offset == path.stat().st_size
