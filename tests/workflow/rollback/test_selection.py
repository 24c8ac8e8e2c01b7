"""Selecting what to roll back: several batches, single changes, some paths."""

from __future__ import annotations

import pytest

from batchhook import BatchhookError, ConflictError, NotFinishedError, Workflow
from tests.driving import Repository
from tests.workflow.rollback.world import ten, world


@pytest.fixture
def three(bare_repository: Repository) -> Repository:
    """A repository with three batches of two changes on main, and one on a topic between them."""
    repository = bare_repository
    repository.write(".batchhook.toml", "batch_size = 2\n")
    repository.commit("first", lines__txt=ten({}))
    repository.batchhook("install")
    repository.commit("1a", lines__txt=ten({1: "1a"}))
    repository.commit("1b", b__txt="1b")
    repository.git("switch", "--quiet", "--create", "topic")
    repository.commit("2a")
    repository.commit("2b")
    repository.git("switch", "--quiet", "main")
    repository.commit("3a", lines__txt=ten({1: "3a"}))
    repository.commit("3b", b__txt="3b")
    repository.commit("4a", lines__txt=ten({1: "3a", 5: "4a"}))
    repository.commit("4b", c__txt="4b")
    return repository


def test_several_batches_of_one_branch(three: Repository) -> None:
    document = three.json("rollback", "1..4", "-y")
    assert document["batches"] == [1, 3, 4]
    assert document["batch"] is None
    assert three.git("write-tree") == three.git("rev-parse", "HEAD~6^{tree}")
    assert three.git("log", "-1", "--format=%s", "topic") == "2b"
    assert "rollback of batches 1 to 4" in three.batchhook("operations")
    assert three.json("undo", "-y")["batches"] == [1, 3, 4]
    assert three.git("status", "--porcelain") == ""


def test_several_batches_by_a_reset(three: Repository) -> None:
    base = three.head("HEAD~4")
    document = Workflow(three.top).rollback("3..4", mode="reset")
    assert (document.head, three.head()) == (base, base)


def test_of_different_branches(three: Repository) -> None:
    for what in ("1..2", "2..3"):
        with pytest.raises(BatchhookError):
            Workflow(three.top).rollback(what)


def test_a_single_change_of_a_full_batch(three: Repository) -> None:
    oid = three.head("HEAD~1")
    document = three.json("rollback", "--change", oid[:10], "-y")
    assert (document["batches"], document["changes"]) == ([4], [oid])
    assert three.read("lines.txt") == ten({1: "3a"})
    assert three.read("c.txt") == "4b"
    assert f"Revert {oid[:8]}" in (three.top / ".git/MERGE_MSG").read_text()
    assert "rollback of 1 change of batch 4" in " ".join(three.batchhook("operations").split())


def test_single_changes_of_the_open_batch_and_of_full_ones(three: Repository) -> None:
    three.commit("5a", lines__txt=ten({1: "3a", 5: "4a", 9: "5a"}))
    oids = [three.head("HEAD~2"), three.head()]
    document = three.json("rollback", "--change", "HEAD", "--change", "HEAD~2", "--commit", "-y")
    assert (document["batches"], document["changes"]) == ([4, 5], oids)
    assert three.read("lines.txt") == ten({1: "3a"})
    assert three.open() == (5, ["5a"]), "the commit that takes it out fills no batch"


def test_a_commit_that_is_in_no_batch(three: Repository) -> None:
    for name in ("HEAD~6", "topic", "nonsense"):
        with pytest.raises(BatchhookError):
            Workflow(three.top).rollback(changes=[name])
    with pytest.raises(BatchhookError, match="is a change of batch 4"):
        Workflow(three.top).rollback(3, changes=["HEAD"])


def test_a_change_whose_lines_were_changed_since(three: Repository) -> None:
    before = world(three)
    with pytest.raises(ConflictError, match=r"later changes conflict with [0-9a-f]{8}, in: lines\.txt"):
        Workflow(three.top).rollback(changes=["HEAD~5"])
    assert world(three) == before


def test_an_open_batch_is_not_rolled_back_whole(three: Repository) -> None:
    three.commit("5a")
    with pytest.raises(NotFinishedError, match="still open"):
        Workflow(three.top).rollback("4..5")


def test_only_some_paths(batch: Repository) -> None:
    (batch.top / "folder").mkdir()
    document = Workflow(batch.top / "folder").rollback(1, paths=["../ten.txt", "../added.txt"])
    assert document.paths == ("ten.txt", "added.txt")
    assert [file.path for file in document.files] == ["added.txt", "ten.txt"]
    assert batch.read("ten.txt") == ten({})
    assert not (batch.top / "gone.txt").exists()
    assert "Revert batch 1 in ten.txt, added.txt" in (batch.top / ".git/MERGE_MSG").read_text()
    Workflow(batch.top).undo()
    assert batch.git("status", "--porcelain") == ""


def test_folders_and_a_file_in_a_folders_place(bare_repository: Repository) -> None:
    repository = bare_repository
    repository.commit("first", **{"a/b/c__txt": "c\n", "a/d__txt": "d\n", "thing": "a file\n"})
    repository.batchhook("install")
    repository.git("rm", "--quiet", "thing")
    repository.commit("1", **{"thing/inside__txt": "in a folder\n"})
    repository.commit("2", **{"a/b/c__txt": "c2\n", "a/d__txt": "d2\n"})
    for number in range(3, 6):
        repository.commit(str(number))
    Workflow(repository.top).rollback(1, paths=["a/b", "thing"])
    assert (repository.read("a/b/c.txt"), repository.read("a/d.txt")) == ("c\n", "d2\n")
    assert repository.read("thing") == "a file\n"


def test_paths_that_were_not_touched(batch: Repository) -> None:
    with pytest.raises(ConflictError, match=r"the changes did not touch other\.txt"):
        Workflow(batch.top).rollback(1, paths=["ten.txt", "other.txt"])


def test_a_path_that_looks_like_a_batch(bare_repository: Repository) -> None:
    bare_repository.commit("first")
    bare_repository.batchhook("install")
    for number in range(5):
        bare_repository.commit(str(number), **{"3": f"{number}\n"})
    document = bare_repository.json("rollback", "--change", "HEAD", "-y", "--", "./3")
    assert document["paths"] == ["3"]
    assert bare_repository.read("3") == "3\n"


def test_paths_may_be_absolute(three: Repository) -> None:
    three.batchhook("rollback", "3", "-y", "--", str(three.top / "b.txt"))
    assert three.read("b.txt") == "1b"
    assert three.read("lines.txt") == ten({1: "3a", 5: "4a"})
    assert "not in this work tree" in three.batchhook("rollback", "3", "-y", "--", "/etc/passwd", code=64)


def test_a_batch_counted_in_files(three: Repository) -> None:
    three.write(".batchhook.toml", 'batch_size = 3\nunit = "file"\n')
    three.commit("5", d__txt="5", e__txt="5", f__txt="5")
    assert three.json("log")["batches"][0]["batch"]["unit"] == "file"
    number = three.json("log")["batches"][0]["batch"]["id"]
    three.batchhook("rollback", str(number), "-y")
    assert not (three.top / "d.txt").exists()
    assert three.read("c.txt") == "4b"
    three.batchhook("undo", "-y")
    assert three.git("status", "--porcelain") == ""
