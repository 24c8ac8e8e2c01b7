"""Hints at failures caused by files that exist in the user's work tree but were never committed."""

# os.path returns False where it may not look, or for an impossible name; pathlib raises.
# ruff: noqa: PTH112, PTH114, PTH117

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from itertools import chain, islice
from pathlib import Path

from batchhook.core.missing_items import MissingFile, MissingItem, find_missing
from batchhook.core.paths import is_build_product, parent_dirs
from batchhook.core.results import SuiteResult, TestResult
from batchhook.core.sanitize import one_line
from batchhook.core.settings import Isolation, Settings
from batchhook.errors import GitError
from batchhook.git.command import Git

_MAX_NAMED = 3
"""Paths that a note names; more are counted."""
_MAX_NAME_LENGTH = 200
_MAX_MISSING = 500
"""Distinct missing items of one run that are looked up."""
_MAX_FOLDERS = 50
"""Folders in which a package without ``__init__.py`` is searched for Python files."""

_TREE = "tree"
"""Git's name for the type of a folder."""
_EXTENSION_SUFFIXES = (".so", ".pyd")

_flatten = chain.from_iterable

_Candidate = tuple[str, ...]
"""Paths that would explain one missing item, the widest first: a package's folder, then its ``__init__.py``."""


@dataclass(frozen=True, slots=True)
class _SearchScope:
    """Folders in which a missing item is looked up.

    Attributes:
        checkout: the private worktree that was tested.
        top: the user's work tree.
        source_roots: folders that modules are imported from, relative to both; empty for the top itself.
    """

    checkout: Path
    top: Path
    source_roots: tuple[str, ...]


def add_uncommitted_notes(
    result: SuiteResult, checkout: Path, top: Path, source_roots: Sequence[str], git: Git
) -> SuiteResult:
    """Add a note to each failure that an uncommitted file explains.

    Nothing is looked up if nothing failed, and git runs only if a candidate was found.

    Args:
        result: of a run in the checkout.
        checkout: the private worktree, held by the caller; its HEAD is the commit that was tested.
        top: the user's work tree.
        source_roots: folders that modules are imported from, relative to the checkout: ``""``, ``"src"``, ``"tests"``.
        git: in the same repository.

    Returns:
        the result with notes. It is unchanged if git cannot list what is committed: tests may have done anything to the
        checkout, and a run does not fail for lack of a note.
    """
    missing = [find_missing(test) if test.outcome.is_failure else () for test in result.results]
    if not any(missing) or checkout == top:  # in place, nothing that exists can be missing
        return result
    scope = _SearchScope(checkout, top, tuple(dict.fromkeys(_relative_path(root, ()) for root in source_roots)))
    items = islice(dict.fromkeys(_flatten(missing)), _MAX_MISSING)
    candidates = {item: paths for item in items if (paths := _find_candidates(item, scope))}
    if not candidates:
        return result
    try:
        committed = _committed_types(Git(checkout, git.environment), "HEAD", _flatten(_flatten(candidates.values())))
        names = {item: _uncommitted_names(paths, committed) for item, paths in candidates.items()}
        ignored = find_ignored(git.at(top), set(_flatten(names.values())))
    except (GitError, OSError):
        return result
    noted = (
        add_note(
            test,
            [
                describe_uncommitted(name, name in ignored)
                for name in dict.fromkeys(name for item in items for name in names.get(item, ()))
            ],
        )
        for test, items in zip(result.results, missing, strict=True)
    )
    return replace(result, results=tuple(noted))


def hint_uncommitted_tests(result: SuiteResult, settings: Settings, commit: str, top: Path, git: Git) -> SuiteResult:
    """Replace the hint of a broken run if the suite's tests exist in the user's work tree but are not committed.

    The hint that was there suggests another setting, which would not help.

    Args:
        result: of a run; unchanged unless the run is broken for a reason that names the start folder.
        settings: of that run.
        commit: the commit that was tested.
        top: the user's work tree.
        git: in the same repository.
    """
    in_place = settings.isolation is Isolation.IN_PLACE
    if in_place or f"`{settings.start_dir}`" not in result.broken_reason:
        return result
    work_tree = git.at(top)
    try:
        name = _uncommitted_tests(settings, commit, work_tree)
        ignored = find_ignored(work_tree, {name} if name else ())
    except (GitError, OSError):
        return result
    return replace(result, hint=describe_uncommitted(name, name in ignored)) if name else result


