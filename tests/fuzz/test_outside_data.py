"""Whatever comes in from outside is read, or is a clean error: manifests, settings, a harness's words, the journal.

``FUZZ_INPUTS=20000 pytest tests/fuzz`` is the nightly run; without it each test takes a few.
"""

from __future__ import annotations

import json
import os
import string
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st

from batchhook.core.paths import is_safe_path
from batchhook.core.sanitize import one_line, sanitize_lines
from batchhook.core.settings import Settings
from batchhook.errors import BatchhookError
from batchhook.execution import protocol
from batchhook.execution.protocol_reader import ForgedError, ProtocolReader
from batchhook.store import journal
from batchhook.store.backups import BackedUpFile, BackupStore
from batchhook.store.restorations import RestorationStore
from batchhook.workflow.context.config import SettingsSources, load
from batchhook.workflow.restore.safe_files import SafeFiles

INPUTS = int(os.environ.get("FUZZ_INPUTS", "150"))
fuzz = settings(
    max_examples=INPUTS,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

NASTY = [
    "../x",
    "/etc/passwd",
    ".git/config",
    "\x00",
    "\udcff",
    "a/../../b",
    "\x1b]0;x\x07",
    "$(touch x)",
    "\u202e",
    "",
]
TEXT = st.text(max_size=20) | st.sampled_from(NASTY)
VALUE = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
JSON = st.recursive(VALUE, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))


def mutated(table: Any, draw: st.DrawFn) -> Any:  # noqa: ANN401 - as json.loads
    """A JSON value with something else somewhere."""
    if isinstance(table, dict) and table and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(table)))
        if draw(st.booleans()):
            return {**table, key: mutated(table[key], draw)}
        return {name: value for name, value in table.items() if name != key} | draw(
            st.dictionaries(TEXT, JSON, max_size=1)
        )
    if isinstance(table, list) and table and draw(st.integers(0, 3)):
        return [mutated(table[0], draw), *table[1:]]
    return draw(JSON)


def torn(text: bytes, draw: st.DrawFn) -> bytes:
    """Bytes of which some are others."""
    if not text or draw(st.booleans()):
        return text
    place = draw(st.integers(0, len(text) - 1))
    return text[:place] + draw(st.binary(max_size=4)) + text[place + draw(st.integers(0, 4)) :]


MANIFEST = {
    "version": 1,
    "batch": 1,
    "commit": "a" * 40,
    "head": "b" * 40,
    "files": [{"path": "a", "path_hex": "", "existed": True, "mode": "100644", "sha256": "c" * 64, "size": 3}],
}
RESTORATION = {
    "number": 1,
    "batch": 1,
    "top": "2f",
    "status": "intent",
    "started_at": 1.5,
    "files": [{"path": "a", "was": {"mode": "100644", "sha256": "c" * 64, "size": 1}, "became": {}}],
}


@st.composite
def documents(draw: st.DrawFn, table: Any) -> bytes:  # noqa: ANN401 - as json.loads
    """A document like this one, or not so like."""
    text = json.dumps(mutated(table, draw)).encode("utf-8", "surrogatepass")
    return draw(st.binary(max_size=60)) if not draw(st.integers(0, 9)) else torn(text, draw)


@fuzz
@given(text=documents(MANIFEST))
def test_manifests(tmp_path: Path, text: bytes) -> None:
    folder = tmp_path / "batch_1"
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_bytes(text)
    backups = BackupStore(tmp_path)
    for said in backups.verify(1):
        assert said
    try:
        files = backups.read_manifest(1).files
    except BatchhookError:
        return
    for file in files:
        assert backups.object_path(file.sha256 or "00").resolve().is_relative_to(tmp_path)
        assert backups.verify_file(file) or not file.sha256, "there is no such content"
        _look(file, tmp_path)


def _look(file: BackedUpFile, tmp_path: Path) -> None:
    try:
        SafeFiles(tmp_path).read_state(file.name)
    except BatchhookError:
        pass
    except OSError:
        pass  # a name that the file system has not: too long


@fuzz
@given(text=documents(RESTORATION))
def test_what_was_kept(tmp_path: Path, text: bytes) -> None:
    folder = tmp_path / "1"
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_bytes(text)
    with suppress(BatchhookError):
        RestorationStore(tmp_path).find_undoable("/")


NAMES = ["batch_size", "unit", "gate", "link", "branches", "python", "start_dir", "jobs", "auto_rollback", "wait"]


