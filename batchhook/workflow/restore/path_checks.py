"""What is on the way to a path, and in its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from batchhook.core.paths import folders_of
from batchhook.errors import ConflictError
from batchhook.store.restorations import NOTHING, State
from batchhook.workflow.restore.safe_files import Places, ThroughLinkError


@dataclass(frozen=True, slots=True)
class Going:
    """Files that are going to be removed before others are put in their places.

    Attributes:
        paths: theirs.
        folded: the same, for file systems that do not tell ``a`` from ``A``.
    """

    paths: frozenset[str]
    folded: frozenset[str]

    @classmethod
    def of(cls, paths: Iterable[str]) -> Going:
        """These paths."""
        every = frozenset(paths)
        return cls(every, frozenset(path.casefold() for path in every))

    def is_another(self, places: Places, path: str) -> bool:
        """Whether what is found at a path is one of these, under a name that differs in its letters' case alone."""
        return path.casefold() in self.folded and path not in self.paths and not places.is_spelled(path)


def looked_at(places: Places, path: str, going: Going) -> State:
    """What is at a path; nothing where what is there goes, or a link in the way does.

    A folder counts as nothing: whether it is in the way is the business of ``check_ways``.
    """
    try:
        found = places.look(path) or NOTHING
    except ThroughLinkError as error:
        if error.link in going.paths:
            return NOTHING
        raise
    return NOTHING if found.mode and going.is_another(places, path) else found


def check_ways(places: Places, replaced: Sequence[tuple[str, State, State]]) -> None:
    """See that there is room for what is to come: no file where a folder has to be, no folder that holds others.

    Args:
        places: the work tree.
        replaced: each path, with what is there and what is going to be there.

    Raises:
        ConflictError: there is none.
    """
    going = Going.of(path for path, now, then in replaced if now.mode and not then.mode)
    coming = [path for path, _, then in replaced if then.mode]
    for path in coming:
        for parent in folders_of(path):
            if parent not in going.paths and looked_at(places, parent, going).mode:
                raise ConflictError(f"{parent} is in the way of {path}; nothing was touched", "move it aside")
        if _is_folder(places, path, going):
            others = [name for name in places.inside(path) if name not in going.paths]
            if others:
                raise ConflictError(
                    f"the folder {path} is in the way, with {others[0]} in it; nothing was touched", "move it aside"
                )


def _is_folder(places: Places, path: str, going: Going) -> bool:
    try:
        return places.look(path) is None
    except ThroughLinkError as error:
        if error.link in going.paths:
            return False
        raise