def add_note(test: TestResult, sentences: Sequence[str]) -> TestResult:
    """Return a result whose note has more sentences; of many, the first ones and how many more there are."""
    if not sentences:
        return test
    note = [test.note] if test.note else []
    more = [f"and {len(sentences) - _MAX_NAMED} more"] if len(sentences) > _MAX_NAMED else []
    return replace(test, note="; ".join([*note, *sentences[:_MAX_NAMED], *more]))


def describe_uncommitted(name: str, is_ignored: bool) -> str:  # noqa: FBT001 - a fact about the name
    """Say that a path exists in the user's work tree only, and how to provide it to the tests."""
    shown = one_line(name, _MAX_NAME_LENGTH)
    if is_build_product(name):
        remedy = " (it is compiled: `setup` in [tool.batchhook] can build it in the tested checkout)"
    elif is_ignored:
        remedy = " (it is ignored: `link` in [tool.batchhook] brings it into the tested checkout)"
    else:
        remedy = ""
    return f"`{shown}` exists in your work tree but is not committed{remedy}"


def _relative_path(path: str, tops: Iterable[str]) -> str:
    """Return a path relative to the checkout's top; empty for the top itself, a git dir, and all that is elsewhere.

    Args:
        path: untrusted text: absolute, or relative to the top.
        tops: the top's absolute names.
    """
    plain = os.path.normpath(path)
    for top in tops:
        plain = plain.removeprefix(f"{top}/")
    parts = plain.split("/")
    if os.path.isabs(plain) or plain == "." or parts[0] == ".." or ".git" in map(str.lower, parts) or "\0" in plain:
        return ""
    return plain


def _find_candidates(item: MissingItem, scope: _SearchScope) -> list[_Candidate]:
    """Return what the user's work tree holds in place of a missing item."""
    if isinstance(item, MissingFile):
        return _file_candidates(item.path, scope)
    parts = item.name.split(".")
    for length in range(len(parts), 0, -1):  # if a package is missing, Python may name what was imported from it
        bases = ["/".join(filter(None, (root, *parts[:length]))) for root in scope.source_roots]
        candidates = [candidate for base in bases for candidate in _module_candidates(base, scope.top)]
        if candidates:
            return candidates
    return []


def _file_candidates(path: str, scope: _SearchScope) -> list[_Candidate]:
    relative = _relative_path(path, (os.fspath(scope.checkout), os.path.realpath(scope.checkout)))
    if not relative:
        return []
    if os.path.lexists(scope.top / relative):
        return [(relative,)]
    # A file cannot be created in a missing folder, and git does not commit empty folders.
    folder = relative.rpartition("/")[0]
    exists_only_there = folder and os.path.isdir(scope.top / folder) and not os.path.lexists(scope.checkout / folder)
    return [(folder,)] if exists_only_there else []


def _module_candidates(base: str, top: Path) -> Iterator[_Candidate]:
    """Yield the files and folders that would be imported for a module.

    Args:
        base: the module's path below the top, without a suffix.
        top: the user's work tree.
    """
    package = f"{base}/__init__.py"
    if os.path.lexists(top / package):
        yield base, package
    elif _has_python_files(top / base):
        yield (base,)
    if os.path.lexists(top / f"{base}.py"):
        yield (f"{base}.py",)
    yield from ((path,) for path in _extension_modules(base, top))


def _has_python_files(folder: Path) -> bool:
    """Return whether a folder can be a package without ``__init__.py``."""
    walk = islice(os.walk(folder), _MAX_FOLDERS)
    return any(name.endswith(".py") for _, _, names in walk for name in names)


