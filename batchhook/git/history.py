"""Read the commit graph with the git command.

Not with pygit2: hooks need this, where loading libgit2 would cost more than everything else together, and it must work
in repositories that libgit2 cannot open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from batchhook.core.commit import Commit, parse_trailers
from batchhook.errors import BatchhookError
from batchhook.git.command import Git

_FIELDS = ("%H", "%T", "%P", "%an <%ae>", "%at", "%ct", "%s", "%b")
# Plumbing ignores the user's settings for what git prints (signatures, colours, renames, relative paths …).
_REV_LIST = ("rev-list", f"--format=tformat:%x00{'%x00'.join(_FIELDS)}%x00", "--encoding=UTF-8")
_DIFF_TREE = ("diff-tree", "--stdin", "-r", "--root", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color")


def first_parent_chain(git: Git, tips: Iterable[str], hide: Iterable[str]) -> tuple[Commit, ...]:
    """Read the commits from the tips along first parents, oldest first, excluding what ``hide`` reaches.

    Unknown oids are skipped: a branch may have been deleted and its commits pruned.
    """
    revisions = [*tips, *(f"^{oid}" for oid in hide if oid)]
    return _read(git, ["--first-parent", "--reverse", "--topo-order", "--ignore-missing", "--stdin"], revisions)


def read_commits(
    git: Git, oids: Sequence[str], known_trees: Mapping[str, str] = MappingProxyType({})
) -> tuple[Commit, ...]:
    """Read commits, in the given order.

    Args:
        git: in the repository.
        oids: their oids.
        known_trees: oid -> tree of commits that may be parents, to save a git process.

    Raises:
        GitError: a commit does not exist.
    """
    return _read(git, ["--no-walk=unsorted", "--stdin"], oids, known_trees) if oids else ()


def is_ancestor(git: Git, ancestor: str, descendant: str) -> bool:
    """Return whether a commit is reachable from another one, or the same; False if one of them is missing."""
    return git.succeeds("merge-base", "--is-ancestor", ancestor, descendant)


def resolve_commit(git: Git, revision: str) -> str:
    """Resolve a revision to a commit's oid.

    Raises:
        BatchhookError: it names no commit.
    """
    options = ("--verify", "--quiet", "--end-of-options")
    result = git.run("rev-parse", *options, f"{revision}^{{commit}}", check=False)
    if result.returncode and not git.succeeds("rev-parse", "--verify", "--quiet", "HEAD"):
        raise BatchhookError("nothing is committed here yet", "git commit first")
    if result.returncode:
        raise BatchhookError(f"unknown revision: {revision}", "git log --oneline lists the commits")
    return result.stdout.decode("ascii", "replace").strip()


def _read(
    git: Git, options: Sequence[str], revisions: Sequence[str], known: Mapping[str, str] = MappingProxyType({})
) -> tuple[Commit, ...]:
    printed = git.run(*_REV_LIST, *options, stdin="".join(f"{revision}\n" for revision in revisions).encode()).stdout
    fields = printed.decode("utf-8", "replace").split("\0")[:-1]
    # rev-list has a line "commit <oid>" before each commit, which becomes a field of its own.
    rows = [fields[start : start + len(_FIELDS)] for start in range(1, len(fields), len(_FIELDS) + 1)]
    trees = {**known, **{row[0]: row[1] for row in rows}}
    unread_parents = {row[2].split(" ")[0] for row in rows} - trees.keys()
    trees.update(_trees(git, sorted(unread_parents - {""})))
    if "" in unread_parents:  # a root commit
        trees[""] = git.text("hash-object", "-t", "tree", "--stdin")
    return tuple(_commit(row, trees) for row in rows)


def _commit(row: Sequence[str], trees: Mapping[str, str]) -> Commit:
    oid, tree, parents, author, authored_at, committed_at, subject, body = row
    names = tuple(parents.split())
    return Commit(
        oid=oid,
        tree=tree,
        parents=names,
        base_tree=trees[names[0] if names else ""],
        author=author,
        authored_at=int(authored_at),
        committed_at=int(committed_at),
        subject=subject,
        is_rollback=bool(parse_trailers(body)),
    )


def _trees(git: Git, oids: Sequence[str]) -> dict[str, str]:
    if not oids:
        return {}
    return dict(zip(oids, git.text("rev-parse", *(f"{oid}^{{tree}}" for oid in oids)).splitlines(), strict=True))


def reflog(git: Git, ref: str, *, most: int = 5000) -> list[tuple[str, str]]:
    """Read the newest reflog entries of a ref.

    Returns:
        oid and message of each, newest first; empty without a reflog.
    """
    # rev-list does not print the messages of a reflog.
    options = ("--no-show-signature", "--no-color", "--no-notes", "--no-patch", "--format=tformat:%H%x00%gs")
    done = git.run("log", "-g", "-z", f"-n{most}", *options, ref, "--", check=False)
    fields = done.stdout.decode("utf-8", "replace").split("\0")
    return list(zip(fields[::2], fields[1::2], strict=False))


def patch_ids(git: Git, commits: Sequence[Commit]) -> dict[str, str]:
    """Compute ``git patch-id --stable`` (git-patch-id(1)) for commits; merges have none."""
    if not commits:
        return {}
    oids = "".join(f"{commit.oid}\n" for commit in commits).encode()
    patches = git.run(*_DIFF_TREE, "-p", stdin=oids).stdout
    rows = git.text("patch-id", "--stable", stdin=patches).splitlines()
    return {oid: patch for patch, oid in (row.split() for row in rows)}


def branch_heads(git: Git) -> set[str]:
    """Return the commits that local branches and every work tree's HEAD point at."""
    heads = git.text("for-each-ref", "--format=%(objectname)", "refs/heads").split()
    worktrees = git.text("worktree", "list", "--porcelain").splitlines()
    heads += [line.removeprefix("HEAD ") for line in worktrees if line.startswith("HEAD ")]
    return {oid for oid in heads if oid.strip("0")}


