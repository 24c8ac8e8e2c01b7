"""Lines that differ between trees."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from batchhook.core.coverage.line_owners import FileHunks, Hunk
from batchhook.git.command import Git

_DIFF_TREE = (
    *("-c", "core.quotePath=false", "diff-tree", "--stdin", "-r", "-p", "-U0", "--inter-hunk-context=0", "-M"),
    *("--src-prefix=a/", "--dst-prefix=b/", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules"),
)
_PAIR = re.compile(r"[0-9a-f]{40,64} [0-9a-f]{40,64}")
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_CONTROL = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def read_differences(
    git: Git, pairs: Sequence[tuple[str, str]], suffixes: Collection[str] = ()
) -> list[tuple[FileHunks, ...]]:
    """Return the differences of pairs of trees, with renames followed.

    Args:
        git: in the repository.
        pairs: oids of the trees.
        suffixes: of the files to compare; empty for all.

    Raises:
        GitError: a tree does not exist.
    """
    if not pairs:
        return []
    stdin = "".join(f"{old} {new}\n" for old, new in pairs).encode()
    patterns = ["--", *(f"*{suffix}" for suffix in sorted(suffixes))] if suffixes and "" not in suffixes else []
    printed = git.run(*_DIFF_TREE, *patterns, stdin=stdin).stdout
    files_of: dict[str, list[FileHunks]] = {}
    pair = ""
    lines = iter(printed.decode("utf-8", "surrogateescape").split("\n"))
    for file in _read_files(lines):
        if isinstance(file, str):
            pair = file
        else:
            files_of.setdefault(pair, []).append(file)
    return [tuple(files_of.get(f"{old} {new}", ())) for old, new in pairs]


def _read_files(lines: Iterator[str]) -> Iterator[str | FileHunks]:
    """Yield each line that names a pair of trees, and after it the files that differ."""
    names, hunks = ["", ""], list[Hunk]()
    is_open = False
    for line in lines:
        if line.startswith("diff --git ") or _PAIR.fullmatch(line):
            if is_open:
                yield FileHunks(names[0], names[1], tuple(hunks))
            names, hunks = ["", ""], []
            is_open = line.startswith("diff --git ")
            if not is_open:
                yield line
        elif line.startswith(("rename from ", "rename to ")):
            names[line.startswith("rename to ")] = _unquote(line.partition(" ")[2].partition(" ")[2])
        elif line.startswith(("--- ", "+++ ")):
            name = _unquote(line[4:].removesuffix("\t"))  # git ends a name that contains a space with a tab
            names[line.startswith("+")] = "" if name == "/dev/null" else name[2:]
        elif match := _HUNK.match(line):
            old, old_count, new, new_count = (int(number) if number else 1 for number in match.groups())
            hunks.append(Hunk(old, old_count, new, new_count))
            _skip(lines, old_count + new_count)
    if is_open:
        yield FileHunks(names[0], names[1], tuple(hunks))


def _skip(lines: Iterator[str], count: int) -> None:
    """Pass over the contents of a hunk, which may look like anything."""
    while count:
        if not next(lines, "").startswith("\\"):
            count -= 1


def _unquote(name: str) -> str:
    """Return a path that git may have quoted."""
    if not name.startswith('"'):
        return name
    raw = name[1:-1].encode("utf-8", "surrogateescape")

    def decode(match: re.Match[bytes]) -> bytes:
        text = match[1]
        return bytes([int(text, 8)]) if len(text) > 1 else _CONTROL.get(text, text)

    return _ESCAPE.sub(decode, raw).decode("utf-8", "surrogateescape")
