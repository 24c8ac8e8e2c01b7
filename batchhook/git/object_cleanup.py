"""Objects that only batchhook's pins keep from garbage collection: measuring them, and freeing large ones at once."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from batchhook.git import refs
from batchhook.git.command import Git

_OTHERS = ("--not", f"--exclude={refs.PREFIX}*", "--all", "--reflog", "--indexed-objects", "--not")
"""Everything else that keeps objects: refs, and HEAD, index and reflogs of all work trees."""
_MIN_SIZE = 1 << 20
"""Bytes of an object on disk from which it is freed at once; git's own gc frees the others."""
_GRACE = 3600.0
"""Seconds since an object was written, or written again, in which it is not freed (as ``gc.pruneExpire`` of git)."""


def list_exclusive(git: Git, names: Collection[str]) -> dict[str, int]:
    """List the objects that would be garbage without some pins.

    Args:
        git: in the repository.
        names: the pins, as full ref names.

    Returns:
        oid -> bytes on disk; empty if git cannot tell, for instance because objects are missing.
    """
    if not names:
        return {}
    listed = git.text("for-each-ref", "--format=%(objectname) %(refname)", refs.PREFIX).splitlines()
    pins = {name: oid for oid, _, name in (row.partition(" ") for row in listed)}
    retained = {oid for name, oid in pins.items() if name not in names}
    wanted = {pins[name] for name in names if name in pins} - retained
    return _list_objects(git, wanted, retained) if wanted else {}


def _list_objects(git: Git, wanted: Iterable[str], retained: Iterable[str]) -> dict[str, int]:
    revisions = "".join([*(f"{oid}\n" for oid in wanted), *(f"^{oid}\n" for oid in retained)]).encode()
    options = ("--objects", "--no-object-names", "--ignore-missing")
    objects = git.run("rev-list", *options, *_OTHERS, "--stdin", stdin=revisions, check=False)
    if objects.returncode or not objects.stdout:
        return {}
    rows = git.text("cat-file", "--batch-check=%(objectname) %(objectsize:disk)", stdin=objects.stdout).splitlines()
    return {oid: int(size) for oid, size in (row.split(" ", 1) for row in rows) if size.isdigit()}


def prune_large_objects(git: Git, objects: Mapping[str, int]) -> int:
    """Remove large loose objects that nothing keeps any more, without waiting for git's gc.

    ``git prune --dry-run`` decides what is unreachable: ``rev-list A ^B`` may list objects of B, so it is only good
    enough for measuring.

    Args:
        git: in the repository.
        objects: of ``list_exclusive``, whose pins were deleted since.

    Returns:
        the bytes freed.
    """
    large = [oid for oid, size in objects.items() if size >= _MIN_SIZE]
    if not large:
        return 0
    listed = git.run("prune", "--dry-run", f"--expire={int(time.time() - _GRACE)}", check=False)
    if listed.returncode:
        return 0
    garbage = {row.partition(" ")[0] for row in listed.stdout.decode().splitlines()}
    folder = Path(git.text("rev-parse", "--path-format=absolute", "--git-path", "objects"))
    return sum(_remove_loose(folder / oid[:2] / oid[2:]) for oid in large if oid in garbage)


def _remove_loose(path: Path) -> int:
    try:
        status = path.stat()
        if status.st_mtime > time.time() - _GRACE:  # written again just now
            return 0
        path.unlink()
    except OSError:
        return 0
    return status.st_size
