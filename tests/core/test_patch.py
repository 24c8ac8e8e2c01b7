"""Patches: whatever the files hold, each line is counted and none is mistaken for a heading."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from batchhook.core.views.patch import LineKind, mark_failing, parse_patch

PATCH = """\
diff --git a/a.py b/a.py
index 1..2 100644
--- a/a.py
+++ b/a.py
@@ -1,3 +1,3 @@ def f():
 one
--- a/two.py
++++ b/two.py
 three
\\ No newline at end of file
diff --git a/gone.bin b/gone.bin
deleted file mode 100644
Binary files a/gone.bin and /dev/null differ
"""


def test_content_that_looks_like_a_heading_is_content() -> None:
    patch = parse_patch(PATCH, 50)
    assert [file.path for file in patch.files] == ["a.py", "gone.bin"]
    kinds = [(line.kind, line.number, line.text) for line in patch.files[0].lines]
    assert kinds == [
        (LineKind.HUNK, 0, "def f():"),
        (LineKind.CONTEXT, 1, "one"),
        (LineKind.REMOVED, 2, "-- a/two.py"),
        (LineKind.ADDED, 2, "+++ b/two.py"),
        (LineKind.CONTEXT, 3, "three"),
    ]
    assert [line.kind for line in patch.files[1].lines] == [LineKind.NOTE, LineKind.NOTE]


def test_failing_lines_are_those_of_the_new_file() -> None:
    marked = mark_failing(parse_patch(PATCH, 50), {("a.py", 2), ("other.py", 1)})
    assert [line.text for line in marked.files[0].lines if line.is_failing] == ["+++ b/two.py"]
    assert marked.has_failing_lines


def test_a_long_patch_is_cut() -> None:
    patch = parse_patch(PATCH, 3)
    assert patch.is_cut
    assert sum(len(file.lines) for file in patch.files) == 3


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["a", "+", "-", "@@ -1 +1 @@", "diff --git a/x b/x", "--- a/x", "\\"]), max_size=12))
def test_numbers_are_gits(lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    added = "".join(f"+{line}\n" for line in text.splitlines())
    patch = parse_patch(f"diff --git a/x b/x\n--- /dev/null\n+++ b/x\n@@ -0,0 +1,{len(lines)} @@\n{added}", 50)
    shown = [line for file in patch.files for line in file.lines if line.kind is LineKind.ADDED]
    assert [line.text for line in shown] == lines
    assert [line.number for line in shown] == list(range(1, len(lines) + 1))
