"""Polling where the system does not report changes."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.driving import Repository
from tests.workflow.watching.conftest import Start

LIMITED = 'echo {} > /proc/sys/user/max_inotify_{} && exec "$@"'
"""Runs a command with another limit of the system's, in a namespace of its own."""


def limited(what: str, most: int) -> tuple[str, ...]:
    words = ("unshare", "--user", "--map-root-user", "sh", "-c", LIMITED.format(most, what), "sh")
    if shutil.which("unshare") is None or subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        pytest.skip("limits of the system's watcher cannot be set here: no user namespaces")
    return words


def _check_that_all_is_seen(repository: Repository, start: Start, *arguments: str, before: tuple[str, ...] = ()) -> str:
    repository.write("pkg/a.py", "1\n")
    repository.write("pkg/b.py", "1\n")
    repository.commit("files")
    watch = start(*arguments, before=before)
    reason = watch.event("polling")["message"]
    repository.write("pkg/a.py", "22\n")
    watch.recorded("pkg/a.py")
    repository.write("new/inner/c.py", "1\n")
    watch.recorded("new/inner/c.py")
    repository.write("new/inner/c.py", "22\n")
    watch.recorded("new/inner/c.py", len(watch.news))
    shutil.rmtree(repository.top / "pkg")
    watch.recorded("pkg/b.py")
    repository.write("pkg/b.py", "333\n")
    watch.recorded("pkg/b.py", len(watch.news))
    watch.mark()
    assert len(watch.changes) == 6
    return str(reason)


def test_as_requested(repository: Repository, start: Start) -> None:
    assert "as requested" in _check_that_all_is_seen(repository, start, "--poll", "0.1")


def test_too_many_folders(repository: Repository, start: Start) -> None:
    assert "max_user_watches" in _check_that_all_is_seen(repository, start, before=limited("watches", 2))


def test_no_watcher_at_all(repository: Repository, start: Start) -> None:
    repository.write("a.txt", "1\n")
    watch = start(before=limited("instances", 0))
    assert "max_user_instances" in watch.event("polling")["message"]
    watch.recorded("a.txt")


def test_the_limit_is_reached_later(repository: Repository, start: Start) -> None:
    watch = start(before=limited("watches", 4))
    watch.mark()
    for number in range(6):
        repository.write(f"folder{number}/a.txt", "1\n")
    watch.recorded("folder5/a.txt")
    watch.event("polling")
    repository.write("folder5/a.txt", "22\n")
    watch.recorded("folder5/a.txt", len(watch.news))
