"""Lines are followed through differences to the change that they stem from."""

from __future__ import annotations

import difflib
import itertools

from hypothesis import given, strategies as st

from batchhook.core.coverage.line_owners import FileHunks, Hunk, TreeStep, trace_lines


def difference(owner: str, old: list[str], new: list[str]) -> TreeStep:
    """Return the difference of two versions of a file, in the way of ``git diff -U0``."""
    hunks = [
        Hunk(a if b > a else a - 1, b - a, c if d > c else c - 1, d - c)
        for tag, a, b, c, d in (
            (tag, a + 1, b + 1, c + 1, d + 1)
            for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        )
        if tag != "equal"
    ]
    return TreeStep(owner, (FileHunks("f.py", "f.py", tuple(hunks)),))


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=12), min_size=2, max_size=6))
def test_an_owner_is_the_last_change_that_wrote_the_line(versions: list[list[str]]) -> None:
    expected = [""] * len(versions[0])
    steps = []
    for number, (old, new) in enumerate(itertools.pairwise(versions)):
        owner = "" if number == 1 else f"c{number}"
        steps.append(difference(owner, old, new))
        following: list[str] = []
        for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            following += expected[a:b] if tag == "equal" else [owner] * (d - c)
        expected = following
    owners = {line: owner for line, owner in enumerate(expected, start=1) if owner}
    assert trace_lines(steps) == ({"f.py": owners} if owners else {})


def test_lines_follow_a_file_to_a_new_path_even_if_two_swap_theirs() -> None:
    steps = [
        TreeStep("one", (FileHunks("", "a.py", (Hunk(0, 0, 1, 3),)),)),
        TreeStep("two", (FileHunks("", "b.py", (Hunk(0, 0, 1, 1),)),)),
        TreeStep("three", (FileHunks("a.py", "b.py", (Hunk(2, 1, 2, 1),)), FileHunks("b.py", "a.py"))),
    ]
    assert trace_lines(steps) == {"b.py": {1: "one", 2: "three", 3: "one"}, "a.py": {1: "two"}}


def test_a_removed_file_has_no_lines() -> None:
    steps = [
        TreeStep("one", (FileHunks("", "a.py", (Hunk(0, 0, 1, 3),)),)),
        TreeStep("two", (FileHunks("a.py", "", (Hunk(1, 3, 0, 0),)),)),
    ]
    assert trace_lines(steps) == {}
