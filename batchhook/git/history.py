"""Reading the commit graph with the git command.

Not with pygit2: this is on the hook's way, where loading libgit2 would cost more than all else together, and it must
work in the repositories that libgit2 cannot open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from batchhook.core.changes import Commit
from batchhook.core.rollback import marks
from batchhook.errors import BatchhookError
from batchhook.git.command import Git

_FIELDS = ("%H", "%T", "%P", "%an <%ae>", "%at", "%ct", "%s", "%b")
_FORMAT = "%x00".join(_FIELDS)
_LOG = (
    "log",
    "-z",
    f"--format=tformat:{_FORMAT}",
    "--encoding=UTF-8",
    "--no-show-signature",
    "--no-color",
    "--no-notes",
)


def first_parent_chain(git: Git, tips: Iterable[str], hide: Iterable[str]) -> tuple[Commit, ...]:
    """Commits from the tips along first parents, oldest first, without what is reachable from ``hide``.

    Names that git no longer knows are passed over: a branch may be gone, its commits pruned.
    """
    revisions = [*tips, *(f"^{oid}" for oid in hide if oid)]
    return _read(git, ["--first-parent", "--reverse", "--topo-order", "--ignore-missing", "--stdin"], revisions)


def commits(git: Git, oids: Sequence[str], known: Mapping[str, str] = MappingProxyType({})) -> tuple[Commit, ...]:
    """Just these commits, in this order.

    Args:
        git: in the repository.
        oids: their names.
        known: names of the trees of commits that may be parents of theirs, lest they be asked for.

    Raises:
        GitError: one of them does not exist.
    """
    return _read(git, ["--no-walk=unsorted", "--stdin"], oids, known) if oids else ()


def named(git: Git, revision: str) -> str:
    """The name of the commit that a revision means.

    Raises:
        BatchhookError: there is none.
    """
    options = ("--verify", "--quiet", "--end-of-options")
    done = git.run("rev-parse", *options, f"{revision}^{{commit}}", check=False)
    if done.returncode:
        raise BatchhookError(f"{revision} names no commit", "git log --oneline shows which there are")
    return done.stdout.decode("ascii", "replace").strip()


def _read(
    git: Git, options: Sequence[str], revisions: Sequence[str], known: Mapping[str, str] = MappingProxyType({})
) -> tuple[Commit, ...]:
    printed = git.run(*_LOG, *options, stdin="".join(f"{revision}\n" for revision in revisions).encode()).stdout
    fields = printed.decode("utf-8", "replace").split("\0")[:-1]
    rows = [fields[start : start + len(_FIELDS)] for start in range(0, len(fields), len(_FIELDS))]
    trees = {**known, **{row[0]: row[1] for row in rows}}
    strangers = {row[2].split(" ")[0] for row in rows} - trees.keys()
    trees.update(_trees(git, sorted(strangers - {""})))
    if "" in strangers:  # a commit without parents
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
        is_rollback=bool(marks(body)),
    )


def _trees(git: Git, oids: Sequence[str]) -> dict[str, str]:
    if not oids:
        return {}
    return dict(zip(oids, git.text("rev-parse", *(f"{oid}^{{tree}}" for oid in oids)).splitlines(), strict=True))


def reflog(git: Git, ref: str, *, most: int = 5000) -> dict[str, str]:
    """What the newest reflog entries of a ref say of each commit that it came to point at.

    Returns:
        commit name -> message of the *oldest* entry that names it, among the newest ``most``: that is how it came.
    """
    done = git.run("log", "-g", "-z", f"-n{most}", "--format=tformat:%H%x00%gs", ref, "--", check=False)
    fields = done.stdout.decode("utf-8", "replace").split("\0")
    return dict(zip(fields[::2], fields[1::2], strict=False))


def patch_ids(git: Git, these: Sequence[Commit]) -> dict[str, str]:
    """``git patch-id --stable`` for each of these commits; a merge has none."""
    if not these:
        return {}
    oids = "".join(f"{commit.oid}\n" for commit in these).encode()
    patches = git.run("diff-tree", "--stdin", "-p", "--root", stdin=oids).stdout
    rows = git.text("patch-id", "--stable", stdin=patches).splitlines()
    return {oid: patch for patch, oid in (row.split() for row in rows)}


def branch_heads(git: Git) -> set[str]:
    """The commits that local branches and every work tree's HEAD point at."""
    heads = git.text("for-each-ref", "--format=%(objectname)", "refs/heads").split()
    worktrees = git.text("worktree", "list", "--porcelain").splitlines()
    heads += [line.removeprefix("HEAD ") for line in worktrees if line.startswith("HEAD ")]
    return {oid for oid in heads if oid.strip("0")}


def churn(git: Git, oids: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many lines these commits added and deleted in each file, compared with their first parents.

    Returns:
        commit name -> path -> lines; 1 for a binary file. Renames are not followed.
    """
    if not oids:
        return {}
    found: dict[str, dict[str, int]] = {oid: {} for oid in oids}
    for oid, row in _differences(git, oids, "--numstat"):
        added, deleted, path = row.split("\t", 2)
        found[oid][path] = max(1, sum(int(lines) for lines in (added, deleted) if lines.isdigit()))
    return found


def edits(git: Git, oids: Sequence[str]) -> dict[str, int]:
    """How many files these commits touched, compared with their first parents; a rename touches two."""
    return dict(Counter(oid for oid, _ in _differences(git, oids, "--name-only"))) if oids else {}


def _differences(git: Git, oids: Sequence[str], form: str) -> Iterator[tuple[str, str]]:
    """A commit's name and a row of its diff with its first parent, in the form that is asked for; without renames."""
    options = ("-z", "--format=%x01%H", form, "--no-renames", "-m", "--first-parent", "--no-color", "--no-notes")
    stdin = "".join(f"{oid}\n" for oid in oids).encode()
    printed = git.run("log", *options, "--no-walk=unsorted", "--stdin", stdin=stdin).stdout
    oid = ""
    for token in printed.decode("utf-8", "surrogateescape").split("\0"):
        row = token.lstrip("\n")
        if row.startswith("\x01"):
            oid = row[1:]
        elif row:
            yield oid, row


def contents(git: Git, commit: str, paths: Sequence[str]) -> list[bytes]:
    """What a commit holds at some paths, by one process; nothing where there is no file or its name has a line end."""
    if not paths:
        return []
    names = [f"{commit}:{path}" if "\n" not in path else "nothing" for path in paths]
    stdin = "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")
    printed = git.run("cat-file", "--batch", stdin=stdin).stdout
    found: list[bytes] = []
    place = 0
    while place < len(printed):
        end = printed.index(b"\n", place)
        head, place = printed[place:end], end + 1
        if head.endswith(b" missing"):
            found.append(b"")
            continue
        _, kind, size = head.split()
        found.append(printed[place : place + int(size)] if kind == b"blob" else b"")
        place += int(size) + 1
    return found
