"""Differences of trees, line by line, as git prints them."""

from __future__ import annotations

import itertools

from batchhook.core.coverage.line_owners import FileHunks, Hunk
from batchhook.git.command import Git
from batchhook.git.line_changes import read_differences
from tests.driving import Repository


def differences(repository: Repository, *revisions: str, suffixes: tuple[str, ...] = ()) -> list[set[FileHunks]]:
    trees = [repository.head(f"{revision}^{{tree}}") for revision in revisions]
    pairs = list(itertools.pairwise(trees))
    return [set(files) for files in read_differences(Git(repository.top), pairs, suffixes)]


def test_contents_that_look_like_headers_are_passed_over(bare_repository: Repository) -> None:
    bare_repository.commit("first", a__py="1\n2\n3\n", b__py="-- a\n")
    bare_repository.commit("second", a__py="1\n++ b/x\n@@ -1 +1 @@\ndiff --git a/q b/q\n3", b__py="-- b\n")
    assert differences(bare_repository, "HEAD~1", "HEAD") == [
        {
            FileHunks("a.py", "a.py", (Hunk(2, 2, 2, 4),)),
            FileHunks("b.py", "b.py", (Hunk(1, 1, 1, 1),)),
        }
    ]


def test_renames_are_followed_and_strange_names_read(bare_repository: Repository) -> None:
    text = "".join(f"line {number}\n" for number in range(20))
    bare_repository.commit(
        "first", **{"a b.py": text, "ä\t\"'.py": "x\n", "gone.py": "1\n", "empty.py": "", "c.txt": "1\n"}
    )
    bare_repository.git("mv", "a b.py", "n w.py")
    bare_repository.git("rm", "--quiet", "gone.py", "empty.py")
    bare_repository.commit("second", **{"n w.py": text + "end\n", "ä\t\"'.py": "y\nz\n", "c.txt": "2\n"})
    python = {
        FileHunks("a b.py", "n w.py", (Hunk(20, 0, 21, 1),)),
        FileHunks("ä\t\"'.py", "ä\t\"'.py", (Hunk(1, 1, 1, 2),)),
        FileHunks("gone.py", "", (Hunk(1, 1, 0, 0),)),
    }
    found = differences(bare_repository, "HEAD~1", "HEAD", "HEAD~1", "HEAD~1", suffixes=(".py",))
    assert {file for file in found[0] if file.hunks} == python
    assert len(found) == 3
    assert found[2] == set()
    assert FileHunks("c.txt", "c.txt", (Hunk(1, 1, 1, 1),)) in differences(bare_repository, "HEAD~1", "HEAD")[0]
