"""The index that is kept between recordings."""

from __future__ import annotations

import os

from batchhook.git import shadow_index
from batchhook.git.location import locate
from tests.driving import Repository


def test_contents_that_git_has_thrown_away_are_read_again(bare_repository: Repository) -> None:
    bare_repository.write("a.txt", "a\n")
    os.utime(bare_repository.top / "a.txt", (1e9, 1e9))  # long before: git need not look at it twice
    location = locate(bare_repository.top)
    git = location.git()
    tree = shadow_index.write_tree(git, location)
    bare_repository.git("prune", "--expire=now")  # nothing was recorded: the index alone names them
    assert not git.succeeds("cat-file", "-e", tree)
    assert shadow_index.write_tree(git, location) == tree
    assert git.text("cat-file", "-p", f"{tree}:a.txt") == "a"


def test_a_damaged_index_is_made_anew(bare_repository: Repository) -> None:
    bare_repository.write("a.txt", "a\n")
    location = locate(bare_repository.top)
    tree = shadow_index.write_tree(location.git(), location)
    (bare_repository.top / ".git" / "batchhook-index-records").write_bytes(b"DIRC")
    assert shadow_index.write_tree(location.git(), location) == tree
