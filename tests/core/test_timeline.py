"""A branch's line: commits, and what was recorded between them."""

from __future__ import annotations

from collections.abc import Sequence

from batchhook.core.changes import Commit
from batchhook.core.timeline import Recording, only_repeats, woven


def step(oid: str, parent: str, tree: str = "", *, is_record: bool = False) -> Commit:
    parents = (parent,) if parent else ()
    return Commit(oid, tree or f"tree of {oid}", parents, f"tree of {parent}", "Ada", 0, 0, oid, is_record=is_record)


def recording(number: int, made_on: str, parent: str, tree: str = "") -> Recording:
    return Recording(number, made_on, step(f"r{number}", parent, tree, is_record=True))


def names(line: Sequence[Commit]) -> list[str]:
    return [each.oid for each in line]


def no_earlier(_: str) -> frozenset[str]:
    return frozenset()


def test_recordings_stand_after_the_commit_that_they_were_made_on() -> None:
    chain = [step("c1", "c0"), step("c2", "c1")]
    line = woven(
        "c0", chain, [recording(1, "c0", "c0"), recording(2, "c1", "c1"), recording(3, "c2", "c2")], no_earlier
    )
    assert names(line) == ["r1", "c1", "r2", "c2", "r3"]


def test_a_commit_says_what_it_follows_where_that_is_not_its_parent() -> None:
    line = woven("c0", [step("c1", "c0"), step("c2", "c1")], [recording(1, "c0", "c0")], no_earlier)
    assert [each.follows for each in line] == ["", "r1", ""]
    assert [each.before for each in line] == ["c0", "r1", "c1"]


def test_before_the_first_commit() -> None:
    line = woven("", [step("c1", "")], [recording(1, "", "")], no_earlier)
    assert names(line) == ["r1", "c1"]


def test_a_commit_that_repeats_is_no_step() -> None:
    line = woven("c0", [step("c1", "c0", "tree of r1")], [recording(1, "c0", "c0")], no_earlier, {"c1"})
    assert names(line) == ["r1"]


def test_what_was_made_on_a_commit_that_is_gone_is_gone() -> None:
    assert names(woven("c0", [step("c1", "c0")], [recording(1, "gone", "gone")], no_earlier)) == ["c1"]


def test_an_amended_commit_keeps_what_was_recorded_on_it() -> None:
    def earlier(oid: str) -> frozenset[str]:
        return frozenset({"old c1"} if oid == "c1" else ())

    line = woven("c0", [step("c1", "c0")], [recording(1, "old c1", "old c1")], earlier)
    assert names(line) == ["c1", "r1"]


def test_what_a_commit_has_taken_up_whole_is_no_step_after_it() -> None:
    line = woven("c0", [step("c1", "c0", "tree x")], [recording(1, "c1", "c0", "tree x")], no_earlier)
    assert names(line) == ["c1"]


def test_a_commit_repeats_only_if_all_of_it_was_recorded() -> None:
    recorded = {"a": ("100644", "1"), "b": ("0", "0")}
    assert only_repeats({"a": ("100644", "1")}, recorded)
    assert only_repeats(recorded, recorded)
    assert not only_repeats({"a": ("100755", "1")}, recorded)
    assert not only_repeats({"a": ("100644", "1"), "c": ("100644", "3")}, recorded)
    assert not only_repeats({}, recorded), "an empty commit repeats nothing"
