"""What is on the way to a path, and in its place."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

from batchhook.errors import ConflictError
from batchhook.store.kept import NOTHING, State
from batchhook.workflow.copies.places import Places, ThroughLinkError


def looked_at(places: Places, path: str, going: Collection[str]) -> State:
    """What is at a path; nothing where a link is in the way that goes.

    A folder counts as nothing: whether it is in the way is the business of ``check_ways``.
    """
    try:
        return places.look(path) or NOTHING
    except ThroughLinkError as error:
        if error.link in going:
            return NOTHING
        raise


def check_ways(places: Places, replaced: Sequence[tuple[str, State, State]]) -> None:
    """See that there is room for what is to come: no file where a folder has to be, no folder that holds others.

    Args:
        places: the work tree.
        replaced: each path, with what is there and what is going to be there.

    Raises:
        ConflictError: there is none.
    """
    going = {path for path, now, then in replaced if now.mode and not then.mode}
    coming = [path for path, _, then in replaced if then.mode]
    for path in coming:
        for parent in (str(each) for each in list(PurePosixPath(path).parents)[:-1]):
            if parent not in going and looked_at(places, parent, going).mode:
                raise ConflictError(f"{parent} is in the way of {path}; nothing was touched", "move it aside")
        if _is_folder(places, path, going):
            others = [name for name in places.inside(path) if name not in going]
            if others:
                raise ConflictError(
                    f"the folder {path} is in the way, with {others[0]} in it; nothing was touched", "move it aside"
                )


def _is_folder(places: Places, path: str, going: Collection[str]) -> bool:
    try:
        return places.look(path) is None
    except ThroughLinkError as error:
        if error.link in going:
            return False
        raise
