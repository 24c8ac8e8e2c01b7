"""What is looked at, and what wakes nobody."""

from __future__ import annotations

import select
from collections.abc import Iterator
from typing import Any

import pytest
from watchfiles._rust_notify import RustNotify

from batchhook.git.command import Git
from batchhook.git.location import locate
from batchhook.workflow.watching import watcher
from batchhook.workflow.watching.debounced_events import Burst, Bursts, Ended, GitMoved, Told
from batchhook.workflow.watching.watch_roots import Ground, ground
from tests.driving import Repository


@pytest.fixture
def whole(repository: Repository) -> Ground:
    return ground(Git(repository.top), locate(repository.top), [])


@pytest.fixture
def bursts(repository: Repository, whole: Ground) -> Iterator[Bursts]:
    repository.commit("ignore", __gitignore="*.log\nbuild/\n")
    begun = Bursts(whole, settle=0.05, most=5.0)
    yield begun
    begun.close()


def until(bursts: Bursts, kind: type) -> list[Told]:
    """All that is told up to the first of a kind."""
    found: list[Told] = []
    while not any(isinstance(one, kind) for one in found):
        assert select.select([bursts], [], [], 30)[0], f"nothing more came after {found}"
        found += bursts.take()
    return found


def test_what_is_ignored_wakes_nobody(repository: Repository, bursts: Bursts) -> None:
    for number in range(5):
        repository.write(f"{number}.log", "noise\n")
    repository.write("build/deep/noise.txt", "noise\n")
    repository.git("commit", "--allow-empty", "-m", "a sign that all was seen")
    assert not any(isinstance(one, Burst) for one in until(bursts, GitMoved))
    repository.write("a.txt", "1\n")
    until(bursts, Burst)


def test_only_folders_that_count_are_watched(repository: Repository, whole: Ground) -> None:
    repository.commit("ignore", __gitignore="build/\n/known/\n")
    for path in ("build/deep/a", "src/pkg/a", "src/build/a", "known/a", "known/more/b"):
        repository.write(path, "1\n")
    repository.git("add", "--force", "known/a")
    repository.git("init", "--quiet", "other")
    (repository.top / "link").symlink_to("src")
    assert whole.folders() == {"", "src", "src/pkg", "known"}


def test_a_path_that_is_gone_is_waited_for_from_above(repository: Repository, whole: Ground) -> None:
    repository.write("a/b/c.txt", "1\n")
    narrow = ground(whole.git, whole.location, ["a/b/c.txt", "a/b"])
    assert narrow.folders() == {"a", "a/b"}
    (repository.top / "a/b/c.txt").unlink()
    (repository.top / "a/b").rmdir()
    assert narrow.folders() == {"a"}
    assert narrow.covers("a/b/new.txt")
    assert not narrow.covers("a/other.txt")
    assert not whole.covers(".git/index")


def test_a_folder_that_was_not_there_in_the_wrong_moment_is_watched_soon(
    repository: Repository, whole: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("pkg/a.txt", "1\n")
    begun: list[list[str]] = []

    def blind_at_first(paths: list[str], *rest: Any) -> Any:  # noqa: ANN401 - whatever watchfiles has
        begun.append(paths)
        return RustNotify([path for path in paths if len(begun) > 1 or not path.endswith("/pkg")], *rest)

    monkeypatch.setattr(watcher, "RustNotify", blind_at_first)
    bursts = Bursts(whole, settle=0.05, most=5.0)
    until(bursts, Burst)  # it may have missed something
    repository.write("pkg/a.txt", "2\n")
    until(bursts, Burst)
    bursts.close()


def test_where_the_folder_itself_goes_it_is_over(repository: Repository, bursts: Bursts) -> None:
    repository.top.rename(repository.top.with_name("elsewhere"))
    (told,) = (one for one in until(bursts, Ended) if isinstance(one, Ended))
    assert "was not found" in str(told.error)
