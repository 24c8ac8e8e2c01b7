"""Watched folders, and files that cause no event."""

from __future__ import annotations

import select
from collections.abc import Iterator
from typing import Any

import pytest
from watchfiles._rust_notify import RustNotify

from batchhook.git.command import Git
from batchhook.git.location import locate
from batchhook.workflow.watching import watcher
from batchhook.workflow.watching.debounced_events import (
    DebouncedEvents,
    FileEvent,
    GitMoved,
    SavesSettled,
    WatcherFailed,
)
from batchhook.workflow.watching.watch_roots import WatchRoots, resolve_roots
from tests.driving import Repository


@pytest.fixture
def whole(repository: Repository) -> WatchRoots:
    return resolve_roots(Git(repository.top), locate(repository.top), [])


@pytest.fixture
def bursts(repository: Repository, whole: WatchRoots) -> Iterator[DebouncedEvents]:
    repository.commit("ignore", __gitignore="*.log\nbuild/\n")
    begun = DebouncedEvents(whole, settle=0.05, max_duration=5.0)
    yield begun
    begun.close()


def until(bursts: DebouncedEvents, kind: type) -> list[FileEvent]:
    """Collect events up to the first one of a kind."""
    result: list[FileEvent] = []
    while not any(isinstance(one, kind) for one in result):
        assert select.select([bursts], [], [], 30)[0], f"nothing more came after {result}"
        result += bursts.pop_events()
    return result


def test_ignored_files_cause_no_event(repository: Repository, bursts: DebouncedEvents) -> None:
    for number in range(5):
        repository.write(f"{number}.log", "noise\n")
    repository.write("build/deep/noise.txt", "noise\n")
    repository.git("commit", "--allow-empty", "-m", "everything was seen")
    assert not any(isinstance(one, SavesSettled) for one in until(bursts, GitMoved))
    repository.write("a.txt", "1\n")
    until(bursts, SavesSettled)


def test_only_folders_that_count_are_watched(repository: Repository, whole: WatchRoots) -> None:
    repository.commit("ignore", __gitignore="build/\n/known/\n")
    for path in ("build/deep/a", "src/pkg/a", "src/build/a", "known/a", "known/more/b"):
        repository.write(path, "1\n")
    repository.git("add", "--force", "known/a")
    repository.git("init", "--quiet", "other")
    (repository.top / "link").symlink_to("src")
    assert whole.list_folders() == {"", "src", "src/pkg", "known"}


def test_a_missing_path_is_awaited_in_its_parent(repository: Repository, whole: WatchRoots) -> None:
    repository.write("a/b/c.txt", "1\n")
    narrow = resolve_roots(whole.git, whole.location, ["a/b/c.txt", "a/b"])
    assert narrow.list_folders() == {"a", "a/b"}
    (repository.top / "a/b/c.txt").unlink()
    (repository.top / "a/b").rmdir()
    assert narrow.list_folders() == {"a"}
    assert narrow.covers("a/b/new.txt")
    assert not narrow.covers("a/other.txt")
    assert not whole.covers(".git/index")


def test_a_folder_missing_at_the_wrong_moment_is_watched_soon(
    repository: Repository, whole: WatchRoots, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("pkg/a.txt", "1\n")
    begun: list[list[str]] = []

    def blind_at_first(paths: list[str], *rest: Any) -> Any:  # noqa: ANN401 - watchfiles' own types
        begun.append(paths)
        return RustNotify([path for path in paths if len(begun) > 1 or not path.endswith("/pkg")], *rest)

    monkeypatch.setattr(watcher, "RustNotify", blind_at_first)
    bursts = DebouncedEvents(whole, settle=0.05, max_duration=5.0)
    until(bursts, SavesSettled)  # it may have missed something
    repository.write("pkg/a.txt", "2\n")
    until(bursts, SavesSettled)
    bursts.close()


def test_a_watch_ends_when_its_folder_disappears(repository: Repository, bursts: DebouncedEvents) -> None:
    repository.top.rename(repository.top.with_name("elsewhere"))
    (event,) = (one for one in until(bursts, WatcherFailed) if isinstance(one, WatcherFailed))
    assert "was not found" in str(event.error)
