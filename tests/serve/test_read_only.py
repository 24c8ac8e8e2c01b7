"""A repository that can be read only: its pages are there, and nothing is done to it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.driving import Repository
from tests.serve.conftest import serving

# The superuser is held to the rights of files when these two capabilities are gone.
OVERRIDES = "-dac_override,-dac_read_search"
HELD_TO_RIGHTS = ("setpriv", f"--bounding-set={OVERRIDES}", f"--inh-caps={OVERRIDES}") if os.geteuid() == 0 else ()

pytestmark = pytest.mark.skipif(
    bool(HELD_TO_RIGHTS) and shutil.which("setpriv") is None, reason="root ignores rights, and setpriv is missing"
)


@pytest.fixture
def locked(failed: Repository) -> Iterator[Repository]:
    """The repository, without the right to write anything in it."""
    failed.await_runs()
    entries = [failed.top, *(entry for entry in failed.top.rglob("*") if not entry.is_symlink())]
    modes = [(entry, entry.stat().st_mode) for entry in entries]
    for entry, mode in modes:
        entry.chmod(mode & ~0o222)
    yield failed
    for entry, mode in modes:
        entry.chmod(mode)


def test_a_repository_that_can_be_read_only(locked: Repository, tmp_path: Path) -> None:
    state = locked.top / ".git/batchhook"
    before = sorted(state.rglob("*"))
    assert not (state / "state.db-wal").exists(), "no process has it open"
    with serving(locked.top, tmp_path / "printed", prefix=HELD_TO_RIGHTS) as server:
        server.enter()
        for path in ("/", "/live", "/batches", "/batches/1", "/tests", "/changes", "/operations", "/compare"):
            assert server.get(path)[0] == 200, path
        status, body = server.get("/batches/1/rollback")
        assert (status, "o permission to write" in body) == (422, True)
        token = {"token": server.form_token()}
        for name, form in (("run", {}), ("acknowledge", {"batch": "1"}), ("baseline", {"commit": "HEAD"})):
            status, _, body = server.post(f"/actions/{name}", {**token, **form})
            assert (status, "his repository is read-only here" in body) == (422, True), name
        assert server.errors() == ""
    assert sorted(state.rglob("*")) == before
