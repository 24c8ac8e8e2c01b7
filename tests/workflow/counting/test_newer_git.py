"""What only newer versions of git have: other formats, commands that rewrite history, hooks in the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.driving import Repository

pytestmark = pytest.mark.usefixtures("no_runner")

FORMATS = {
    "usual": (),
    "reftable": ("--ref-format=reftable",),
    "sha256": ("--object-format=sha256",),
    "both": ("--ref-format=reftable", "--object-format=sha256"),
}


@pytest.fixture(params=list(FORMATS.values()), ids=list(FORMATS))
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Repository:
    top = tmp_path / "project"
    top.mkdir()
    repository = Repository(top)
    done = repository.git_both("init", "--quiet", *request.param, check=False)
    if "unknown option" in done.stderr:
        pytest.skip(f"this git has no {' '.join(request.param)}")
    assert done.returncode == 0, done.stderr
    repository.commit("first")
    repository.batchhook("install")
    return repository


def require(repository: Repository, command: str, option: str = "") -> None:
    """Skip the test unless git has a command, or an option of it."""
    usage = repository.git_both(command, "-h", check=False)
    if f"usage: git {command}" not in usage.stdout.replace("(EXPERIMENTAL!) ", "") or option not in usage.stdout:
        pytest.skip(f"this git has no {command} {option}".rstrip())


def commit_all(repository: Repository, names: str) -> None:
    for name in names:
        repository.commit(name)


@pytest.mark.parametrize("names", ["abc", "abcdefg"])
def test_a_commit_that_is_reworded_in_history(repository: Repository, names: str) -> None:
    require(repository, "history", "reword")
    commit_all(repository, names)
    repository.git("history", "reword", "HEAD~2", GIT_EDITOR="sed -i 1s/$/./")
    assert repository.open() == ((1, ["a.", "b", "c"]) if names == "abc" else (2, ["f", "g"]))
    assert repository.commit("next").endswith("4/5" if names == "abc" else "3/5")


def test_staged_changes_that_are_put_into_an_earlier_commit(repository: Repository) -> None:
    require(repository, "history", "fixup")
    commit_all(repository, "abcdefg")
    repository.write("a.txt", "more")
    repository.git("add", "a.txt")
    repository.git("history", "fixup", "HEAD~6", GIT_EDITOR="true")
    assert repository.open() == (2, ["f", "g"])
    assert repository.commit("h") == "batchhook: batch 2, 3/5"


def test_commits_that_are_replayed_on_another_base(repository: Repository) -> None:
    require(repository, "replay")
    commit_all(repository, "abcdefg")
    repository.git("switch", "--quiet", "-c", "other", "HEAD~7")
    repository.commit("o")
    repository.git("switch", "--quiet", "main")
    updates = repository.git("replay", "--onto", "other", "other..main")
    for line in updates.splitlines():  # since git 2.53 it updates the refs itself
        repository.git(*("update-ref", *line.split()[1:]))
    repository.git("reset", "--quiet", "--hard")
    assert repository.open() == (2, ["f", "g"])
    assert repository.commit("h") == "batchhook: batch 2, 3/5"


def test_a_rollback_undone(repository: Repository) -> None:
    commit_all(repository, "abcdef")
    before = repository.git("ls-files", "--stage")
    repository.batchhook("rollback", "1", "--yes")
    assert not (repository.top / "a.txt").exists()
    repository.batchhook("undo", "--yes")
    assert repository.git("ls-files", "--stage") == before
    assert repository.git("status", "--porcelain") == ""
    repository.git("switch", "--quiet", "--orphan", "empty")
    assert repository.commit("x") == "batchhook: batch 3, 1/5"
    repository.git("maintenance", "run")
    assert repository.commit("y") == "batchhook: batch 3, 2/5"


@pytest.fixture
def events(bare_repository: Repository) -> Path:
    """A file with the events for which git ran hooks that are configured; skip the test if it runs none."""
    log = bare_repository.top.parent / "events"
    events = ("post-checkout", "post-commit", "post-index-change", "pre-commit", "reference-transaction")
    for event in events:
        bare_repository.git("config", f"hook.log-{event}.event", event)
        bare_repository.git("config", f"hook.log-{event}.command", f"echo {event} >>{log}; true")
    bare_repository.git("config", "hook.post-index-change.enabled", "false")
    bare_repository.commit("first")
    ran = set(log.read_text().split()) if log.exists() else set()
    if ran != {"post-commit", "pre-commit", "reference-transaction"}:
        pytest.skip(f"this git has no hook.EVENT.enabled: it ran hooks for {sorted(ran) or 'no event'}")
    bare_repository.git("config", "--unset", "hook.post-index-change.enabled")
    return log


def test_configured_hooks_run_for_the_users_commands_only(bare_repository: Repository, events: Path) -> None:
    bare_repository.batchhook("install")
    for number in range(1, 6):
        events.write_text("")
        output = bare_repository.commit(str(number))
        assert {"pre-commit", "post-commit"} <= set(events.read_text().split())
    assert output.startswith("batchhook: batch 1 is full (5/5)")
    events.write_text("")
    bare_repository.batchhook("test", code=3)  # there are none; its work tree is checked out
    bare_repository.batchhook("rollback", "1", "--yes")
    bare_repository.batchhook("undo", "--yes")
    bare_repository.batchhook("uninstall")
    assert events.read_text() == ""