@st.composite
def configurations(draw: st.DrawFn) -> bytes:
    """A file of settings: nearly right, or any bytes."""
    if not draw(st.integers(0, 5)):
        return draw(st.binary(max_size=60))
    value = st.integers() | st.floats() | st.booleans() | st.text(string.printable, max_size=8).map(json.dumps)
    rows = [
        f"{draw(st.sampled_from(NAMES) | st.text(string.ascii_letters, min_size=1, max_size=5))} = {_toml(draw(value))}"
        for _ in range(draw(st.integers(0, 3)))
    ]
    heads = draw(
        st.lists(
            st.sampled_from(["[tool.batchhook]", "[tool]", "[branches.main]", '[branches."*"]', "[[x]]"]), max_size=2
        )
    )
    return torn("\n".join(draw(st.permutations([*rows, *heads]))).encode(), draw)


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, (bool, float)) else str(value)


@fuzz
@given(
    text=configurations(),
    name=st.sampled_from([".batchhook.toml", "pyproject.toml"]),
    kept=documents({"key": "x", "settings": {}}),
)
def test_settings(tmp_path: Path, text: bytes, name: str, kept: bytes) -> None:
    for other in (".batchhook.toml", "pyproject.toml"):
        (tmp_path / other).unlink(missing_ok=True)
    (tmp_path / name).write_bytes(text)
    (tmp_path / "settings.json").write_bytes(kept)
    with suppress(BatchhookError):
        found = load(SettingsSources(tmp_path, {}), lambda: "refs/heads/main", cache=tmp_path / "settings.json")
        assert isinstance(found, Settings)


@fuzz
@given(
    variables=st.dictionaries(st.sampled_from(NAMES).map(lambda name: f"BATCHHOOK_{name.upper()}"), TEXT, max_size=2)
)
def test_settings_of_the_environment(tmp_path: Path, variables: dict[str, str]) -> None:
    with suppress(BatchhookError):
        assert isinstance(load(SettingsSources(tmp_path, variables), lambda: ""), Settings)


FINISHED = {
    "line": 0,
    "kind": "finished",
    "item": 0,
    "result": {
        "test_id": "a.B.c",
        "module": "a",
        "outcome": "failed",
        "duration": 0.5,
        "error_type": "E",
        "message": "m",
        "location": "a.py:1",
        "traceback": "t",
        "subtests_failed": 0,
    },
}
MESSAGES = [
    FINISHED,
    {"line": 0, "kind": "items", "items": [["a", "b", "c", ""]]},
    {"line": 0, "kind": "chunk_finished", "origins": [["a", "b"]]},
]


@st.composite
def harness_lines(draw: st.DrawFn) -> bytes:
    """What a harness might write, with its token."""
    text = draw(documents(draw(st.sampled_from(MESSAGES))))
    return b"token " + text.replace(b"\n", b" ") + b"\n" if draw(st.integers(0, 5)) else draw(st.binary(max_size=80))


@fuzz
@given(pieces=st.lists(harness_lines(), max_size=4), cut=st.integers(1, 50))
def test_messages_of_a_harness(pieces: list[bytes], cut: int) -> None:
    data = b"".join(pieces)
    reader = ProtocolReader("token")
    with suppress(ForgedError):
        for place in range(0, len(data), cut):
            for message in reader.feed(data[place : place + cut]):
                assert isinstance(message, protocol.HarnessMessage)


@st.composite
def journals(draw: st.DrawFn) -> bytes:
    """A journal: right lines, torn lines, any bytes."""
    oid = draw(st.sampled_from(["a" * 40, "b" * 64, "c" * 39, "../../x"]))
    branch = draw(st.sampled_from(["refs/heads/main", "HEAD", "../../x", "$(touch x)", "a\x1b[2J"]))
    line = draw(st.sampled_from([f"commit {branch} {oid}", f"rewrite {branch} {oid} {oid}", "commit", ""]))
    return torn(line.encode() + b"\n", draw)


@fuzz
@given(text=st.lists(journals(), max_size=4).map(b"".join), offset=st.integers(-5, 400))
def test_journals(tmp_path: Path, text: bytes, offset: int) -> None:
    path = tmp_path / "journal"
    path.write_bytes(text)
    entries, read = journal.read(path, max(offset, 0))
    assert 0 <= read <= max(len(text), offset)
    for entry in entries:
        assert " " not in entry.branch
    again, _ = journal.read(path, read)
    assert list(again) == [] or read == 0


@fuzz
@given(
    path=st.text(max_size=30)
    | st.lists(st.sampled_from(["..", ".", "", "a", ".git", ".GiT ", "b"]), max_size=5).map("/".join)
)
def test_paths(path: str) -> None:
    if is_safe_path(path):
        place = os.path.normpath(os.path.join("/top", path))  # noqa: PTH118 - words only
        assert place.startswith("/top/")
        assert ".git" not in (part.lower() for part in path.split("/"))


@fuzz
@given(text=st.text())
def test_what_is_shown_commands_no_terminal(text: str) -> None:
    assert one_line(text).isprintable()
    assert all(line.isprintable() for line in sanitize_lines(text).split("\n"))
