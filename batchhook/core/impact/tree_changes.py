"""The difference between two trees in terms of the code that tests run: one rule for each kind of file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from pathlib import PurePosixPath

from batchhook.core.documents import is_document
from batchhook.core.impact.code_map import FILE, FOLDER, CodePart, TreeChanges
from batchhook.core.impact.source_code import TOP_LEVEL, SourceCode

_START_FILES = frozenset({"conftest.py", "sitecustomize.py", "usercustomize.py", "setup.py", "noxfile.py"})
"""Modules that Python or pytest imports by itself, or that decide how the project is installed."""


@dataclass(frozen=True, slots=True)
class FileDifference:
    """A file that differs between two trees.

    Attributes:
        path: relative to the top.
        is_new: whether only the later tree has it.
        is_deleted: whether only the earlier tree has it.
        old, new: the code of a Python file, where it exists.
        mentions: paths of the earlier tree's Python files that hold the name of a new module.
    """

    path: str
    is_new: bool = False
    is_deleted: bool = False
    old: SourceCode | None = None
    new: SourceCode | None = None
    mentions: frozenset[str] = frozenset()


def compare_trees(
    differences: Sequence[FileDifference], known: AbstractSet[CodePart] | Mapping[CodePart, int]
) -> TreeChanges:
    """Return what differs between two trees.

    Args:
        differences: of the files.
        known: all parts that tests depend on.
    """
    parts: set[CodePart] = set()
    everything: list[str] = []
    has_code = False
    data_folders = {str(PurePosixPath(part.path).parent) for part in known if part.name == FILE}
    for each in differences:
        parts.add(CodePart(each.path, FILE))
        folder = str(PurePosixPath(each.path).parent)
        if each.is_new or each.is_deleted:
            parts.add(CodePart(folder, FOLDER))
        if each.path.endswith(".py"):
            has_code = True
            parts.update(_changed_parts(each))
            if (each.is_new or each.is_deleted) and PurePosixPath(each.path).name in _START_FILES:
                everything.append(each.path)
        elif not is_document(each.path):
            has_code = True
            if _may_concern_all(each, folder, known, data_folders):
                everything.append(each.path)
            elif each.is_new:  # tests that read this folder may look for it
                parts.update(part for part in known if part.name == FILE and _folder_of(part) == folder)
    deleted = frozenset(each.path for each in differences if each.is_deleted)
    return TreeChanges(frozenset(parts), tuple(sorted(everything)), has_code, deleted)


def _folder_of(part: CodePart) -> str:
    return str(PurePosixPath(part.path).parent)


def _may_concern_all(
    each: FileDifference, folder: str, known: Collection[CodePart], data_folders: AbstractSet[str]
) -> bool:
    """Return whether a data file may concern tests that were not seen to open it.

    Programs, and libraries that are not written in Python, open files without a trace.
    """
    if CodePart(each.path, FILE) in known:
        return False
    if each.is_new:
        return folder == "." or (folder not in data_folders and CodePart(folder, FOLDER) not in known)
    return True


def _changed_parts(each: FileDifference) -> Iterable[CodePart]:
    if each.old is not None and each.new is not None:
        names = each.old.changed_parts(each.new)
        if names and PurePosixPath(each.path).name in _START_FILES:  # its functions serve all tests below
            names |= {TOP_LEVEL}
        return [CodePart(each.path, name) for name in names]
    code = each.old or each.new
    functions = [body.name for body in code.functions] if code else []
    own = [CodePart(each.path, name) for name in (TOP_LEVEL, *functions)]
    return [*own, *(CodePart(path, TOP_LEVEL) for path in each.mentions)]
