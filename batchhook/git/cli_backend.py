"""Objects by the git command: for what libgit2 cannot open or find.

A merge goes path by path, with ``git merge-file`` for each file that both sides changed: ``git merge-tree`` learned to
take a base of one's choice only with 2.40, and ``git read-tree -m`` gives up where a file takes a folder's place.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from batchhook.errors import GitError
from batchhook.git import shadow_repo
from batchhook.git.command import Git
from batchhook.git.object_db import NO_MODE, Difference, Merged, TreeFile, changed_by_both, clashes

_CHUNK = 1 << 20
_REGULAR = "100"
"""What the modes of files begin with that hold lines; others are links and submodules."""

_MOST_CONFLICTS = 127
"""``git merge-file`` ends with the number of conflicts, up to this; beyond are errors, such as a binary file."""


class ByCommand:
    """``Objects`` by the git command, in a git dir."""

    name = "the git command, since libgit2 does not open this repository"

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir.absolute()
        # One of ours is told: `safe.bareRepository` may forbid to find it.
        self._git = Git(git_dir, git_dir=git_dir if shadow_repo.is_one(git_dir) else None)

    def check(self) -> None:
        """See that git opens the repository.

        Raises:
            GitError: it does not.
        """
        self._git.run("rev-parse", "--git-dir")

    def differences(self, old: str, new: str) -> list[Difference]:
        """As ``Objects`` has it."""
        printed = self._git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", old, new).stdout
        fields = printed.split(b"\0")[:-1]
        return [
            _difference(what.decode(), os.fsdecode(path)) for what, path in zip(fields[::2], fields[1::2], strict=True)
        ]

    def content(self, oid: str) -> Iterator[bytes]:
        """As ``Objects`` has it."""
        with self._git.reading("cat-file", "blob", oid) as stream:
            while piece := stream.read(_CHUNK):
                yield piece

    def merged(self, base: str, ours: str, theirs: str) -> Merged:
        """As ``Objects`` has it."""
        mine = {one.path: one for one in self.differences(base, ours)}
        others = {one.path: one for one in self.differences(base, theirs)}
        unlike = clashes(mine.values(), others.values())
        if unlike:
            return Merged(ours, unlike)
        both = changed_by_both(mine.values(), others.values())
        with tempfile.TemporaryDirectory(prefix="batchhook-merge-") as name:
            whole = self._whole(Path(name), ours, both)
            merged = {
                path: None if path in whole else self._merged_file(Path(name), mine[path], others[path])
                for path in both
            }
            conflicts = tuple(sorted(path for path, file in merged.items() if file is None))
            if conflicts:
                return Merged(ours, conflicts)
            result = {path: one.new for path, one in others.items() if path not in mine} | merged
            return Merged(self._written_tree(Path(name), ours, result))

    def _whole(self, folder: Path, tree: str, paths: Sequence[str]) -> frozenset[str]:
        """Those that are never to be merged line by line, by the attributes in a tree.

        What else a ``merge`` attribute names is not used. ``union`` would keep what both sides have, and so all of what
        is to be taken out. Drivers of the user's are made for bringing two sides together, not for taking one out.
        """
        if not paths:
            return frozenset()
        index = {"GIT_INDEX_FILE": str(folder / "attributes")}
        self._git.run("read-tree", "--no-sparse-checkout", tree, variables=index)
        stdin = os.fsencode("".join(f"{path}\0" for path in paths))
        # Git says this in a work tree only, though it reads the index: any folder is one.
        variables = {**index, "GIT_DIR": str(self._git_dir), "GIT_WORK_TREE": str(folder)}
        said = self._git.run(
            "check-attr", "--cached", "-z", "--stdin", "merge", stdin=stdin, variables=variables
        ).stdout
        fields = said.split(b"\0")[:-1]
        default = self._git.run("config", "merge.default", check=False).stdout.strip()
        ways = dict(zip(map(os.fsdecode, fields[::3]), fields[2::3], strict=True))
        return frozenset(
            path for path, way in ways.items() if (default if way == b"unspecified" else way) in {b"unset", b"binary"}
        )

    def _written_tree(self, folder: Path, tree: str, changed: Mapping[str, TreeFile | None]) -> str:
        """A tree with other files at some paths; None takes one out."""
        index = {"GIT_INDEX_FILE": str(folder / "index")}
        self._git.run("read-tree", "--no-sparse-checkout", tree, variables=index)
        nothing = "0" * len(tree)
        gone = [f"0 {nothing}\t{path}\0" for path, file in changed.items() if file is None]
        rows = [f"{file.mode} {file.oid}\t{path}\0" for path, file in changed.items() if file is not None]
        # What goes first makes room: a folder may come where a file was.
        stdin = os.fsencode("".join(gone + rows))
        self._git.run("update-index", "-z", "--index-info", stdin=stdin, variables=index)
        # Blobs that are not here are named only: in a partial clone they need not be fetched for that.
        return self._git.text("write-tree", "--missing-ok", variables=index)

    def _merged_file(self, folder: Path, mine: Difference, others: Difference) -> TreeFile | None:
        """A file that both sides changed; nothing where they conflict."""
        base, ours, theirs = mine.old, mine.new, others.new
        if base is None or ours is None or theirs is None:
            return None
        if not all(side.mode.startswith(_REGULAR) for side in (base, ours, theirs)):
            return None
        places = [self._written(folder / name, side) for name, side in (("o", ours), ("b", base), ("t", theirs))]
        done = self._git.run("merge-file", *places, check=False)
        if done.returncode:
            if done.returncode > _MOST_CONFLICTS and b"binary" not in done.stderr:
                raise GitError(f"git merge-file failed: {done.stderr.decode(errors='replace').strip()}")
            return None
        mode = theirs.mode if ours.mode == base.mode else ours.mode
        return TreeFile(ours.path, mode, self._git.text("hash-object", "-w", "--no-filters", places[0]))

    def _written(self, place: Path, file: TreeFile) -> str:
        with place.open("wb") as stream:
            for piece in self.content(file.oid):
                stream.write(piece)
        return str(place)


def _difference(what: str, path: str) -> Difference:
    """Read ``:100644 100755 OLD NEW M``; names of nothing are zeros."""
    old_mode, new_mode, old, new, _ = what.removeprefix(":").split()
    return Difference(
        path,
        None if old_mode == NO_MODE else TreeFile(path, old_mode, old),
        None if new_mode == NO_MODE else TreeFile(path, new_mode, new),
    )
