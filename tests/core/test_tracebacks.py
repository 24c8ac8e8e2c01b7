"""Frames and paths in tracebacks."""

from __future__ import annotations

from batchhook.core.tracebacks import Frame, project_frames, shorten_paths

ROOT = "/home/ada/project/.git/batchhook/worktrees/batchhook-3/project/"
TRACEBACK = f"""\
Traceback (most recent call last):
  File "{ROOT}tests/test_x.py", line 12, in test_y
    helper()
  File "/usr/lib/python3.11/json/decoder.py", line 337, in decode
    raise
  File "{ROOT}pkg/helper.py", line 3
    broken syntax
"""


def test_frames_outside_the_project_are_left_out() -> None:
    frames = project_frames(TRACEBACK)
    assert [(frame.line, frame.function, frame.row) for frame in frames] == [(12, "test_y", 1), (3, "", 5)]
    assert frames[0] == Frame(frames[0].path, 12, "test_y", 1)
    assert frames[0].path.endswith("tests/test_x.py")


def test_paths_are_shortened() -> None:
    text = shorten_paths(TRACEBACK)
    assert "worktrees" not in text
    assert '"/usr/lib/python3.11/json/decoder.py"' in text
