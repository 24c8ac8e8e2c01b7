"""Frames and paths in tracebacks."""

from __future__ import annotations

import pytest

from batchhook.core.tracebacks import Frame, project_frames, shorten_paths

TRACEBACK = """\
Traceback (most recent call last):
  File "ROOT/tests/test_x.py", line 12, in test_y
    helper()
  File "/usr/lib/python3.11/json/decoder.py", line 337, in decode
    raise
  File "ROOT/pkg/helper.py", line 3
    broken syntax
"""


ROOTS = [
    "/var/tmp/batchhook-1000/0123456789ab/3/project",
    "/disk/with space/batchhook-0/abcdefabcdef/12/my project",
    "/tmp/batchhook-ci-x/batchhook/worktrees/1/project",
    "/home/ada/project/.git/batchhook/worktrees/batchhook-3",
]


@pytest.mark.parametrize("root", ROOTS)
def test_frames_outside_the_project_are_left_out(root: str) -> None:
    frames = project_frames(TRACEBACK.replace("ROOT", root))
    assert [(frame.line, frame.function, frame.row) for frame in frames] == [(12, "test_y", 1), (3, "", 5)]
    assert frames[0] == Frame("tests/test_x.py", 12, "test_y", 1)


@pytest.mark.parametrize("root", ROOTS)
def test_paths_are_shortened(root: str) -> None:
    text = shorten_paths(TRACEBACK.replace("ROOT", root))
    assert '"tests/test_x.py"' in text
    assert '"/usr/lib/python3.11/json/decoder.py"' in text


@pytest.mark.parametrize("root", ROOTS)
def test_paths_in_messages_are_shortened(root: str) -> None:
    assert shorten_paths(f"module '{root}/tests/test_b.py'.") == "module 'tests/test_b.py'."
    if " " not in root:
        assert shorten_paths(f"at {root}/a.py:3 ({root}/b.py)") == "at a.py:3 (b.py)"
    assert shorten_paths(f"x{root}/a.py") == f"x{root}/a.py"


def test_frames_of_pytest() -> None:
    traceback = """\
tests/test_b.py:3: in <module>
    from parcel import money
parcel/money.py:7: in share
    raise ValueError
E   ValueError
/usr/lib/python3.11/json.py:1: in loads
../elsewhere/x.py:2: in f

tests/test_a.py:6: AssertionError
tests/test_a.py:9:
"""
    assert project_frames(traceback) == (
        Frame("tests/test_b.py", 3, "<module>", 0),
        Frame("parcel/money.py", 7, "share", 2),
        Frame("tests/test_a.py", 6, "", 8),
        Frame("tests/test_a.py", 9, "", 9),
    )
