"""Read and merge objects with the git command, for what libgit2 cannot open or find.

Merges go path by path, with ``git merge-file`` for each file that both sides changed: ``git merge-tree`` takes an
explicit base only since git 2.40, and ``git read-tree -m`` fails where a file replaces a folder.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from batchhook.errors import GitError
from batchhook.git import shadow_repo
from batchhook.git.command import Git
from batchhook.git.object_db import NO_MODE, MergeResult, TreeDifference, TreeEntry, find_clashes, paths_changed_by_both

_CHUNK = 1 << 20
_REGULAR = "100"
"""Mode prefix of regular files; the others are symbolic links and submodules."""

_MOST_CONFLICTS = 127
"""``git merge-file`` exits with the number of conflicts up to this value; higher codes are errors."""


class CliBackend:
    """``ObjectDatabase`` by the git command, in a git dir."""

    name = "the git command, since libgit2 cannot open this repository"

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir.absolute()
        # `safe.bareRepository` may forbid git to discover the shadow repository, so it is named.
        self._git = Git(git_dir, git_dir=git_dir if shadow_repo.is_shadow_git_dir(git_dir) else None)

    def check(self) -> None:
        """Check that git can open the repository.

        Raises:
            GitError: it cannot.
        """
        self._git.run("rev-parse", "--git-dir")

    def diff(self, old: str, new: str) -> list[TreeDifference]:
        """See ``ObjectDatabase``."""
        printed = self._git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", old, new).stdout
        fields = printed.split(b"\0")[:-1]
        return [
            _parse_raw_row(row.decode(), os.fsdecode(path)) for row, path in zip(fields[::2], fields[1::2], strict=True)
        ]

    def read_blob(self, oid: str) -> Iterator[bytes]:
        """See ``ObjectDatabase``."""
        with self._git.stream("cat-file", "blob", oid) as stream:
            while piece := stream.read(_CHUNK):
                yield piece

    def merge(self, base: str, ours: str, theirs: str) -> MergeResult:
        """See ``ObjectDatabase``."""
        mine = {one.path: one for one in self.diff(base, ours)}
        others = {one.path: one for one in self.diff(base, theirs)}
        clashes = find_clashes(mine.values(), others.values())
        if clashes:
            return MergeResult(ours, clashes)
        both = paths_changed_by_both(mine.values(), others.values())
        with tempfile.TemporaryDirectory(prefix="batchhook-merge-") as name:
            unmergeable = self._unmergeable_paths(Path(name), ours, both)
            merged = {
                path: None if path in unmergeable else self._merge_file(Path(name), mine[path], others[path])
                for path in both
            }
            conflicts = tuple(sorted(path for path, file in merged.items() if file is None))
            if conflicts:
                return MergeResult(ours, conflicts)
            merged_paths = {path: one.new for path, one in others.items() if path not in mine} | merged
            return MergeResult(self._write_tree(Path(name), ours, merged_paths))

    def _unmergeable_paths(self, folder: Path, tree: str, paths: Sequence[str]) -> frozenset[str]:
        """Return the paths whose attributes in a tree forbid a line-by-line merge.

        Other ``merge`` attributes are ignored: ``union`` keeps the lines of both sides, so a revert would remove
        nothing, and the user's merge drivers are written for joining two sides, not for removing one.
        """
        if not paths:
            return frozenset()
        index = {"GIT_INDEX_FILE": str(folder / "attributes")}
        self._git.run("read-tree", "--no-sparse-checkout", tree, variables=index)
        stdin = os.fsencode("".join(f"{path}\0" for path in paths))
        # check-attr needs a work tree even with --cached; any folder will do.
        variables = {**index, "GIT_DIR": str(self._git_dir), "GIT_WORK_TREE": str(folder)}
        output = self._git.run(
            "check-attr", "--cached", "-z", "--stdin", "merge", stdin=stdin, variables=variables
        ).stdout
        fields = output.split(b"\0")[:-1]
        default = self._git.run("config", "merge.default", check=False).stdout.strip()
        drivers = dict(zip(map(os.fsdecode, fields[::3]), fields[2::3], strict=True))
        return frozenset(
            path
            for path, driver in drivers.items()
            if (default if driver == b"unspecified" else driver) in {b"unset", b"binary"}
        )

    def _write_tree(self, folder: Path, tree: str, changed: Mapping[str, TreeEntry | None]) -> str:
        """Write a tree with some paths replaced; None removes a path."""
        index = {"GIT_INDEX_FILE": str(folder / "index")}
        self._git.run("read-tree", "--no-sparse-checkout", tree, variables=index)
        null_oid = "0" * len(tree)
        removals = [f"0 {null_oid}\t{path}\0" for path, file in changed.items() if file is None]
        rows = [f"{file.mode} {file.oid}\t{path}\0" for path, file in changed.items() if file is not None]
        # Removals first: a folder may replace a file.
        stdin = os.fsencode("".join(removals + rows))
        self._git.run("update-index", "-z", "--index-info", stdin=stdin, variables=index)
        # In a partial clone, missing blobs need not be fetched to be named in a tree.
        return self._git.text("write-tree", "--missing-ok", variables=index)

    def _merge_file(self, folder: Path, mine: TreeDifference, others: TreeDifference) -> TreeEntry | None:
        """Merge a file that both sides changed; return None on conflict."""
        base, ours, theirs = mine.old, mine.new, others.new
        if base is None or ours is None or theirs is None:
            return None
        if not all(side.mode.startswith(_REGULAR) for side in (base, ours, theirs)):
            return None
        paths = [self._write_blob(folder / name, side) for name, side in (("o", ours), ("b", base), ("t", theirs))]
        result = self._git.run("merge-file", *paths, check=False)
        if result.returncode:
            if result.returncode > _MOST_CONFLICTS and b"binary" not in result.stderr:
                raise GitError(f"git merge-file failed: {result.stderr.decode(errors='replace').strip()}")
            return None
        mode = theirs.mode if ours.mode == base.mode else ours.mode
        return TreeEntry(ours.path, mode, self._git.text("hash-object", "-w", "--no-filters", paths[0]))

    def _write_blob(self, path: Path, file: TreeEntry) -> str:
        with path.open("wb") as stream:
            for piece in self.read_blob(file.oid):
                stream.write(piece)
        return str(path)


def _parse_raw_row(row: str, path: str) -> TreeDifference:
    """Parse a raw diff row, ``:100644 100755 OLD NEW M``; a missing side is all zeros."""
    old_mode, new_mode, old, new, _ = row.removeprefix(":").split()
    return TreeDifference(
        path,
        None if old_mode == NO_MODE else TreeEntry(path, old_mode, old),
        None if new_mode == NO_MODE else TreeEntry(path, new_mode, new),
    )