def churn(git: Git, oids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count the lines that commits added and deleted in each file, against their first parents.

    Returns:
        oid -> path -> lines; 1 for a binary file. Renames are not followed.
    """
    if not oids:
        return {}
    lines_by_path: dict[str, dict[str, int]] = {oid: {} for oid in oids}
    for oid, row in _diff_rows(git, oids, "--numstat"):
        added, deleted, path = row.split("\t", 2)
        lines_by_path[oid][path] = max(1, sum(int(lines) for lines in (added, deleted) if lines.isdigit()))
    return lines_by_path


def count_edits(git: Git, oids: Sequence[str]) -> dict[str, int]:
    """Count the files that commits touched, against their first parents; a rename touches two."""
    return dict(Counter(oid for oid, _ in _diff_rows(git, oids, "--name-only"))) if oids else {}


def _diff_rows(git: Git, oids: Sequence[str], diff_format: str) -> Iterator[tuple[str, str]]:
    """Yield oid and row for each row of the commits' diffs against their first parents, without renames."""
    stdin = "".join(f"{oid}\n" for oid in oids).encode()
    printed = git.run(
        *_DIFF_TREE, "-z", "--diff-merges=first-parent", "--format=%x01%H", diff_format, stdin=stdin
    ).stdout
    oid, headers = "", {f"\x01{oid}" for oid in oids}
    for token in printed.decode("utf-8", "surrogateescape").split("\0"):
        row = token.lstrip("\n")
        if row in headers:
            oid = row[1:]
        elif row:
            yield oid, row


def read_files(git: Git, commit: str, paths: Sequence[str]) -> list[bytes]:
    """Read files of a commit with one process; empty for a missing file, or a path that contains a newline."""
    if not paths:
        return []
    specs = [f"{commit}:{path}" if "\n" not in path else "nothing" for path in paths]
    stdin = "".join(f"{spec}\n" for spec in specs).encode("utf-8", "surrogateescape")
    printed = git.run("cat-file", "--batch", stdin=stdin).stdout
    files: list[bytes] = []
    position = 0
    while position < len(printed):
        end = printed.index(b"\n", position)
        header, position = printed[position:end], end + 1
        if header.endswith(b" missing"):
            files.append(b"")
            continue
        _, kind, size = header.split()
        files.append(printed[position : position + int(size)] if kind == b"blob" else b"")
        position += int(size) + 1
    return files