def _extension_modules(base: str, top: Path) -> Iterator[str]:
    """Yield extension modules: ``base.so``, ``base.cpython-311-x86_64-linux-gnu.so``."""
    folder, _, stem = base.rpartition("/")
    try:
        names = sorted(os.listdir(top / folder))  # noqa: PTH208 - only names are needed
    except OSError:
        return
    for name in names:
        if name.startswith(f"{stem}.") and name.endswith(_EXTENSION_SUFFIXES):
            yield f"{folder}/{name}" if folder else name


def _committed_types(git: Git, commit: str, names: Iterable[str]) -> Mapping[str, str]:
    """Return the git object types of those of the paths, and of the folders around them, that a commit holds.

    The checkout is no substitute: tests create and remove files there. The commit's whole tree is listed, since the
    paths may be more than a command line takes.

    Raises:
        GitError: git cannot list the commit.
    """
    wanted = {os.fsencode(path) for name in names for path in (name, *parent_dirs(name))}
    types = {}
    for row in git.run("ls-tree", "-r", "-t", "-z", "--full-tree", commit).stdout.split(b"\0")[:-1]:
        entry, _, path = row.partition(b"\t")
        if path in wanted:
            types[os.fsdecode(path)] = entry.split()[1].decode()
    return types


def _uncommitted_names(candidates: Iterable[_Candidate], committed: Mapping[str, str]) -> list[str]:
    """Return the widest uncommitted path of each candidate that has one."""
    names = (next((name for name in candidate if name not in committed), "") for candidate in candidates)
    # What is behind a committed symbolic link or in a submodule is not in the list.
    return [name for name in names if name and all(committed.get(path, _TREE) == _TREE for path in parent_dirs(name))]


def find_ignored(git: Git, names: Iterable[str]) -> frozenset[str]:
    """Return those of the paths that git ignores.

    Args:
        git: in the user's work tree.
        names: paths below its top.
    """
    # git check-ignore refuses paths behind a symbolic link: what git would ignore is the link.
    queries = {name: next(_symlinks(name, git.folder), name) for name in names}
    if not queries:
        return frozenset()
    # Without ./ before it, a name could be read as pathspec magic, such as :(top).
    stdin = b"".join(b"./" + os.fsencode(path) + b"\0" for path in sorted(set(queries.values())))
    output = git.run("check-ignore", "-z", "--stdin", stdin=stdin, check=False).stdout
    ignored = {os.fsdecode(path).removeprefix("./") for path in output.split(b"\0")}
    return frozenset(name for name, path in queries.items() if path in ignored)


def _symlinks(name: str, top: Path) -> Iterator[str]:
    """Yield the symbolic links among the folders around a path, the outermost first."""
    yield from (path for path in reversed(parent_dirs(name)) if os.path.islink(top / path))


def _uncommitted_tests(settings: Settings, commit: str, git: Git) -> str:
    """Return the start folder, or the first test file in it, that is not committed; empty if there is none.

    Raises:
        GitError: git cannot list the files.
    """
    folder = _relative_path(settings.start_dir, ())
    if folder and not os.path.isdir(git.folder / folder):
        folder = folder.replace(".", "/")  # unittest accepts the name of a package, too
    if not os.path.isdir(git.folder / folder):
        return ""
    if folder and not _committed_types(git, commit, [folder]):
        return folder
    files = list(_test_files(folder, settings.pattern, git))
    committed = _committed_types(git, commit, files) if files else {}
    return next(iter(_uncommitted_names([(file,) for file in files], committed)), "")


def _test_files(folder: str, pattern: str, git: Git) -> Iterator[str]:
    """Yield the files below a folder that match a pattern and are not ignored, as paths below the top.

    Raises:
        GitError: git cannot list the files.
    """
    inside = git.at(git.folder / folder)  # in a pathspec, characters of the folder's name could be special
    command = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", f":(glob)**/{pattern}")
    for path in sorted(os.fsdecode(path) for path in inside.run(*command).stdout.split(b"\0")[:-1]):
        file = f"{folder}/{path}" if folder else path
        if fnmatch(path.rpartition("/")[2], pattern) and os.path.lexists(git.folder / file):
            yield file
