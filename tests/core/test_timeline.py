"""Timeline of a branch: commits, and changes recorded between them."""

from __future__ import annotations

from collections.abc import Sequence

from batchhook.core.commit import Commit
from batchhook.core.timeline import Recording, is_duplicate, merge_timeline


def step(oid: str, parent: str, tree: str = "", *, is_recorded: bool = False) -> Commit:
    parents = (parent,) if parent else ()
    return Commit(
        oid, tree or f"tree of {oid}", parents, f"tree of {parent}", "Ada", 0, 0, oid, is_recorded=is_recorded
    )


def recording(number: int, head: str, parent: str, tree: str = "") -> Recording:
    return Recording(number, head, step(f"r{number}", parent, tree, is_recorded=True))


def oids(timeline: Sequence[Commit]) -> list[str]:
    return [change.oid for change in timeline]


def no_former_oids(_: str) -> frozenset[str]:
    return frozenset()


def test_recordings_follow_the_commit_they_were_made_on() -> None:
    chain = [step("c1", "c0"), step("c2", "c1")]
    timeline = merge_timeline(
        "c0", chain, [recording(1, "c0", "c0"), recording(2, "c1", "c1"), recording(3, "c2", "c2")], no_former_oids
    )
    assert oids(timeline) == ["r1", "c1", "r2", "c2", "r3"]


def test_commit_names_its_predecessor_if_that_is_not_its_parent() -> None:
    timeline = merge_timeline("c0", [step("c1", "c0"), step("c2", "c1")], [recording(1, "c0", "c0")], no_former_oids)
    assert [change.preceding_record for change in timeline] == ["", "r1", ""]
    assert [change.predecessor for change in timeline] == ["c0", "r1", "c1"]


def test_before_the_first_commit() -> None:
    timeline = merge_timeline("", [step("c1", "")], [recording(1, "", "")], no_former_oids)
    assert oids(timeline) == ["r1", "c1"]


def test_duplicate_commit_is_not_a_step() -> None:
    timeline = merge_timeline(
        "c0", [step("c1", "c0", "tree of r1")], [recording(1, "c0", "c0")], no_former_oids, {"c1"}
    )
    assert oids(timeline) == ["r1"]


def test_recordings_on_a_removed_commit_are_left_out() -> None:
    assert oids(merge_timeline("c0", [step("c1", "c0")], [recording(1, "removed", "removed")], no_former_oids)) == [
        "c1"
    ]


def test_amended_commit_keeps_its_recordings() -> None:
    def former_oids(oid: str) -> frozenset[str]:
        return frozenset({"old c1"} if oid == "c1" else ())

    timeline = merge_timeline("c0", [step("c1", "c0")], [recording(1, "old c1", "old c1")], former_oids)
    assert oids(timeline) == ["c1", "r1"]


def test_recording_with_the_tree_of_its_commit_is_not_a_step() -> None:
    timeline = merge_timeline("c0", [step("c1", "c0", "tree x")], [recording(1, "c1", "c0", "tree x")], no_former_oids)
    assert oids(timeline) == ["c1"]


def test_commit_is_a_duplicate_only_if_all_of_it_was_recorded() -> None:
    recorded = {"a": ("100644", "1"), "b": ("0", "0")}
    assert is_duplicate({"a": ("100644", "1")}, recorded)
    assert is_duplicate(recorded, recorded)
    assert not is_duplicate({"a": ("100755", "1")}, recorded)
    assert not is_duplicate({"a": ("100644", "1"), "c": ("100644", "3")}, recorded)
    assert not is_duplicate({}, recorded), "an empty commit is no duplicate"
