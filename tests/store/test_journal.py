"""The journal is a hint: whatever stands in it, reading it does no harm."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings, strategies as st

from batchhook.store import journal
from batchhook.store.journal import Committed, Rewritten

OID = "0123456789abcdef" * 2 + "01234567"


def test_what_is_appended_is_read_from_where_reading_stopped(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal.append(path, Committed("refs/heads/main", OID))
    first, offset = journal.read(path, 0)
    journal.append(path, Rewritten("refs/heads/main", OID, OID[::-1]))
    second, end = journal.read(path, offset)
    assert first == [Committed("refs/heads/main", OID)]
    assert second == [Rewritten("refs/heads/main", OID, OID[::-1])]
    assert journal.read(path, end) == ([], end)


def test_a_torn_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_text(f"commit refs/heads/main {OID}\ncommit refs/heads/ma")
    entries, offset = journal.read(path, 0)
    assert len(entries) == 1
    with path.open("a") as file:
        file.write(f"in {OID}\n")
    assert journal.read(path, offset)[0] == [Committed("refs/heads/main", OID)]


def test_a_journal_begun_anew_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_text(f"commit refs/heads/main {OID}\n")
    assert len(journal.read(path, 10_000)[0]) == 1
    assert journal.read(tmp_path / "missing", 5) == ((), 0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.binary(max_size=400))
def test_rubbish_is_passed_over(tmp_path: Path, rubbish: bytes) -> None:
    path = tmp_path / "journal"
    path.write_bytes(rubbish + b"\n" + f"commit refs/heads/main {OID}\n".encode())
    entries, offset = journal.read(path, 0)
    assert entries[-1] == Committed("refs/heads/main", OID)
    assert offset == path.stat().st_size
